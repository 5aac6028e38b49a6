import {
  createWorld,
  UsageError,
  type Persist,
  type Signal,
  type TableView,
  type TextView,
  type Viewable,
  type World,
} from "../core/index.js";
import type { BlockDevice } from "../storage/index.js";
import { Board } from "./board.js";
import { planBoot, type Boot } from "./boot.js";
import type { Bus } from "./bus.js";
import type { Console } from "./console.js";
import type { Finish } from "./devices/test.js";
import type { VirtioBalloon } from "./devices/virtio/balloon.js";
import type { Hart, Stop, Watchpoint } from "./hart/index.js";
import { chooseEngine } from "./engine-choice.js";
import { History, recordOptions, type Point, type RecordOptions } from "./history.js";
import type { ImageSegment, ImageSymbol } from "./image/image.js";
import { machineView, memoryView, pageWalkView, registersView } from "./inspect.js";
import { translationAt, type Translation } from "./lesson/index.js";
import { LostHarts } from "./lost-harts.js";
import type { MachineStop } from "./machine-stop.js";
import { ramOf, saveMemory } from "./memory-pages.js";
import { endOf } from "./network-end.js";
import { check, disksOf, present, runOptions, type MachineOptions, type RunOptions } from "./options.js";
import { pageWalk } from "./page-walk.js";
import { Schedule } from "./schedule.js";
import { keepParts, restoreParts, saveParts, type Kept, type MachineState, type PartsState } from "./state.js";
import { addressOf, Stops, type Place } from "./stops.js";
import { TextMatch } from "./text-match.js";
import type { Window } from "./window.js";
import { workOf, type MachineWork } from "./work.js";

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
  readonly #stops: Stops;
  #history: History<Kept> | undefined;
  #quiet = false;
  readonly #lost = new LostHarts();
  readonly #isVirtual: boolean;

  constructor(options: MachineOptions, window?: Window) {
    check(options);
    this.#isVirtual = window !== undefined;
    this.#options = options;
    this.name = options.name;
    const world = (this.world = options.world ?? createWorld());
    this.#schedule = new Schedule(
      { ...options, world },
      {
        stopped: (hart, stop) => this.#stopped(hart, stop),
        quantum: () => this.#betweenQuanta(),
      },
    );
    const drives = disksOf(options);
    const network = options.network.map((link) =>
      endOf(link, {
        replaying: () => this.#quiet,
        ahead: () => this.#schedule.now - this.#schedule.quantumTime,
        input: (apply) => {
          this.#input(apply);
        },
      }),
    );
    this.#board = new Board({ ...options, drives, network, world, window }, this.#schedule, (finish) => {
      this.#finish(finish);
    });
    this.console = this.#board.console;
    this.#stops = new Stops(this.harts, options.firmware === null);
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
    return present(this.#board.virtioConsole, "virtioConsole");
  }

  /** @throws UsageError where the machine has none */
  get balloon(): VirtioBalloon {
    return present(this.#board.balloon, "balloon");
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

  /** Which way its instructions were executed, since this object was made, and what was translated for that. */
  get work(): MachineWork {
    return workOf(this.harts);
  }

  /** Names in the programs, sorted by address. */
  get symbols(): readonly ImageSymbol[] {
    return this.#boot.images.flatMap(({ symbols }) => symbols);
  }

  /** Where its programs lie in memory. */
  get programs(): readonly ImageSegment[] {
    return this.#boot.images.flatMap(({ segments }) => segments);
  }

  /**
   * Lets the machine run, and the world with it, until there is a reason to stop.
   * @throws UsageError for an option that it does not know
   */
  run(options?: Partial<RunOptions>): MachineStop {
    const { until, instructions, duration, engine } = runOptions(options);
    if (engine !== null) chooseEngine(this, engine, this.#isVirtual);
    const match = until === null ? undefined : new TextMatch(until);
    this.console.onText = (text) => {
      const found = match?.add(text);
      if (found !== undefined) this.#schedule.stop({ kind: "until", text: found });
    };
    try {
      return this.#schedule.run(instructions, duration);
    } finally {
      this.console.onText = undefined;
      this.#board.flush();
    }
  }

  /**
   * From now on the machine executes whenever its world runs, in another machine's `run` too, until there is a reason to stop.
   * @returns fires with the reason
   * @throws UsageError where it is running already
   */
  start(): Signal<MachineStop> {
    const done = this.#schedule.start(Infinity);
    done.onSettled(() => {
      this.#board.flush();
    });
    return done;
  }

  /** Ends what `start` began, with the reason "interrupted". */
  hold(): void {
    if (this.#schedule.running) this.#schedule.stop({ kind: "interrupted" });
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
    this.#history = new History<Kept>(
      {
        point: () => this.#point,
        snapshot: (previous) => keepParts(this.#schedule, this.#board, previous),
        restore: (kept) => {
          this.#restore(kept);
        },
        replay: this.#replay.bind(this),
      },
      recordOptions(options),
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
    this.#refuseWithin("taken back");
    this.#history.goTo(this.instructions - instructions);
  }

  /** Types into the console. */
  type(text: string): void {
    this.#input(this.console.type.bind(this.console, text));
  }

  /** Power off and on again: RAM is zeros but for the programs. */
  reset(): void {
    this.#input(() => {
      this.#beginAnew();
    });
  }

  /** Stops before the instruction at an address, or at a symbol's. */
  break(at: Place): void {
    this.#stops.break(this.address(at));
  }

  /** @returns whether there was a breakpoint */
  unbreak(at: Place): boolean {
    return this.#stops.unbreak(this.address(at));
  }

  /** Stops behind an access to memory. @returns what ends that */
  watch(at: Place, bytes: number = 8, access: Watchpoint["access"] = "write"): () => void {
    return this.#stops.watch({ address: this.address(at), bytes, access });
  }

  /** The address of a symbol. @throws UsageError that names the nearest symbol there is */
  address(at: Place): bigint {
    return addressOf(at, this.symbols, this.name);
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
  memory(at: Place, length: number = 256): TextView {
    return memoryView(this.read(at, length), Number(this.address(at)));
  }

  /**
   * The block of code that an address is in: instructions, what they mean, the WebAssembly that they become, what that took.
   * @throws UsageError where there is no instruction
   */
  translation(at: Place, hart: number = 0): Translation {
    return translationAt(this, this.hart(hart), at);
  }

  /** The page table entries that a hart reads for an address: of both stages, where it executes a guest. */
  pageWalk(at: Place, hart: number = 0): TableView {
    return pageWalkView(pageWalk(this.hart(hart), this.bus, this.address(at)));
  }

  /** A copy of physical memory. @throws UsageError where that isn't all RAM */
  read(at: Place, length: number): Uint8Array {
    return ramOf(this.bus, this.address(at), length).slice();
  }

  /** Changes physical memory. @throws UsageError where that isn't all RAM */
  write(at: Place, bytes: Uint8Array): void {
    const content = bytes.slice();
    const ram = ramOf(this.bus, this.address(at), bytes.length);
    this.#input(() => {
      ram.set(content);
      this.bus.written(Number(BigInt.asUintN(64, this.address(at))), content.length);
    });
  }

  /**
   * The physical addresses of pages that harts and devices wrote since this was last asked, whether or not that changed them; the
   * first time, of all that hold anything.
   */
  dirtyPages(): readonly number[] {
    const written = this.bus.dirty.collect();
    // What a TLB lets through is not seen.
    for (const hart of this.harts) hart.fence(undefined);
    return written;
  }

  /** From now on the first store to each of these pages is told of (`bus.dirty`), whatever `dirtyPages` was told already. */
  protect(pages: Iterable<number>): void {
    for (const page of pages) this.bus.dirty.protect(page);
    for (const hart of this.harts) hart.fence(undefined);
  }

  /** All of it, as plain data: what a machine made with the same options continues from. */
  save(): MachineState {
    return { ...this.saveParts(), memory: saveMemory(this.bus) };
  }

  /** All of it but memory. */
  saveParts(): PartsState {
    this.#refuseWithin("saved");
    return saveParts(this.#schedule, this.#board);
  }

  /** As `save`, for the same program's use: pages that are as they were in an earlier one are shared with it. */
  keep(earlier?: Kept): Kept {
    this.#refuseWithin("saved");
    return keepParts(this.#schedule, this.#board, earlier);
  }

  /** Breakpoints stay; a recording begins anew. @throws UsageError for a state of another kind of machine */
  restore(state: MachineState | Kept | PartsState): void {
    this.#refuseWithin("restored");
    this.#restore(state);
    this.#history = undefined;
  }

  view(): TableView {
    return machineView(this, this.#options);
  }

  get #point(): Point {
    return { executed: this.#schedule.executed, time: this.#schedule.quantumTime };
  }

  /** RAM is zeros. */
  #begin(): void {
    this.#schedule.reset();
    this.#board.reset();
    this.#boot.load(this.#board);
  }

  #beginAnew(): void {
    this.bus.clear();
    this.#begin();
  }

  #stopped(hart: Hart, stop: Stop & { readonly kind: "breakpoint" | "watchpoint" }): MachineStop | undefined {
    if (this.#quiet) return undefined;
    return this.#stops.reason(hart, stop);
  }

  #betweenQuanta(): number {
    this.#history?.quantum();
    if (!this.#quiet) this.#board.flush();
    const lost = this.#lost.find(this.harts);
    if (lost !== undefined && !this.#quiet) this.#schedule.stop(lost);
    return Math.min(...this.harts.map((hart) => this.#lost.due(hart)));
  }

  #finish(finish: Finish): void {
    if (finish.kind === "reset") {
      this.#schedule.post(() => {
        this.#beginAnew();
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

  #restore(state: MachineState | Kept | PartsState): void {
    restoreParts(this.#schedule, this.#board, state);
    this.#lost.reset();
  }

  #refuseWithin(what: string): void {
    if (!this.#schedule.running) return;
    throw new UsageError(`a machine that runs cannot be ${what}`, "Wait until run() has come back, or hold() it.");
  }
}
