import { expect } from "vitest";
import type { Machine } from "../../../sim/machine/index.js";
import {
  bare,
  binaryTranslationWith,
  create,
  techniques,
  trapAndEmulateWith,
  type Guest,
  type Technique,
  type Vmm,
  type VmmOptions,
} from "../../../sim/vmm/index.js";

/** Techniques on shadow tables that are traced. */
export const traced: readonly Technique[] = [
  { ...trapAndEmulateWith({ shadows: "traced" }), title: "trap-and-emulate, tables traced" },
  { ...binaryTranslationWith({ shadows: "traced" }), title: "binary-translation, tables traced" },
];

/** Those that run kernels as they are, in all their kinds. */
export const unported: readonly Technique[] = [
  ...techniques.filter(({ runsPorts }) => runsPorts !== true).map((each) => ({ ...each, title: each.name })),
  ...traced,
];

/** More than any of the guests takes, and little enough for one that never ends. */
export const enough = 40_000_000;

/** What a guest leaves where it says that its results are, as bytes. */
export function resultsOf({ results }: Guest, machine: Machine): readonly string[] {
  return results.map(({ symbol, bytes }) => Buffer.from(machine.read(symbol, bytes)).toString("hex"));
}

export interface Pair {
  readonly native: Machine;
  readonly vmm: Vmm;
  readonly virtual: Machine;
}

/** Runs a guest on a machine of its own and under a VMM. */
export function runBoth(
  technique: Technique,
  guest: Guest,
  options: Partial<VmmOptions> = {},
  instructions: number = enough,
): Pair {
  const { isa } = options;
  const native = bare(guest, { echo: false, ...(isa === undefined || isa === null ? {} : { isa }) });
  native.run({ instructions });
  const vmm = create(technique, { ...options, guest }).run({ instructions });
  return { native, vmm, virtual: vmm.machine.machine };
}

/** Fidelity: registers, CSRs, memory, devices, consoles, the clock. */
export function expectSame({ native, virtual }: Pair): void {
  expect(virtual.console.text).toBe(native.console.text);
  expect(virtual.save()).toEqual(native.save());
}
