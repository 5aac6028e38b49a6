/**
 * core: what every room stands on.
 *
 * errors   UsageError (the student's mistake), invariant (ours)
 * units    Nanos, Bytes and the functions that make and print them
 * options  options objects: defaults, and the nearest word for a mistyped one
 * view     what a cell returns to be looked at
 */
export * from "./errors.js";
export * from "./units.js";
export * from "./options.js";
export * from "./view.js";
