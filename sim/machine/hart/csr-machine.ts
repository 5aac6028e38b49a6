import type { Csr, Features } from "./csr-row.js";
import { bits, fixed, word } from "./csr-field.js";
import { lowOf } from "./halves.js";
import { interrupt, machineInterrupts, pending, supervisorInterrupts, virtualInterrupts } from "./interrupts.js";
import { isLocked, isTopOfRange, legalConfig } from "./pmp.js";
import { readMachine, worldFields, writeMachine, writeMachineHigh } from "./status.js";
import { hostStatus } from "./worlds.js";

/** Exceptions that can be delegated: all but the machine's own environment call and the reserved ones; */
const delegable = 0xb3ff;
/** and, with the hypervisor extension, calls from VS-mode, guest-page faults and virtual instructions. */
const delegableOfGuests = 0xf00400;
/** mip's bits that belong to modes below machine mode. */
const lowerInterrupts = ({ hypervisor }: Features): number =>
  supervisorInterrupts | (hypervisor ? virtualInterrupts : 0);
/** Counters that lower modes can be given: cycle, time, instret and the hpmcounters. */
const counters = -1;
/** Bits of menvcfg, and of henvcfg. */
export const environment: Readonly<Record<"FIOM" | "ADUE" | "STCE", bigint>> = {
  FIOM: 1n,
  ADUE: 1n << 61n,
  STCE: -(1n << 63n),
};
const lowest54 = (1n << 54n) - 1n;

export const hasTimer = (menvcfg: bigint): boolean => menvcfg < 0n;
export const updatesMarks = (menvcfg: bigint): boolean => (menvcfg & environment.ADUE) !== 0n;

/** Eight entries' configurations; registers of odd numbers don't exist where registers have 64 bits. */
function pmpConfig(first: number): Csr {
  const entries = Array.from({ length: 8 }, (_, index) => first + index);
  return {
    name: `pmpcfg${first / 4}`,
    number: 0x3a0 + first / 4,
    exists: ({ pmpEntries }) => first < pmpEntries,
    read: ({ state }) =>
      BigInt.asIntN(
        64,
        entries.reduceRight((sum, entry) => (sum << 8n) | BigInt(state.pmpcfg[entry] ?? 0), 0n),
      ),
    write(hart, value) {
      entries.forEach((entry, index) => {
        const old = hart.state.pmpcfg[entry];
        if (old === undefined || isLocked(old)) return;
        hart.state.pmpcfg[entry] = legalConfig(Number((value >> BigInt(8 * index)) & 0xffn));
      });
      hart.protectionChanged();
    },
  };
}

function pmpAddress(entry: number): Csr {
  return {
    name: `pmpaddr${entry}`,
    number: 0x3b0 + entry,
    exists: ({ pmpEntries }) => entry < pmpEntries,
    read: ({ state }) => state.pmpaddr[entry] ?? 0n,
    write(hart, value) {
      const { pmpcfg, pmpaddr } = hart.state;
      // A locked range keeps its lower end too, which is the entry below.
      const above = pmpcfg[entry + 1] ?? 0;
      if (isLocked(pmpcfg[entry] ?? 0) || (isLocked(above) && isTopOfRange(above))) return;
      pmpaddr[entry] = value & lowest54;
      hart.protectionChanged();
    },
  };
}

/** Machine mode's CSRs (privileged ISA, "Machine-Level CSRs"), counters and what is plain aside. */
export const machineRows: readonly Csr[] = [
  fixed(0xf11, "mvendorid"),
  fixed(0xf12, "marchid"),
  fixed(0xf13, "mimpid"),
  fixed(0xf14, "mhartid", ({ id }) => BigInt(id)),
  fixed(0xf15, "mconfigptr"),
  {
    name: "mstatus",
    number: 0x300,
    read: ({ state }) => readMachine(hostStatus(state), state.mstatush),
    write({ state, features }, value) {
      const written = writeMachine(hostStatus(state), value, features.float);
      // While V is 1 (then it is a debugger that writes), the fields that a guest has of its own are kept elsewhere.
      const { virtual } = state.mode;
      if (virtual) state.vsstatus = written & worldFields;
      state.mstatus = virtual ? (state.mstatus & worldFields) | (written & ~worldFields) : written;
      if (features.hypervisor) state.mstatush = writeMachineHigh(value);
      state.noteFloats();
    },
  },
  fixed(0x301, "misa", ({ features }) => features.extensions),
  {
    ...bits(0x302, "medeleg", 0),
    write({ state, features }, value) {
      state.medeleg = lowOf(value) & (delegable | (features.hypervisor ? delegableOfGuests : 0));
    },
  },
  {
    ...bits(0x303, "mideleg", 0),
    write({ state, features }, value) {
      // "bits 10, 6, and 2 of mideleg [...] are each read-only one" ("Machine Interrupt Delegation Register").
      state.mideleg = (lowOf(value) & supervisorInterrupts) | (features.hypervisor ? virtualInterrupts : 0);
    },
  },
  {
    ...bits(0x304, "mie", 0),
    write({ state, features }, value) {
      state.mie = lowOf(value) & (lowerInterrupts(features) | machineInterrupts);
    },
  },
  { ...bits(0x306, "mcounteren", counters), read: ({ state }) => BigInt(state.mcounteren >>> 0) },
  {
    name: "menvcfg",
    number: 0x30a,
    read: ({ state }) => state.menvcfg,
    write(hart, value) {
      const { sstc, svadu } = hart.features;
      const mask = environment.FIOM | (sstc ? environment.STCE : 0n) | (svadu ? environment.ADUE : 0n);
      hart.state.menvcfg = value & mask;
      hart.setTimer();
    },
  },
  {
    name: "mip",
    number: 0x344,
    read: ({ state }) => BigInt(pending(state)),
    // Lines are not software's: setting a bit must not catch a line's level for good.
    held: ({ state }) => BigInt(state.software),
    write({ state, features }, value) {
      const timer = hasTimer(state.menvcfg) ? 1 << interrupt.STI : 0;
      // Of the guest's bits VSSIP alone can be written, as in hip.
      const written = (supervisorInterrupts & ~timer) | (features.hypervisor ? 1 << interrupt.VSSI : 0);
      state.software = (state.software & virtualInterrupts & ~written) | (lowOf(value) & written);
    },
  },
  // "Machine Trap Instruction Register", "Machine Second Trap Value Register".
  { ...word(0x34a, "mtinst"), exists: ({ hypervisor }) => hypervisor },
  { ...word(0x34b, "mtval2"), exists: ({ hypervisor }) => hypervisor },
  // There are no triggers: whichever is selected has no type (RISC-V Debug Specification, "Trigger Module Registers").
  fixed(0x7a0, "tselect"),
  fixed(0x7a1, "tdata1"),
  fixed(0x7a2, "tdata2"),
  fixed(0x7a3, "tdata3"),
  fixed(0x7a4, "tinfo", () => 1n),
  ...[0, 8, 16, 24, 32, 40, 48, 56].map(pmpConfig),
  ...Array.from({ length: 64 }, (_, entry) => pmpAddress(entry)),
];
