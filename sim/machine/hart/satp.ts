/**
 * satp, vsatp and hgatp say by which tables addresses are translated, if by any (privileged ISA, "Supervisor Address Translation and
 * Protection", "Hypervisor Guest Address Translation and Protection Register").
 */

/** As a mode it is Sv39, or Sv39x4 in hgatp. */
const sv39 = 8n;
const modeOf = (value: bigint): bigint => BigInt.asUintN(64, value) >> 60n;

/** Of a legal value: the only other mode is Bare. */
export const isSv39 = (satp: bigint): boolean => satp < 0n;
/** Where the topmost table begins. */
export const rootOf = (satp: bigint): number => Number(satp & 0xfff_ffff_ffffn) * 4096;

/** "a write [...] with an unsupported MODE value is ignored": what is held behind it. */
export function writtenSatp(old: bigint, value: bigint): bigint {
  const mode = modeOf(value);
  return mode === 0n || mode === sv39 ? value : old;
}

/** VMIDs have 14 bits, VMIDMAX; "the lowest two bits of the physical page number (PPN) in hgatp always read as zeros". */
const hgatpFields = (15n << 60n) | (0x3fffn << 44n) | 0xfff_ffff_fffcn;

/**
 * "A write to hgatp with an unsupported MODE value is not ignored as it is for satp. Instead, the fields of hgatp are WARL in the
 * normal way": the mode stays then.
 */
export function writtenHgatp(old: bigint, value: bigint): bigint {
  const mode = modeOf(value);
  const legal = mode === 0n || mode === sv39 ? mode : modeOf(old);
  return BigInt.asIntN(64, (value & hgatpFields & ((1n << 60n) - 1n)) | (legal << 60n));
}
