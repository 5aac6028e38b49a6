import type { Struct } from "./notation.js";
import { structNamed } from "./structs.js";
import type { JsonArray, JsonObject } from "./value.js";

export type Subresource =
  | "status"
  | "scale"
  | "binding"
  | "eviction"
  | "log"
  | "exec"
  | "attach"
  | "portforward"
  | "proxy"
  | "ephemeralcontainers"
  | "token"
  | "finalize"
  | "resize";

/** What a CustomResourceDefinition says of a kind beside its fields. */
interface CustomKind {
  /** `openAPIV3Schema`. */
  readonly schema: JsonObject;
  /** Where `scale` finds its numbers; undefined without that subresource. */
  readonly scale: { readonly spec: string; readonly status: string; readonly selector: string | undefined } | undefined;
  readonly columns: JsonArray;
}

/** A kind as one version of a group serves it. */
export interface Resource {
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly namespaced: boolean;
  readonly struct: Struct;
  /** Of a kind that a CustomResourceDefinition describes, what that says beside the fields. */
  readonly custom?: CustomKind;
  readonly subresources: readonly Subresource[];
  /** Requests of this kind are answered and nothing is kept: reviews, bindings. */
  readonly virtual: boolean;
  /** Where objects of the kind are kept, and as what: several versions of one kind share it. */
  readonly storage: { readonly group: string; readonly version: string; readonly plural: string };
  readonly listKind: string;
}

interface Row {
  readonly short?: string;
  readonly cluster?: true;
  readonly sub?: string;
  readonly all?: true;
  readonly virtual?: true;
  readonly plural?: string;
  /** The version that is kept where this one is converted: `apps/v1`. */
  readonly kept?: string;
}

function rows(groupVersion: string, table: string, kinds: Readonly<Record<string, Row>>): Resource[] {
  const [version = "", group = ""] = groupVersion.split("/").reverse();
  return Object.entries(kinds).map(([kind, row]) => {
    const singular = kind.toLowerCase();
    const plural =
      row.plural ??
      (/(s|ss|x)$/.test(singular)
        ? `${singular}es`
        : /[^aeiou]y$/.test(singular)
          ? `${singular.slice(0, -1)}ies`
          : `${singular}s`);
    const [keptVersion = version, keptGroup = ""] = (row.kept ?? groupVersion).split("/").reverse();
    return {
      group,
      version,
      kind,
      plural,
      singular,
      shortNames: row.short?.split(",") ?? [],
      categories: row.all ? ["all"] : [],
      namespaced: row.cluster !== true,
      struct: structNamed(`${table}.${kind}`),
      subresources: (row.sub?.split(",") ?? []) as Subresource[],
      virtual: row.virtual === true,
      storage: { group: keptGroup, version: keptVersion, plural },
      listKind: `${kind}List`,
    };
  });
}

const cluster = { cluster: true } as const;
const review = { cluster: true, virtual: true } as const;

