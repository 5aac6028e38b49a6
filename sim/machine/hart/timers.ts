import { hasTimer } from "./csr-machine.js";
import { interrupt } from "./interrupts.js";
import type { PrivilegedState } from "./state.js";

const supervisorTimer = 1 << interrupt.STI;
const wrap = (time: bigint): bigint => BigInt.asUintN(64, time);

/** The hart as its timers see it. */
interface TimedHart {
  readonly state: PrivilegedState;
  readonly features: { readonly sstc: boolean; readonly hypervisor: boolean };
  time(): bigint;
  line(bit: number, level: boolean): void;
}

/**
 * Raises the lines of stimecmp and vstimecmp where they are due, and lowers them where they aren't (Sstc).
 * @returns when the next one will be
 */
export function setTimers(hart: TimedHart): bigint | undefined {
  const { state, features } = hart;
  const hasTimers = features.sstc && hasTimer(state.menvcfg);
  if (hasTimers) state.software &= ~supervisorTimer;
  const own = setTimer(hart, interrupt.STI, hasTimers, state.stimecmp, 0n);
  if (!features.hypervisor) return own;
  const guest = setTimer(hart, interrupt.VSTI, hasTimers && hasTimer(state.henvcfg), state.vstimecmp, state.htimedelta);
  return own === undefined || (guest !== undefined && guest < own) ? guest : own;
}

/**
 * "whenever (time + htimedelta), truncated to 64 bits, contains a value greater than or equal to vstimecmp" ("Virtual Supervisor Timer
 * Register").
 */
function setTimer(hart: TimedHart, bit: number, present: boolean, compared: bigint, delta: bigint): bigint | undefined {
  const time = hart.time();
  const ahead = wrap(compared) - wrap(time + delta);
  hart.line(bit, present && ahead <= 0n);
  return present && ahead > 0n ? time + ahead : undefined;
}
