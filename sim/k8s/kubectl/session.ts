import type { Activity } from "../../core/index.js";
import type { ApiRequest, ApiResponse, ApiStream } from "../apiserver/request.js";
import { seconds } from "../client/clock.js";
import { isObject, listAt, stringAt, type Json, type JsonObject, type KubeObject } from "../objects/value.js";
import { parseYaml, YamlError } from "../objects/yaml.js";
import { failure, KubectlFailure, Refused } from "./failure.js";
import type { CommandLine } from "./flags.js";
import type { Access, KubectlHost } from "./host.js";

/** A kind as discovery tells of it. */
export interface Mapping {
  readonly group: string;
  readonly version: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly kind: string;
  readonly namespaced: boolean;
  readonly verbs: readonly string[];
  readonly categories: readonly string[];
}

/** One object that a command is about. */
export interface Target {
  readonly mapping: Mapping;
  readonly namespace: string;
  readonly name: string;
}

export const apiVersionOf = ({ group, version }: Mapping): string => (group === "" ? version : `${group}/${version}`);

/** `deployment.apps`: what messages call a kind. */
export const titleOf = ({ group, kind }: Mapping): string =>
  group === "" ? kind.toLowerCase() : `${kind.toLowerCase()}.${group}`;

/** A kubectl that works on one command line. */
export class Session {
  readonly line: CommandLine;
  readonly host: KubectlHost;
  readonly access: Access;
  #mappings: readonly Mapping[] | undefined;

  constructor(host: KubectlHost, line: CommandLine, access: Access) {
    this.host = host;
    this.access = access;
    this.line = line;
  }

  get namespace(): string {
    return this.line.value("namespace") ?? this.access.namespace;
  }

  /** Seconds since 1970. */
  get now(): number {
    return seconds(this.host.world);
  }

  *out(text: string): Activity<void> {
    yield* this.host.print("stdout", text);
  }

  *err(text: string): Activity<void> {
    yield* this.host.print("stderr", text);
  }

  /** Sends a request as it is. @throws KubectlFailure where nobody answers */
  *ask(request: ApiRequest): Activity<ApiResponse | ApiStream> {
    const { endpoint, user, server } = this.access;
    const headers = { ...request.headers, ...this.access.headers, ...this.#impersonation() };
    const whole = { ...request, headers, ...(user === undefined ? {} : { user }) };
    const answer = endpoint.ask === undefined ? endpoint.handle(whole) : yield* endpoint.ask(whole);
    if (answer !== undefined) return answer;
    const at = server.replace(/^\w+:\/\//, "");
    throw new KubectlFailure(
      `The connection to the server ${at} was refused - did you specify the right host or port?`,
    );
  }

  /** What `--as`, `--as-group` and `--as-uid` make of requests. */
  #impersonation(): Readonly<Record<string, string>> {
    const { line } = this;
    const [as, uid] = [line.value("as"), line.value("as-uid")];
    return {
      ...(as === undefined ? {} : { "impersonate-user": as }),
      ...(line.has("as-group") ? { "impersonate-group": line.all("as-group").join(",") } : {}),
      ...(uid === undefined ? {} : { "impersonate-uid": uid }),
    };
  }

  /** How the server takes unknown fields of what comes of files and generators: as errors, unless `--validate` says otherwise. */
  #validation(method: string): Readonly<Record<string, string>> {
    const [command = ""] = this.line.command.split(" ");
    if (!["POST", "PUT", "PATCH"].includes(method) || !["create", "apply", "replace"].includes(command)) return {};
    const given = this.line.value("validate") ?? "strict";
    const fieldValidation = { strict: "Strict", true: "Strict", warn: "Warn", ignore: "Ignore", false: "Ignore" }[
      given
    ];
    if (fieldValidation !== undefined) return { fieldValidation };
    throw failure(
      `invalid - validate option ${JSON.stringify(given)}; must be one of: strict (or true), warn, ignore (or false)`,
    );
  }

