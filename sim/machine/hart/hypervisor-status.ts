/**
 * hstatus ("Hypervisor Status Register"), of which the state keeps the lower 32 bits. Of the rest, VSXL says 64 bits; guests are
 * little-endian (VSBE 0), and there are no guest external interrupts (VGEIN 0, as GEILEN is 0).
 */
export const hypervisorStatus: Readonly<Record<"GVA" | "SPV" | "SPVP" | "HU" | "VTVM" | "VTW" | "VTSR", number>> = {
  GVA: 1 << 6,
  SPV: 1 << 7,
  SPVP: 1 << 8,
  HU: 1 << 9,
  VTVM: 1 << 20,
  VTW: 1 << 21,
  VTSR: 1 << 22,
};

const { GVA, SPV, SPVP, HU, VTVM, VTW, VTSR } = hypervisorStatus;
const fields = GVA | SPV | SPVP | HU | VTVM | VTW | VTSR;
const fixed = 2n << 32n;

export const readHypervisorStatus = (bits: number): bigint => fixed | BigInt(bits);
export const writeHypervisorStatus = (value: bigint): number => Number(BigInt.asUintN(32, value)) & fields;
