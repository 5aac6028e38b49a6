import type { Hart, HartBus } from "./hart/index.js";

const csr = { satp: 0x180, vsatp: 0x280, hgatp: 0x680 } as const;
const machine = 3;
const sv39 = 8n;
/** Bits of a page table's entry (privileged ISA, "Sv39"). */
const [valid, readable, writable, executable] = [1n, 2n, 4n, 8n];
const pages = (1n << 44n) - 1n;

/** One entry of a page table that is read on the way: a memory reference. */
interface WalkStep {
  /** Whose table: the supervisor's, of one stage; the guest's (VS-stage); the hypervisor's for guest physical addresses (G-stage). */
  readonly stage: "supervisor" | "guest" | "hypervisor";
  /** 2 is the topmost table, 0 that of pages of 4 KiB. */
  readonly level: number;
  /** What it translates: a virtual address, or a guest physical one. */
  readonly of: bigint;
  /** Where the entry lies, physically. */
  readonly at: number;
  readonly entry: bigint;
}

/** The way from an address to a physical one. */
export interface PageWalk {
  readonly address: bigint;
  /** In their order; with both stages at most 15. */
  readonly steps: readonly WalkStep[];
  /** Where the guest's tables lead, if there are two stages and they lead anywhere. */
  readonly guestPhysical: bigint | undefined;
  /** Undefined where no page is mapped. */
  readonly physical: number | undefined;
}

/**
 * How a hart's instructions find what an address means: without permissions, without marking anything and without exceptions.
 * Machine mode sees physical addresses.
 * @param asGuest whether to look as the guest does whose vsatp and hgatp the hart holds; the hart's own mode says so if nothing does
 */
export function pageWalk(
  hart: Hart,
  bus: Pick<HartBus, "ramAt" | "buffer">,
  address: bigint,
  asGuest: boolean = hart.mode.virtual,
): PageWalk {
  const steps: WalkStep[] = [];
  const held = (number: number): bigint => BigInt.asUintN(64, hart.csr(number) ?? 0n);
  const view = new DataView(bus.buffer);
  const bare = BigInt.asUintN(64, address);

  /** @param locate where a table's entry lies, physically */
  const walk = (
    stage: WalkStep["stage"],
    root: bigint,
    of: bigint,
    bits: bigint,
    locate: (entry: bigint) => bigint | undefined,
  ): bigint | undefined => {
    let table = (root & pages) << 12n;
    for (let level = 2; level >= 0; level--) {
      const shift = 12n + 9n * BigInt(level);
      const index = BigInt.asUintN(level === 2 ? Number(bits - shift) : 9, of >> shift);
      const located = locate(table + 8n * index);
      const at = located === undefined ? undefined : exact(located);
      const host = at === undefined ? undefined : bus.ramAt(at, 8);
      if (at === undefined || host === undefined) return undefined;
      const entry = view.getBigUint64(host, true);
      steps.push({ stage, level, of, at, entry });
      if ((entry & valid) === 0n) return undefined;
      const page = ((entry >> 10n) & pages) << 12n;
      const inside = (1n << shift) - 1n;
      if ((entry & (readable | writable | executable)) !== 0n) return (page & ~inside) | (of & inside);
      table = page;
    }
    return undefined;
  };
  const isCanonical = BigInt.asIntN(39, address) === BigInt.asIntN(64, address);
  /** By tables where there are any. */
  const first = (
    stage: WalkStep["stage"],
    satp: bigint,
    locate: (entry: bigint) => bigint | undefined,
  ): bigint | undefined => {
    if (satp >> 60n !== sv39) return bare;
    return isCanonical ? walk(stage, satp, bare, 39n, locate) : undefined;
  };

  if (!asGuest) {
    const found = hart.mode.privilege === machine ? bare : first("supervisor", held(csr.satp), (entry) => entry);
    return { address: bare, steps, guestPhysical: undefined, physical: found === undefined ? undefined : exact(found) };
  }
  const hgatp = held(csr.hgatp);
  const second = (of: bigint): bigint | undefined => {
    if (hgatp >> 60n !== sv39) return of;
    return of >> 41n === 0n ? walk("hypervisor", hgatp, of, 41n, (entry) => entry) : undefined;
  };
  const guestPhysical = first("guest", held(csr.vsatp), second);
  const found = guestPhysical === undefined ? undefined : second(guestPhysical);
  return { address: bare, steps, guestPhysical, physical: found === undefined ? undefined : exact(found) };
}

/** As a number; undefined beyond what one can say exactly, where no memory is. */
function exact(address: bigint): number | undefined {
  return address <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(address) : undefined;
}
