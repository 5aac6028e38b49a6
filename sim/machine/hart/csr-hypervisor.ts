import type { Csr, Features } from "./csr-row.js";
import { bits, fixed, word } from "./csr-field.js";
import { lowOf } from "./halves.js";
import { environment } from "./csr-machine.js";
import { readHypervisorStatus, writeHypervisorStatus } from "./hypervisor-status.js";
import { interrupt, pending, virtualInterrupts } from "./interrupts.js";
import { supervisor } from "./mode.js";
import { writtenHgatp } from "./satp.js";
import { status } from "./status.js";

/**
 * What may be left to guests ("Bits of hedeleg that must be writable or must be read-only zero"): all exceptions but environment calls
 * of supervisors, guest-page faults and virtual instructions. Bits 18 and 19 are of causes that this hart never has.
 */
const delegable = 0xcb1ff;

const exists = ({ hypervisor }: Features): boolean => hypervisor;

const rows: readonly Csr[] = [
  {
    name: "hstatus",
    number: 0x600,
    read: ({ state }) => readHypervisorStatus(state.hstatus),
    write({ state }, value) {
      state.hstatus = writeHypervisorStatus(value);
    },
  },
  bits(0x602, "hedeleg", delegable),
  // "bits 10, 6, and 2 (corresponding to the standard VS-level interrupts) are writable".
  bits(0x603, "hideleg", virtualInterrupts),
  {
    name: "hie",
    number: 0x604,
    read: ({ state }) => BigInt(state.mie & virtualInterrupts),
    write({ state }, value) {
      state.mie = (state.mie & ~virtualInterrupts) | (lowOf(value) & virtualInterrupts);
    },
  },
  {
    ...word(0x605, "htimedelta"),
    write(hart, value) {
      hart.state.htimedelta = value;
      hart.setTimer();
    },
  },
  { ...bits(0x606, "hcounteren", -1), read: ({ state }) => BigInt(state.hcounteren >>> 0) },
  // GEILEN is 0: there are no guest external interrupts.
  fixed(0x607, "hgeie"),
  fixed(0xe12, "hgeip"),
  {
    name: "henvcfg",
    number: 0x60a,
    // Bits whose like in menvcfg is 0 are read-only zeros ("Machine Environment Configuration Register").
    read: ({ state }) => state.henvcfg & (state.menvcfg | environment.FIOM),
    write(hart, value) {
      const { state } = hart;
      const { FIOM, ADUE, STCE } = environment;
      state.henvcfg = value & (FIOM | ((ADUE | STCE) & state.menvcfg));
      hart.setTimer();
    },
  },
  word(0x643, "htval"),
  {
    name: "hip",
    number: 0x644,
    read: ({ state }) => BigInt(pending(state) & virtualInterrupts),
    // "VSSIP in hip is an alias (writable) of the same bit in hvip"; the others are read-only.
    write({ state }, value) {
      const writable = 1 << interrupt.VSSI;
      state.software = (state.software & ~writable) | (lowOf(value) & writable);
    },
  },
  {
    name: "hvip",
    number: 0x645,
    read: ({ state }) => BigInt(state.software & virtualInterrupts),
    write({ state }, value) {
      state.software = (state.software & ~virtualInterrupts) | (lowOf(value) & virtualInterrupts);
    },
  },
  word(0x64a, "htinst"),
  {
    name: "hgatp",
    number: 0x680,
    // "When mstatus.TVM=1, attempts to read or write hgatp while executing in HS-mode will raise an illegal-instruction exception."
    allowed: ({ state }) => state.mode.privilege !== supervisor || (state.mstatus & status.TVM) === 0,
    read: ({ state }) => state.hgatp,
    write({ state }, value) {
      state.hgatp = writtenHgatp(state.hgatp, value);
    },
  },
];

/** The hypervisor's CSRs (privileged ISA, "Hypervisor and Virtual Supervisor CSRs"). */
export const hypervisorRows: readonly Csr[] = rows.map((row) => ({ ...row, exists }));
