import { PlainProcessor, type Context, type Psw, type Stop, type ThirdMachine } from "./machine.js";
import type { ThirdGeneration } from "./instructions.js";

/** How a monitor runs its guest: as theorem 1 has it, or as theorem 3. */
export type MonitorKind = "trap-and-emulate" | "hybrid";

/**
 * A virtual machine and its monitor, of the paper's three parts: the dispatcher that each trap comes to, the allocator that
 * keeps the guest within its part of storage, the interpreter routines for what the guest can't do by itself. The monitor is a
 * program for the machine below, which may be a virtual one. It is written here and not in that machine's words; what it
 * would cost there in traps is counted at each step.
 */
export class VirtualMachine implements ThirdMachine {
  readonly isa: ThirdGeneration;
  readonly words: number;
  readonly base: number;
  readonly kind: MonitorKind;
  readonly #host: ThirdMachine;
  /** Instructions that interpreter routines did. */
  interpreted = 0;

  /** @param base where the guest's part of the host's storage begins */
  constructor(host: ThirdMachine, base: number, words: number, kind: MonitorKind = "trap-and-emulate") {
    this.#host = host;
    this.isa = host.isa;
    this.base = base;
    this.words = words;
    this.kind = kind;
  }

  read(physical: number): number | undefined {
    return physical < this.words ? this.#host.read(this.base + physical) : undefined;
  }

  write(physical: number, value: number): boolean {
    return physical < this.words && this.#host.write(this.base + physical, value);
  }

  /** The allocator: R for the host, so that the guest reaches what its own R gives it and nothing outside of its part. */
  allocate({ p, l, b }: Psw): Psw {
    return { mode: "user", p, l: this.base + l, b: Math.max(0, Math.min(b, this.words - l)) };
  }

  /** The dispatcher: lets the guest run, has its privileged instructions interpreted, and hands on what is its own trap. */
  run(context: Context, limit: number): Stop {
    let guest = context;
    let executed = 0;
    for (;;) {
      if (executed === limit) return { kind: "limit", context: guest, executed };
      const isSupervisor = guest.psw.mode === "supervisor";
      let needsRoutine = this.kind === "hybrid" && isSupervisor;
      if (!needsRoutine) {
        const stop = this.#host.enter({ psw: this.allocate(guest.psw), a: guest.a }, limit - executed);
        executed += stop.executed;
        // P and the accumulator are the guest's own; M and R are what it believes.
        guest = { psw: { ...guest.psw, p: stop.context.psw.p }, a: stop.context.a };
        needsRoutine = stop.kind === "privileged instruction" && isSupervisor;
        if (!needsRoutine) return { kind: stop.kind, context: guest, executed };
      }
      const routine = this.#interpret(guest);
      if (routine.kind !== "limit") return { ...routine, executed: executed + routine.executed };
      executed += routine.executed;
      guest = routine.context;
    }
  }

  enter(context: Context, limit: number): Stop {
    // The monitor above executes `return`, in the host's user mode: a trap, which comes here.
    this.#host.trapped();
    const stop = this.run(context, limit);
    // What stopped the guest is the monitor's above: it goes on, by a `return` of this one.
    this.#host.privileged();
    return stop;
  }

  trapped(): void {
    this.#host.trapped();
    this.#host.privileged();
  }

  privileged(): void {
    this.#host.trapped();
    this.#host.privileged();
  }

  /** An interpreter routine: does to the guest's own M, P, R and storage what the instruction does to the machine's. */
  #interpret(guest: Context): Stop {
    this.interpreted++;
    const processor = new PlainProcessor(this, guest);
    const trap = processor.step(this.isa);
    const { context } = processor;
    if (trap !== undefined) return { kind: trap, context, executed: 0 };
    return { kind: processor.running ? "limit" : "halted", context, executed: 1 };
  }
}
