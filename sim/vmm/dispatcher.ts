import type { Hart } from "../machine/index.js";
import type { Allocator } from "./allocator.js";
import type { ExitReason } from "./exit-reasons.js";
import type { Exits } from "./exits.js";
import type { HostCpu } from "./host-cpu.js";
import { interpret } from "./interpreter.js";
import { accessOf, cause } from "./privileged.js";

export interface DispatcherParts {
  readonly guest: Hart;
  readonly host: HostCpu;
  readonly allocator: Allocator;
  readonly exits: Exits;
}

/** A trap that a guest's instruction ended in on the host. */
export interface Trap {
  readonly cause: number;
  readonly value: bigint;
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
  dispatch(trap: Trap): boolean {
    const access = accessOf[trap.cause];
    if (trap.cause === cause.storePageFault) this.#keepReservation(trap.value);
    if (access !== undefined && this.#isNew(trap) && this.#parts.allocator.fill(trap.value, access)) {
      this.#note("shadow fill");
      return false;
    }
    const { code } = this.#parts.allocator;
    if (code !== undefined && trap.cause === cause.illegalInstruction && code.translate()) {
      this.#note("translation");
      return false;
    }
    const isMemory = access !== undefined && this.#parts.allocator.isMemory(trap.value, access);
    // An illegal instruction's bits are in mtval; 0 says nothing.
    const bits = trap.cause === cause.illegalInstruction && trap.value !== 0n ? Number(trap.value) : undefined;
    this.interpret(trap.cause, isMemory, bits);
    return true;
  }

  /**
   * Executes the guest's instruction in software.
   * @param trapped why the host didn't; undefined where it was not asked
   * @param isMemory whether that was an access to memory which the host's tables don't show
   * @param bits the instruction's, where they are known
   */
  interpret(trapped?: number, isMemory = false, bits?: number): void {
    const { guest, exits } = this.#parts;
    const at = guest.cycles;
    const { pc } = guest;
    const { privilege } = guest.state.mode;
    const { code } = this.#parts.allocator;
    const called = code?.atCallout === true;
    const { reason, word } = interpret(guest, trapped, bits);
    if (reason === "device access") code?.meet(pc);
    const shown = isMemory && reason === "device access" ? "interpretation" : reason;
    exits.add(called ? "callout" : shown, at, pc, privilege, word);
  }

  #note(reason: ExitReason): void {
    const { guest, exits } = this.#parts;
    exits.add(reason, guest.cycles, guest.pc, guest.state.mode.privilege, 0);
  }

  /** Whether the fault is another than the one mended just before: mended twice in vain, it is something else. */
  #isNew(trap: Trap): boolean {
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
    const instruction = guest.evaluator.decode(Number(guest.evaluator.bits()));
    if (instruction?.row.name.startsWith("sc.") === true) this.#parts.host.reserve(guest, address);
  }
}
