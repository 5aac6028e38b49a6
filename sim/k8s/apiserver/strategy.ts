import type { Rng } from "../../core/index.js";
import type { FieldErrors } from "../objects/field-error.js";
import {
  at,
  isArray,
  isObject,
  listAt,
  objectAt,
  stringAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../objects/value.js";
import type { ServiceAddresses } from "./service-addresses.js";

interface Services {
  readonly rng: Rng;
  readonly addresses: ServiceAddresses;
  readonly now: string;
}

/** What a kind does with its own objects when they are written (kubernetes, `pkg/registry/<group>/<kind>/strategy.go`). */
interface Strategy {
  readonly create?: (draft: Draft, services: Services, errors: FieldErrors) => void;
  readonly update?: (draft: Draft, old: KubeObject, services: Services, errors: FieldErrors) => void;
}

/** A pod's class of service (kubernetes, `ComputePodQOS`): of what its containers request and limit of CPU and memory. */
export function qosClass(spec: JsonObject): "Guaranteed" | "Burstable" | "BestEffort" {
  const containers = [...listAt(spec, "containers"), ...listAt(spec, "initContainers")];
  let any = false;
  let all = containers.length > 0;
  for (const container of containers) {
    const limits = objectAt(container, "resources", "limits");
    const requests = objectAt(container, "resources", "requests");
    for (const name of ["cpu", "memory"]) {
      const limit = limits[name];
      const request = requests[name] ?? limit;
      if (limit !== undefined || request !== undefined) any = true;
      if (limit === undefined || limit !== request) all = false;
    }
  }
  return all ? "Guaranteed" : any ? "Burstable" : "BestEffort";
}

/** A nested object of a draft, made where absent. */
function nested(draft: Draft, key: string): Draft {
  const found = draft[key];
  const made: Draft = isObject(found) ? { ...found } : {};
  draft[key] = made;
  return made;
}

const pod: Strategy = {
  create(draft) {
    draft["status"] = { phase: "Pending", qosClass: qosClass(objectAt(draft, "spec")) };
  },
};

const namespace: Strategy = {
  create(draft) {
    const spec = nested(draft, "spec");
    const finalizers = listAt(spec, "finalizers");
    spec["finalizers"] = finalizers.includes("kubernetes") ? finalizers : [...finalizers, "kubernetes"];
    draft["status"] = { phase: "Active" };
    const metadata = nested(draft, "metadata");
    metadata["labels"] = { ...objectAt(metadata, "labels"), "kubernetes.io/metadata.name": metadata["name"] ?? "" };
  },
  update(draft, old) {
    // Finalizers of a namespace change by its own subresource alone.
    nested(draft, "spec")["finalizers"] = listAt(old, "spec", "finalizers");
    draft["status"] = old["status"];
  },
};

const phase = (word: string): Strategy => ({
  create(draft) {
    draft["status"] = { phase: word };
  },
});

const service: Strategy = {
  create(draft, { addresses, rng }, errors) {
    draft["status"] = { loadBalancer: {} };
    addresses.allocate(nested(draft, "spec"), undefined, rng, errors);
  },
  update(draft, old, { addresses, rng }, errors) {
    const spec = nested(draft, "spec");
    // Left out, they stay as they are (`patchAllocatedValues`).
    if (spec["type"] !== "ExternalName" && objectAt(old, "spec")["type"] !== "ExternalName") {
      for (const key of ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"]) spec[key] ??= at(old, "spec", key);
    }
    addresses.allocate(spec, objectAt(old, "spec"), rng, errors);
  },
};

const job: Strategy = {
  create(draft) {
    const spec = nested(draft, "spec");
    draft["status"] = {};
    if (spec["manualSelector"] === true) return;
    const uid = stringAt(draft, "metadata", "uid") ?? "";
    const name = stringAt(draft, "metadata", "name") ?? "";
    const template = nested(spec, "template");
    const metadata = nested(template, "metadata");
    metadata["labels"] = {
      ...objectAt(metadata, "labels"),
      "batch.kubernetes.io/controller-uid": uid,
      "batch.kubernetes.io/job-name": name,
      "controller-uid": uid,
      "job-name": name,
    };
    spec["selector"] = { matchLabels: { "batch.kubernetes.io/controller-uid": uid } };
  },
};

const secret: Strategy = {
  create(draft) {
    const plain = draft["stringData"];
    Reflect.deleteProperty(draft, "stringData");
    if (!isObject(plain)) return;
    draft["data"] = { ...objectAt(draft, "data"), ...plain };
  },
  update(draft, _old, services, errors) {
    secret.create?.(draft, services, errors);
  },
};

const definition: Strategy = {
  create(draft, { now }) {
    const names = objectAt(draft, "spec", "names");
    const stored = listAt(draft, "spec", "versions").flatMap((version): Json[] =>
      objectAt(version)["storage"] === true ? [stringAt(version, "name") ?? ""] : [],
    );
    const condition = (type: string, reason: string, message: string): JsonObject => ({
      type,
      status: "True",
      lastTransitionTime: now,
      reason,
      message,
    });
    // Its own controllers say so a moment later; here nothing stands between.
    draft["status"] = {
      acceptedNames: names,
      storedVersions: stored,
      conditions: [
        condition("NamesAccepted", "NoConflicts", "no conflicts found"),
        condition("Established", "InitialNamesAccepted", "the initial names have been accepted"),
      ],
    };
  },
};

/** `stringData` is base64 by the time that it gets here; see `encodeStringData`. */
export const strategies: ReadonlyMap<string, Strategy> = new Map(
  Object.entries({
    Pod: pod,
    Namespace: namespace,
    Service: service,
    Job: job,
    Secret: secret,
    PersistentVolumeClaim: phase("Pending"),
    PersistentVolume: phase("Pending"),
    CustomResourceDefinition: definition,
  }),
);

/** Kinds whose `generation` counts changes of what is asked for. */
const counted = new Set([
  "Deployment",
  "ReplicaSet",
  "StatefulSet",
  "DaemonSet",
  "ReplicationController",
  "Job",
  "CronJob",
  "Ingress",
  "IngressClass",
  "NetworkPolicy",
  "PodDisruptionBudget",
  "CustomResourceDefinition",
  "PriorityClass",
  "EndpointSlice",
]);
export const hasGeneration = (kind: string, custom: boolean): boolean => custom || counted.has(kind);

/** Whether a pod runs no more or nowhere yet, so that nobody is to be waited for when it is deleted. */
export function deletesAtOnce(object: KubeObject): boolean {
  const ended = ["Succeeded", "Failed"].includes(stringAt(object, "status", "phase") ?? "");
  return ended || (stringAt(object, "spec", "nodeName") ?? "") === "";
}

/** For the checks that look at lists of unknown shape. */
export const strings = (value: Json | undefined): string[] =>
  isArray(value) ? value.filter((item) => typeof item === "string") : [];
