/** In which form a client wants an answer. */
export interface Form {
  /** What the objects become: as they are, rows of a table, or their metadata alone. */
  readonly as: "object" | "Table" | "PartialObjectMetadata" | "PartialObjectMetadataList" | "APIGroupDiscoveryList";
  readonly type: "application/json" | "application/yaml" | "protobuf-openapi";
  /** The version of `as`. */
  readonly version: string;
}

export const protobufType = "application/vnd.kubernetes.protobuf";

export const mediaTypes: readonly string[] = ["application/json", "application/yaml", protobufType];

const openapi = /^application\/com\.github\.(proto-openapi\.spec\.v2(@|\.)v1\.0\+protobuf)$/;

const plainJson: Form = { as: "object", type: "application/json", version: "v1" };

/** The first of the accepted types that can be given; undefined where none can. Weights are not looked at, nor does client-go send any. */
export function negotiate(accept: string | undefined): Form | undefined {
  if (accept === undefined || accept === "" || accept === "application/json") return plainJson;
  for (const part of accept.split(",")) {
    const [type = "", ...parameters] = part.split(";").map((text) => text.trim());
    const given = new Map(parameters.map((text) => text.split("=", 2) as [string, string]));
    const as = given.get("as");
    const version = given.get("v") ?? "v1";
    if (openapi.test(type)) return { as: "object", type: "protobuf-openapi", version };
    const yaml = type === "application/yaml";
    if (!yaml && !["application/json", "*/*", "application/*"].includes(type)) continue;
    const form = { type: yaml ? ("application/yaml" as const) : ("application/json" as const), version };
    if (as === undefined) return { as: "object", ...form };
    if (as === "APIGroupDiscoveryList") return { as, ...form };
    const known = as === "Table" || as === "PartialObjectMetadata" || as === "PartialObjectMetadataList";
    if (known && (given.get("g") ?? "meta.k8s.io") === "meta.k8s.io" && (version === "v1" || version === "v1beta1"))
      return { as, ...form };
  }
  return undefined;
}
