import { ms, type Activity } from "../../../core/index.js";
import type { KubeObject } from "../../objects/value.js";
import { listAt, omit, stringAt, type JsonObject } from "../../objects/value.js";
import { KubectlFailure, Refused } from "../failure.js";
import { listOf, printerOf, sorted, tableText } from "../printing.js";
import { titleOf, type Mapping, type Session } from "../session.js";

const tableForm = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";

/** `get`: tables are the server's. */
export function* get(session: Session): Activity<number> {
  const { line } = session;
  if (line.args.length === 0 && !line.has("filename"))
    throw new KubectlFailure(
      'You must specify the type of resource to get. Use "kubectl api-resources" for a complete list of supported resources.\n\nerror: Required resource not specified.\nUse "kubectl explain <resource>" for a detailed description of that resource (e.g. kubectl explain pods).\nSee \'kubectl get -h\' for help and examples',
    );
  const wanted = line.has("filename") ? yield* ofFiles(session) : yield* session.resources(line.args);
  const printer = printerOf(line.value("output"));
  return printer === undefined ? yield* tables(session, wanted) : yield* objects(session, wanted, printer);
}

type Wanted = readonly { readonly mapping: Mapping; readonly names: readonly string[] }[];

function* ofFiles(session: Session): Activity<Wanted> {
  const found: { mapping: Mapping; names: readonly string[] }[] = [];
  for (const { object, source } of yield* session.files()) {
    const name = stringAt(object, "metadata", "name") ?? "";
    found.push({ mapping: yield* session.mappingOf(object, source), names: [name] });
  }
  return found;
}

function queryOf({ line }: Session): Record<string, string> {
  const [selector, fields] = [line.value("selector"), line.value("field-selector")];
  return {
    ...(selector === undefined ? {} : { labelSelector: selector }),
    ...(fields === undefined ? {} : { fieldSelector: fields }),
  };
}

function* tables(session: Session, wanted: Wanted): Activity<number> {
  const { line } = session;
  const groups: { readonly mapping: Mapping; readonly tables: JsonObject[] }[] = [];
  const failures: KubectlFailure[] = [];
  for (const { mapping, names } of wanted) {
    const namespace = line.is("all-namespaces") ? "" : session.namespace;
    const query = { ...queryOf(session), ...(line.has("sort-by") ? { includeObject: "Object" } : {}) };
    for (const name of names.length === 0 ? [""] : names) {
      try {
        const path = session.path({ mapping, namespace, name });
        const table = yield* session.request("GET", path, {
          query: name === "" ? query : { ...query, labelSelector: "" },
          accept: tableForm,
        });
        if (listAt(table, "rows").length === 0) continue;
        const last = groups.at(-1);
        if (last?.mapping === mapping) last.tables.push(table);
        else groups.push({ mapping, tables: [table] });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (!(error.reason === "NotFound" && line.is("ignore-not-found"))) failures.push(error);
      }
    }
  }
  const kinds = line.is("show-kind") || new Set(groups.map(({ mapping }) => titleOf(mapping))).size > 1;
  const text = groups.map(({ mapping, tables: found }) => tableText(session, mapping, found, kinds));
  yield* session.out(text.join("\n"));
  for (const { message } of failures) yield* session.err(`${message}\n`);
  if (failures.length > 0) return 1;
  if (groups.length === 0 && !line.is("ignore-not-found")) {
    const all = line.is("all-namespaces") || wanted.every(({ mapping }) => !mapping.namespaced);
    yield* session.err(all ? "No resources found\n" : `No resources found in ${session.namespace} namespace.\n`);
  }
  if (line.is("watch") || line.is("watch-only")) yield* watch(session, wanted, kinds);
  return 0;
}

