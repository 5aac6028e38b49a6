import type { Resource, Subresource } from "../objects/kinds.js";
import { groupVersion } from "../objects/kinds.js";
import type { Json, JsonObject } from "../objects/value.js";
import type { Served } from "./served.js";

/** The release whose API is served. */
const version = { major: "1", minor: "32", gitVersion: "v1.32.0" } as const;

/** `GET /version` (apimachinery, `version.Info`). */
export const versionInfo: JsonObject = {
  ...version,
  gitCommit: "",
  gitTreeState: "clean",
  buildDate: "2024-12-11T18:04:20Z",
  goVersion: "",
  compiler: "virtlab",
  platform: "linux/amd64",
};

const verbs: readonly string[] = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];

const verbsOf = (resource: Resource): readonly string[] =>
  resource.group === "metrics.k8s.io" ? ["get", "list"] : resource.virtual ? ["create"] : verbs;

/** What a subresource takes: its verbs and the kind of its body. */
function subresource(
  resource: Resource,
  name: Subresource,
): { verbs: readonly string[]; group?: string; version?: string; kind: string } {
  switch (name) {
    case "scale":
      return { verbs: ["get", "patch", "update"], group: "autoscaling", version: "v1", kind: "Scale" };
    case "binding":
      return { verbs: ["create"], kind: "Binding" };
    case "eviction":
      return { verbs: ["create"], group: "policy", version: "v1", kind: "Eviction" };
    case "token":
      return { verbs: ["create"], group: "authentication.k8s.io", version: "v1", kind: "TokenRequest" };
    case "log":
      return { verbs: ["get"], kind: "Pod" };
    case "exec":
    case "attach":
    case "portforward":
      return {
        verbs: ["create", "get"],
        kind: `Pod${{ exec: "Exec", attach: "Attach", portforward: "PortForward" }[name]}Options`,
      };
    case "proxy":
      return { verbs: ["create", "delete", "get", "patch", "update"], kind: `${resource.kind}ProxyOptions` };
    case "finalize":
      return { verbs: ["update"], kind: resource.kind };
    case "status":
    case "ephemeralcontainers":
    case "resize":
      return { verbs: ["get", "patch", "update"], kind: resource.kind };
  }
}

/** `GET /api/v1`, `GET /apis/G/V`. */
export function resourceList(served: Served, group: string, name: string): JsonObject | undefined {
  const all = served.all.filter((each) => each.group === group && each.version === name);
  if (all.length === 0) return undefined;
  const resources = all.flatMap((resource): Json[] => [
    {
      name: resource.plural,
      singularName: resource.singular,
      namespaced: resource.namespaced,
      kind: resource.kind,
      verbs: [...verbsOf(resource)],
      ...(resource.shortNames.length === 0 ? {} : { shortNames: [...resource.shortNames] }),
      ...(resource.categories.length === 0 ? {} : { categories: [...resource.categories] }),
    },
    ...resource.subresources.map((sub): Json => {
      const { verbs: allowed, ...kind } = subresource(resource, sub);
      return {
        name: `${resource.plural}/${sub}`,
        singularName: "",
        namespaced: resource.namespaced,
        ...kind,
        verbs: [...allowed],
      };
    }),
  ]);
  return {
    kind: "APIResourceList",
    ...(group === "" ? {} : { apiVersion: "v1" }),
    groupVersion: groupVersion({ group, version: name }),
    resources,
  };
}

/** `GET /api` */
export const apiVersions = (address: string): JsonObject => ({
  kind: "APIVersions",
  versions: ["v1"],
  serverAddressByClientCIDRs: [{ clientCIDR: "0.0.0.0/0", serverAddress: address }],
});

function apiGroup(name: string, versions: readonly string[]): JsonObject {
  const all = versions.map((each) => ({ groupVersion: `${name}/${each}`, version: each }));
  return { name, versions: all, preferredVersion: all[0] ?? {} };
}

/** `GET /apis` */
export const apiGroupList = (served: Served): JsonObject => ({
  kind: "APIGroupList",
  apiVersion: "v1",
  groups: served.groups().map(({ name, versions }) => apiGroup(name, versions)),
});

/** `GET /apis/G` */
export function apiGroupOf(served: Served, group: string): JsonObject | undefined {
  const found = served.groups().find(({ name }) => name === group);
  return found === undefined
    ? undefined
    : { kind: "APIGroup", apiVersion: "v1", ...apiGroup(found.name, found.versions) };
}

/** Both styles in one: all groups with all their resources (apidiscovery.k8s.io). @param core whether for `/api` or `/apis` */
export function aggregated(served: Served, core: boolean, apiVersion: string): JsonObject {
  const groups = core ? [{ name: "", versions: ["v1"] }] : served.groups();
  const items = groups.map(({ name, versions }): Json => ({
    metadata: name === "" ? {} : { name },
    versions: versions.map((each) => ({
      version: each,
      freshness: "Current",
      resources: served.all
        .filter((resource) => resource.group === name && resource.version === each)
        .map((resource): Json => {
          const kind = (of: { group?: string; version?: string; kind: string }): Json => ({
            group: of.group ?? name,
            version: of.version ?? each,
            kind: of.kind,
          });
          return {
            resource: resource.plural,
            responseKind: kind({ kind: resource.kind }),
            scope: resource.namespaced ? "Namespaced" : "Cluster",
            singularResource: resource.singular,
            verbs: [...verbsOf(resource)],
            ...(resource.shortNames.length === 0 ? {} : { shortNames: [...resource.shortNames] }),
            ...(resource.categories.length === 0 ? {} : { categories: [...resource.categories] }),
            ...(resource.subresources.length === 0
              ? {}
              : {
                  subresources: resource.subresources.map((sub): Json => {
                    const found = subresource(resource, sub);
                    return { subresource: sub, responseKind: kind(found), verbs: [...found.verbs] };
                  }),
                }),
          };
        }),
    })),
  }));
  return { kind: "APIGroupDiscoveryList", apiVersion, metadata: {}, items };
}
