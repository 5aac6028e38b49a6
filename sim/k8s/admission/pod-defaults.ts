import { forbidden } from "../apiserver/status.js";
import {
  isObject,
  joined,
  listAt,
  numberAt,
  stringAt,
  type Draft,
  type Json,
  type KubeObject,
} from "../objects/value.js";
import type { AdmissionCall, AdmissionPlugin } from "./admission.js";

/** The spec of a pod that is being made, to be changed; undefined for all else. */
export function newPodSpec({ operation, resource, subresource, object }: AdmissionCall): Draft | undefined {
  if (operation !== "CREATE" || resource.kind !== "Pod" || subresource !== "") return undefined;
  const spec = object?.["spec"];
  // Decoded anew for this request: nobody else has it.
  return isObject(spec) ? spec : undefined;
}

/** How long a pod stays on a node that is not ready or not reachable (`--default-not-ready-toleration-seconds`). */
const patience = 300;

const patient = ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"].map((key) => ({
  key,
  operator: "Exists",
  effect: "NoExecute",
  tolerationSeconds: patience,
}));

export const defaultTolerationSeconds: AdmissionPlugin = {
  name: "DefaultTolerationSeconds",
  mutate(call) {
    const spec = newPodSpec(call);
    if (spec === undefined) return;
    const given = listAt(spec, "tolerations");
    const tolerates = (key: string): boolean =>
      given.some((each) => {
        const own = stringAt(each, "key") ?? "";
        const effect = stringAt(each, "effect") ?? "";
        return (own === key || own === "") && (effect === "NoExecute" || effect === "");
      });
    // One list for all pods that say nothing of tolerations.
    const added = given.length === 0 ? patient : patient.filter(({ key }) => !tolerates(key));
    if (added.length > 0) spec["tolerations"] = given.length === 0 ? added : joined<Json>(given, added);
  },
};

/** A pod's priority is its class's; without a class the global default's. */
export const priority: AdmissionPlugin = {
  name: "Priority",
  mutate(call, view) {
    const spec = newPodSpec(call);
    if (spec === undefined) return;
    const name = stringAt(spec, "priorityClassName") ?? "";
    let found: KubeObject | undefined;
    if (name === "") {
      const defaults = view.list("priorityclasses", "").filter((each) => each["globalDefault"] === true);
      found = defaults.sort((a, b) => (numberAt(a, "value") ?? 0) - (numberAt(b, "value") ?? 0))[0];
      if (found !== undefined) spec["priorityClassName"] = found.metadata.name;
    } else {
      found = view.get("priorityclasses", "", name);
      if (found === undefined)
        throw forbidden(call.resource, call.name, `no PriorityClass with name ${name} was found`);
    }
    const value = found === undefined ? 0 : (numberAt(found, "value") ?? 0);
    const given = numberAt(spec, "priority");
    if (given !== undefined && given !== value) {
      throw forbidden(
        call.resource,
        call.name,
        `the integer value of priority (${given}) must not be provided in pod spec; priority admission controller computed ${value} from the given PriorityClass name`,
      );
    }
    spec["priority"] = value;
    spec["preemptionPolicy"] ??=
      found === undefined ? "PreemptLowerPriority" : (stringAt(found, "preemptionPolicy") ?? "PreemptLowerPriority");
  },
};
