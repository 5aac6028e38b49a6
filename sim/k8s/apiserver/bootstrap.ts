import type { Json, JsonObject } from "../objects/value.js";

/** What is there from the start (kubernetes, `plugin/pkg/auth/authorizer/rbac/bootstrappolicy`, `pkg/controlplane`). */
interface Initial {
  readonly plural: string;
  readonly namespace: string;
  readonly object: JsonObject;
}

const rule = (groups: string, resources: string, verbs: string): Json => ({
  apiGroups: groups.split(",").map((group) => (group === "core" ? "" : group)),
  resources: resources.split(","),
  verbs: verbs.split(","),
});
const urls = (paths: string): Json => ({ nonResourceURLs: paths.split(","), verbs: ["get"] });

const readVerbs = "get,list,watch";
const writeVerbs = "create,delete,deletecollection,patch,update";
const rbac = "rbac.authorization.k8s.io";
const bootstrapping = {
  labels: { "kubernetes.io/bootstrapping": "rbac-defaults" },
  annotations: { [`${rbac}/autoupdate`]: "true" },
};

function role(
  name: string,
  rules: readonly Json[],
  labels: JsonObject = {},
  aggregation: readonly string[] = [],
): Initial {
  const metadata = { name, ...bootstrapping, labels: { ...bootstrapping.labels, ...labels } };
  const selectors = aggregation.map((label) => ({ matchLabels: { [`${rbac}/aggregate-to-${label}`]: "true" } }));
  const object = {
    metadata,
    rules: [...rules],
    ...(selectors.length === 0 ? {} : { aggregationRule: { clusterRoleSelectors: selectors } }),
  };
  return { plural: "clusterroles", namespace: "", object };
}

function binding(
  name: string,
  to: string,
  kind: "Group" | "User" | "ServiceAccount",
  ...subjects: readonly string[]
): Initial {
  const subject = (who: string): Json =>
    kind === "ServiceAccount" ? { kind, name: who, namespace: "kube-system" } : { kind, name: who, apiGroup: rbac };
  const roleRef = { apiGroup: rbac, kind: "ClusterRole", name: to };
  return {
    plural: "clusterrolebindings",
    namespace: "",
    object: { metadata: { name, ...bootstrapping }, roleRef, subjects: subjects.map(subject) },
  };
}

/** What users of a namespace work with. */
const view = [
  rule(
    "core",
    "configmaps,endpoints,persistentvolumeclaims,persistentvolumeclaims/status,pods,replicationcontrollers,replicationcontrollers/scale,serviceaccounts,services,services/status",
    readVerbs,
  ),
  rule(
    "core",
    "bindings,events,limitranges,namespaces/status,pods/log,pods/status,replicationcontrollers/status,resourcequotas,resourcequotas/status,namespaces",
    readVerbs,
  ),
  rule("discovery.k8s.io", "endpointslices", readVerbs),
  rule(
    "apps",
    "controllerrevisions,daemonsets,daemonsets/status,deployments,deployments/scale,deployments/status,replicasets,replicasets/scale,replicasets/status,statefulsets,statefulsets/scale,statefulsets/status",
    readVerbs,
  ),
  rule("autoscaling", "horizontalpodautoscalers,horizontalpodautoscalers/status", readVerbs),
  rule("batch", "cronjobs,cronjobs/status,jobs,jobs/status", readVerbs),
  rule("policy", "poddisruptionbudgets,poddisruptionbudgets/status", readVerbs),
  rule("networking.k8s.io", "ingresses,ingresses/status,networkpolicies", readVerbs),
];
const edit = [
  rule("core", "pods/attach,pods/exec,pods/portforward,pods/proxy,secrets,services/proxy", readVerbs),
  rule("core", "serviceaccounts", "impersonate"),
  rule(
    "core",
    "pods,pods/attach,pods/exec,pods/portforward,pods/proxy,configmaps,persistentvolumeclaims,replicationcontrollers,replicationcontrollers/scale,secrets,serviceaccounts,services,services/proxy,events",
    writeVerbs,
  ),
  rule("core", "pods/eviction,serviceaccounts/token", "create"),
  rule(
    "apps",
    "daemonsets,deployments,deployments/rollback,deployments/scale,replicasets,replicasets/scale,statefulsets,statefulsets/scale",
    writeVerbs,
  ),
  rule("autoscaling", "horizontalpodautoscalers", writeVerbs),
  rule("batch", "cronjobs,jobs", writeVerbs),
  rule("policy", "poddisruptionbudgets", writeVerbs),
  rule("networking.k8s.io", "ingresses,networkpolicies", writeVerbs),
];
const admin = [
  rule(rbac, "rolebindings,roles", `${writeVerbs},${readVerbs}`),
  rule("authorization.k8s.io", "localsubjectaccessreviews", "create"),
];
const leases = rule("coordination.k8s.io", "leases", `create,get,list,patch,update,watch`);
const events = rule("core,events.k8s.io", "events", "create,patch,update");
const all = (name: string): JsonObject => ({ [`${rbac}/aggregate-to-${name}`]: "true" });

