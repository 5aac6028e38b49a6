import type { Hart, HartEngine } from "../machine/index.js";
import type { Exits } from "./exits.js";
import type { HostCpu, HostExit } from "./host-cpu.js";
import type { Dispatcher } from "./dispatcher.js";
import { cause } from "./privileged.js";
import type { CpuParts } from "./technique.js";

/** ECALL's bits. */
const environmentCall = 0x73;
/** Of mcause and scause: the supervisor's timer, as an interrupt. */
const supervisorTimer = BigInt.asIntN(64, (1n << 63n) | 5n);

/**
 * Executes a virtual hart directly on the host's, which runs the guest's instructions until one traps; the dispatcher does what that
 * one needs. What the guest runs as on the host, and in which memory, a technique says.
 */
export abstract class DirectCpu implements HartEngine {
  readonly onlyExecutes: boolean = true;
  protected readonly guest: Hart;
  protected readonly host: HostCpu;
  protected readonly exits: Exits;
  readonly #dispatcher: Dispatcher;
  /** Where the guest was when it last came back: elsewhere now, the virtual hart took an interrupt. */
  protected left: bigint | undefined;
  /** The host stopped at one of the guest's breakpoints. */
  #stopped = false;

  constructor({ guest, host, exits }: CpuParts, dispatcher: Dispatcher) {
    this.guest = guest;
    this.host = host;
    this.exits = exits;
    this.#dispatcher = dispatcher;
  }

  restore(): void {
    this.left = undefined;
  }

  abstract forget(address: bigint | undefined, fenced: boolean): void;

  /** Lets the guest's instructions execute, `guest.left` at most, and counts those that are over. */
  protected abstract enter(): HostExit;

  /** For techniques whose guests call their VMM. @returns whether the trap was such a call, and is over */
  protected call?(cause: number): boolean;

  burst(): void {
    const { guest } = this;
    this.#noteInterrupt();
    this.#stopped = false;
    // A watchpoint has to see every access.
    if (guest.watching || this.isInterpreted) this.#interpret();
    else {
      while (!this.#execute(true));
      while (this.goesOn) this.#execute(false);
    }
    this.left = guest.pc;
  }

  /** Whether the guest is in a state that only the interpreter does justice to. With MPRV, data are another mode's than code. */
  protected get isInterpreted(): boolean {
    const { memory, state } = this.guest;
    return memory.dataMode !== state.mode;
  }

  /** Whether nothing has happened that the virtual hart's own loop would have to look at. */
  protected get goesOn(): boolean {
    const { guest } = this;
    const { state } = guest;
    if (this.#stopped || guest.left <= 0 || guest.stopping) return false;
    return ((state.lines | state.software) & state.mie) === 0 && !this.isInterpreted;
  }

  /** Whether the hardware delivers the supervisor's timer interrupt to the guest without its VMM. */
  protected get hasTimer(): boolean {
    return false;
  }

  /**
   * Lets the guest execute until something is to be done, and does it.
   * @param first whether the guest's debugger has seen where it is
   * @returns whether an instruction of its is over
   */
  #execute(first: boolean): boolean {
    const { guest } = this;
    const before = guest.cycles;
    const exit = this.enter();
    if (exit.kind !== "trap") {
      // A breakpoint that the guest's debugger is just leaving, or one that it has to be told of.
      if (first && guest.cycles === before) this.#interpret();
      this.#stopped = exit.kind === "breakpoint";
      return true;
    }
    // What only mends counts nothing.
    return this.call?.(exit.cause) === true || this.#dispatcher.dispatch(exit) || guest.cycles > before;
  }

  /** In the host's place. */
  #interpret(): void {
    const { evaluator } = this.guest;
    const calls = this.call !== undefined && evaluator.bits() === environmentCall;
    if (!calls || this.call?.(cause.callFromUser) !== true) this.#dispatcher.interpret();
  }

  #noteInterrupt(): void {
    const { guest } = this;
    const { state } = guest;
    const { privilege } = state.mode;
    if (this.left === undefined || guest.pc === this.left || privilege === 0) return;
    const taken = privilege === 1 ? state.scause : state.mcause;
    if (taken >= 0n || (taken === supervisorTimer && privilege === 1 && this.hasTimer)) return;
    this.exits.add("interrupt", guest.cycles, this.left, privilege, 0);
  }
}
