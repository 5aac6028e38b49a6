import { longest, Signal, UsageError, type Cancel, type Nanos, type Persist, type World } from "../core/index.js";
import type { Clock } from "./devices/device.js";
import type { Hart, HartClock, Stop } from "./hart/index.js";
import type { MachineStop } from "./machine-stop.js";
import { nanosecondsPerTick } from "./memory-map.js";

export interface ScheduleState {
  /** Nanoseconds since power-on, at the start of the quantum. */
  readonly time: number;
  readonly executed: number;
  readonly length: number;
  readonly turn: number;
  readonly used: readonly number[];
  readonly waiting: readonly boolean[];
}

/** What the schedule asks the machine. */
export interface ScheduleOwner {
  /** A hart stopped for a debugger. @returns why the machine stops; undefined to go on */
  stopped(hart: Hart, stop: Stop & { readonly kind: "breakpoint" | "watchpoint" }): MachineStop | undefined;
  /** Between two quanta. @returns how many instructions may pass until it is asked again, at the end of a quantum */
  quantum(): number;
}

export interface ScheduleOptions {
  readonly world: World;
  readonly nanosecondsPerInstruction: number;
  /** The most instructions of a quantum. */
  readonly quantum: number;
}

/**
 * Time and turns: harts run one after the other, each for a quantum of instructions, and virtual time passes between
 * quanta. A quantum ends early when one of the machine's own timers is due, so these are on time to the instruction; what else
 * happens in the world (a drive's completion, a frame) is seen at the next quantum. A run may stop anywhere within a
 * quantum; the next goes on there, so that what harts do does not depend on where runs stopped.
 *
 * A hart that has the world for itself executes quanta in a row: up to when something else happens. As soon as anybody can see the
 * difference (a device is accessed, a timer changes, the hart stops), those that are over are counted so, and one is under way.
 */
export class Schedule implements Clock, HartClock, Persist<ScheduleState> {
  readonly #world: World;
  readonly #owner: ScheduleOwner;
  readonly #nanoseconds: number;
  readonly #most: number;
  readonly #harts: Hart[] = [];
  /** When due, in machine time. */
  readonly #timers = new Set<{ readonly due: number }>();
  /** What takes each hart's alarm back. */
  readonly #alarms: ((() => void) | undefined)[] = [];
  /** What mtime says, which software may set. */
  #mtime: (() => bigint) | undefined;
  /** The world's time at power-on. */
  #origin: number;
  #executed = 0;
  /** Of the quantum under way: its instructions (0 between quanta), whose turn it is, how many each hart has had. */
  #length = 0;
  /** Instructions of the quanta that the hart executes with it; how many quanta a row may have now: longer ones come by and by. */
  #beyond = 0;
  #row = 1;
  #turn = 0;
  #used: number[] = [];
  #waiting: boolean[] = [];
  /** The hart that is executing now, and its cycles when it began. */
  #current: Hart | undefined;
  #began = 0;
  /** To be done between two instructions. */
  #posted: (() => void)[] = [];
  #next: Cancel | undefined;
  #limit = Infinity;
  #reason: MachineStop | undefined;
  #done: Signal<MachineStop> | undefined;

  constructor({ world, nanosecondsPerInstruction, quantum }: ScheduleOptions, owner: ScheduleOwner) {
    this.#world = world;
    this.#owner = owner;
    this.#nanoseconds = nanosecondsPerInstruction;
    this.#most = quantum;
    this.#origin = world.engine.now;
  }

  /** @param mtime the time as the CLINT has it */
  attach(harts: readonly Hart[], mtime: () => bigint): void {
    this.#harts.push(...harts);
    this.#used = harts.map(() => 0);
    this.#waiting = harts.map(() => false);
    this.#mtime = mtime;
  }

  // The clock.

  get now(): number {
    return this.#start() + this.#position() * this.#nanoseconds;
  }

  get ticks(): bigint {
    return BigInt(Math.floor(this.now / nanosecondsPerTick));
  }

  time(): bigint {
    return this.#mtime?.() ?? this.ticks;
  }