/** Rows of what changes, for as long as the world has anything to do. */
function* watch(session: Session, wanted: Wanted, kinds: boolean): Activity<void> {
  const { host, line } = session;
  const lines: string[] = [];
  const stops: (() => void)[] = [];
  const namespace = line.is("all-namespaces") ? "" : session.namespace;
  for (const { mapping, names } of wanted) {
    const listed = yield* session.request("GET", session.path({ mapping, namespace, name: "" }), {
      query: queryOf(session),
    });
    const named = names[0] === undefined ? {} : { fieldSelector: `metadata.name=${names[0]}` };
    const version = stringAt(listed, "metadata", "resourceVersion") ?? "";
    const answer = yield* session.ask({
      method: "GET",
      path: session.path({ mapping, namespace, name: "" }),
      query: { ...queryOf(session), ...named, watch: "true", resourceVersion: version },
      headers: { accept: tableForm },
    });
    let definitions: JsonObject | undefined = yield* session.request(
      "GET",
      session.path({ mapping, namespace, name: "" }),
      {
        query: { ...queryOf(session), limit: "1" },
        accept: tableForm,
      },
    );
    definitions = { columnDefinitions: definitions["columnDefinitions"] };
    if (answer.stream === undefined) continue;
    const known = definitions;
    stops.push(
      answer.stream({
        event: ({ type, object }) => {
          if (type === "BOOKMARK" || type === "ERROR") return;
          lines.push(
            tableText(session, mapping, [{ ...known, rows: listAt(object, "rows") }], kinds)
              .split("\n")
              .at(-2) ?? "",
          );
        },
        end: () => undefined,
      }),
    );
  }
  // A second of quiet is taken for the end: nobody presses ^C here.
  for (let quiet = 0; quiet < 20; quiet++) {
    yield* host.sleep(ms(500));
    if (lines.length === 0) continue;
    quiet = 0;
    yield* session.out(
      lines
        .splice(0)
        .map((each) => `${each}\n`)
        .join(""),
    );
  }
  for (const stop of stops) stop();
}

function* objects(
  session: Session,
  wanted: Wanted,
  printer: NonNullable<ReturnType<typeof printerOf>>,
): Activity<number> {
  const { line } = session;
  const found: { readonly mapping: Mapping; readonly object: KubeObject }[] = [];
  let single = wanted.length === 1 && wanted[0]?.names.length === 1;
  let status = 0;
  for (const { mapping, names } of wanted) {
    const namespace = line.is("all-namespaces") ? "" : session.namespace;
    if (names.length === 0) {
      const whole = {
        apiVersion: mapping.group === "" ? mapping.version : `${mapping.group}/${mapping.version}`,
        kind: mapping.kind,
      };
      for (const object of yield* session.list(mapping, namespace, queryOf(session)))
        found.push({ mapping, object: { ...whole, ...object } });
    }
    for (const name of names) {
      try {
        found.push({ mapping, object: yield* session.get({ mapping, namespace, name }) });
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.reason === "NotFound" && line.is("ignore-not-found")) continue;
        yield* session.err(`${error.message}\n`);
        status = 1;
      }
    }
  }
  if (found.length === 0 && single) single = false;
  if (status !== 0 && found.length === 0) return status;
  const path = line.value("sort-by");
  const ordered = (path === undefined ? found : sorted(found, path, ({ object }) => object)).map((each) =>
    line.is("show-managed-fields") ? each : { ...each, object: withoutManagedFields(each.object) },
  );
  if (line.value("output") === "name") {
    for (const { mapping, object } of ordered) yield* session.out(printer(object, titleOf(mapping)));
    return status;
  }
  const [first] = ordered;
  const value = single && first !== undefined ? first.object : listOf(ordered.map(({ object }) => object));
  yield* session.out(printer(value, first === undefined ? "" : titleOf(first.mapping)));
  return status;
}

/** Who manages which fields is shown to those alone who ask for it (since kubectl 1.21). */
const withoutManagedFields = (object: KubeObject): KubeObject => ({
  ...object,
  metadata: omit(object.metadata, "managedFields"),
});
