/**
 * core: what every room stands on.
 *
 * world     clock, chance, record: all that a simulation shares
 * errors    UsageError (the student's mistake), invariant (ours)
 * units     Nanos, Bytes and the functions that make and print them
 * options   options objects: defaults, and the nearest word for a mistyped one
 * view      what a cell returns to be looked at
 */
export { UsageError, InvariantError, invariant } from "./errors.js";
export * from "./units.js";
export * from "./options.js";
export * from "./view.js";
export type { Persist } from "./persist.js";
export { createWorld, type World, type WorldOptions, type WorldState } from "./world.js";
export { Engine, type Cancel, type EngineState, type EventOptions, type Stop } from "./engine.js";
export { Process, Interrupted, type Activity } from "./process.js";
export { Signal, type Waiter } from "./signal.js";
export { all, any, type FirstOf, type ValueOf, type ValuesOf } from "./combine.js";
export { Rng, type RngState } from "./rng.js";
export { Trace, type TraceFields, type TraceRow, type TraceState } from "./trace.js";
export { supervise, declareCut, type Progress, type Watch } from "./supervisor.js";
export type { SchedulingPolicy } from "./scheduling.js";
