import { UsageError, invariant } from "../../core/index.js";
import { builtin, groupVersion, type Resource } from "../objects/kinds.js";
import type { KindName } from "./types.js";

/** Where a kind is served: enough to ask for its objects. A `Resource` of the API server is one, so is a row of discovery. */
export type Served = Pick<Resource, "group" | "version" | "plural" | "kind" | "namespaced">;

/** A kind: by its name where Kubernetes has it built in, else by where it is served. */
export type Kind = KindName | Served;

const known = new Map(builtin.toReversed().map((resource) => [resource.plural, resource]));

export function served(kind: Kind): Served {
  if (typeof kind !== "string") return kind;
  const found = known.get(kind);
  invariant(found !== undefined, `no kind is served as ${kind}`);
  return found;
}

/** The `apiVersion` of a kind's objects. */
export const apiVersionOf = (kind: Kind): string => groupVersion(served(kind));

/** The path of a collection, or of one object and perhaps a subresource of it. */
export function pathOf(kind: Kind, namespace: string, name = "", subresource = ""): string {
  const { group, version, plural, namespaced } = served(kind);
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`;
  const within = namespaced && namespace !== "" ? `/namespaces/${namespace}` : "";
  return `${root}${within}/${plural}${name === "" ? "" : `/${name}`}${subresource === "" ? "" : `/${subresource}`}`;
}

/** `namespace/name`, or the name alone where there is no namespace: what work queues and stores know an object by. */
export const keyOf = ({
  metadata,
}: {
  readonly metadata: { readonly namespace?: string; readonly name?: string };
}): string =>
  metadata.namespace === undefined || metadata.namespace === ""
    ? (metadata.name ?? "")
    : `${metadata.namespace}/${metadata.name ?? ""}`;

/** @throws UsageError for text that is no key */
export function splitKey(key: string): { readonly namespace: string; readonly name: string } {
  const [first = "", second, ...rest] = key.split("/");
  if (rest.length > 0) throw new UsageError(`"${key}" is no object's key`, "Give namespace/name, or a name alone.");
  return second === undefined ? { namespace: "", name: first } : { namespace: first, name: second };
}
