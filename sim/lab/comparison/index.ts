/**
 * comparison: containers and virtual machines side by side, on one simulated Linux.
 *
 * footprint    a service in n of each: time to start and to stop, memory; density: how many fit
 *   instances   what starts and stops them; service: the program
 * felter       Felter et al.'s table: a system call, a stream, a drive, a round trip
 *   places      where a program runs: native, in a container, in a virtual machine; benchmarks: what it measures there
 *
 * Costs are those of sim/os and sim/lab/kvm, chosen before anything was compared.
 */
import { density, footprint } from "./footprint.js";
import { felter } from "./felter.js";

export type { Density, Footprint, FootprintOptions } from "./footprint.js";
export type { Felter, FelterOptions } from "./felter.js";

/** Containers against virtual machines, measured: `comparison.footprint()`, `comparison.density()`, `comparison.felter()`. */
export const comparison: {
  readonly footprint: typeof footprint;
  readonly density: typeof density;
  readonly felter: typeof felter;
} = { footprint, density, felter };
