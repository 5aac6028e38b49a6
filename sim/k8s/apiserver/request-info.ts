import type { Resource, Subresource } from "../objects/kinds.js";
import type { Served } from "./served.js";

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

/** @returns undefined where no route has the path, "method" where one has it but not so */
export function requestInfo(
  served: Served,
  method: string,
  path: string,
  watch: boolean,
): ResourceRequest | PathRequest | undefined | "method" {
  const parts = path.split("/");
  if (parts.at(-1) === "") parts.pop();
  const [, root, ...all] = path.includes("%") ? parts.map(decodeSegment) : parts;
  const group = root === "apis" ? (all.shift() ?? "") : "";
  const version = all.shift() ?? "";
  if ((root !== "api" && root !== "apis") || all.length === 0)
    return { of: "path", verb: (verbs.get(method) ?? method).toLowerCase(), path };
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
  if (resource === undefined) return undefined;
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
    rest: rest.join("/"),
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
