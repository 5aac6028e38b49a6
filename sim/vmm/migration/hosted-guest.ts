import type { Engine, Nanos, Process, Signal } from "../../core/index.js";
import type { Activity } from "../../core/index.js";
import type { VirtualMachine } from "../virtual-machine.js";

/** How far a guest was, and when. */
export interface Progress {
  readonly time: number;
  readonly instructions: number;
  readonly host: "source" | "destination";
}

/**
 * A virtual machine that executes as its host's time passes. A slice's instructions happen at once, and then the time passes that
 * they take: the host's cycles by the cost model, and what the guest idles. So effects show up to a slice early. The guest's own
 * clock counts its own instructions and idling, as ever: it stands still while the guest is held, as QEMU's does when a VM is stopped.
 */
export class HostedGuest {
  readonly vm: VirtualMachine;
  /** The share of the time that its processor is kept from it, from 0 to below 1. */
  throttle = 0;
  readonly #engine: Engine;
  readonly #host: Progress["host"];
  readonly #slice: number;
  readonly #log: Progress[];
  #size: number;
  #process: Process<void> | undefined;
  #due = 0;
  /** What it waits for before it goes on. */
  wait: (() => Signal<unknown> | undefined) | undefined;

  /** @param slice instructions at most, between two looks at the time */
  constructor(engine: Engine, vm: VirtualMachine, host: Progress["host"], slice: number, log: Progress[]) {
    this.#engine = engine;
    this.vm = vm;
    this.#host = host;
    this.#slice = slice;
    this.#size = slice;
    this.#log = log;
  }

  /** @param owed time that is to pass before it executes on */
  start(owed = 0): void {
    this.#process = this.#engine.spawn(this.#execute(owed), {
      name: `${this.vm.name} at the ${this.#host}`,
      background: true,
    });
  }

  /** @returns the time that was still to pass for what it has executed */
  hold(): number {
    if (this.#process !== undefined) this.#note();
    this.#process?.cancel();
    this.#process = undefined;
    return Math.max(0, this.#due - this.#engine.now);
  }

  *#execute(owed: number): Activity<void> {
    const engine = this.#engine;
    this.#note();
    this.#due = engine.now + owed;
    if (owed > 0) yield* engine.delay(owed as Nanos, { background: true });
    for (;;) {
      const awaited = this.wait?.();
      if (awaited !== undefined) yield awaited;
      if (this.vm.ended !== undefined) return;
      const time = this.#turn();
      this.#due = engine.now + time;
      yield* engine.delay(time, { background: true });
      this.#note();
    }
  }

  /** @returns what it took of the host's time */
  #turn(): Nanos {
    const { vm } = this;
    const { machine, cycleTime } = vm;
    const before = { cycles: vm.cycles, instructions: machine.instructions, time: machine.time };
    vm.run(this.#size);
    // Held from within, for a page that isn't here: it stands as if it had been given so many instructions.
    if (vm.ended?.kind === "interrupted") vm.run(0);
    const executed = (machine.instructions - before.instructions) * cycleTime;
    const idle = Math.max(0, machine.time - before.time - executed);
    const busy = ((vm.cycles - before.cycles) * cycleTime) / (1 - this.throttle);
    const time = Math.max(1, Math.round(busy + idle));
    const wanted = this.#slice * cycleTime;
    // A guest that idles, or traps all the time, gets fewer instructions at once.
    const size = time > 2 * wanted ? Math.floor((this.#size * wanted) / time) : 2 * this.#size;
    this.#size = Math.min(this.#slice, Math.max(1, size));
    return time as Nanos;
  }

  #note(): void {
    this.#log.push({ time: this.#engine.now, instructions: this.vm.machine.instructions, host: this.#host });
  }
}
