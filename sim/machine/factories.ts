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

/**
 * Makes a RISC-V computer, as QEMU's `virt` board in its devices and their places, and switches it on.
 * @throws UsageError for an unknown option, too little or too much memory, a program that cannot be read or doesn't fit
 */
export function machine(options?: Partial<MachineOptions>): Machine {
  return new Machine(withDefaults("machine", options, defaults));
}
