import { isObject, listAt, type Draft, type Json, mutable } from "./value.js";

/**
 * Defaults that depend on other fields (kubernetes, `pkg/apis/<group>/v1/defaults.go`), by the struct that they fill. They run
 * after the struct's own plain defaults and before those below it.
 */
type Fill = (draft: Draft) => void;

/** The tag of an image's name: behind the last colon, if no slash follows; a digest counts as one. */
function pullPolicy(image: Json | undefined): string {
  const name = typeof image === "string" ? image : "";
  if (name.includes("@")) return "IfNotPresent";
  const tag = /:([^/:]+)$/.exec(name)?.[1] ?? "latest";
  return tag === "latest" ? "Always" : "IfNotPresent";
}

const container: Fill = (draft) => {
  draft["imagePullPolicy"] ??= pullPolicy(draft["image"]);
  const resources = draft["resources"];
  if (!isObject(resources) || !isObject(resources["limits"])) return;
  // A limit without a request is the request, too.
  const requests = isObject(resources["requests"]) ? resources["requests"] : {};
  mutable(resources)["requests"] = { ...resources["limits"], ...requests };
};

/** A probe is done by HTTP, a command, TCP or gRPC; its defaults are in the table. */
const podSpec: Fill = (draft) => {
  if (draft["hostNetwork"] === true) {
    for (const each of listAt(draft, "containers")) {
      for (const port of listAt(each, "ports")) {
        if (isObject(port)) mutable(port)["hostPort"] ??= port["containerPort"];
      }
    }
  }
  // The field's old name is still read and written.
  const account = draft["serviceAccountName"] ?? draft["serviceAccount"];
  if (account === undefined) return;
  draft["serviceAccountName"] = account;
  draft["serviceAccount"] = account;
};

const volumeSources = (draft: Draft): readonly string[] => Object.keys(draft).filter((key) => key !== "name");

const service: Fill = (draft) => {
  const type = draft["type"];
  if (draft["sessionAffinity"] === "ClientIP")
    draft["sessionAffinityConfig"] ??= { clientIP: { timeoutSeconds: 10800 } };
  if (type !== "ExternalName") draft["internalTrafficPolicy"] ??= "Cluster";
  if (type === "NodePort" || type === "LoadBalancer") draft["externalTrafficPolicy"] ??= "Cluster";
  if (type === "LoadBalancer") draft["allocateLoadBalancerNodePorts"] ??= true;
};

/** `type` decides whether a strategy has parameters. */
const strategy =
  (parameters: string): Fill =>
  (draft) => {
    if (draft["type"] === "RollingUpdate") draft[parameters] ??= {};
  };

const metadataLabels = (draft: Draft, template: string): Json | undefined => {
  const found = draft[template];
  const metadata = isObject(found) ? found["metadata"] : undefined;
  return isObject(metadata) ? metadata["labels"] : undefined;
};

const job: Fill = (draft) => {
  if (draft["completions"] === undefined && draft["parallelism"] === undefined) {
    draft["completions"] = 1;
    draft["parallelism"] = 1;
  }
  draft["parallelism"] ??= 1;
};

const limitRangeItem: Fill = (draft) => {
  if (draft["type"] !== "Container") return;
  const of = (key: string): Record<string, Json | undefined> => {
    const value = draft[key];
    return isObject(value) ? value : {};
  };
  const limit = { ...of("max"), ...of("default") };
  if (Object.keys(limit).length > 0) draft["default"] = limit;
  const request = { ...of("min"), ...limit, ...of("defaultRequest") };
  if (Object.keys(request).length > 0) draft["defaultRequest"] = request;
};

const crdNames: Fill = (draft) => {
  const kind = typeof draft["kind"] === "string" ? draft["kind"] : "";
  draft["singular"] ??= kind.toLowerCase();
  draft["listKind"] ??= `${kind}List`;
};

const core = "io.k8s.api.core.v1";
export const conditionalDefaults: ReadonlyMap<string, Fill> = new Map<string, Fill>([
  [`${core}.Container`, container],
  [`${core}.EphemeralContainer`, container],
  [`${core}.PodSpec`, podSpec],
  [
    `${core}.Volume`,
    (draft: Draft): void => {
      if (volumeSources(draft).length === 0) draft["emptyDir"] = {};
    },
  ],
  [
    `${core}.HTTPGetAction`,
    (draft: Draft): void => {
      if (draft["path"] === "") draft["path"] = "/";
    },
  ],
  [`${core}.ServiceSpec`, service],
  [
    `${core}.ServicePort`,
    (draft: Draft): void => {
      draft["targetPort"] ??= draft["port"];
    },
  ],
  [
    `${core}.ReplicationControllerSpec`,
    (draft: Draft): void => {
      draft["selector"] ??= metadataLabels(draft, "template");
    },
  ],
  [`${core}.LimitRangeItem`, limitRangeItem],
  ["io.k8s.api.apps.v1.DeploymentStrategy", strategy("rollingUpdate")],
  ["io.k8s.api.apps.v1.DaemonSetUpdateStrategy", strategy("rollingUpdate")],
  ["io.k8s.api.apps.v1.StatefulSetUpdateStrategy", strategy("rollingUpdate")],
  ["io.k8s.api.batch.v1.JobSpec", job],
  [
    "io.k8s.api.rbac.v1.Subject",
    (draft: Draft): void => {
      if (draft["kind"] === "User" || draft["kind"] === "Group") draft["apiGroup"] ??= "rbac.authorization.k8s.io";
    },
  ],
  [
    "io.k8s.api.networking.v1.NetworkPolicySpec",
    (draft: Draft): void => {
      draft["policyTypes"] ??= draft["egress"] === undefined ? ["Ingress"] : ["Ingress", "Egress"];
    },
  ],
  [
    "io.k8s.api.autoscaling.v2.HorizontalPodAutoscalerSpec",
    (draft: Draft): void => {
      draft["metrics"] ??= [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 80 } } },
      ];
    },
  ],
  ["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionNames", crdNames],
  [
    "io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.CustomResourceDefinitionSpec",
    (draft: Draft): void => {
      draft["conversion"] ??= { strategy: "None" };
    },
  ],
]);
