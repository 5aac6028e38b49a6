import { lowOf, type Hart } from "../machine/index.js";
import type { Allocator } from "./allocator.js";
import type { ExitReason } from "./exit-reasons.js";
import type { Exits } from "./exits.js";
import type { HostCpu, HostTrap } from "./host-cpu.js";
import { interpret } from "./interpreter.js";
import { accessOf, cause } from "./privileged.js";

export interface DispatcherParts {
  readonly guest: Hart;
  readonly host: HostCpu;
  readonly allocator: Allocator;
  readonly exits: Exits;
}

/**
 * Popek and Goldberg's dispatcher: every trap comes here. Where the guest only lacks a page that it is entitled to, the allocator
 * gives it, and the instruction is executed again; all else is an interpreter routine's.
 */
export class Dispatcher {
  readonly #parts: DispatcherParts;
  /** The page fault that was mended last, and where the guest was: it should not come again. */
  #mended = { address: 0n, cause: -1, at: -1 };

  constructor(parts: DispatcherParts) {
    this.#parts = parts;
  }

  /** @returns whether the guest's instruction is over; if not, it is to be executed again */
  dispatch(trap: HostTrap): boolean {
    if (accessOf[trap.cause] === "write") this.#keepReservation(trap.value);
    const mended = this.mend(trap);
    if (mended !== undefined) return mended;
    const access = accessOf[trap.cause];
    const hidden = access === undefined ? undefined : this.#parts.allocator.hiddenAt(trap.value, access);
    // The bits of an instruction that isn't one, or not here, are in mtval; 0 says nothing, and neither do those of a copy.
    const hasBits = trap.cause === cause.illegalInstruction || trap.cause === cause.virtualInstruction;
    const bits = hasBits && this.#parts.allocator.code?.scans !== true ? lowOf(trap.value) >>> 0 : 0;
    this.interpret(trap.cause, hidden, bits === 0 ? undefined : bits);
    return true;
  }

  /**
   * What is no interpreter routine's.
   * @returns as `dispatch` does; undefined where nothing was to be mended
   */
  protected mend(trap: HostTrap): boolean | undefined {
    const access = accessOf[trap.cause];
    const { code } = this.#parts.allocator;
    if (access !== undefined && this.isNew(trap) && this.#parts.allocator.fill(trap.value, access)) {
      this.note("shadow fill");
      return false;
    }
    if (code !== undefined && trap.cause === cause.illegalInstruction && code.translate()) {
      this.note("translation");
      return false;
    }
    return undefined;
  }

  /**
   * Executes the guest's instruction in software.
   * @param trapped why the host didn't; undefined where it was not asked
   * @param hidden what the access was to, if that is memory which the host's tables don't show
   * @param told the instruction's bits, where the host told them
   */
  interpret(trapped?: number, hidden?: "table" | "memory", told?: number): void {
    const { guest, exits } = this.#parts;
    const at = guest.cycles;
    const { pc } = guest;
    const { privilege } = guest.state.mode;
    const { code } = this.#parts.allocator;
    const called = code?.calledFor;
    const bits = told ?? called;
    const { reason, word } = interpret(guest, trapped, bits === 0 ? undefined : bits);
    if (reason === "device access") code?.meet(pc);
    const toMemory = hidden === "table" ? "trace" : "interpretation";
    const shown = hidden !== undefined && reason === "device access" ? toMemory : reason;
    exits.add(called === undefined ? shown : "callout", at, pc, privilege, word);
  }

  protected note(reason: ExitReason, word = 0): void {
    const { guest, exits } = this.#parts;
    exits.add(reason, guest.cycles, guest.pc, guest.state.mode.privilege, word);
  }

  /** Whether the fault is another than the one mended just before: mended twice in vain, it is something else. */
  protected isNew(trap: HostTrap): boolean {
    const { cycles } = this.#parts.guest;
    const { address, cause: number, at } = this.#mended;
    if (address === trap.value && number === trap.cause && at === cycles) return false;
    this.#mended = { address: trap.value, cause: trap.cause, at: cycles };
    return true;
  }

  /**
   * A store-conditional that finds its page missing has given its reservation away on the host, where it held, or there had been no
   * store; the guest, for whom nothing has happened, keeps it: the page comes, or a fault that is the guest's own.
   */
  #keepReservation(address: bigint): void {
    const { guest } = this.#parts;
    if (guest.state.reservation !== undefined) return;
    const instruction = guest.evaluator.decode(guest.evaluator.bits());
    if (instruction?.row.name.startsWith("sc.") === true) this.#parts.host.reserve(guest, address);
  }
}
