import {
  createWorld,
  formatBytes,
  MiB,
  nearest,
  UsageError,
  withDefaults,
  type Persist,
  type TableView,
  type TextView,
  type Viewable,
  type World,
} from "../core/index.js";
import { MemoryDisk, type BlockDevice } from "../storage/index.js";
import { Board, type BoardState } from "./board.js";
import { planBoot, type Boot } from "./boot.js";
import type { Bus } from "./bus.js";
import type { Console } from "./console.js";
import type { Finish } from "./devices/test.js";
import type { Link } from "./devices/virtio/net.js";
import type { VirtioBalloon } from "./devices/virtio/balloon.js";
import type { Hart, Stop, Watchpoint } from "./hart/index.js";
import { History, type Point, type RecordOptions } from "./history.js";
import type { ProgramSymbol } from "./image/image.js";
import type { Program } from "./image/load.js";
import { causeName, memoryView, registersView } from "./inspect.js";
import { rv64, type Isa } from "./instructions/index.js";
import {
  changedPages,
  copyPages,
  putPages,
  restoreMemory,
  saveMemory,
  type MemoryState,
  type PageTable,
} from "./memory-pages.js";
import { Schedule, type MachineStop, type ScheduleState } from "./schedule.js";
import { TextMatch } from "./text-match.js";

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
  readonly program: Program | null;
  /** What it executes instead, where there is a kernel: OpenSBI's fw_dynamic or fw_jump. */
  readonly firmware: Program | null;
  /** What the firmware starts in supervisor mode: Linux's Image, U-Boot. */
  readonly kernel: Program | null;
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
  /** The date at power-on: seconds since 1970. */
  readonly epoch: number;
  /** How long an instruction takes: all take the same, a simplification. 1 is one a cycle at 1 GHz. */
  readonly nanosecondsPerInstruction: number;
  /** The most instructions before it is the next hart's turn, or an event's of the world. */
  readonly quantum: number;
}

export interface RunOptions {
  /** Stops when the console shows this text, or text that this matches. */
  readonly until: string | RegExp | null;
  /** Stops after so many instructions, of all harts together. */
  readonly instructions: number;
  /** Stops after so much of the machine's time, in nanoseconds. */
  readonly duration: number;
}

export interface MachineState {
  readonly schedule: ScheduleState;
  readonly board: BoardState;
  readonly memory: MemoryState;
}

/** A point to go back to, in memory. */
interface Kept {
  readonly schedule: ScheduleState;
  readonly board: BoardState;
  readonly pages: PageTable;
}

const csr = {
  scause: 0x142,
  sepc: 0x141,
  stval: 0x143,
  mtvec: 0x305,
  mepc: 0x341,
  mcause: 0x342,
  mtval: 0x343,
} as const;

/** 2025-01-01, 00:00 UTC. */
const defaultEpoch = 1_735_689_600;

/** A computer with RISC-V harts, RAM and devices. Nothing happens in it while nobody runs it. */
export class Machine implements Persist<MachineState>, Viewable {
  readonly name: string;
  readonly world: World;
  /** The first serial line. */
  readonly console: Console;
  readonly #options: MachineOptions;
  readonly #schedule: Schedule;
  readonly #board: Board;
  readonly #boot: Boot;
  readonly #breakpoints = new Set<bigint>();
  #history: History<Kept> | undefined;
  /** RAM as it was when changes were last asked for. */
  #marked: PageTable | undefined;
  #quiet = false;
  /** Instructions retired when the quantum before began, by hart, and begun. */
  #progress: readonly { readonly retired: number; readonly cycles: number }[] = [];

