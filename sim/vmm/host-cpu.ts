import { invariant } from "../core/index.js";
import { lowOf, type EngineName, type Hart, type Machine } from "../machine/index.js";
import { privilege, status } from "./privileged.js";

/** The guest's instruction at its pc did not happen. */
export interface HostTrap {
  readonly kind: "trap";
  readonly cause: number;
  readonly value: bigint;
  /** Of a guest-page fault: the guest physical address, and the instruction as htinst shows it, 0 where it doesn't. */
  readonly guestAddress?: number;
  readonly instruction?: number;
}

/** Why a guest no longer executes: its instructions are used up, or it trapped. */
export type HostExit = { readonly kind: "budget" | "breakpoint" } | HostTrap;

/**
 * Where the trap vector points: no address of Sv39, so no guest can lie there. Coming to it, the hart stops and the VMM goes on: these
 * are the instructions of Popek and Goldberg's dispatcher.
 */
export const vector: bigint = -(2n ** 63n);
const pmpAll = { address: 0x3b0, config: 0x3a0, anything: 0x1fn } as const;
/** mstatus.FS: Clean. */
const floatsClean = 2 << 13;
const user = { privilege: privilege.user, virtual: false } as const;

export const budget: HostExit = { kind: "budget" };
export const breakpoint: HostExit = { kind: "breakpoint" };

/** mstatus.FS for a guest in user mode; of its own guest, its supervisor's in both worlds: on and clean where only one is dirty. */
function floatsOf({ state: { mode, mstatus, vsstatus } }: Hart): number {
  const own = mstatus & status.FS;
  if (!mode.virtual) return own;
  const above = vsstatus & status.FS;
  return own === 0 || above === 0 ? 0 : own & above || floatsClean;
}

/** The physical processor, which the VMM owns: guests execute on it in user mode, and every trap of theirs comes back as data. */
export class HostCpu {
  readonly machine: Machine;
  readonly hart: Hart;
  /** Whose registers it holds. */
  #current: Hart | undefined;
  /** That one's breakpoints, when they were taken over. */
  #breakpoints: ReadonlySet<bigint> | undefined;
  /** How often another guest's took their place. */
  switches = 0;
  /** Its time, which goes on with whichever guest executes. */
  ticks = 0n;

  constructor(machine: Machine, engine: EngineName) {
    this.machine = machine;
    this.hart = machine.hart(0);
    const { hart } = this;
    hart.engine = engine;
    hart.state.mtvec = vector;
    hart.setBreakpoint(vector, true);
    // User mode may access nothing that no entry allows; what a guest may is said by the tables it runs on.
    hart.setCsr(pmpAll.address, -1n);
    hart.setCsr(pmpAll.config, pmpAll.anything);
  }

  /** Instructions begun, those that trapped included. */
  get cycles(): number {
    return this.hart.cycles;
  }

  /**
   * Executes a guest's instructions in user mode, as many as it has left at most, on the page tables at `satp`, and counts them. Its
   * registers are what they have become when this returns, and its pc is that of the instruction which trapped.
   */
  run(guest: Hart, satp: bigint): HostExit {
    const { hart } = this;
    this.#load(guest, satp);
    const before = hart.cycles;
    const stop = hart.run(guest.left);
    this.#unload(guest);
    const { state } = hart;
    const trapped = state.mode.privilege !== privilege.user;
    guest.count(hart.cycles - before - (trapped ? 1 : 0));
    if (!trapped) {
      if (stop.kind === "budget") return budget;
      invariant(stop.kind === "breakpoint", `the host stopped: ${stop.kind}`);
      return breakpoint;
    }
    // The last instruction of the budget may have trapped, too.
    guest.pc = state.mepc;
    return { kind: "trap", cause: lowOf(state.mcause), value: state.mtval };
  }

  /** LR's reservation of the guest that ran last holds again. */
  reserve(guest: Hart, address: bigint): void {
    guest.state.reservation = address;
  }

  /** Page tables that guests run on have lost something. */
  fence(address?: bigint): void {
    this.hart.fence(address);
  }

  /** The guest is the one whose turn it is. */
  take(guest: Hart): void {
    if (this.#current !== guest) {
      this.#current = guest;
      this.switches++;
      this.#takeBreakpoints(guest);
    } else if (this.#breakpoints !== guest.breakpoints) this.#takeBreakpoints(guest);
  }

  #load(guest: Hart, satp: bigint): void {
    const { hart } = this;
    const { state } = hart;
    this.take(guest);
    hart.registers.set(guest.registers);
    hart.floats.flags = guest.floats.flags;
    hart.floats.mode = guest.floats.mode;
    state.mode = user;
    state.mstatus = floatsOf(guest);
    state.noteFloats();
    state.satp = satp;
    state.reservation = guest.state.reservation;
  }

  #unload(guest: Hart): void {
    const { hart } = this;
    guest.registers.set(hart.registers);
    guest.floats.flags = hart.floats.flags;
    guest.floats.mode = hart.floats.mode;
    const floats = hart.state.mstatus & status.FS;
    if (!guest.state.mode.virtual) guest.state.mstatus = (guest.state.mstatus & ~status.FS) | floats;
    else if (floats === status.FS) {
      guest.state.mstatus |= floats;
      guest.state.vsstatus |= floats;
    }
    guest.state.reservation = hart.state.reservation;
  }

  /** Stops for the guest's debugger as well, and for no other's. */
  #takeBreakpoints({ breakpoints }: Hart): void {
    const { hart } = this;
    this.#breakpoints = breakpoints;
    for (const pc of hart.breakpoints) {
      if (pc !== vector && !breakpoints.has(pc)) hart.setBreakpoint(pc, false);
    }
    for (const pc of breakpoints) if (!hart.breakpoints.has(pc)) hart.setBreakpoint(pc, true);
  }
}
