import { ms, s, type Activity, type Nanos } from "../../../core/index.js";
import { builtin, groupVersion } from "../../objects/kinds.js";
import {
  equal,
  isObject,
  objectAt,
  omit,
  stringAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { parseYaml, YamlError } from "../../objects/yaml.js";
import { failure, KubectlFailure, Refused } from "../failure.js";
import { printDone } from "../printing.js";
import { titleOf, type Mapping, type Session, type Target } from "../session.js";
import { jsonText } from "../text.js";
import { threeWayPatch } from "../three-way.js";

const lastApplied = "kubectl.kubernetes.io/last-applied-configuration";

/** Runs something for each, and goes on behind what is refused. @returns the exit status */
function* eachOf<T>(session: Session, all: readonly T[], run: (one: T) => Activity<void>): Activity<number> {
  let status = 0;
  for (const one of all) {
    try {
      yield* run(one);
    } catch (error) {
      if (!(error instanceof KubectlFailure)) throw error;
      yield* session.err(`${error.message}\n`);
      status = error.status;
    }
  }
  return status;
}

interface Found extends Target {
  readonly object: JsonObject;
  readonly source: string;
}

function* manifests(session: Session): Activity<readonly Found[]> {
  if (!session.line.has("filename")) throw failure("must specify one of -f and -k");
  const found: Found[] = [];
  for (const { object, source } of yield* session.files()) {
    const mapping = yield* session.mappingOf(object, source);
    const said = stringAt(object, "metadata", "namespace");
    if (said !== undefined && session.line.has("namespace") && said !== session.namespace)
      throw failure(
        `the namespace from the provided object "${said}" does not match the namespace "${session.namespace}". You must pass '--namespace=${said}' to perform this operation.`,
      );
    const namespace = mapping.namespaced ? (said ?? session.namespace) : "";
    const metadata = { ...objectAt(object, "metadata"), ...(namespace === "" ? {} : { namespace }) };
    found.push({
      mapping,
      namespace,
      name: stringAt(object, "metadata", "name") ?? "",
      object: { ...object, metadata },
      source,
    });
  }
  return found;
}

/** The struct of a kind of our own; a custom kind has none. */
const structFor = (mapping: Mapping) =>
  builtin.find(
    ({ kind, virtual, ...each }) =>
      !virtual &&
      kind === mapping.kind &&
      groupVersion(each as never) === (mapping.group === "" ? mapping.version : `${mapping.group}/${mapping.version}`),
  )?.struct;

/** `apply`: what was applied before is remembered in an annotation of the object. */
export function* apply(session: Session): Activity<number> {
  const found = yield* manifests(session);
  if (session.line.is("server-side")) return yield* eachOf(session, found, (one) => applyAtServer(session, one));
  return yield* eachOf(session, found, (one) => applyHere(session, one));
}

function* applyAtServer(session: Session, { object, source, ...target }: Found): Activity<void> {
  const query = {
    fieldManager: session.line.value("field-manager") ?? "kubectl",
    force: String(session.line.is("force-conflicts")),
    ...dryQuery(session),
  };
  const made = yield* session.request("PATCH", session.path(target), {
    body: object,
    type: "application/apply-patch+yaml",
    query,
    doing: `error when applying ${JSON.stringify(source)}`,
  });
  yield* printDone(session, target.mapping, made, "serverside-applied");
}

const dryQuery = (session: Session): Readonly<Record<string, string>> =>
  session.dryRun === "server" ? { dryRun: "All" } : {};

function* applyHere(session: Session, { object, source, ...target }: Found): Activity<void> {
  const bare = withAnnotations(omit(object, "status"), omit(objectAt(object, "metadata", "annotations"), lastApplied));
  const text = `${jsonText(bare, 0)}\n`;
  const modified = withAnnotations(bare, { ...objectAt(bare, "metadata", "annotations"), [lastApplied]: text });
  const current = target.name === "" ? undefined : yield* session.find(target);
  if (current === undefined) {
    if (session.dryRun === "client") {
      yield* printDone(session, target.mapping, modified, "created");
      return;
    }
    const path = session.path({ ...target, name: "" });
    const made = yield* session.request("POST", path, {
      body: modified,
      query: { fieldManager: "kubectl-client-side-apply", ...dryQuery(session) },
      doing: `error when creating "${source}"`,
    });
    yield* printDone(session, target.mapping, made, "created");
    return;
  }
  const before = stringAt(current, "metadata", "annotations", lastApplied);
  if (before === undefined)
    yield* session.err(
      `Warning: resource ${target.mapping.plural}/${target.name} is missing the kubectl.kubernetes.io/last-applied-configuration annotation which is required by kubectl apply. kubectl apply should only be used on resources created declaratively by either kubectl create --save-config or kubectl apply. The missing annotation will be patched automatically.\n`,
    );
  const struct = structFor(target.mapping);
  const patch = threeWayPatch(
    struct,
    before === undefined ? {} : (JSON.parse(before) as JsonObject),
    modified,
    current,
  );
  if (Object.keys(patch).length === 0) {
    yield* printDone(session, target.mapping, current, "unchanged");
    return;
  }
  if (session.dryRun === "client") {
    yield* printDone(session, target.mapping, current, "configured");
    return;
  }
  const type = `application/${struct === undefined ? "merge" : "strategic-merge"}-patch+json`;
  const made = yield* session.request("PATCH", session.path(target), {
    body: patch,
    type,
    query: { fieldManager: "kubectl-client-side-apply", ...dryQuery(session) },
    doing: `error when applying patch:\n${jsonText(patch, 0)}\nto:\nResource: "${target.mapping.plural}"\nfor: "${source}"`,
  });
  yield* printDone(session, target.mapping, made, "configured");
}

const withAnnotations = (object: JsonObject, annotations: JsonObject): JsonObject => ({
  ...object,
  metadata: { ...objectAt(object, "metadata"), annotations },
});

/** `create -f`. */
export function* createFiles(session: Session): Activity<number> {
  return yield* eachOf(session, yield* manifests(session), function* ({ object, source, ...target }) {
    let made: JsonObject = object;
    if (session.dryRun !== "client")
      made = yield* session.request("POST", session.path({ ...target, name: "" }), {
        body: object,
        query: { fieldManager: "kubectl-create", ...dryQuery(session) },
        doing: `error when creating "${source}"`,
      });
    yield* printDone(session, target.mapping, made, "created");
  });
}

/** `replace -f`. */
export function* replace(session: Session): Activity<number> {
  return yield* eachOf(session, yield* manifests(session), function* ({ object, source, ...target }) {
    const made = yield* session.request("PUT", session.path(target), {
      body: object,
      query: { fieldManager: "kubectl-replace", ...dryQuery(session) },
      doing: `error when replacing "${source}"`,
    });
    yield* printDone(session, target.mapping, made, "replaced");
  });
}

/** `diff -f`: what `apply` would change, by the server's dry run. */
export function* diff(session: Session): Activity<number> {
  let differs = 0;
  for (const { object, source, ...target } of yield* manifests(session)) {
    const live = yield* session.find(target);
    const query = { dryRun: "All", fieldManager: "kubectl", force: "true" };
    const next = yield* session.request("PATCH", session.path(target), {
      body: object,
      type: "application/apply-patch+yaml",
      query,
      doing: `error when applying "${source}"`,
    });
    const shown = (one: JsonObject | undefined): readonly string[] =>
      one === undefined
        ? []
        : yamlLines({ ...one, metadata: omit(objectAt(one, "metadata"), "managedFields", "resourceVersion") });
    const [a, b] = [shown(live), shown(next)];
    if (equal(a, b)) continue;
    differs = 1;
    yield* session.out(
      `--- live/${target.mapping.plural}/${target.name}\n+++ merged/${target.mapping.plural}/${target.name}\n`,
    );
    yield* session.out(
      changedLines(a, b)
        .map((line) => `${line}\n`)
        .join(""),
    );
  }
  return differs;
}

const yamlLines = (object: JsonObject): readonly string[] => jsonText(object, 2).split("\n");

/** The lines that go and come, by their longest common subsequence. */
function changedLines(a: readonly string[], b: readonly string[]): readonly string[] {
  const table = Array.from({ length: a.length + 1 }, () => new Uint32Array(b.length + 1));
  const length = (i: number, j: number): number => table[i]?.[j] ?? 0;
  for (let i = a.length - 1; i >= 0; i--)
    for (let j = b.length - 1; j >= 0; j--) {
      const row = table[i];
      if (row !== undefined)
        row[j] = a[i] === b[j] ? length(i + 1, j + 1) + 1 : Math.max(length(i + 1, j), length(i, j + 1));
    }
  const lines: string[] = [];
  for (let i = 0, j = 0; i < a.length || j < b.length;) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      i++;
      j++;
    } else if (j >= b.length || (i < a.length && length(i + 1, j) >= length(i, j + 1))) lines.push(`-${a[i++] ?? ""}`);
    else lines.push(`+${b[j++] ?? ""}`);
  }
  return lines;
}

