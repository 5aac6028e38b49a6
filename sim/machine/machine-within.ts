import { withDefaults } from "../core/index.js";
import { Machine } from "./machine.js";
import { defaults, type MachineOptions } from "./options.js";
import type { Window } from "./window.js";

/**
 * Makes a computer as `machine` does, whose RAM is a part of another's. Its harts reach that by the evaluator alone: whoever makes it
 * gives each an engine that executes on the other machine's harts (`hart.engine`).
 * @throws UsageError as `machine` does
 */
export function machineWithin(window: Window, options: Partial<Omit<MachineOptions, "memory">>): Machine {
  return new Machine({ ...withDefaults("machine", options, defaults), memory: window.size }, window);
}