  constructor(options: MachineOptions) {
    check(options);
    this.#options = options;
    this.name = options.name;
    this.world = options.world ?? createWorld();
    const { world } = this;
    this.#schedule = new Schedule(
      { ...options, world },
      {
        stopped: (hart, stop) => this.#stopped(hart, stop),
        quantum: () => {
          this.#betweenQuanta();
        },
      },
    );
    const drives = options.drives.map((drive, index) =>
      drive instanceof Uint8Array ? diskOf(drive, `${options.name} disk ${index}`) : drive,
    );
    this.#board = new Board({ ...options, drives, world }, this.#schedule, (finish) => {
      this.#finish(finish);
    });
    this.console = this.#board.console;
    this.#boot = planBoot(options, world.rng.stream(`${options.name} seed`));
    this.#begin();
  }

  get bus(): Bus {
    return this.#board.bus;
  }

  get harts(): readonly Hart[] {
    return this.#board.harts;
  }

  /** The second console. @throws UsageError where the machine has none */
  get virtioConsole(): Console {
    const { virtioConsole } = this.#board;
    if (virtioConsole !== undefined) return virtioConsole;
    throw new UsageError(`${this.name} has no virtio console`, "Make it with { virtioConsole: true }.");
  }

  /** @throws UsageError where the machine has none */
  get balloon(): VirtioBalloon {
    const { balloon } = this.#board;
    if (balloon !== undefined) return balloon;
    throw new UsageError(`${this.name} has no balloon`, "Make it with { balloon: true }.");
  }

  /** The disks, in the order in which they were given. */
  get drives(): readonly BlockDevice[] {
    return this.#board.drives;
  }

  /** Nanoseconds since power-on. */
  get time(): number {
    return this.#schedule.now;
  }

  /** Instructions that all harts have begun since power-on. */
  get instructions(): number {
    return this.#schedule.executed;
  }

  /** Names in the programs, sorted by address. */
  get symbols(): readonly ProgramSymbol[] {
    return this.#boot.images.flatMap(({ symbols }) => symbols);
  }

  /**
   * Lets the machine run, and the world with it, until there is a reason to stop.
   * @throws UsageError for an option that it does not know
   */
  run(options?: Partial<RunOptions>): MachineStop {
    const { until, instructions, duration } = withDefaults<RunOptions>("run", options, {
      until: null,
      instructions: Infinity,
      duration: Infinity,
    });
    if (!(instructions >= 0 && duration >= 0)) {
      throw new UsageError("a run cannot be shorter than nothing", "Give instructions and duration from 0 on.");
    }
    const match = until === null ? undefined : new TextMatch(until);
    this.console.onText = (text) => {
      const found = match?.add(text);
      if (found !== undefined) this.#schedule.stop({ kind: "until", text: found });
    };
    try {
      return this.#schedule.run(instructions, duration);
    } finally {
      this.console.onText = undefined;
      this.#flush();
    }
  }

  /** Executes instructions, one where no number is given. */
  step(instructions: number = 1): MachineStop {
    return this.run({ instructions });
  }

  /**
   * From now on the machine can go back. Costs a look at all of RAM for each snapshot, and memory for what changed.
   * @param options `every`: instructions between snapshots, 10 million; `keep`: how many, 16
   */
  record(options?: Partial<RecordOptions>): void {
    const chosen = withDefaults<RecordOptions>("record", options, { every: 10_000_000, keep: 16 });
    if (!(chosen.every > 0 && chosen.keep >= 2)) {
      throw new UsageError("that records nothing", "Give { every } above 0, and { keep } from 2 on.");
    }
    this.#history = new History<Kept>(
      {
        point: () => this.#point,
        snapshot: (previous) => ({ ...this.#saveParts(), pages: copyPages(this.bus, previous?.pages) }),
        restore: (kept) => {
          this.#restoreParts(kept);
          putPages(this.bus, kept.pages);
        },
        replay: (to) => {
          this.#replay(to);
        },
      },
      chosen,
    );
  }

  /**
   * Goes back by so many instructions. What is after them has not happened: the console forgets it, and disks in memory too;
   * disks in files stay as they are.
   * @throws UsageError where nothing is recorded of that time
   */
  back(instructions: number = 1): void {
    if (this.#history === undefined) {
      throw new UsageError(`${this.name} keeps no record of where it was`, "Call record() before run().");
    }
    this.#history.goTo(this.instructions - instructions);
  }

  /** Types into the console. */
  type(text: string): void {
    this.#input(() => {
      this.console.type(text);
    });
  }

  /** Power off and on again: RAM is zeros but for the programs. */
  reset(): void {
    this.#input(() => {
      this.#begin();
    });
  }

  /** Stops before the instruction at an address, or at a symbol's. */
  break(at: bigint | number | string): void {
    const address = this.address(at);
    this.#breakpoints.add(address);
    for (const hart of this.harts) hart.breakpoints.add(address);
  }

  /** @returns whether there was a breakpoint */
  unbreak(at: bigint | number | string): boolean {
    const address = this.address(at);
    this.#watchForLost();
    if (address !== 0n) for (const hart of this.harts) hart.breakpoints.delete(address);
    return this.#breakpoints.delete(address);
  }

  /** Stops behind an access to memory. @returns what ends that */
  watch(at: bigint | number | string, bytes: number = 8, access: Watchpoint["access"] = "write"): () => void {
    const watchpoint: Watchpoint = { address: this.address(at), bytes, access };
    for (const hart of this.harts) hart.watchpoints.add(watchpoint);
    return () => {
      for (const hart of this.harts) hart.watchpoints.delete(watchpoint);
    };
  }

  /** The address of a symbol. @throws UsageError that names the nearest symbol there is */
  address(at: bigint | number | string): bigint {
    if (typeof at !== "string") return BigInt.asIntN(64, BigInt(at));
    const { symbols } = this;
    const found = symbols.find(({ name }) => name === at);
    if (found !== undefined) return found.address;
    const near = nearest(
      at,
      symbols.map(({ name }) => name),
    );
    throw new UsageError(
      `${this.name} has no symbol "${at}"`,
      near === undefined ? "Its programs have no symbols; give an address." : `Did you mean "${near}"?`,
    );
  }

  /** Integer registers of a hart. */
  registers(hart: number = 0): TableView {
    return registersView(this.hart(hart), this.name);
  }

  /** @throws UsageError for a number that is no hart's */
  hart(id: number): Hart {
    const hart = this.harts[id];
    if (hart !== undefined) return hart;
    throw new UsageError(`${this.name} has no hart ${id}`, `Its harts are 0 to ${this.harts.length - 1}.`);
  }

  /** A stretch of physical memory, to be looked at. @throws UsageError where that isn't all RAM */
  memory(at: bigint | number | string, length: number = 256): TextView {
    const address = Number(this.address(at));
    return memoryView(this.read(address, length), address);
  }

  /** A copy of physical memory. @throws UsageError where that isn't all RAM */
  read(at: bigint | number | string, length: number): Uint8Array {
    return this.#ram(at, length).slice();
  }

  /** Changes physical memory. @throws UsageError where that isn't all RAM */
  write(at: bigint | number | string, bytes: Uint8Array): void {
    const content = bytes.slice();
    this.#ram(at, bytes.length);
    this.#input(() => {
      this.#ram(at, content.length).set(content);
      this.bus.written(Number(this.address(at)), content.length);
    });
  }

  /**
   * The physical addresses of pages that changed since this was last asked; all that hold anything, the first time.
   * Found by comparing with a copy, so exact, whoever wrote.
   */
  dirtyPages(): readonly number[] {
    const changed = changedPages(this.bus, this.#marked ?? []);
    this.#marked = copyPages(this.bus, this.#marked);
    return changed;
  }

  /** All of it, as plain data: what a machine made with the same options continues from. */
  save(): MachineState {
    this.#refuseWithin("saved");
    return { ...this.#saveParts(), memory: saveMemory(this.bus) };
  }

  /** Breakpoints stay; a recording begins anew. @throws UsageError for a state of another kind of machine */
  restore(state: MachineState): void {
    this.#refuseWithin("restored");
    restoreMemory(this.bus, state.memory);
    this.#restoreParts(state);
    this.#history = undefined;
  }

  view(): TableView {
    const { memory, isa } = this.#options;
    const rows = [
      ["harts", `${this.harts.length} of ${isa.name}`],
      ["memory", formatBytes(memory)],
      ["instructions", this.instructions],
      ["time", `${this.time / 1e9} s`],
      ["console", this.console.text.split("\n").slice(-4).join("\n")],
    ] as const;
    return {
      as: "table",
      title: this.name,
      columns: [{ key: "what", label: "" }, { key: "value" }],
      rows: rows.map(([what, value]) => ({ what, value })),
    };
  }

  get #point(): Point {
    return { executed: this.#schedule.executed, time: this.#schedule.quantumTime };
  }

  #begin(): void {
    this.#schedule.reset();
    this.#board.reset();
    const { bus } = this;
    bus.bytes(bus.ramBase, bus.ramSize)?.fill(0);
    bus.written(bus.ramBase, bus.ramSize);
    this.#boot.load(this.#board);
    this.#watchForLost();
  }

  /**
   * A program without a trap handler goes to address 0 at an exception, where mtvec points after a reset and where nothing is: it
   * stops there.
   */
  #watchForLost(): void {
    if (this.#options.firmware === null) for (const hart of this.harts) hart.breakpoints.add(0n);
  }

  #stopped(hart: Hart, stop: Stop & { readonly kind: "breakpoint" | "watchpoint" }): MachineStop | undefined {
    if (this.#quiet) return undefined;
    if (stop.kind === "breakpoint" && stop.pc === 0n && !this.#breakpoints.has(0n)) {
      return hart.mode.privilege === 3 && hart.csr(csr.mtvec) === 0n ? exceptionOf(hart) : undefined;
    }
    return { ...stop, hart: hart.id };
  }

  #betweenQuanta(): void {
    this.#history?.quantum();
    if (!this.#quiet) this.#flush();
    // A hart that begins instructions and ends none: its trap handler is where nothing can be executed.
    const progress = this.harts.map(({ retired, cycles }) => ({ retired, cycles }));
    const lost = this.harts.find(({ retired, cycles }, id) => {
      const before = this.#progress[id];
      return before !== undefined && cycles >= before.cycles + 100 && retired === before.retired;
    });
    this.#progress = progress;
    if (lost !== undefined && !this.#quiet) this.#schedule.stop(exceptionOf(lost));
  }

  #finish(finish: Finish): void {
    if (finish.kind === "reset") {
      this.#schedule.post(() => {
        this.#begin();
      });
    } else if (!this.#quiet) this.#schedule.stop(finish);
  }

  /** Something that comes from outside, and that a replay has to give again. */
  #input(apply: () => void): void {
    this.#schedule.post(() => {
      if (this.#history === undefined) apply();
      else this.#history.input(apply);
    });
  }

  #replay({ executed, time }: Point): void {
    const from = this.#point;
    this.#quiet = this.#board.quiet = true;
    try {
      const stops: MachineStop[] = [];
      if (time > from.time) stops.push(this.#schedule.run(Infinity, time - from.time));
      const left = executed - this.instructions;
      if (left > 0) stops.push(this.#schedule.run(left, Infinity));
      if (stops.some(({ kind }) => kind === "interrupted")) {
        throw new UsageError("going back was interrupted on its way", "Go back again, or run on from here.");
      }
    } finally {
      this.#quiet = this.#board.quiet = false;
    }
  }

  #saveParts(): { readonly schedule: ScheduleState; readonly board: BoardState } {
    return { schedule: this.#schedule.save(), board: this.#board.save() };
  }

  #restoreParts({ schedule, board }: { readonly schedule: ScheduleState; readonly board: BoardState }): void {
    this.#schedule.restore(schedule);
    this.#board.restore(board);
    this.#progress = [];
  }

  #ram(at: bigint | number | string, length: number): Uint8Array {
    const address = this.address(at);
    const bytes = this.bus.bytes(Number(BigInt.asUintN(64, address)), length);
    if (bytes !== undefined) return bytes;
    const { ramBase, ramSize } = this.bus;
    throw new UsageError(
      `${length} bytes from 0x${BigInt.asUintN(64, address).toString(16)} are not all memory`,
      `Memory is 0x${ramBase.toString(16)} to 0x${(ramBase + ramSize - 1).toString(16)}.`,
    );
  }

  #refuseWithin(what: string): void {
    if (!this.#schedule.running) return;
    throw new UsageError(`a machine that runs cannot be ${what}`, "Wait until run() has come back.");
  }

  #flush(): void {
    this.console.flush();
    this.#board.virtioConsole?.flush();
  }
}

