import type { Problem } from "./problem.js";
import { thinLocate, type ThinLocate } from "./problems/thin-locate.js";

/** The course's programming exercises: notebook's number and name → problem. */
export interface Problems {
  readonly "12-thin": Problem<ThinLocate>;
}

export const problems: Problems = {
  "12-thin": thinLocate,
};
