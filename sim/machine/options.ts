import { MiB, UsageError, withDefaults, type World } from "../core/index.js";
import { MemoryDisk, type BlockDevice } from "../storage/index.js";
import type { Link } from "./devices/link.js";
import type { Executable } from "./image/load.js";
import { usualPatience, type EngineName, type Misaligned } from "./hart/index.js";
import { rv64, type Isa } from "./instructions/index.js";

export interface MachineOptions {
  /** Whose clock, chance and trace it shares; a world of its own of seed 0 where null. */
  readonly world: World | null;
  readonly name: string;
  /** Bytes of RAM. */
  readonly memory: number;
  readonly harts: number;
  /** Which instructions it has. */
  readonly isa: Isa;
  /** What it executes, in machine mode from the first instruction: an ELF file's bytes, or code for RAM's start. */
  readonly program: Executable | null;
  /** What it executes instead, where there is a kernel: OpenSBI's fw_dynamic or fw_jump. */
  readonly firmware: Executable | null;
  /** What the firmware starts in supervisor mode: Linux's Image, U-Boot. */
  readonly kernel: Executable | null;
  /** A kernel's first file system. */
  readonly initrd: Uint8Array | null;
  /** The kernel's command line. */
  readonly append: string;
  /** Virtio disks, in this order: block devices of the simulator, or bytes, which are copied. */
  readonly drives: readonly (BlockDevice | Uint8Array)[];
  /** Virtio network cards, each plugged into a link. */
  readonly network: readonly Link[];
  readonly balloon: boolean;
  /** A second console, over virtio. */
  readonly virtioConsole: boolean;
  /** Whether a notebook prints what the consoles show at the cell that runs the machine, as it comes. */
  readonly echo: boolean;
  /** The date at power-on: seconds since 1970. */
  readonly epoch: number;
  /** How long an instruction takes: all take the same, a simplification. 1 is one a cycle at 1 GHz. */
  readonly nanosecondsPerInstruction: number;
  /** The most instructions before it is the next hart's turn, or an event's of the world. */
  readonly quantum: number;
  /** How hot a page of code has to be: after so many interpreted instructions it is translated. Infinity: never. */
  readonly patience: number;
  /** Whether loads and stores at addresses that are no multiple of their width are served, or exceptions that a handler emulates. */
  readonly misaligned: Misaligned;
}

export interface RunOptions {
  /** Stops when the console shows this text, or text that this matches. */
  readonly until: string | RegExp | null;
  /** Stops after so many instructions, of all harts together. */
  readonly instructions: number;
  /** Stops after so much of the machine's time, in nanoseconds. */
  readonly duration: number;
  /** What executes from now on: the engine that translates hot code, or the reference that evaluates each instruction. */
  readonly engine: EngineName | null;
}

/** 2025-01-01, 00:00 UTC. */
const defaultEpoch = 1_735_689_600;

export const defaults: MachineOptions = {
  world: null,
  name: "machine",
  memory: MiB(128),
  harts: 1,
  isa: rv64,
  program: null,
  firmware: null,
  kernel: null,
  initrd: null,
  append: "",
  drives: [],
  network: [],
  balloon: false,
  virtioConsole: false,
  echo: true,
  epoch: defaultEpoch,
  nanosecondsPerInstruction: 1,
  quantum: 10_000,
  patience: usualPatience,
  misaligned: "serve",
};

const runDefaults: RunOptions = { until: null, instructions: Infinity, duration: Infinity, engine: null };

/** @throws UsageError for an option that a run does not know, and for less than nothing */
export function runOptions(given: Partial<RunOptions> | undefined): RunOptions {
  const options = withDefaults("run", given, runDefaults);
  if (options.instructions >= 0 && options.duration >= 0) return options;
  throw new UsageError("a run cannot be shorter than nothing", "Give instructions and duration from 0 on.");
}

/** The drives, those that are given as bytes as disks. */
export function disksOf({ drives, name }: MachineOptions): readonly BlockDevice[] {
  return drives.map((drive, index) => (drive instanceof Uint8Array ? diskOf(drive, `${name} disk ${index}`) : drive));
}

/** Bytes as a disk, filled up to whole sectors. */
function diskOf(bytes: Uint8Array, name: string): MemoryDisk {
  const disk = new MemoryDisk({ size: Math.max(512, Math.ceil(bytes.length / 512) * 512), name });
  const whole = new Uint8Array(disk.sectors * 512);
  whole.set(bytes);
  disk.write(0, whole);
  return disk;
}

/** @throws UsageError for numbers that make no sense */
export function check({
  harts,
  nanosecondsPerInstruction,
  quantum,
  epoch,
  patience,
  misaligned,
}: MachineOptions): void {
  const whole = (value: number, least: number, most: number, what: string): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new UsageError(`${value} is no ${what} of a machine`, `Give a whole number from ${least} to ${most}.`);
  };
  whole(harts, 1, 64, "number of harts");
  whole(nanosecondsPerInstruction, 1, 1e9, "time per instruction, in nanoseconds,");
  whole(quantum, 1, 1e9, "quantum, in instructions,");
  whole(epoch, 0, 2 ** 33, "date, in seconds since 1970,");
  if (patience !== Infinity) whole(patience, 1, 2 ** 53 - 1, "number of instructions before a page is translated");
  if (misaligned in { serve: 0, trap: 0 }) return;
  throw new UsageError(`misaligned accesses cannot be "${misaligned}"`, 'They are "serve" or "trap".');
}

/** A part that a machine has only where an option asked for it. @throws UsageError where it didn't */
export function present<T>(part: T | undefined, option: "virtioConsole" | "balloon"): T {
  if (part !== undefined) return part;
  throw new UsageError(`the machine has no ${option}`, `Make it with { ${option}: true }.`);
}
