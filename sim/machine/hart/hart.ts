import type { Persist } from "../../core/index.js";
import type { Exception, Isa } from "../instructions/index.js";
import type { Memory } from "../../wasm/index.js";
import { hartLayout, pageSize } from "../layout.js";
import { Breakpoints } from "./breakpoints.js";
import { csrsOf } from "./csr.js";
import type { CsrHart, CsrTable, Features } from "./csr-row.js";
import { TranslatedEngine } from "./engine.js";
import { Evaluator } from "./evaluator.js";
import { cause, showsBits } from "./exceptions.js";
import { extensionsOf } from "./extensions.js";
import { Floats } from "./floats.js";
import { longOf } from "./halves.js";
import { awake, nextInterrupt, virtualInterrupts } from "./interrupts.js";
import { VirtualMemory, type HartBus } from "./memory.js";
import type { Mode } from "./mode.js";
import { usualPatience, type EngineName, type HartEngine, type HartOptions, type HartWork } from "./options.js";
import { Protection } from "./pmp.js";
import { routinesOf, type RoutineHart, type Routines } from "./routines.js";
import { engineFor, restoreState, saveState, type HartSaved } from "./saved.js";
import { sharedOf, type Shared } from "./shared.js";
import { PrivilegedState } from "./state.js";
import { setTimers } from "./timers.js";
import { detailsOf } from "./trap-details.js";
import { enterTrap, noDetails } from "./trap.js";

/** Why `run` came back. */
export type Stop =
  /** It executed what it was given. */
  | { readonly kind: "budget" }
  /** WFI, and no interrupt that is enabled is pending: idle until a line rises. */
  | { readonly kind: "wait" }
  /** `pause` was called: something outside of the hart wants to be looked at. */
  | { readonly kind: "yield" }
  /** A debugger's: the instruction at `pc` has not been executed. */
  | { readonly kind: "breakpoint"; readonly pc: bigint }
  /** A debugger's: the instruction at `pc` has been executed, and touched what is watched. */
  | { readonly kind: "watchpoint"; readonly pc: bigint; readonly address: bigint; readonly access: "read" | "write" };

/** What tells the time. */
export interface HartClock {
  /** mtime, in ticks; exact whenever a hart asks. */
  time(): bigint;
  /**
   * Asks for `hart.setTimer()` when the time is `deadline`, in place of what hart `id` asked for before. A clock without it
   * makes harts without Sstc.
   */
  alarm?(id: number, deadline: bigint): void;
  /** Harts that wait are to be looked at. */
  wake?(): void;
}

export interface HartParts {
  readonly id: number;
  readonly isa: Isa;
  /** Whose memory begins with the harts' states, `hartLayout.size` bytes each. */
  readonly arena: { readonly memory: Memory };
  readonly bus: HartBus;
  readonly clock: HartClock;
  readonly options?: HartOptions;
}

/** What reads and writes of an address a debugger wants to see. */
export interface Watchpoint {
  readonly address: bigint;
  readonly bytes: number;
  readonly access: "read" | "write" | "both";
}

/**
 * A hardware thread: integer registers and pc (in the arena, where engines share them), modes, CSRs, traps. It executes
 * nothing by itself while nobody calls `run`.
 */
export class Hart implements Persist<HartSaved>, RoutineHart, CsrHart {
  readonly id: number;
  readonly isa: Isa;
  readonly features: Features;
  readonly state: PrivilegedState;
  readonly memory: VirtualMemory;
  readonly csrs: CsrTable;
  readonly routines: Routines;
  readonly protection: Protection = new Protection();
  readonly registers: BigInt64Array;
  readonly floats: Floats;
  /** What tells the time; whoever lends the hart to a guest puts that one's in its place. */
  clock: HartClock;
  readonly evaluator: Evaluator;
  readonly translated: TranslatedEngine;
  readonly #shared: Shared;
  /** What executes: may be changed between two runs. */
  engine: EngineName | HartEngine;
  /** Instructions begun, and those of them that ended in a trap. */
  #cycles = 0;
  #trapped = 0;
  #evaluated = 0;
  /** How many instructions `run` may still begin. */
  #left = 0;
  /** A breakpoint that the last run stopped at: the next one goes past it. */
  #passing: bigint | undefined;
  #paused = false;
  #stop: Stop | undefined;
  readonly #breakpoints = new Breakpoints();
  readonly #pcHalves: Int32Array;
  readonly watchpoints: Set<Watchpoint> = new Set();

