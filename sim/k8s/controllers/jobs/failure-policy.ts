import { numberAt, objectAt } from "../../objects/value.js";
import type { Kinds } from "../../client/types.js";
import type { Pod } from "../pods.js";

type Job = Kinds["jobs"];

/** What a failed pod means for its Job: `count` towards the limit, nothing, the end of its index or of all. */
export interface Judgement {
  readonly action: "Count" | "Ignore" | "FailIndex" | "FailJob";
  readonly message: string;
}

const counted: Judgement = { action: "Count", message: "" };

/**
 * The first rule that a failed pod matches says what follows (kubernetes, `pkg/controller/job/pod_failure_policy.go`; KEP-3329): a bug that no
 * retry mends ends the Job, a drained node costs nothing.
 */
export function judge(job: Job, pod: Pod): Judgement {
  const rules = job.spec.podFailurePolicy?.rules ?? [];
  const who = `${pod.metadata.namespace ?? ""}/${pod.metadata.name ?? ""}`;
  for (const [index, { action, onExitCodes, onPodConditions = [] }] of rules.entries()) {
    const at = `matching ${action} rule at index ${index}`;
    if (onExitCodes !== undefined) {
      const { containerName, operator, values } = onExitCodes;
      for (const { name, code } of exitCodes(pod)) {
        if (containerName !== undefined && containerName !== name) continue;
        if (values.includes(code) !== (operator === "In")) continue;
        return known(action, `Container ${name} for pod ${who} failed with exit code ${code} ${at}`);
      }
    }
    for (const { type, status } of onPodConditions) {
      const met = pod.status?.conditions?.some((each) => each.type === type && each.status === status) ?? false;
      if (met) return known(action, `Pod ${who} has condition ${type} ${at}`);
    }
  }
  return counted;
}

const known = (action: string, message: string): Judgement => ({ action: action as Judgement["action"], message });

/** Exit codes other than 0 of a pod's containers, of the first ones too. */
function exitCodes({ status }: Pod): { readonly name: string; readonly code: number }[] {
  const all = [...(status?.containerStatuses ?? []), ...(status?.["initContainerStatuses"] ?? [])];
  return all.flatMap((each) => {
    const code = numberAt(objectAt(each, "state", "terminated"), "exitCode") ?? 0;
    return code === 0 ? [] : [{ name: each.name, code }];
  });
}
