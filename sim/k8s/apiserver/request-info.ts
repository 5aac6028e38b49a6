import type { Resource, Subresource } from "../objects/kinds.js";
import type { Root, Served } from "./served.js";

/** What a request is for (apiserver, `request.RequestInfo`): what authorization looks at, and where it goes. */
export interface ResourceRequest {
  readonly of: "resource";
  readonly verb: "get" | "list" | "watch" | "create" | "update" | "patch" | "delete" | "deletecollection";
  readonly resource: Resource;
  readonly namespace: string;
  readonly name: string;
  readonly subresource: Subresource | "";
  /** What follows the subresource: `pods/x/proxy/REST`. */
  readonly rest: string;
}

interface PathRequest {
  readonly of: "path";
  readonly verb: string;
  readonly path: string;
}

const verbs: ReadonlyMap<string, ResourceRequest["verb"]> = new Map([
  ["GET", "get"],
  ["HEAD", "get"],
  ["POST", "create"],
  ["PUT", "update"],
  ["PATCH", "patch"],
  ["DELETE", "delete"],
]);

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** What a path names, whatever is to be done with it. */
interface Place extends Root {
  readonly name: string;
  readonly subresource: string;
  readonly rest: readonly string[];
  readonly watching: boolean;
}

const nothing: readonly string[] = [];

/** Where the part of a plain path ends that names a collection; -1 where the path isn't plain. */
function endOfRoot(path: string): number {
  if (path.includes("%") || path.endsWith("/")) return -1;
  // `/api/v1/` or `/apis/GROUP/VERSION/`.
  let begin = path.startsWith("/api/") ? path.indexOf("/", 5) : path.indexOf("/", path.indexOf("/", 6) + 1);
  if (begin < 0) return -1;
  if (path.startsWith("/namespaces/", begin)) {
    begin = path.indexOf("/", begin + 12);
    if (begin < 0) return -1;
  }
  const end = path.indexOf("/", begin + 1);
  return end < 0 ? path.length : end;
}

/** The place of a plain path below a collection that has been asked for before. */
function knownPlace(served: Served, path: string, end: number, watching: boolean): Place | undefined {
  const root = served.root(path.slice(0, end));
  if (root === undefined) return undefined;
  const { resource, namespace } = root;
  if (end === path.length) return { resource, namespace, name: "", subresource: "", rest: nothing, watching };
  const slash = path.indexOf("/", end + 1);
  const name = path.slice(end + 1, slash < 0 ? path.length : slash);
  const subresource = slash < 0 ? "" : path.slice(slash + 1);
  if (subresource.includes("/")) return undefined;
  return { resource, namespace, name, subresource, rest: nothing, watching };
}

/** @returns undefined where nothing of that name is served, "path" where the path is none of a resource */
function placeOf(served: Served, path: string, watch: boolean): Place | undefined | "path" {
  const parts = path.split("/");
  if (parts.at(-1) === "") parts.pop();
  const [, root, ...all] = path.includes("%") ? parts.map(decodeSegment) : parts;
  const group = root === "apis" ? (all.shift() ?? "") : "";
  const version = all.shift() ?? "";
  if ((root !== "api" && root !== "apis") || all.length === 0) return "path";
  let watching = watch;
  if (all[0] === "watch") {
    // The old form of a watch: `/api/v1/watch/pods`.
    watching = true;
    all.shift();
  }
  let namespace = "";
  if (
    all[0] === "namespaces" &&
    all.length > 2 &&
    !(all.length === 3 && ["status", "finalize"].includes(all[2] ?? ""))
  ) {
    namespace = all[1] ?? "";
    all.splice(0, 2);
  }
  const [plural = "", name = "", subresource = "", ...rest] = all;
  const resource = served.at(group, version, plural);
  return resource === undefined ? undefined : { resource, namespace, name, subresource, rest, watching };
}

/** @returns undefined where no route has the path, "method" where one has it but not so */
export function requestInfo(
  served: Served,
  method: string,
  path: string,
  watch: boolean,
): ResourceRequest | PathRequest | undefined | "method" {
  const end = endOfRoot(path);
  let place: Place | undefined | "path" = end < 0 ? undefined : knownPlace(served, path, end, watch);
  if (place === undefined) {
    place = placeOf(served, path, watch);
    if (place === "path") return { of: "path", verb: (verbs.get(method) ?? method).toLowerCase(), path };
    if (place === undefined) return undefined;
    const { resource, namespace } = place;
    const whole = namespace === "" ? `/${resource.plural}` : `/namespaces/${namespace}/${resource.plural}`;
    if (end >= 0 && path.slice(0, end).endsWith(whole) && place.watching === watch)
      served.remember(path.slice(0, end), { resource, namespace });
  }
  const { resource, namespace, name, subresource, rest, watching } = place;
  if (resource.namespaced ? namespace === "" && name !== "" : namespace !== "") return undefined;
  if (subresource !== "" && !resource.subresources.includes(subresource as Subresource)) return undefined;
  if (rest.length > 0 && subresource !== "proxy") return undefined;
  const plain = verbs.get(method);
  if (plain === undefined) return "method";
  let verb: ResourceRequest["verb"] = plain;
  if (plain === "get" && name === "") verb = watching ? "watch" : "list";
  else if (plain === "get" && watching && subresource === "") verb = "watch";
  else if (plain === "delete" && name === "") verb = "deletecollection";
  if (!allowed(resource, verb, name, subresource as Subresource | "", namespace)) return "method";
  return {
    of: "resource",
    verb,
    resource,
    namespace,
    name,
    subresource: subresource as Subresource | "",
    rest: rest.length === 0 ? "" : rest.join("/"),
  };
}

function allowed(
  resource: Resource,
  verb: ResourceRequest["verb"],
  name: string,
  subresource: Subresource | "",
  namespace: string,
): boolean {
  if (resource.group === "metrics.k8s.io") return verb === "get" || verb === "list";
  if (resource.virtual) return verb === "create" && name === "";
  switch (subresource) {
    case "":
      if (verb === "create") return name === "" && !(resource.namespaced && namespace === "");
      return (verb !== "update" && verb !== "patch") || name !== "";
    case "binding":
    case "eviction":
    case "token":
      return verb === "create";
    case "log":
      return verb === "get";
    case "exec":
    case "attach":
    case "portforward":
      return verb === "get" || verb === "create";
    case "proxy":
      return true;
    case "finalize":
      return verb === "update";
    case "status":
    case "scale":
    case "ephemeralcontainers":
    case "resize":
      return verb === "get" || verb === "update" || verb === "patch";
  }
}
