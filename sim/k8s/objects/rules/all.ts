import { ingressRules } from "./ingress.js";
import { otherRules, otherUpdate } from "./others.js";
import { podRules, podUpdate } from "./pod.js";
import type { Rule, UpdateRule } from "./rule.js";
import { serviceRules, serviceUpdate } from "./service.js";
import { workloadRules, workloadUpdate } from "./workload.js";

/** Every rule, by the definition's name of what it checks. */
export const rules: ReadonlyMap<string, Rule> = new Map([
  ...podRules,
  ...serviceRules,
  ...workloadRules,
  ...otherRules,
  ...ingressRules,
]);
export const updateRules: ReadonlyMap<string, UpdateRule> = new Map([
  ...podUpdate,
  ...serviceUpdate,
  ...workloadUpdate,
  ...otherUpdate,
]);