/** The kinds of Kubernetes 1.32 that are served, group by group in the order of discovery. */
export const builtin: readonly Resource[] = [
  ...rows("v1", "core", {
    Binding: { virtual: true },
    ConfigMap: { short: "cm" },
    Endpoints: { short: "ep", plural: "endpoints" },
    Event: { short: "ev" },
    LimitRange: { short: "limits" },
    Namespace: { short: "ns", cluster: true, sub: "status,finalize" },
    Node: { short: "no", cluster: true, sub: "status,proxy" },
    PersistentVolumeClaim: { short: "pvc", sub: "status" },
    PersistentVolume: { short: "pv", cluster: true, sub: "status" },
    Pod: {
      short: "po",
      all: true,
      sub: "status,binding,eviction,log,exec,attach,portforward,proxy,ephemeralcontainers,resize",
    },
    PodTemplate: {},
    ReplicationController: { short: "rc", all: true, sub: "status,scale" },
    ResourceQuota: { short: "quota", sub: "status" },
    Secret: {},
    ServiceAccount: { short: "sa", sub: "token" },
    Service: { short: "svc", all: true, sub: "status,proxy" },
  }),
  ...rows("apps/v1", "apps", {
    ControllerRevision: {},
    DaemonSet: { short: "ds", all: true, sub: "status" },
    Deployment: { short: "deploy", all: true, sub: "status,scale" },
    ReplicaSet: { short: "rs", all: true, sub: "status,scale" },
    StatefulSet: { short: "sts", all: true, sub: "status,scale" },
  }),
  ...rows("events.k8s.io/v1", "events", { Event: { short: "ev", kept: "v1" } }),
  ...rows("authentication.k8s.io/v1", "authentication", { SelfSubjectReview: review, TokenReview: review }),
  ...rows("authorization.k8s.io/v1", "authorization", {
    LocalSubjectAccessReview: { virtual: true },
    SelfSubjectAccessReview: review,
    SelfSubjectRulesReview: review,
    SubjectAccessReview: review,
  }),
  ...rows("autoscaling/v2", "autoscaling2", {
    HorizontalPodAutoscaler: { short: "hpa", all: true, sub: "status" },
  }),
  ...rows("autoscaling/v1", "autoscaling1", {
    HorizontalPodAutoscaler: { short: "hpa", all: true, sub: "status", kept: "autoscaling/v2" },
  }),
  ...rows("batch/v1", "batch", {
    CronJob: { short: "cj", all: true, sub: "status" },
    Job: { all: true, sub: "status" },
  }),
  // What Debian's kubectl 1.20 sends; removed from Kubernetes in 1.25. The schemas are those of the later versions.
  ...rows("batch/v1beta1", "batch", { CronJob: { short: "cj", all: true, sub: "status", kept: "batch/v1" } }),
  ...rows("networking.k8s.io/v1", "networking", {
    IngressClass: cluster,
    Ingress: { short: "ing", sub: "status" },
    NetworkPolicy: { short: "netpol" },
  }),
  ...rows("policy/v1", "policy", { PodDisruptionBudget: { short: "pdb", sub: "status" } }),
  ...rows("policy/v1beta1", "policy", { PodDisruptionBudget: { short: "pdb", sub: "status", kept: "policy/v1" } }),
  ...rows("rbac.authorization.k8s.io/v1", "rbac", {
    ClusterRoleBinding: cluster,
    ClusterRole: cluster,
    RoleBinding: {},
    Role: {},
  }),
  ...rows("storage.k8s.io/v1", "storage", {
    CSIDriver: cluster,
    CSINode: cluster,
    StorageClass: { short: "sc", cluster: true },
    VolumeAttachment: { cluster: true, sub: "status" },
  }),
  ...rows("apiextensions.k8s.io/v1", "apiextensions", {
    CustomResourceDefinition: { short: "crd,crds", cluster: true, sub: "status" },
  }),
  ...rows("scheduling.k8s.io/v1", "scheduling", { PriorityClass: { short: "pc", cluster: true } }),
  ...rows("coordination.k8s.io/v1", "coordination", { Lease: {} }),
  ...rows("node.k8s.io/v1", "node", { RuntimeClass: cluster }),
  ...rows("discovery.k8s.io/v1", "discovery", { EndpointSlice: {} }),
];

/** Served where a metrics source is given; the rows are computed, nothing is kept. */
export const metricsKinds: readonly Resource[] = rows("metrics.k8s.io/v1beta1", "metrics", {
  NodeMetrics: { cluster: true, plural: "nodes", virtual: true },
  PodMetrics: { plural: "pods", virtual: true },
});

/** `apps/v1`, and `v1` for the core group. */
export const groupVersion = ({ group, version }: { readonly group: string; readonly version: string }): string =>
  group === "" ? version : `${group}/${version}`;

/** `deployments.apps`, as messages name a resource. */
export const groupResource = ({ group, plural }: { readonly group: string; readonly plural: string }): string =>
  group === "" ? plural : `${plural}.${group}`;
