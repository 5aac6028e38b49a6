import type { Hart } from "../../machine/index.js";
import type { Difference, PgMode } from "./definitions.js";

/**
 * R, but for translation and time: what the hart holds beside registers, by the CSRs' names. FS is in mstatus. `lines` are the
 * interrupt lines' levels, `software` the bits of mip that software set.
 */
const configurationFields = [
  "mstatus",
  "mie",
  "mideleg",
  "medeleg",
  "mcounteren",
  "scounteren",
  "menvcfg",
  "senvcfg",
  "stimecmp",
  "stvec",
  "sscratch",
  "sepc",
  "scause",
  "stval",
  "mtvec",
  "mscratch",
  "mepc",
  "mcause",
  "mtval",
  "lines",
  "software",
  // The hypervisor extension's: a hart without it has the fields, and nothing looks at them.
  "hstatus",
  "hedeleg",
  "hideleg",
  "hcounteren",
  "henvcfg",
  "htimedelta",
  "hgatp",
  "htval",
  "htinst",
  "vsstatus",
  "vstvec",
  "vsscratch",
  "vsepc",
  "vscause",
  "vstval",
  "vsatp",
  "vstimecmp",
] as const;

type ConfigurationField = (typeof configurationFields)[number];
export type Configuration = { readonly [K in ConfigurationField]: Hart["state"][K] };

/** Counters' distance from the hart's own counts, and mtime in ticks. */
export interface Time {
  readonly mcycle: bigint;
  readonly minstret: bigint;
  readonly mtime: bigint;
}

/** A hart's state as ⟨E, M, P, R⟩. */
export interface RiscvState {
  /** E and P: x0 to x31, f0 to f31, pc, in the order in which the hart keeps them. */
  readonly registers: BigInt64Array;
  readonly fflags: number;
  readonly frm: number;
  readonly reservation: bigint | undefined;
  /** E: what was stored to the window since the state was made, as `address: value`. What it held is the same in all states. */
  readonly stores: readonly string[];
  readonly mode: PgMode;
  /** The hypervisor extension's V: states have it 0, returns from traps may set it. */
  readonly virtual: boolean;
  readonly configuration: Configuration;
  /** R's location: satp, by which the window lies in one frame of memory or in another, or nowhere but where its address says. */
  readonly satp: bigint;
  readonly time: Time;
  /** In WFI: the processor itself has been given away. */
  readonly waiting: boolean;
  /** How often translations that the hart may keep were dropped. */
  readonly fences: number;
  /** What was stored outside of the window. */
  readonly escaped: readonly string[];
}

export const pcRegister = 64;

export function readConfiguration(state: Hart["state"]): Configuration {
  return Object.fromEntries(configurationFields.map((name) => [name, state[name]])) as Configuration;
}

export function writeConfiguration(state: Hart["state"], configuration: Configuration): void {
  Object.assign(state, configuration);
}

/** Whether the hart's configuration is other than this one. */
export const isConfigurationChanged = (state: Hart["state"], configuration: Configuration): boolean =>
  configurationFields.some((name) => state[name] !== configuration[name]);

const hex = (value: bigint | number | undefined): string =>
  value === undefined ? "none" : `0x${BigInt.asUintN(64, BigInt(value)).toString(16)}`;

/** Collects the parts that differ. */
class Differences {
  readonly found: Difference[] = [];

  compare(part: string, left: string | number | bigint | undefined, right: string | number | bigint | undefined): void {
    if (left === right) return;
    const text = (value: typeof left): string => (typeof value === "string" ? value : hex(value));
    this.found.push({ part, left: text(left), right: text(right) });
  }
}

const timeFields = ["mcycle", "minstret", "mtime"] as const;

/** The first state with one CSR, or one counter, of the second: one state for each in which the two differ. */
export function* statesBetween(left: RiscvState, right: RiscvState): Generator<RiscvState> {
  for (const name of configurationFields) {
    if (left.configuration[name] === right.configuration[name]) continue;
    yield { ...left, configuration: { ...left.configuration, [name]: right.configuration[name] } };
  }
  for (const name of timeFields)
    if (left.time[name] !== right.time[name]) yield { ...left, time: { ...left.time, [name]: right.time[name] } };
}

/** M and R. */
export function compareResources(left: RiscvState, right: RiscvState): readonly Difference[] {
  const differences = new Differences();
  differences.compare("mode", left.mode, right.mode);
  differences.compare("V", Number(left.virtual), Number(right.virtual));
  differences.compare("satp", left.satp, right.satp);
  if (left.configuration !== right.configuration) {
    for (const name of configurationFields)
      differences.compare(name, left.configuration[name], right.configuration[name]);
  }
  if (left.time !== right.time) {
    for (const name of timeFields) differences.compare(name, left.time[name], right.time[name]);
  }
  differences.compare("processor", left.waiting ? "waits" : "runs", right.waiting ? "waits" : "runs");
  differences.compare("translations dropped", left.fences, right.fences);
  differences.compare("memory outside of the window", left.escaped.join(", "), right.escaped.join(", "));
  return differences.found;
}

const nameOf = (register: number): string =>
  register === pcRegister ? "pc" : register < 32 ? `x${register}` : `f${register - 32}`;

/** E and P. */
export function compareProgram(left: RiscvState, right: RiscvState): readonly Difference[] {
  const differences = new Differences();
  if (left.registers !== right.registers) {
    for (let register = 0; register <= pcRegister; register++)
      differences.compare(nameOf(register), left.registers[register], right.registers[register]);
  }
  differences.compare("fflags", left.fflags, right.fflags);
  differences.compare("frm", left.frm, right.frm);
  differences.compare("reservation", left.reservation, right.reservation);
  differences.compare("memory", left.stores.join(", "), right.stores.join(", "));
  return differences.found;
}
