import { flags } from "./thread-messages.js";

let words: Int32Array = new Int32Array(4);

/** Makes `interruptRequested` look at what the protocol worker writes. */
export function watchStopFlag(memory: SharedArrayBuffer): void {
  words = new Int32Array(memory);
}

/**
 * Whether the user wants the running cell to stop. A long computation asks now and then (every 16 events of a simulation)
 * and ends by an error of its own; a cell that asked has 250 ms for it, others are cut sooner.
 */
export function interruptRequested(): boolean {
  if (words[flags.looked] === 0) words[flags.looked] = 1;
  return Atomics.load(words, flags.stop) === 1;
}