const roles: readonly Initial[] = [
  role("cluster-admin", [rule("*", "*", "*"), { nonResourceURLs: ["*"], verbs: ["*"] }]),
  role("admin", [], {}, ["admin"]),
  role("edit", [], all("admin"), ["edit"]),
  role("view", [], all("edit"), ["view"]),
  role("system:aggregate-to-admin", admin, all("admin")),
  role("system:aggregate-to-edit", edit, all("edit")),
  role("system:aggregate-to-view", view, all("view")),
  role("system:discovery", [
    urls("/api,/api/*,/apis,/apis/*,/healthz,/livez,/openapi,/openapi/*,/readyz,/version,/version/"),
  ]),
  role("system:public-info-viewer", [urls("/healthz,/livez,/readyz,/version,/version/")]),
  role("system:basic-user", [
    rule("authorization.k8s.io", "selfsubjectaccessreviews,selfsubjectrulesreviews", "create"),
    rule("authentication.k8s.io", "selfsubjectreviews", "create"),
  ]),
  role("system:node", [
    rule("core", "nodes,nodes/status", "create,get,list,patch,update,watch"),
    rule("core", "pods", "create,delete,get,list,watch"),
    rule("core", "pods/status", "patch,update"),
    rule("core", "pods/eviction,serviceaccounts/token", "create"),
    rule("core", "configmaps,endpoints,persistentvolumeclaims,persistentvolumes,secrets,services", readVerbs),
    rule("storage.k8s.io", "csidrivers,csinodes,volumeattachments", "create,delete,get,list,patch,update,watch"),
    rule("node.k8s.io", "runtimeclasses", readVerbs),
    rule("authentication.k8s.io", "tokenreviews", "create"),
    rule("authorization.k8s.io", "localsubjectaccessreviews,subjectaccessreviews", "create"),
    leases,
    events,
  ]),
  role("system:node-proxier", [
    rule("core", "endpoints,services,nodes", readVerbs),
    rule("discovery.k8s.io", "endpointslices", readVerbs),
    events,
  ]),
  role("system:kube-scheduler", [
    events,
    leases,
    rule("core", "nodes,namespaces,replicationcontrollers,services", readVerbs),
    rule("core", "persistentvolumeclaims,persistentvolumes", `${readVerbs},patch,update`),
    rule("core", "pods", "delete,get,list,watch"),
    rule("core", "bindings,pods/binding", "create"),
    rule("core", "pods/status", "patch,update"),
    rule("apps", "replicasets,statefulsets", readVerbs),
    rule("policy", "poddisruptionbudgets", readVerbs),
    rule("storage.k8s.io", "csidrivers,csinodes,csistoragecapacities,storageclasses", readVerbs),
  ]),
  role("system:kube-controller-manager", [
    // Kubernetes gives each controller an account with rules of its own; here one role has what they have together.
    rule("*", "*", "*"),
    { nonResourceURLs: ["*"], verbs: ["*"] },
  ]),
];

const bindings: readonly Initial[] = [
  binding("cluster-admin", "cluster-admin", "Group", "system:masters"),
  binding("system:discovery", "system:discovery", "Group", "system:authenticated"),
  binding("system:basic-user", "system:basic-user", "Group", "system:authenticated"),
  binding(
    "system:public-info-viewer",
    "system:public-info-viewer",
    "Group",
    "system:authenticated",
    "system:unauthenticated",
  ),
  binding("system:node", "system:node", "Group", "system:nodes"),
  binding("system:node-proxier", "system:node-proxier", "User", "system:kube-proxy"),
  binding("system:kube-scheduler", "system:kube-scheduler", "User", "system:kube-scheduler"),
  binding("system:kube-controller-manager", "system:kube-controller-manager", "User", "system:kube-controller-manager"),
];

const namespaces = ["default", "kube-node-lease", "kube-public", "kube-system"].map((name): Initial => ({
  plural: "namespaces",
  namespace: "",
  object: { metadata: { name } },
}));

const priorities = [
  [
    "system-cluster-critical",
    2_000_000_000,
    "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary.",
  ],
  [
    "system-node-critical",
    2_000_001_000,
    "Used for system critical pods that must not be moved from their current node.",
  ],
].map(([name = "", value = 0, description = ""]): Initial => ({
  plural: "priorityclasses",
  namespace: "",
  object: { metadata: { name }, value, description },
}));

/** The address that pods find the API at. */
const service: Initial = {
  plural: "services",
  namespace: "default",
  object: {
    metadata: { name: "kubernetes", labels: { component: "apiserver", provider: "kubernetes" } },
    spec: {
      type: "ClusterIP",
      clusterIP: "10.96.0.1",
      ports: [{ name: "https", port: 443, protocol: "TCP", targetPort: 6443 }],
    },
  },
};

export const initial: readonly Initial[] = [...namespaces, ...priorities, service, ...roles, ...bindings];
