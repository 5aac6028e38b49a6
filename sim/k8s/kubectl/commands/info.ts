import type { Activity } from "../../../core/index.js";
import { at, isObject, listAt, objectAt, show, stringAt, type Json, type JsonObject } from "../../objects/value.js";
import { failure, KubectlFailure } from "../failure.js";
import { apiVersionOf, type Session } from "../session.js";
import { columns, jsonText, yamlText } from "../text.js";

/** `version`: this kubectl is of the server's age. */
export function* version(session: Session): Activity<number> {
  const server = yield* session.request("GET", "/version");
  const git = stringAt(server, "gitVersion") ?? "";
  const { line } = session;
  const both = { clientVersion: { ...server, gitVersion: git }, kustomizeVersion: "v5.5.0", serverVersion: server };
  if (line.value("output") === "json") yield* session.out(`${jsonText(both, 2)}\n`);
  else if (line.value("output") === "yaml") yield* session.out(yamlText(both));
  else
    yield* session.out(
      `Client Version: ${git}\nKustomize Version: v5.5.0\n${line.is("client") ? "" : `Server Version: ${git}\n`}`,
    );
  return 0;
}

/** `cluster-info`. */
export function* clusterInfo(session: Session): Activity<number> {
  yield* session.out(
    `Kubernetes control plane is running at ${session.access.server}\n\nTo further debug and diagnose cluster problems, use 'kubectl cluster-info dump'.\n`,
  );
  return 0;
}

/** `api-versions`. */
export function* apiVersions(session: Session): Activity<number> {
  const groups = listAt(yield* session.request("GET", "/apis"), "groups");
  const all = groups.flatMap((group) => listAt(group, "versions").map((each) => stringAt(each, "groupVersion") ?? ""));
  yield* session.out(
    [...all, "v1"]
      .sort()
      .map((each) => `${each}\n`)
      .join(""),
  );
  return 0;
}

/** `api-resources`. */
export function* apiResources(session: Session): Activity<number> {
  const { line } = session;
  const group = line.value("api-group");
  const namespaced = line.value("namespaced");
  const verbs = (line.value("verbs") ?? "").split(",").filter((each) => each !== "");
  const shown = (yield* session.mappings())
    .filter((each) => group === undefined || each.group === group)
    .filter((each) => namespaced === undefined || each.namespaced === (namespaced === "true"))
    .filter((each) => verbs.every((verb) => each.verbs.includes(verb)))
    // Of a kind that several versions serve, the preferred one.
    .filter(
      (each, i, all) => all.findIndex((other) => other.group === each.group && other.plural === each.plural) === i,
    )
    .sort((a, b) => (a.group < b.group ? -1 : a.group > b.group ? 1 : a.plural < b.plural ? -1 : 1));
  if (line.value("output") === "name") {
    yield* session.out(shown.map((each) => `${each.plural}${each.group === "" ? "" : `.${each.group}`}\n`).join(""));
    return 0;
  }
  const wide = line.value("output") === "wide";
  const rows = shown.map((each) => [
    each.plural,
    each.shortNames.join(","),
    apiVersionOf(each),
    String(each.namespaced),
    each.kind,
    ...(wide ? [`[${each.verbs.join(" ")}]`] : []),
  ]);
  const header = ["NAME", "SHORTNAMES", "APIVERSION", "NAMESPACED", "KIND", ...(wide ? ["VERBS"] : [])];
  yield* session.out(columns(line.is("no-headers") ? rows : [header, ...rows]));
  return 0;
}