/** `delete`: of files, of names, of a selector; waits until all is gone. */
export function* remove(session: Session): Activity<number> {
  const { line } = session;
  if (line.args.length === 0 && !line.has("filename"))
    throw failure(
      "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'",
    );
  const targets = line.has("filename")
    ? yield* manifests(session)
    : yield* session.targets(line.args, { all: line.is("all") });
  if (targets.length === 0 && !line.is("ignore-not-found")) yield* session.out("No resources found\n");
  const cascade = line.value("cascade") ?? "background";
  const policy =
    cascade === "orphan" || cascade === "false" ? "Orphan" : cascade === "foreground" ? "Foreground" : "Background";
  const grace = line.is("now") ? "1" : line.value("grace-period");
  const force = line.is("force");
  if (force)
    yield* session.err(
      "warning: Immediate deletion does not wait for confirmation that the running resource has been terminated. The resource may continue to run on the cluster indefinitely.\n",
    );
  const seconds = force && grace === undefined ? 0 : Number(grace ?? -1);
  const waiting: { readonly target: Target; readonly uid: string | undefined }[] = [];
  const status = yield* eachOf(session, targets, function* (target) {
    const body = {
      propagationPolicy: policy,
      ...(seconds >= 0 ? { gracePeriodSeconds: seconds } : {}),
      ...(session.dryRun === "server" ? { dryRun: ["All"] } : {}),
    };
    let object: JsonObject = {};
    try {
      if (session.dryRun === "client") object = yield* session.get(target);
      else
        object = yield* session.request("DELETE", session.path(target), {
          body,
          ...("source" in target ? { doing: `error when deleting "${String(target.source)}"` } : {}),
        });
    } catch (error) {
      if (error instanceof Refused && error.reason === "NotFound" && line.is("ignore-not-found")) return;
      throw error;
    }
    const note = force ? "force deleted" : "deleted";
    yield* session.out(
      line.value("output") === "name"
        ? `${titleOf(target.mapping)}/${target.name}\n`
        : `${titleOf(target.mapping)} "${target.name}" ${note}${session.dryNote}\n`,
    );
    waiting.push({ target, uid: stringAt(object, "metadata", "uid") ?? stringAt(object, "details", "uid") });
  });
  if (session.dryRun !== "none" || !line.is("wait", true) || force) return status;
  for (const { target, uid } of waiting)
    yield* untilGone(session, target, uid, timeoutOf(line.value("timeout"), s(3600)));
  return status;
}

