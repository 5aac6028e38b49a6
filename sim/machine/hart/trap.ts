import { longOf, lowOf } from "./halves.js";
import { interruptBit, virtualInterruptShift, virtualInterrupts } from "./interrupts.js";
import { hypervisorStatus } from "./hypervisor-status.js";
import { machine, modeOf, privilegeOf, supervisor } from "./mode.js";
import type { PrivilegedState } from "./state.js";
import { mppShift, status, statusHigh } from "./status.js";

/** Which mode's handler takes a trap. "guest" is VS-mode. */
type Destination = "machine" | "supervisor" | "guest";

/** What a hypervisor is told of a trap besides its cause and value. */
export interface TrapDetails {
  /** That value is a guest's virtual address (GVA). */
  readonly isGuestAddress: boolean;
  /** For mtval2, htval: the guest physical address that faulted, shifted right by 2 bits. */
  readonly guestAddress: bigint;
  /** For mtinst, htinst. */
  readonly instruction: bigint;
}

/** Of an interrupt, or an exception of which nothing more is known than a value. */
export const noDetails: TrapDetails = { isGuestAddress: false, guestAddress: 0n, instruction: 0n };

/**
 * "When a trap occurs in VS-mode or VU-mode, it goes to M-mode, unless delegated by medeleg or mideleg, in which case it goes to
 * HS-mode, unless further delegated by hedeleg or hideleg, in which case it goes to VS-mode" ("Trap Entry"). None goes to a lower
 * mode than it comes from.
 */
export function destinationOf(state: PrivilegedState, cause: number, isInterrupt: boolean): Destination {
  const { privilege, virtual } = state.mode;
  const bit = 1 << cause;
  if (privilege > supervisor || ((isInterrupt ? state.mideleg : state.medeleg) & bit) === 0) return "machine";
  return virtual && ((isInterrupt ? state.hideleg : state.hedeleg) & bit) !== 0 ? "guest" : "supervisor";
}

function handler(vector: bigint, cause: number, interrupt: boolean): bigint {
  if ((lowOf(vector) & 1) === 0) return vector;
  return BigInt.asIntN(64, interrupt ? vector - 1n + BigInt(4 * cause) : vector - 1n);
}

/**
 * Takes the hart to the handler of an exception or an interrupt (privileged ISA, "Trap Cause", "Trap-Vector Base Address",
 * and the stack of modes in mstatus; "Trap Entry" of the hypervisor extension).
 * @param number the exception's or interrupt's, @param value for mtval, stval
 * @returns the handler's address
 */
export function enterTrap(
  state: PrivilegedState,
  pc: bigint,
  number: number,
  isInterrupt: boolean,
  value: bigint,
  details: TrapDetails,
): bigint {
  const { privilege: from, virtual } = state.mode;
  const destination = destinationOf(state, number, isInterrupt);
  // "translated by the machine into a supervisor external interrupt (code 9) for VS-mode", and the others likewise.
  const isTranslated = destination === "guest" && isInterrupt && ((1 << number) & virtualInterrupts) !== 0;
  const cause = isTranslated ? number - virtualInterruptShift : number;
  const code = isInterrupt ? interruptBit | longOf(cause) : longOf(cause);

  if (destination === "machine") {
    state.mode = modeOf(machine);
    const old = state.mstatus;
    const { MIE, MPIE, MPP } = status;
    state.mstatus = (old & ~(MIE | MPIE | MPP)) | (old & MIE ? MPIE : 0) | (from << mppShift);
    state.mstatush = (virtual ? statusHigh.MPV : 0) | (details.isGuestAddress ? statusHigh.GVA : 0);
    state.mcause = code;
    state.mepc = pc;
    state.mtval = value;
    state.mtval2 = details.guestAddress;
    state.mtinst = details.instruction;
    return handler(state.mtvec, cause, isInterrupt);
  }

  state.mode = modeOf(supervisor, destination === "guest");
  const old = state.mstatus;
  const { SIE, SPIE, SPP } = status;
  state.mstatus = (old & ~(SIE | SPIE | SPP)) | (old & SIE ? SPIE : 0) | (from === supervisor ? SPP : 0);
  state.scause = code;
  state.sepc = pc;
  state.stval = value;
  if (destination === "supervisor") {
    const { SPV, SPVP, GVA } = hypervisorStatus;
    // "if V=0 before a trap, SPVP is left unchanged on trap entry".
    const left = state.hstatus & ~(virtual ? SPV | SPVP | GVA : SPV | GVA);
    const previous = virtual ? SPV | (from === supervisor ? SPVP : 0) : 0;
    state.hstatus = left | previous | (details.isGuestAddress ? GVA : 0);
    state.htval = details.guestAddress;
    state.htinst = details.instruction;
  }
  return handler(state.stvec, cause, isInterrupt);
}

/** MRET. @returns where it goes on */
export function returnFromMachine(state: PrivilegedState): bigint {
  const { MIE, MPIE, MPP, MPRV } = status;
  const old = state.mstatus;
  const privilege = privilegeOf((old & MPP) >> mppShift);
  const left = privilege === machine ? 0 : MPRV;
  state.mstatus = (old & ~(MIE | MPP | left)) | (old & MPIE ? MIE : 0) | MPIE;
  // "the virtualization mode V is set to MPV, unless MPP=3, in which case V remains 0"; MPV becomes 0.
  const virtual = (state.mstatush & statusHigh.MPV) !== 0;
  state.mstatush &= ~statusHigh.MPV;
  state.mode = modeOf(privilege, virtual);
  return state.mepc;
}

/** SRET, by the registers of the world that it is executed in ("Trap Return"). @returns where it goes on */
export function returnFromSupervisor(state: PrivilegedState): bigint {
  const { SIE, SPIE, SPP, MPRV } = status;
  const old = state.mstatus;
  const to = state.sepc;
  state.mstatus = (old & ~(SIE | SPP | MPRV)) | (old & SPIE ? SIE : 0) | SPIE;
  const { SPV } = hypervisorStatus;
  const { virtual } = state.mode;
  const becomesVirtual = virtual || (state.hstatus & SPV) !== 0;
  if (!virtual) state.hstatus &= ~SPV;
  state.mode = modeOf(privilegeOf(old & SPP ? 1 : 0), becomesVirtual);
  return to;
}
