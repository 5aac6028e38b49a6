import { machine, modeOf, privilegeOf, supervisor } from "./mode.js";
import type { PrivilegedState } from "./state.js";
import { mppShift, status } from "./status.js";

/** mcause's topmost bit. */
const interruptBit = -(1n << 63n);

/** Whether the trap goes to supervisor mode: delegated, and not from above. */
function delegated(state: PrivilegedState, cause: number, interrupt: boolean): boolean {
  const mask = interrupt ? state.mideleg : state.medeleg;
  return state.mode.privilege <= supervisor && (mask & (1 << cause)) !== 0;
}

function handler(vector: bigint, cause: number, interrupt: boolean): bigint {
  if ((vector & 1n) === 0n) return vector;
  return BigInt.asIntN(64, interrupt ? vector - 1n + BigInt(4 * cause) : vector - 1n);
}

/**
 * Takes the hart to the handler of an exception or an interrupt (privileged ISA, "Trap Cause", "Trap-Vector Base Address",
 * and the stack of modes in mstatus).
 * @returns the handler's address
 */
export function enterTrap(
  state: PrivilegedState,
  pc: bigint,
  cause: number,
  value: bigint,
  interrupt: boolean,
): bigint {
  const code = interrupt ? interruptBit | BigInt(cause) : BigInt(cause);
  const from = state.mode.privilege;
  const old = state.mstatus;
  if (delegated(state, cause, interrupt)) {
    state.scause = code;
    state.sepc = pc;
    state.stval = value;
    const { SIE, SPIE, SPP } = status;
    state.mstatus = (old & ~(SIE | SPIE | SPP)) | (old & SIE ? SPIE : 0) | (from === supervisor ? SPP : 0);
    state.mode = modeOf(supervisor);
    return handler(state.stvec, cause, interrupt);
  }
  state.mcause = code;
  state.mepc = pc;
  state.mtval = value;
  const { MIE, MPIE, MPP } = status;
  state.mstatus = (old & ~(MIE | MPIE | MPP)) | (old & MIE ? MPIE : 0) | (from << mppShift);
  state.mode = modeOf(machine);
  return handler(state.mtvec, cause, interrupt);
}

/** MRET. @returns where it goes on */
export function returnFromMachine(state: PrivilegedState): bigint {
  const { MIE, MPIE, MPP, MPRV } = status;
  const old = state.mstatus;
  const privilege = privilegeOf((old & MPP) >> mppShift);
  const left = privilege === machine ? 0 : MPRV;
  state.mstatus = (old & ~(MIE | MPP | left)) | (old & MPIE ? MIE : 0) | MPIE;
  state.mode = modeOf(privilege);
  return state.mepc;
}

/** SRET. @returns where it goes on */
export function returnFromSupervisor(state: PrivilegedState): bigint {
  const { SIE, SPIE, SPP, MPRV } = status;
  const old = state.mstatus;
  state.mstatus = (old & ~(SIE | SPP | MPRV)) | (old & SPIE ? SIE : 0) | SPIE;
  state.mode = modeOf(privilegeOf(old & SPP ? 1 : 0));
  return state.sepc;
}