/** What `--timeout` says; 0 and what can't be read are as good as for ever. */
export function timeoutOf(text: string | undefined, otherwise: Nanos): Nanos {
  let total = 0;
  for (const [, number = "", unit = "s"] of (text ?? "").matchAll(/([\d.]+)(ms|h|m|s)/g))
    total += Number(number) * ({ ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 }[unit] ?? 1e9);
  return text === undefined || total === 0 ? otherwise : (total as Nanos);
}

/** @throws KubectlFailure where it takes too long */
export function* untilGone(session: Session, target: Target, uid: string | undefined, within: Nanos): Activity<void> {
  const { engine } = session.host.world;
  const end = engine.now + within;
  for (;;) {
    const there = yield* session.find(target);
    if (there === undefined || (uid !== undefined && there.metadata.uid !== uid)) return;
    if (engine.now >= end)
      throw failure(`timed out waiting for the condition on ${target.mapping.plural}/${target.name}`);
    yield* session.host.sleep(ms(100));
  }
}

const patchTypes: Readonly<Record<string, string>> = {
  json: "json-patch",
  merge: "merge-patch",
  strategic: "strategic-merge-patch",
};

/** `patch`. */
export function* patch(session: Session): Activity<number> {
  const { line } = session;
  const text =
    line.value("patch") ??
    (line.has("patch-file") ? yield* session.host.read(line.value("patch-file") ?? "") : undefined);
  if (text === undefined) throw failure("must specify -p to patch");
  const type = line.value("type") ?? "strategic";
  const media = patchTypes[type];
  if (media === undefined) throw failure(`--type must be one of [json merge strategic], not "${type}"`);
  let body: Json | undefined;
  try {
    [body] = parseYaml(text);
  } catch (error) {
    if (!(error instanceof YamlError)) throw error;
    throw failure(`unable to parse "${text}": yaml: ${error.message}`);
  }
  const targets = line.has("filename") ? yield* manifests(session) : yield* session.targets(line.args);
  return yield* eachOf(session, targets, function* (target) {
    const before = yield* session.get(target);
    const sub = line.value("subresource") ?? "";
    const after = yield* session.request("PATCH", session.path(target, sub), {
      body: JSON.stringify(body),
      type: `application/${media}+json`,
      query: { fieldManager: "kubectl-patch", ...dryQuery(session) },
    });
    yield* printDone(session, target.mapping, after, same(before, after) ? "patched (no change)" : "patched");
  });
}

const same = (before: KubeObject, after: JsonObject): boolean =>
  equal(before, after) ||
  (isObject(after["metadata"]) && before.metadata.resourceVersion === after["metadata"]["resourceVersion"]);
export { eachOf, dryQuery };