  at(time: number, action: () => void): () => void {
    const timer = { due: Math.max(time, this.now) };
    // Later than a world lasts.
    if (!(timer.due + this.#origin <= longest)) return () => undefined;
    this.#timers.add(timer);
    const cancel = this.#world.engine.at(
      (timer.due + this.#origin) as Nanos,
      () => {
        this.#timers.delete(timer);
        action();
      },
      { background: true, name: "timer" },
    );
    if (this.#beyond > 0 || timer.due < this.#start() + this.#length * this.#nanoseconds) this.#current?.pause();
    return () => {
      this.#timers.delete(timer);
      cancel();
      if (this.#beyond > 0) this.#current?.pause();
    };
  }

  alarm(id: number, deadline: bigint): void {
    this.#alarms[id]?.();
    this.#alarms[id] = undefined;
    const due = this.now + Number(deadline - this.time()) * nanosecondsPerTick;
    // The tick that the clock is in began a little ago.
    const at = Math.ceil(due - (this.now % nanosecondsPerTick));
    this.#alarms[id] = this.at(at, () => {
      this.#alarms[id] = undefined;
      this.#harts[id]?.setTimer();
      this.wake();
    });
  }

  // Running.

  get running(): boolean {
    return this.#done !== undefined;
  }

  /** Instructions that all harts have begun since power-on. */
  get executed(): number {
    return this.#executed + this.#progress();
  }

  /** The machine's time at the start of the quantum under way: with `executed`, a point that a replay can find. */
  get quantumTime(): number {
    return this.#start();
  }

  /** Runs until a reason. @param duration of machine time */
  run(instructions: number, duration: number): MachineStop {
    const { engine } = this.#world;
    const done = this.start(instructions);
    const limit =
      duration === Infinity
        ? undefined
        : engine.at((engine.now + duration) as Nanos, () => {
            this.stop({ kind: "duration" });
          });
    try {
      const { reason } = engine.run(done);
      if (reason === "until") return done.value;
      return { kind: reason };
    } finally {
      limit?.();
      this.#halt();
    }
  }

  /** From now on harts execute whenever the world runs. @returns fires with the reason that ends that */
  start(instructions: number): Signal<MachineStop> {
    if (this.running) {
      throw new UsageError("the machine is running", "hold() it first; don't run it from its own console's listener.");
    }
    const done = new Signal<MachineStop>("the machine stops");
    this.#done = done;
    this.#limit = this.#executed + instructions;
    this.#reason = undefined;
    this.wake();
    return done;
  }

  /** Ends the run that goes on, behind the instruction that is being executed. */
  stop(reason: MachineStop): void {
    // Who interrupts may do so again; what ends the machine happens once.
    if (this.#reason === undefined || this.#reason.kind === "interrupted") this.#reason = reason;
    if (this.#current !== undefined) this.#current.pause();
    else this.#finish();
  }

  /** Does something as soon as no instruction is being executed: now, or behind the present one. */
  post(action: () => void): void {
    if (this.#current === undefined) action();
    else {
      this.#posted.push(action);
      this.#current.pause();
    }
  }

  /** Somebody is going to look: from here on there is one quantum under way, the one that the present instruction belongs to. */
  settle(): void {
    if (this.#beyond === 0) return;
    this.#row = 1;
    this.#countOver(this.#position());
    this.#current?.pause();
  }

  /** A line rose: a hart that waits looks at it. */
  wake(): void {
    if (!this.running || this.#next !== undefined || this.#current !== undefined) return;
    this.#proceed(0);
  }

  /** Forgets the quantum under way, as a reset does. */
  reset(): void {
    const start = this.now;
    this.#origin = this.#world.engine.now - start;
    this.#length = this.#beyond = 0;
    this.#used.fill(0);
    for (const [id, alarm] of this.#alarms.entries()) {
      alarm?.();
      this.#alarms[id] = undefined;
    }
  }

  save(): ScheduleState {
    return {
      time: this.#start(),
      executed: this.#executed,
      length: this.#length,
      turn: this.#turn,
      used: [...this.#used],
      waiting: [...this.#waiting],
    };
  }

  /** Before the devices, whose timers need it. */
  restore(state: ScheduleState): void {
    this.reset();
    this.#origin = this.#world.engine.now - state.time;
    this.#executed = state.executed;
    this.#length = state.length;
    this.#turn = state.turn;
    this.#used = [...state.used];
    this.#waiting = [...state.waiting];
  }

  /** Machine time at the start of the quantum, or between quanta. */
  #start(): number {
    return this.#world.engine.now - this.#origin;
  }

  /** How far into the quantum the hart is whose turn it is. */
  #position(): number {
    return this.#length === 0 ? 0 : (this.#used[this.#turn] ?? this.#length) + this.#progress();
  }

  #progress(): number {
    return this.#current === undefined ? 0 : this.#current.cycles - this.#began;
  }

  /** How many instructions there are until the machine's next timer. */
  get #due(): number {
    let due = Infinity;
    for (const timer of this.#timers) due = Math.min(due, timer.due);
    return Math.max(1, Math.ceil((due - this.#start()) / this.#nanoseconds));
  }

  /**
   * How many quanta the hart may execute before anybody looks. @param unasked as many instructions as the owner leaves it: what a
   * quantum costs, as long as 3,500 take in a hot loop (in a virtual machine 15,000), is little beside 400,000
   */
  #inARow(unasked: number): number {
    const engine = this.#harts[0]?.engine;
    if (this.#harts.length > 1 || (typeof engine === "object" && engine.onlyExecutes !== true)) return 1;
    const { now, horizon } = this.#world.engine;
    const free = Math.ceil((horizon - now) / (this.#most * this.#nanoseconds));
    return Math.max(1, Math.min(free, Math.ceil(unasked / this.#most)));
  }

  /** Of the quanta that are executed in a row, those before the instruction at that position are over, and none is to follow. */
  #countOver(position: number): void {
    if (this.#beyond === 0) return;
    const all = this.#length + this.#beyond;
    const over = Math.max(0, Math.min(Math.floor(position / this.#most), Math.ceil(all / this.#most) - 1));
    const before = over * this.#most;
    this.#world.engine.pass((this.#world.engine.now + before * this.#nanoseconds) as Nanos);
    this.#used[this.#turn] = (this.#used[this.#turn] ?? 0) - before;
    this.#length = Math.min(this.#most, all - before);
    this.#beyond = 0;
  }

  #proceed(instructions: number): void {
    const { engine } = this.#world;
    const time = (engine.now + instructions * this.#nanoseconds) as Nanos;
    this.#next = engine.at(
      time,
      () => {
        this.#next = undefined;
        try {
          this.#runQuantum();
        } catch (error) {
          const done = this.#done;
          this.#halt();
          done?.fail(error);
          throw error;
        }
      },
      { name: "machine" },
    );
  }

  #runQuantum(): void {
    if (this.#length === 0) {
      const unasked = this.#owner.quantum();
      const due = this.#due;
      this.#length = Math.min(this.#most, due);
      this.#row = Math.min(2 * this.#row, this.#inARow(unasked));
      this.#beyond = Math.min(this.#most * this.#row, due) - this.#length;
      this.#waiting.fill(false);
      this.#turn = 0;
    }
    for (; this.#turn < this.#harts.length; this.#turn++) {
      const hart = this.#harts[this.#turn];
      if (hart !== undefined && !this.#takeTurn(hart)) return;
    }
    const idle = this.#waiting.every(Boolean);
    const length = idle ? Math.max(...this.#used) : this.#length;
    // What a hart had beyond the quantum's end, which came early behind its turn, is taken from its next turn.
    for (let hart = 0; hart < this.#used.length; hart++) {
      this.#used[hart] = Math.max(0, (this.#used[hart] ?? 0) - length);
    }
    this.#length = 0;
    // Idle from the start: whatever raises a line wakes the machine.
    if (!idle || length > 0) this.#proceed(length);
  }

  /** @returns whether the turn is over, and the run is not */
  #takeTurn(hart: Hart): boolean {
    const turn = this.#turn;
    while (this.#waiting[turn] !== true && (this.#used[turn] ?? 0) < this.#length) {
      const budget = Math.min(this.#length + this.#beyond - (this.#used[turn] ?? 0), this.#limit - this.#executed);
      if (budget <= 0) {
        this.stop({ kind: "instructions" });
        return false;
      }
      const stop = this.#execute(hart, budget);
      // These come with the instruction executed last, the others before the one that is next.
      const isBehind = stop.kind === "yield" || stop.kind === "watchpoint";
      this.#countOver((this.#used[turn] ?? 0) - (isBehind ? 1 : 0));
      if (stop.kind === "wait") this.#waiting[turn] = true;
      else if (stop.kind === "yield") this.#length = Math.max(this.#used[turn] ?? 0, Math.min(this.#length, this.#due));
      else if (stop.kind !== "budget") this.#reason ??= this.#owner.stopped(hart, stop);
      if (this.#posted.length > 0) for (const action of this.#posted.splice(0)) action();
      if (this.#reason !== undefined) {
        this.#finish();
        return false;
      }
      if (this.#length === 0) {
        // The machine was reset.
        this.#proceed(0);
        return false;
      }
    }
    return true;
  }

  #execute(hart: Hart, budget: number): Stop {
    this.#current = hart;
    this.#began = hart.cycles;
    try {
      return hart.run(budget);
    } finally {
      const executed = hart.cycles - this.#began;
      this.#current = undefined;
      this.#used[this.#turn] = (this.#used[this.#turn] ?? 0) + executed;
      this.#executed += executed;
    }
  }

  #finish(): void {
    const reason = this.#reason;
    const done = this.#done;
    if (reason === undefined || done === undefined) return;
    this.#halt();
    done.fire(reason);
  }

  #halt(): void {
    this.#next?.();
    this.#next = undefined;
    this.#done = undefined;
    this.#reason = undefined;
    this.#limit = Infinity;
  }
}
