import { highOf, lowOf } from "./halves.js";

/**
 * mstatus, of which sstatus is a view (privileged ISA, "Machine Status" and "Supervisor Status"). The state keeps the lower
 * 32 bits as a number. What stands above is fixed: 64-bit registers in every mode, little-endian memory.
 */
export const status: Readonly<
  Record<"SIE" | "MIE" | "SPIE" | "MPIE" | "SPP" | "MPP" | "FS" | "MPRV" | "SUM" | "MXR" | "TVM" | "TW" | "TSR", number>
> = {
  SIE: 1 << 1,
  MIE: 1 << 3,
  SPIE: 1 << 5,
  MPIE: 1 << 7,
  SPP: 1 << 8,
  MPP: 3 << 11,
  FS: 3 << 13,
  MPRV: 1 << 17,
  SUM: 1 << 18,
  MXR: 1 << 19,
  TVM: 1 << 20,
  TW: 1 << 21,
  TSR: 1 << 22,
};

export const sppShift = 8;
export const mppShift = 11;

/** The fields of mstatus's upper half that the hypervisor extension adds, as bits of what is mstatush in RV32. */
export const statusHigh: Readonly<Record<"GVA" | "MPV", number>> = { GVA: 1 << 6, MPV: 1 << 7 };

const { SIE, MIE, SPIE, MPIE, SPP, MPP, FS, MPRV, SUM, MXR, TVM, TW, TSR } = status;
const supervisorFields = SIE | SPIE | SPP | SUM | MXR;
const machineFields = supervisorFields | MIE | MPIE | MPP | MPRV | TVM | TW | TSR;
/** SXL and UXL say 64 bits; sstatus has UXL alone. */
const machineFixed = 10n << 32n;
const supervisorFixed = 2n << 32n;
const machineHigh = statusHigh.GVA | statusHigh.MPV;
/** Something of the extensions' state is dirty. */
const SD = 1n << 63n;

const dirty = (bits: number): bigint => ((bits & FS) === FS ? SD : 0n);

const signed = (value: bigint): bigint => BigInt.asIntN(64, value);

/** @param high the upper half's bits */
export const readMachine = (bits: number, high: number): bigint =>
  signed(machineFixed | (BigInt(high) << 32n) | BigInt(bits) | dirty(bits));

/**
 * The fields that change places when V does: sstatus's with vsstatus's ("Virtual Supervisor Status Register"). While V is 1, TVM and
 * TSR are hstatus's VTVM and VTSR, since mstatus's own "affect execution only in HS-mode".
 */
export const worldFields: number = supervisorFields | FS | TVM | TSR;

export const readSupervisor = (bits: number): bigint =>
  signed(supervisorFixed | BigInt(bits & (supervisorFields | FS)) | dirty(bits));

/** @param float whether there are floating-point registers, whose state FS tells */
export function writeMachine(old: number, value: bigint, float: boolean): number {
  const fields = machineFields | (float ? FS : 0);
  const bits = (old & ~fields) | (lowOf(value) & fields);
  // 2 is no mode; the field keeps what it held then.
  return (bits & MPP) === 2 << mppShift ? (bits & ~MPP) | (old & MPP) : bits;
}

export const writeMachineHigh = (value: bigint): number => highOf(value) & machineHigh;

export function writeSupervisor(old: number, value: bigint, float: boolean): number {
  const fields = supervisorFields | (float ? FS : 0);
  return (old & ~fields) | (lowOf(value) & fields);
}