  constructor({ id, isa, arena, bus, clock, options = {} }: HartParts) {
    const { engine = "translate", patience = usualPatience, pmpEntries = 16, svadu = true } = options;
    const alignedOnly = options.misaligned === "trap";
    this.id = id;
    this.isa = isa;
    this.features = { ...extensionsOf(isa), sstc: clock.alarm !== undefined, svadu, pmpEntries };
    this.clock = clock;
    const base = id * hartLayout.size;
    this.state = new PrivilegedState(arena.memory.buffer, base, pmpEntries);
    this.floats = new Floats(arena.memory.buffer, base);
    // Integer registers, the others, the pc.
    this.registers = new BigInt64Array(arena.memory.buffer, base, hartLayout.pc / 8 + 1);
    this.#pcHalves = new Int32Array(arena.memory.buffer, base + hartLayout.pc, 2);
    this.#shared = sharedOf(arena.memory, bus, isa, { patience, alignedOnly });
    const { code, interpret, engines, states } = this.#shared;
    states.set(id, this.state);
    this.memory = new VirtualMemory(bus, this.state, this.protection, alignedOnly, (address, bytes) => {
      code.written(address, bytes);
      bus.dirty.mark(address, bytes);
    });
    if (this.features.hypervisor) this.state.mideleg = virtualInterrupts;
    this.csrs = csrsOf(this.features);
    this.routines = routinesOf(this);
    this.evaluator = new Evaluator(this);
    this.engine = engine;
    this.translated = new TranslatedEngine(this, arena.memory, bus, code, interpret);
    engines[id] = this.translated;
    this.protectionChanged();
  }

  // What engines, debuggers and the machine see.

  get pc(): bigint {
    return this.registers[hartLayout.pc / 8] ?? 0n;
  }

  set pc(address: bigint) {
    this.registers[hartLayout.pc / 8] = address;
  }

  x(register: number): bigint {
    return this.registers[register] ?? 0n;
  }

  setX(register: number, value: bigint): void {
    if (register !== 0) this.registers[register] = value;
  }

  get mode(): Mode {
    return this.state.mode;
  }

  /** Instructions begun since the reset, exact at every stop, and inside of device accesses and CSR reads. Time goes with them. */
  get cycles(): number {
    return this.#cycles + this.translated.underway;
  }

  /** Those of them that did not end in an exception: what minstret counts. */
  get retired(): number {
    return this.cycles - this.#trapped - this.translated.trapped;
  }

  /** How many of `cycles` the evaluator executed, since this object was made. */
  get evaluated(): number {
    return this.#evaluated;
  }

  /** What the engines did for it, since this object was made. */
  get work(): HartWork {
    return { evaluated: this.#evaluated, ...this.translated.work };
  }

  /** What a CSR holds, whatever the mode; undefined where there is none of that number. */
  csr(number: number): bigint | undefined {
    return this.csrs[number]?.read(this);
  }

  /** Writes a CSR as machine mode would. @returns false where there is none of that number */
  setCsr(number: number, value: bigint): boolean {
    const csr = this.csrs[number];
    csr?.write?.(this, BigInt.asIntN(64, value));
    return csr !== undefined;
  }

  /** The level of an interrupt line, by its bit of mip. */
  line(bit: number, level: boolean): void {
    if (level) this.state.lines |= 1 << bit;
    else this.state.lines &= ~(1 << bit);
  }

  /** Ends the run behind the instruction that is being executed. */
  pause(): void {
    this.#paused = true;
  }

  time(): bigint {
    return this.clock.time();
  }

  setTimer(): void {
    const next = setTimers(this);
    if (next !== undefined) this.clock.alarm?.(this.id, next);
  }

  /** An interrupt came by no line. */
  wake(): void {
    this.clock.wake?.();
  }

  useFloats(): boolean {
    return this.state.useFloats();
  }

  protectionChanged(): void {
    this.protection.update(this.state);
    this.fence(undefined);
  }

  fence(address: bigint | undefined, byInstruction = false): void {
    this.translated.forget(address);
    if (typeof this.engine === "object") this.engine.forget?.(address, byInstruction);
  }

  // Execution.

  /** Executes up to `budget` instructions, exactly that many unless it stops before. */
  run(budget: number): Stop {
    this.#left = budget;
    // This hart's stores are not compared with what others have reserved: so their reservations end.
    if (this.#shared.running !== this.id) {
      for (const [id, state] of this.#shared.states) if (id !== this.id) state.reservation = undefined;
      this.#shared.running = this.id;
    }
    this.translated.begin();
    while (this.#left > 0) {
      const stop = this.#settle();
      if (stop !== undefined) return stop;
      const { engine } = this;
      if (engine === "evaluate") this.step();
      else (engine === "translate" ? this.translated : engine).burst();
    }
    return this.#stopped() ?? { kind: "budget" };
  }

  /** Between two instructions: stops, waiting, interrupts. */
  #settle(): Stop | undefined {
    const stop = this.#stopped();
    if (stop !== undefined) return stop;
    const { state } = this;
    if (state.waiting) {
      if (!awake(state)) return { kind: "wait" };
      state.waiting = false;
    }
    const taken = nextInterrupt(state);
    if (taken !== undefined) this.pc = enterTrap(state, this.pc, taken, true, 0n, noDetails);
    const { 0: low = 0, 1: high = 0 } = this.#pcHalves;
    if (this.#breakpoints.isAt(low, high)) {
      const { pc } = this;
      if (this.#passing !== pc) {
        this.#passing = pc;
        return { kind: "breakpoint", pc };
      }
    }
    this.#passing = undefined;
    return undefined;
  }

  #stopped(): Stop | undefined {
    const stop = this.#stop ?? (this.#paused ? ({ kind: "yield" } as const) : undefined);
    this.#stop = undefined;
    this.#paused = false;
    return stop;
  }

