import { otherRules, otherUpdate } from "./others.js";
import { podRules, podUpdate } from "./pod.js";
import type { JsonObject } from "../value.js";
import type { Rule, UpdateRule } from "./rule.js";
import { serviceRules, serviceUpdate } from "./service.js";
import { workloadRules, workloadUpdate, workloadViews } from "./workload.js";

/** Every rule, by the definition's name of what it checks. */
export const rules: ReadonlyMap<string, Rule> = new Map([
  ...podRules,
  ...serviceRules,
  ...workloadRules,
  ...otherRules,
]);
/** What is checked in the place of a struct, where that isn't as it is given. */
export const views: ReadonlyMap<string, (value: JsonObject) => JsonObject> = new Map(workloadViews);
export const updateRules: ReadonlyMap<string, UpdateRule> = new Map([
  ...podUpdate,
  ...serviceUpdate,
  ...workloadUpdate,
  ...otherUpdate,
]);
