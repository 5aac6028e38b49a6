import { MiB } from "../../../sim/core/index.js";
import { machine, rv64, type Isa } from "../../../sim/machine/index.js";
import { bytesOf, type Guest } from "./guests.js";

/** What one run of a guest took and gave. */
export interface Run {
  /** Seconds of the processor in user mode: all threads of the process, compilers' too. */
  readonly user: number;
  /** The same together with those that the system worked for it, where they are known. */
  readonly processor?: number;
  /** Seconds on the wall. */
  readonly wall: number;
  /** What the guest printed, by which runs are known to have done the same. */
  readonly answer: string;
  readonly instructions?: number;
}

/** Runs a guest in our machine until it switches off, or shows what is waited for. */
export function runInVirtlab(
  { program, kernel, until }: Guest,
  isa: Isa = rv64,
  options: { patience?: number } = {},
): Run {
  const images =
    kernel === undefined ? { program: bytesOf(program) } : { firmware: bytesOf(program), kernel: bytesOf(kernel) };
  const begin = performance.now();
  const before = process.cpuUsage();
  const guest = machine({ memory: MiB(64), isa, ...images, ...options });
  const stop = guest.run({ until: until ?? null, instructions: 5e9 });
  const used = process.cpuUsage(before);
  const [user, processor] = [used.user / 1e6, (used.user + used.system) / 1e6];
  const wall = (performance.now() - begin) / 1000;
  if (stop.kind !== (until === undefined ? "power-off" : "until")) {
    throw new Error(`${program} ended by ${JSON.stringify(stop)}: ${guest.console.text}`);
  }
  return { user, processor, wall, answer: until ?? guest.console.text.trim(), instructions: guest.instructions };
}
