import { conditionDirectives } from "./condition-directives.js";
import { dataDirectives } from "./data-directives.js";
import type { Directive } from "./directive.js";
import { expansionDirectives } from "./expansion-directives.js";
import { sectionDirectives } from "./section-directives.js";
import { symbolDirectives } from "./symbol-directives.js";

/** Every directive by its name: those of GNU as that matter for a program that isn't linked with others. */
export const directives: ReadonlyMap<string, Directive> = new Map([
  ...Object.entries(sectionDirectives),
  ...Object.entries(dataDirectives),
  ...Object.entries(symbolDirectives),
  ...Object.entries(expansionDirectives),
  ...Object.entries(conditionDirectives),
]);