/** `explain`: a kind's fields, from the server's OpenAPI document. */
export function* explain(session: Session): Activity<number> {
  const [path = ""] = session.line.args;
  if (path === "")
    throw failure(
      'You must specify the type of resource to explain. Use "kubectl api-resources" for a complete list of supported resources.',
    );
  const [word = "", ...steps] = path.split(".");
  const mapping = yield* session.mapping(word);
  const definitions = objectAt(yield* session.request("GET", "/openapi/v2"), "definitions");
  const resolved = (schema: Json | undefined): JsonObject => {
    const reference = stringAt(schema, "$ref") ?? stringAt(listAt(schema, "allOf")[0], "$ref");
    return reference === undefined
      ? isObject(schema)
        ? schema
        : {}
      : objectAt(definitions[reference.replace("#/definitions/", "")]);
  };
  const typeOf = (schema: Json | undefined): string => {
    const type = stringAt(schema, "type");
    if (type === "array") return `[]${typeOf(at(schema, "items"))}`;
    if (at(schema, "additionalProperties") !== undefined)
      return `map[string]${typeOf(at(schema, "additionalProperties"))}`;
    return type ?? "Object";
  };
  const definition = Object.values(definitions).find((each) =>
    listAt(each, "x-kubernetes-group-version-kind").some(
      (kind) =>
        stringAt(kind, "kind") === mapping.kind &&
        stringAt(kind, "version") === mapping.version &&
        (stringAt(kind, "group") ?? "") === mapping.group,
    ),
  );
  if (definition === undefined)
    throw failure(`Couldn't find resource for "${apiVersionOf(mapping)}, Kind=${mapping.kind}"`);
  let here = resolved(definition);
  let field: Json | undefined;
  for (const step of steps) {
    field = at(here, "properties", step);
    if (field === undefined) throw failure(`field "${step}" does not exist`);
    here = resolved(at(field, "items") ?? at(field, "additionalProperties") ?? field);
  }
  const required = listAt(here, "required");
  const head = `${mapping.group === "" ? "" : `GROUP:      ${mapping.group}\n`}KIND:       ${mapping.kind}\nVERSION:    ${mapping.version}\n\n`;
  const named = field === undefined ? "" : `FIELD: ${steps.at(-1) ?? ""} <${typeOf(field)}>\n\n`;
  const description = stringAt(field, "description") ?? stringAt(here, "description") ?? "<empty>";
  const rows = Object.entries(objectAt(here, "properties"))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(
      ([name, schema]) =>
        `  ${name}\t<${typeOf(schema)}>${required.includes(name) ? " -required-" : ""}\n    ${stringAt(schema, "description") ?? "<no description>"}\n\n`,
    );
  yield* session.out(
    `${head}${named}DESCRIPTION:\n    ${description}\n${rows.length === 0 ? "" : `    \nFIELDS:\n${rows.join("")}`}`,
  );
  return 0;
}

/** `auth can-i`, `auth whoami`. */
export function* auth(session: Session): Activity<number> {
  const { line } = session;
  const group = "/apis/authorization.k8s.io/v1";
  if (line.command === "auth whoami") {
    const kind = { apiVersion: "authentication.k8s.io/v1", kind: "SelfSubjectReview" };
    const review = yield* session.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", { body: kind });
    const who = objectAt(review, "status", "userInfo");
    yield* session.out(
      columns([
        ["ATTRIBUTE", "VALUE"],
        ["Username", stringAt(who, "username") ?? ""],
        ...(stringAt(who, "uid") === undefined ? [] : [["UID", stringAt(who, "uid") ?? ""]]),
        ["Groups", `[${listAt(who, "groups").map(show).join(" ")}]`],
      ]),
    );
    return 0;
  }
  const [verb = "", word = "", name = ""] = line.args;
  if (word === "")
    throw new KubectlFailure(
      "error: you must specify two or three arguments: verb, resource, and optional resourceName",
    );
  const url = word.startsWith("/");
  const [type = "", named = name] = word.split("/");
  const mapping = url
    ? undefined
    : (yield* session.mappings()).find((each) =>
        [each.plural, each.singular, ...each.shortNames].includes(type.split(".")[0] ?? ""),
      );
  if (!url && mapping === undefined && word !== "*")
    yield* session.err(`Warning: the server doesn't have a resource type '${type}'\n`);
  const namespace = line.is("all-namespaces") ? "" : session.namespace;
  const subresource = line.value("subresource");
  const attributes = {
    verb,
    resource: mapping?.plural ?? type,
    group: mapping?.group ?? "",
    namespace,
    ...(named === "" ? {} : { name: named }),
    ...(subresource === undefined ? {} : { subresource }),
  };
  const spec = url ? { nonResourceAttributes: { verb, path: word } } : { resourceAttributes: attributes };
  const body = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectAccessReview", spec };
  const answer = yield* session.request("POST", `${group}/selfsubjectaccessreviews`, { body });
  const allowed = at(answer, "status", "allowed") === true;
  if (!line.is("quiet")) yield* session.out(allowed ? "yes\n" : "no\n");
  return allowed ? 0 : 1;
}

/** `config view`, `config current-context`, `config get-contexts`. */
export function* config(session: Session): Activity<number> {
  const name = "virtlab";
  const { server, name: user } = session.access;
  const view = {
    apiVersion: "v1",
    clusters: [{ cluster: { server }, name }],
    contexts: [{ context: { cluster: name, user }, name }],
    "current-context": name,
    kind: "Config",
    preferences: {},
    users: [{ name: user, user: {} }],
  };
  const [, verb = ""] = session.line.command.split(" ");
  if (verb === "view")
    yield* session.out(session.line.value("output") === "json" ? `${jsonText(view)}\n` : yamlText(view));
  else if (verb === "current-context") yield* session.out(`${name}\n`);
  else if (verb === "get-contexts")
    yield* session.out(
      columns([
        ["CURRENT", "NAME", "CLUSTER", "AUTHINFO", "NAMESPACE"],
        ["*", name, name, user, ""],
      ]),
    );
  else throw failure("a simulated cluster has one context: config view, current-context and get-contexts show it");
  return 0;
}