  /** @throws Refused */
  *request(
    method: string,
    path: string,
    options: {
      readonly body?: JsonObject | string;
      readonly type?: string;
      readonly accept?: string;
      readonly query?: Readonly<Record<string, string>>;
      readonly doing?: string;
    } = {},
  ): Activity<JsonObject> {
    const { body, type = "application/json", accept = "application/json", query, doing } = options;
    const answer = yield* this.ask({
      method,
      path,
      query: { ...this.#validation(method), ...query },
      // As the stock client, it names itself: fields that it sets are its own.
      headers: {
        accept,
        "user-agent": `kubectl-${this.line.command.split(" ")[0] ?? ""}`,
        ...(body === undefined ? {} : { "content-type": type }),
      },
      ...(body === undefined ? {} : { body }),
    });
    if (answer.stream !== undefined) return {};
    if (answer.status >= 400) throw new Refused(answer.object, doing);
    return answer.object ?? {};
  }

  /** undefined for what isn't there. @throws Refused for all else that is no answer */
  *find(target: Target): Activity<KubeObject | undefined> {
    try {
      return (yield* this.request("GET", this.path(target))) as KubeObject;
    } catch (error) {
      if (error instanceof Refused && error.reason === "NotFound") return undefined;
      throw error;
    }
  }

  *get(target: Target): Activity<KubeObject> {
    return (yield* this.request("GET", this.path(target))) as KubeObject;
  }

  *list(
    mapping: Mapping,
    namespace: string,
    query: Readonly<Record<string, string>> = {},
  ): Activity<readonly KubeObject[]> {
    return listAt(
      yield* this.request("GET", this.path({ mapping, namespace, name: "" }), { query }),
      "items",
    ) as readonly KubeObject[];
  }

  path({ mapping, namespace, name }: Target, subresource = ""): string {
    const { group, version, plural, namespaced } = mapping;
    const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
    const inside = namespaced && namespace !== "" ? `/namespaces/${namespace}` : "";
    return `${root}${inside}/${plural}${name === "" ? "" : `/${encodeURIComponent(name)}`}${subresource === "" ? "" : `/${subresource}`}`;
  }

  /** All kinds that are served, the preferred version of each group first. */
  *mappings(): Activity<readonly Mapping[]> {
    if (this.#mappings !== undefined) return this.#mappings;
    const groups = listAt(yield* this.request("GET", "/apis"), "groups");
    const versions = [
      "v1",
      ...groups.flatMap((group) => {
        const preferred = stringAt(group, "preferredVersion", "groupVersion") ?? "";
        const all = listAt(group, "versions").map((each) => stringAt(each, "groupVersion") ?? "");
        return [preferred, ...all.filter((each) => each !== preferred)];
      }),
    ];
    const found: Mapping[] = [];
    for (const groupVersion of versions) {
      const [version = "", group = ""] = groupVersion.split("/").reverse();
      const list = yield* this.request("GET", group === "" ? `/api/${version}` : `/apis/${groupVersion}`);
      for (const row of listAt(list, "resources")) {
        const plural = stringAt(row, "name") ?? "";
        if (!isObject(row) || plural.includes("/")) continue;
        const kind = stringAt(row, "kind") ?? "";
        found.push({
          group,
          version,
          plural,
          singular: stringAt(row, "singularName") || kind.toLowerCase(),
          shortNames: words(row["shortNames"]),
          kind,
          namespaced: row["namespaced"] === true,
          verbs: words(row["verbs"]),
          categories: words(row["categories"]),
        });
      }
    }
    return (this.#mappings = found);
  }

  /** By any of its names: `deploy`, `deployments.apps`, `Deployment.v1.apps`. @throws KubectlFailure */
  *mapping(word: string): Activity<Mapping> {
    const [first = "", ...rest] = word.toLowerCase().split(".");
    const group = rest.join(".");
    const found = (yield* this.mappings()).find(
      (each) =>
        [each.plural, each.singular, each.kind.toLowerCase(), ...each.shortNames].includes(first) &&
        (group === "" ||
          each.group.startsWith(group) ||
          group === each.version ||
          group === `${each.version}.${each.group}`),
    );
    if (found === undefined) throw failure(`the server doesn't have a resource type "${word}"`);
    return found;
  }

  /** The kind of an object of a manifest. @throws KubectlFailure */
  *mappingOf(object: JsonObject, source: string): Activity<Mapping> {
    const [apiVersion, kind] = [stringAt(object, "apiVersion") ?? "", stringAt(object, "kind") ?? ""];
    const found = (yield* this.mappings()).find((each) => each.kind === kind && apiVersionOf(each) === apiVersion);
    if (found === undefined)
      throw failure(`unable to recognize "${source}": no matches for kind "${kind}" in version "${apiVersion}"`);
    return found;
  }

  /**
   * What words name: `pods`, `pods,svc`, `pod a b`, `deploy/web svc/db`. A word of a category stands for its kinds.
   * @returns kinds, each with the names that are asked for: none for all of the kind
   */
  *resources(
    args: readonly string[],
  ): Activity<readonly { readonly mapping: Mapping; readonly names: readonly string[] }[]> {
    const [first = "", ...names] = args;
    if (args.some((word) => word.includes("/"))) {
      const found: { mapping: Mapping; names: string[] }[] = [];
      for (const word of args) {
        const [type = "", name = "", ...more] = word.split("/");
        if (name === "" || more.length > 0)
          throw failure(
            word.includes("/")
              ? "arguments in resource/name form may not have more than one slash"
              : "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form (e.g. 'kubectl get resource/<resource_name>' instead of 'kubectl get resource resource/<resource_name>'",
          );
        found.push({ mapping: yield* this.mapping(type), names: [name] });
      }
      return found;
    }
    const found: { mapping: Mapping; names: readonly string[] }[] = [];
    for (const word of first.split(",")) {
      const all = word.includes(".")
        ? []
        : (yield* this.mappings()).filter(({ categories }) => categories.includes(word));
      // A kind that two versions serve is meant once.
      const once = all.filter(
        (each, at) => all.findIndex(({ group, kind }) => group === each.group && kind === each.kind) === at,
      );
      for (const mapping of once.length > 0 ? once : [yield* this.mapping(word)]) found.push({ mapping, names });
    }
    return found;
  }

  /** The objects that words name, or a selector, or all. @throws KubectlFailure */
  *targets(args: readonly string[], { all = false }: { readonly all?: boolean } = {}): Activity<readonly Target[]> {
    const targets: Target[] = [];
    const selector = this.line.value("selector");
    const fields = this.line.value("field-selector");
    for (const { mapping, names } of yield* this.resources(args)) {
      const namespace = mapping.namespaced ? this.namespace : "";
      for (const name of names) targets.push({ mapping, namespace, name });
      if (names.length > 0) continue;
      if (!all && selector === undefined && fields === undefined)
        throw failure("resource(s) were provided, but no name, label selector, or --all flag specified");
      const query = {
        ...(selector === undefined ? {} : { labelSelector: selector }),
        ...(fields === undefined ? {} : { fieldSelector: fields }),
      };
      const everywhere = this.line.is("all-namespaces") && mapping.namespaced ? "" : namespace;
      for (const { metadata } of yield* this.list(mapping, everywhere, query))
        targets.push({ mapping, namespace: metadata.namespace ?? "", name: metadata.name ?? "" });
    }
    return targets;
  }

  /** The objects of the files that `-f` names; `-` is the standard input. @throws KubectlFailure */
  *files(): Activity<readonly { readonly object: JsonObject; readonly source: string }[]> {
    const found: { object: JsonObject; source: string }[] = [];
    for (const path of this.line.all("filename").flatMap((each) => each.split(","))) {
      const text = path === "-" ? yield* this.host.stdin() : yield* this.host.read(path);
      if (text === undefined) throw failure(`the path "${path}" does not exist`);
      const source = path === "-" ? "STDIN" : path;
      let documents: readonly Json[];
      try {
        documents = parseYaml(text);
      } catch (error) {
        if (!(error instanceof YamlError)) throw error;
        throw failure(`error parsing ${source}: error converting YAML to JSON: yaml: ${error.message}`);
      }
      for (const document of documents.flatMap((each) =>
        stringAt(each, "kind") === "List" ? listAt(each, "items") : [each],
      )) {
        if (!isObject(document) || typeof document["kind"] !== "string")
          throw failure(`error validating "${source}": error validating data: kind not set`);
        if (typeof document["apiVersion"] !== "string")
          throw failure(`error validating "${source}": error validating data: apiVersion not set`);
        found.push({ object: document, source });
      }
    }
    if (found.length === 0) throw failure("no objects passed to " + (this.line.command.split(" ")[0] ?? ""));
    return found;
  }

  /** Whether a command only says what it would do, and how: `--dry-run=client`. */
  get dryRun(): "none" | "client" | "server" {
    const value = this.line.value("dry-run");
    return value === undefined || value === "none" || value === "false"
      ? "none"
      : value === "server"
        ? "server"
        : "client";
  }

  /** What is put behind a message of what was done. */
  get dryNote(): string {
    return this.dryRun === "none" ? "" : this.dryRun === "server" ? " (server dry run)" : " (dry run)";
  }
}

const words = (value: Json | undefined): readonly string[] =>
  Array.isArray(value) ? (value as readonly Json[]).filter((each) => typeof each === "string") : [];
