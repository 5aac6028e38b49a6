import type { Csr, CsrHart } from "./csr-row.js";
import { bits, word } from "./csr-field.js";
import { lowOf } from "./halves.js";
import { hasTimer } from "./csr-machine.js";
import { readGuestEnables, readGuestPending, writeGuestEnables, writeGuestPending } from "./guest-interrupts.js";
import { interrupt, pending, supervisorInterrupts } from "./interrupts.js";
import { machine, supervisor } from "./mode.js";
import { writtenSatp } from "./satp.js";
import type { PrivilegedState } from "./state.js";
import { readSupervisor, status, writeSupervisor } from "./status.js";

/** What sie and sip show: "the nonzero bits in sie and hie are always mutually exclusive". */
const delegated = ({ mideleg }: PrivilegedState): number => mideleg & supervisorInterrupts;

/** mcounteren's and the timer's bit for `time`. */
const TM = 2;

/** Of stimecmp and vstimecmp, below machine mode. */
export const timerEnabled = ({ state }: CsrHart): boolean =>
  state.mode.privilege === machine || (hasTimer(state.menvcfg) && (state.mcounteren & TM) !== 0);

/**
 * Supervisor mode's CSRs (privileged ISA, "Supervisor CSRs"), but for plain ones. Where V is 1, these are the guest's: "VS CSRs
 * substitute for the corresponding supervisor CSRs". Of what the state lets change places nothing is to be seen here.
 */
export const supervisorRows: readonly Csr[] = [
  {
    name: "sstatus",
    number: 0x100,
    read: ({ state }) => readSupervisor(state.mstatus),
    write({ state, features }, value) {
      state.mstatus = writeSupervisor(state.mstatus, value, features.float);
      state.noteFloats();
    },
  },
  // Views of mie and mip: what isn't delegated reads as 0 and can't be written.
  {
    name: "sie",
    number: 0x104,
    read: ({ state }) => (state.mode.virtual ? readGuestEnables(state) : BigInt(state.mie & delegated(state))),
    write({ state }, value) {
      if (state.mode.virtual) writeGuestEnables(state, value);
      else state.mie = (state.mie & ~delegated(state)) | (lowOf(value) & delegated(state));
    },
  },
  { ...bits(0x106, "scounteren", -1), read: ({ state }) => BigInt(state.scounteren >>> 0) },
  word(0x10a, "senvcfg", 1n),
  {
    name: "sip",
    number: 0x144,
    read: ({ state }) => (state.mode.virtual ? readGuestPending(state) : BigInt(pending(state) & delegated(state))),
    held: ({ state }) => (state.mode.virtual ? readGuestPending(state) : BigInt(state.software & delegated(state))),
    write({ state }, value) {
      if (state.mode.virtual) {
        writeGuestPending(state, value);
        return;
      }
      const writable = (1 << interrupt.SSI) & state.mideleg;
      state.software = (state.software & ~writable) | (lowOf(value) & writable);
    },
  },
  {
    name: "stimecmp",
    number: 0x14d,
    exists: ({ sstc }) => sstc,
    enabled: timerEnabled,
    // "(really vstimecmp) when V=1 raises a virtual-instruction exception" where henvcfg or hcounteren don't allow it.
    allowed: ({ state }) => !state.mode.virtual || (hasTimer(state.henvcfg) && (state.hcounteren & TM) !== 0),
    read: ({ state }) => (state.mode.virtual ? state.vstimecmp : state.stimecmp),
    write(hart, value) {
      if (hart.state.mode.virtual) hart.state.vstimecmp = value;
      else hart.state.stimecmp = value;
      hart.setTimer();
    },
  },
  {
    name: "satp",
    number: 0x180,
    // Of a guest that is VTVM.
    allowed: ({ state }) => state.mode.privilege !== supervisor || (state.mstatus & status.TVM) === 0,
    read: ({ state }) => state.satp,
    write({ state }, value) {
      state.satp = writtenSatp(state.satp, value);
    },
  },
];
