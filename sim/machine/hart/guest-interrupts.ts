import { lowOf } from "./halves.js";
import { interrupt, pending, virtualInterrupts, virtualInterruptShift } from "./interrupts.js";
import type { PrivilegedState } from "./state.js";

/**
 * vsie and vsip ("Virtual Supervisor Interrupt Registers"): "When bit 10 of hideleg is zero, vsip.SEIP and vsie.SEIE are read-only
 * zeros. Else, [...] aliases of hip.VSEIP and hie.VSEIE"; the others likewise. To the guest each is the supervisor's own.
 */
const delegated = ({ hideleg }: PrivilegedState): number => hideleg & virtualInterrupts;

const shown = (bits: number): bigint => BigInt(bits >> virtualInterruptShift);
const meant = (value: bigint): number => lowOf(value) << virtualInterruptShift;

export const readGuestEnables = (state: PrivilegedState): bigint => shown(state.mie & delegated(state));

export function writeGuestEnables(state: PrivilegedState, value: bigint): void {
  state.mie = (state.mie & ~delegated(state)) | (meant(value) & delegated(state));
}

export const readGuestPending = (state: PrivilegedState): bigint => shown(pending(state) & delegated(state));

/** Its SSIP alone can be written. */
export function writeGuestPending(state: PrivilegedState, value: bigint): void {
  const writable = (1 << interrupt.VSSI) & delegated(state);
  state.software = (state.software & ~writable) | (meant(value) & writable);
}
