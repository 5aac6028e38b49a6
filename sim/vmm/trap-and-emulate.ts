import type { Hart, HartEngine } from "../machine/index.js";
import type { Allocator } from "./allocator.js";
import { Dispatcher } from "./dispatcher.js";
import type { Exits } from "./exits.js";
import type { HostCpu } from "./host-cpu.js";
import { cause } from "./privileged.js";
import type { CpuParts, Technique } from "./technique.js";

/** ECALL's bits. */
const environmentCall = 0x73n;

/**
 * Executes a virtual hart by the theorem's construction: all of the guest, its kernel too, runs on the host in user mode, where
 * innocuous instructions execute directly and each privileged one traps.
 */
export class DeprivilegedCpu implements HartEngine {
  readonly #guest: Hart;
  readonly #host: HostCpu;
  readonly #allocator: Allocator;
  readonly #exits: Exits;
  readonly #dispatcher: Dispatcher;
  /** Where the guest was when it last came back: elsewhere now, the virtual hart took an interrupt. */
  protected left: bigint | undefined;
  /** The host stopped at one of the guest's breakpoints. */
  #stopped = false;

  constructor({ guest, host, allocator, exits }: CpuParts) {
    this.#guest = guest;
    this.#host = host;
    this.#allocator = allocator;
    this.#exits = exits;
    this.#dispatcher = new Dispatcher({ guest, host, allocator, exits });
  }

  burst(): void {
    const guest = this.#guest;
    this.#noteInterrupt();
    this.#stopped = false;
    // A watchpoint has to see every access.
    if (guest.watching || this.#isMixed) this.#interpret();
    else {
      while (!this.#execute(true));
      while (this.goesOn) this.#execute(false);
    }
    this.left = guest.pc;
  }

  /** Whether nothing has happened that the virtual hart's own loop would have to look at. */
  protected get goesOn(): boolean {
    const guest = this.#guest;
    const { state } = guest;
    if (this.#stopped || guest.left <= 0 || guest.stopping || guest.features.hypervisor) return false;
    return ((state.lines | state.software) & state.mie) === 0 && !this.#isMixed;
  }

  restore(): void {
    this.left = undefined;
  }

  forget(address: bigint | undefined): void {
    this.#allocator.shadow.forget(address);
  }

  /**
   * Lets the guest execute until something is to be done, and does it.
   * @param first whether the guest's debugger has seen where it is
   * @returns whether an instruction of its is over
   */
  #execute(first: boolean): boolean {
    const guest = this.#guest;
    const host = this.#host;
    const before = host.cycles;
    const exit = host.run(guest, this.#allocator.shadow.enter(this.#allocator.view), guest.left);
    const begun = host.cycles - before;
    if (exit.kind !== "trap") {
      guest.count(begun);
      // A breakpoint that the guest's debugger is just leaving, or one that it has to be told of.
      if (begun === 0 && first) this.#interpret();
      this.#stopped = exit.kind === "breakpoint";
      return true;
    }
    guest.count(begun - 1);
    return this.call?.(exit.cause) === true || this.#dispatcher.dispatch(exit) || begun > 1;
  }

  /** For techniques whose guests call their VMM. @returns whether the trap was such a call, and is over */
  protected call?(cause: number): boolean;

  /** In the host's place. */
  #interpret(): void {
    const { evaluator } = this.#guest;
    const calls = this.call !== undefined && evaluator.bits() === environmentCall;
    if (!calls || this.call?.(cause.callFromUser) !== true) this.#dispatcher.interpret();
  }

  /** Whether memory is seen in a way that one shadow table can't show: with MPRV, data are another mode's; a guest's own guest. */
  get #isMixed(): boolean {
    const { memory, state } = this.#guest;
    const { mode } = state;
    return mode.virtual || memory.dataMode !== mode;
  }

  #noteInterrupt(): void {
    const guest = this.#guest;
    const { state } = guest;
    const { privilege } = state.mode;
    if (this.left === undefined || guest.pc === this.left || privilege === 0) return;
    if ((privilege === 1 ? state.scause : state.mcause) >= 0n) return;
    this.#exits.add("interrupt", guest.cycles, this.left, privilege, 0);
  }
}

export const trapAndEmulate: Technique = {
  name: "trap-and-emulate",
  title: "Trap and emulate (Popek & Goldberg 1974)",
  pages: 0,
  createCpu: (parts) => new DeprivilegedCpu(parts),
};
