import type { Csr } from "./csr-row.js";
import { bits, fixed, low } from "./csr-field.js";
import { allInterrupts, interrupt, pending, supervisorInterrupts } from "./interrupts.js";
import { isLocked, isTopOfRange, legalConfig } from "./pmp.js";
import { readMachine, writeMachine } from "./status.js";

/** Exceptions that can be delegated: all but the machine's own environment call and the reserved ones. */
const delegable = 0xb3ff;
/** Counters that lower modes can be given: cycle, time, instret and the hpmcounters. */
const counters = -1;
/** Bits of menvcfg. */
const environment = { FIOM: 1n, ADUE: 1n << 61n, STCE: -(1n << 63n) } as const;
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
    read: ({ state }) => readMachine(state.mstatus),
    write(hart, value) {
      const { state, features } = hart;
      state.mstatus = writeMachine(state.mstatus, value, features.float);
      hart.statusChanged();
    },
  },
  fixed(0x301, "misa", ({ features }) => features.extensions),
  bits(0x302, "medeleg", delegable),
  bits(0x303, "mideleg", supervisorInterrupts),
  bits(0x304, "mie", allInterrupts),
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
    write({ state }, value) {
      const timer = hasTimer(state.menvcfg) ? 1 << interrupt.STI : 0;
      state.software = low(value) & supervisorInterrupts & ~timer;
    },
  },
  // There are no triggers: whichever is selected has no type (RISC-V Debug Specification, "Trigger Module Registers").
  fixed(0x7a0, "tselect"),
  fixed(0x7a1, "tdata1"),
  fixed(0x7a2, "tdata2"),
  fixed(0x7a3, "tdata3"),
  fixed(0x7a4, "tinfo", () => 1n),
  ...[0, 8, 16, 24, 32, 40, 48, 56].map(pmpConfig),
  ...Array.from({ length: 64 }, (_, entry) => pmpAddress(entry)),
];