function exceptionOf(hart: Hart): MachineStop {
  const supervisor = hart.mode.privilege === 1;
  const cause = Number(hart.csr(supervisor ? csr.scause : csr.mcause) ?? 0n);
  return {
    kind: "exception",
    hart: hart.id,
    pc: hart.csr(supervisor ? csr.sepc : csr.mepc) ?? 0n,
    cause,
    name: causeName(cause),
    value: hart.csr(supervisor ? csr.stval : csr.mtval) ?? 0n,
  };
}

function diskOf(bytes: Uint8Array, name: string): MemoryDisk {
  const disk = new MemoryDisk({ size: Math.max(512, Math.ceil(bytes.length / 512) * 512), name });
  const whole = new Uint8Array(disk.sectors * 512);
  whole.set(bytes);
  disk.write(0, whole);
  return disk;
}

function check({ harts, nanosecondsPerInstruction, quantum, epoch }: MachineOptions): void {
  const whole = (value: number, least: number, most: number, what: string): void => {
    if (Number.isInteger(value) && value >= least && value <= most) return;
    throw new UsageError(`${value} is no ${what} of a machine`, `Give a whole number from ${least} to ${most}.`);
  };
  whole(harts, 1, 64, "number of harts");
  whole(nanosecondsPerInstruction, 1, 1e9, "time per instruction, in nanoseconds,");
  whole(quantum, 1, 1e9, "quantum, in instructions,");
  whole(epoch, 0, 2 ** 33, "date, in seconds since 1970,");
}

/**
 * Makes a RISC-V computer, as QEMU's `virt` board in its devices and their places, and switches it on.
 * @throws UsageError for an unknown option, too little or too much memory, a program that cannot be read or doesn't fit
 */
export function machine(options?: Partial<MachineOptions>): Machine {
  return new Machine(
    withDefaults<MachineOptions>("machine", options, {
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
      epoch: defaultEpoch,
      nanosecondsPerInstruction: 1,
      quantum: 10_000,
    }),
  );
}
