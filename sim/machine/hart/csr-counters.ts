import type { Csr } from "./csr-row.js";
import { lowOf } from "./halves.js";
import { machine, user } from "./mode.js";
import type { Counter } from "./state.js";

/** mcountinhibit's bits. */
const CY = 1;
const IR = 4;

const counted = ({ base, stopped }: Counter, count: number): bigint =>
  stopped ? base : BigInt.asIntN(64, base + BigInt(count));

/** Gives a counter its value for the instruction behind: the one that writes it is not counted any more. */
function setCounter(counter: Counter, count: number, value: bigint): void {
  counter.base = counter.stopped ? value : BigInt.asIntN(64, value - BigInt(count + 1));
}

function inhibit(counter: Counter, count: number, stopped: boolean): void {
  if (counter.stopped === stopped) return;
  const value = counted(counter, count);
  counter.stopped = stopped;
  if (stopped) counter.base = BigInt.asIntN(64, value + 1n);
  else setCounter(counter, count, value);
}

/**
 * Whether mcounteren lets lower modes read the counter, and scounteren and hcounteren the mode that wants to ("Hypervisor Counter-Enable
 * Register": clear, they "cause a virtual-instruction exception if the same bit in mcounteren is 1").
 */
function visible(index: number): Pick<Csr, "enabled" | "allowed"> {
  const bit = 1 << index;
  return {
    enabled: ({ state: { mode, mcounteren } }) => mode.privilege === machine || (mcounteren & bit) !== 0,
    allowed: ({ state: { mode, scounteren, hcounteren } }) =>
      (mode.privilege !== user || (scounteren & bit) !== 0) && (!mode.virtual || (hcounteren & bit) !== 0),
  };
}

/** Counters of events: there are none to count. */
const events = Array.from({ length: 29 }, (_, index) => index + 3);

/** Counters and timers (unprivileged ISA, Zicntr and Zihpm; privileged ISA, "Hardware Performance Monitor"). */
export const counterRows: readonly Csr[] = [
  {
    name: "mcycle",
    number: 0xb00,
    read: ({ state, cycles }) => counted(state.mcycle, cycles),
    write({ state, cycles }, value) {
      setCounter(state.mcycle, cycles, value);
    },
  },
  {
    name: "minstret",
    number: 0xb02,
    read: ({ state, retired }) => counted(state.minstret, retired),
    write({ state, retired }, value) {
      setCounter(state.minstret, retired, value);
    },
  },
  {
    name: "mcountinhibit",
    number: 0x320,
    read: ({ state }) => BigInt((state.mcycle.stopped ? CY : 0) | (state.minstret.stopped ? IR : 0)),
    write({ state, cycles, retired }, value) {
      inhibit(state.mcycle, cycles, (lowOf(value) & CY) !== 0);
      inhibit(state.minstret, retired, (lowOf(value) & IR) !== 0);
    },
  },
  { name: "cycle", number: 0xc00, ...visible(0), read: ({ state, cycles }) => counted(state.mcycle, cycles) },
  {
    name: "time",
    number: 0xc01,
    ...visible(1),
    // "reading the time CSR in VS or VU mode returns the sum of the contents of htimedelta and the actual value of time".
    read: (hart) => BigInt.asIntN(64, hart.time() + (hart.state.mode.virtual ? hart.state.htimedelta : 0n)),
  },
  {
    name: "instret",
    number: 0xc02,
    ...visible(2),
    read: ({ state, retired }) => counted(state.minstret, retired),
  },
  ...events.flatMap((index): Csr[] => [
    { name: `mhpmcounter${index}`, number: 0xb00 + index, read: () => 0n },
    { name: `mhpmevent${index}`, number: 0x320 + index, read: () => 0n },
    { name: `hpmcounter${index}`, number: 0xc00 + index, ...visible(index), read: () => 0n },
  ]),
];
