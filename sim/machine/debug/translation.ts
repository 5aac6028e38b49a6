import type { Bus } from "../bus.js";
import type { Hart } from "../hart/index.js";

const satp = 0x180;
const machine = 3;
const sv39 = 8n;
/** Bits of a page table's entry (privileged ISA, "Sv39"). */
const [valid, readable, writable, executable] = [1n, 2n, 4n, 8n];

/**
 * The physical address behind a virtual one as a hart's instructions see it, without permissions, without marking anything and
 * without exceptions; undefined where no page is mapped. Machine mode sees physical addresses.
 */
export function translate(hart: Hart, bus: Bus, address: bigint): number | undefined {
  const root = BigInt.asUintN(64, hart.csr(satp) ?? 0n);
  if (hart.mode.privilege === machine || root >> 60n !== sv39) return physical(BigInt.asUintN(64, address));
  if (BigInt.asIntN(39, address) !== BigInt.asIntN(64, address)) return undefined;
  let table = (root & ((1n << 44n) - 1n)) << 12n;
  for (let level = 2n; level >= 0n; level--) {
    const shift = 12n + 9n * level;
    const at = physical(table + ((address >> shift) & 511n) * 8n);
    const entry = at === undefined || bus.ramAt(at, 8) === undefined ? undefined : bus.load(at, 64);
    if (entry === undefined || (entry & valid) === 0n) return undefined;
    const page = ((BigInt.asUintN(64, entry) >> 10n) & ((1n << 44n) - 1n)) << 12n;
    const inside = (1n << shift) - 1n;
    if ((entry & (readable | writable | executable)) !== 0n) return physical((page & ~inside) | (address & inside));
    table = page;
  }
  return undefined;
}

/** As a number; undefined beyond what one can say exactly, where no memory is. */
function physical(address: bigint): number | undefined {
  return address <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(address) : undefined;
}
