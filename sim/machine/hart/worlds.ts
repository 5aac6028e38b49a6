import type { PrivilegedState } from "./state.js";
import { worldFields } from "./status.js";

/**
 * Which of a state's CSRs are the guest's and which the hypervisor's own, now that they may have changed places: of mstatus, SUM, MXR
 * and FS count.
 */

export const guestSatp = (state: PrivilegedState): bigint => (state.mode.virtual ? state.satp : state.vsatp);

export const guestStatus = (state: PrivilegedState): number => (state.mode.virtual ? state.mstatus : state.vsstatus);

/** mstatus as machine mode sees it. */
export const hostStatus = (state: PrivilegedState): number =>
  state.mode.virtual ? (state.mstatus & ~worldFields) | (state.vsstatus & worldFields) : state.mstatus;
