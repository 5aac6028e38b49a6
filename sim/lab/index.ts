/**
 * lab: the simulator as a cell calls it.
 *
 * exercises/  predict, reveal, check, problem, hint, checkpoint, claim
 */
export * from "../core/index.js";
export * from "./exercises/index.js";