  // For engines.

  get left(): number {
    return this.#left;
  }

  get stopping(): boolean {
    return this.#paused || this.#stop !== undefined || this.state.waiting;
  }

  count(instructions: number, trapped = 0): void {
    this.#cycles += instructions;
    this.#left -= instructions;
    this.#trapped += trapped;
  }

  /** @param bits of the instruction at pc, where they are known */
  step(bits?: number): void {
    const exception = this.evaluator.step(bits);
    this.#evaluated++;
    this.count(1);
    if (exception !== undefined) this.trap(exception, this.evaluator.lastBits);
  }

  /** The instruction at pc ended in an exception. @param bits the instruction's, where they are known */
  trap(exception: Exception, bits?: number): void {
    this.#trapped++;
    let { value } = exception;
    const number = exception.cause;
    if (showsBits(number)) value = longOf(bits ?? this.evaluator.bits());
    else if (number === cause.breakpoint) value = this.pc;
    const details = this.features.hypervisor ? detailsOf(this, exception) : noDetails;
    this.pc = enterTrap(this.state, this.pc, number, false, value, details);
  }

  /** Tells of an access by the instruction that is being executed. */
  touched(address: bigint, bytes: number, access: "read" | "write"): void {
    for (const watched of this.watchpoints) {
      const apart = watched.address >= address + BigInt(bytes) || address >= watched.address + BigInt(watched.bytes);
      if (apart || (watched.access !== "both" && watched.access !== access)) continue;
      this.#stop = { kind: "watchpoint", pc: this.pc, address, access };
    }
  }

  get watching(): boolean {
    return this.watchpoints.size > 0;
  }

  isWatched(address: bigint): boolean {
    if (!this.watching) return false;
    const page = address & BigInt(-pageSize);
    // An access that begins on the page may reach into the next one.
    const end = page + BigInt(2 * pageSize);
    return [...this.watchpoints].some(
      (watched) => watched.address < end && watched.address + BigInt(watched.bytes) > page,
    );
  }

  /** Another set after each change. */
  get breakpoints(): ReadonlySet<bigint> {
    return this.#breakpoints.all;
  }

  hasBreakpoint(page: bigint): boolean {
    return this.#breakpoints.isOn(page);
  }

  // For debuggers.

  /** Stops before the instruction at `pc` from now on, or no longer. */
  setBreakpoint(pc: bigint, on: boolean): void {
    this.#breakpoints.set(pc, on);
    this.translated.forget();
  }

  /** Stops behind instructions that touch what is watched from now on, or no longer. */
  setWatchpoint(watchpoint: Watchpoint, on: boolean): void {
    if (on) this.watchpoints.add(watchpoint);
    else this.watchpoints.delete(watchpoint);
    this.translated.forget();
  }

  // State.

  save(): HartSaved {
    const { engine } = this;
    const kept = typeof engine === "object" ? engine.save?.() : undefined;
    return {
      ...(kept === undefined ? {} : { engine: kept }),
      x: Array.from({ length: 32 }, (_, register) => String(this.x(register))),
      f: Array.from(this.floats.registers, String),
      fflags: this.floats.flags,
      frm: this.floats.mode,
      pc: String(this.pc),
      cycles: this.#cycles,
      trapped: this.#trapped,
      state: saveState(this.state),
    };
  }

  restore(saved: HartSaved): void {
    const engine = engineFor(saved, this.engine);
    restoreState(this.state, saved.state);
    saved.x.forEach((value, register) => {
      this.setX(register, BigInt(value));
    });
    saved.f.forEach((value, register) => {
      this.floats.registers[register] = BigInt(value);
    });
    this.floats.flags = saved.fflags;
    this.floats.mode = saved.frm;
    this.pc = BigInt(saved.pc);
    this.#cycles = saved.cycles;
    this.#trapped = saved.trapped;
    this.#passing = undefined;
    this.state.noteFloats();
    this.protectionChanged();
    engine?.restore?.(saved.engine);
  }
}
