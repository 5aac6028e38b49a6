import type { Csr, CsrHart } from "./csr-row.js";
import { bits, low, word } from "./csr-field.js";
import { hasTimer } from "./csr-machine.js";
import { interrupt, pending } from "./interrupts.js";
import { machine, supervisor } from "./mode.js";
import { readSupervisor, status, writeSupervisor } from "./status.js";

/** satp's fields (privileged ISA, "Supervisor Address Translation and Protection"). */
const sv39 = 8n;
export const isSv39 = (satp: bigint): boolean => satp < 0n;
/** Where the topmost table begins. */
export const rootOf = (satp: bigint): number => Number(satp & 0xfff_ffff_ffffn) * 4096;

/** mcounteren's and the timer's bit for `time`. */
const TM = 2;

const timerAllowed = ({ state }: CsrHart): boolean =>
  state.mode.privilege === machine || (hasTimer(state.menvcfg) && (state.mcounteren & TM) !== 0);

/** Supervisor mode's CSRs (privileged ISA, "Supervisor CSRs"), but for plain ones. */
export const supervisorRows: readonly Csr[] = [
  {
    name: "sstatus",
    number: 0x100,
    read: ({ state }) => readSupervisor(state.mstatus),
    write(hart, value) {
      const { state, features } = hart;
      state.mstatus = writeSupervisor(state.mstatus, value, features.float);
      hart.statusChanged();
    },
  },
  // Views of mie and mip: what isn't delegated reads as 0 and can't be written.
  {
    name: "sie",
    number: 0x104,
    read: ({ state }) => BigInt(state.mie & state.mideleg),
    write({ state }, value) {
      state.mie = (state.mie & ~state.mideleg) | (low(value) & state.mideleg);
    },
  },
  { ...bits(0x106, "scounteren", -1), read: ({ state }) => BigInt(state.scounteren >>> 0) },
  word(0x10a, "senvcfg", 1n),
  {
    name: "sip",
    number: 0x144,
    read: ({ state }) => BigInt(pending(state) & state.mideleg),
    held: ({ state }) => BigInt(state.software & state.mideleg),
    write({ state }, value) {
      const writable = (1 << interrupt.SSI) & state.mideleg;
      state.software = (state.software & ~writable) | (low(value) & writable);
    },
  },
  {
    name: "stimecmp",
    number: 0x14d,
    exists: ({ sstc }) => sstc,
    allowed: timerAllowed,
    read: ({ state }) => state.stimecmp,
    write(hart, value) {
      hart.state.stimecmp = value;
      hart.setTimer();
    },
  },
  {
    name: "satp",
    number: 0x180,
    allowed: ({ state }) => state.mode.privilege !== supervisor || (state.mstatus & status.TVM) === 0,
    read: ({ state }) => state.satp,
    write({ state }, value) {
      const mode = BigInt.asUintN(64, value) >> 60n;
      // A mode that isn't there: nothing of the write happens.
      if (mode === 0n || mode === sv39) state.satp = value;
    },
  },
];
