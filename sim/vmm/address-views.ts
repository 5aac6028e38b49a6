import { UsageError, type TableView } from "../core/index.js";
import { pageWalk, type Machine, type Place } from "../machine/index.js";
import type { Allocator } from "./allocator.js";
import type { Allotment } from "./frames.js";
import { pageSize, pte } from "./privileged.js";

/** A virtual machine as its explorer sees it. */
export interface Explored {
  readonly machine: Machine;
  readonly allotment: Allotment;
  /** For each hart: the tables that the host walks in place of the guest's. */
  readonly allocators: readonly Allocator[];
}

const entries = 512;
/** Sv39's addresses have so many bits, and pages of level 0 so many within. */
const bits = { address: 39, page: 12, index: 9 } as const;
const satpNumber = 0x180;
/** Tables that are looked at: a guest may let one lead to itself. */
const mostTables = 4096;
const numberMask = (1n << 44n) - 1n;

const hex = (address: bigint | number): string => `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;

/** Permissions as a map of memory shows them: `rwx`, and whose page it is. */
function rights(entry: number): string {
  const letter = (bit: number, name: string): string => ((entry & bit) === 0 ? "-" : name);
  return letter(pte.R, "r") + letter(pte.W, "w") + letter(pte.X, "x") + letter(pte.U, "u");
}

/** What an entry of a page table says. */
function says(entry: bigint): string {
  const flags = Number(entry & 0xffn);
  if ((flags & pte.V) === 0) return "nothing there";
  const target = hex(((entry >> 10n) & numberMask) << 12n);
  return (flags & (pte.R | pte.W | pte.X)) === 0 ? `the next table is at ${target}` : `${target} ${rights(flags)}`;
}

/** Where the host has a guest's physical address; undefined where the guest has no memory. */
function hostAddress({ machine, allotment }: Explored, physical: number): number | undefined {
  const offset = physical - machine.bus.ramBase;
  return offset >= 0 && offset < allotment.size ? allotment.address + offset : undefined;
}

/**
 * An address of the guest's on its way to the host's memory: the entries of the guest's own tables, each with the place where the host has
 * it, then the guest's physical address, then the host's; and what the shadow, which the host's hart walks, says of it now.
 * @throws UsageError for a symbol that there isn't, or no such hart
 */
export function addressView(explored: Explored, at: Place, hart: number): TableView {
  const { machine } = explored;
  const walk = pageWalk(machine.hart(hart), machine.bus, machine.address(at));
  const host = walk.physical === undefined ? undefined : hostAddress(explored, walk.physical);
  const shadow = explored.allocators[hart]?.lookUp(walk.address);
  const inUse = (explored.allocators[hart]?.shadow.size.fills ?? 0) > 0;
  const place = (physical: number): string => {
    const found = hostAddress(explored, physical);
    return found === undefined ? "" : hex(found);
  };
  const rows = walk.steps.map(({ level, at: entryAt, entry }) => ({
    step: `the guest's table, level ${level}`,
    guest: hex(entryAt),
    host: place(entryAt),
    says: says(entry),
  }));
  const physical = walk.physical === undefined ? "no page" : hex(walk.physical);
  return {
    as: "table",
    title: `The way of ${hex(walk.address)} in ${machine.name}`,
    columns: [
      { key: "step" },
      { key: "guest", label: "in the guest's memory" },
      { key: "host", label: "in the host's" },
      { key: "says" },
    ],
    rows: [
      { step: "virtual address", guest: hex(walk.address), host: "", says: "" },
      ...rows,
      {
        step: "physical address",
        guest: physical,
        host: host === undefined ? "" : hex(host),
        says: walk.physical !== undefined && host === undefined ? "no memory: a device, or nothing" : "",
      },
      {
        step: "shadow",
        guest: "",
        host: shadow === undefined ? "" : hex(shadow.address),
        says: inUse
          ? shadow === undefined
            ? "not filled: the next access is an exit"
            : rights(shadow.flags & ~pte.U)
          : "empty",
      },
    ],
    caption: inUse
      ? "the shadow has the guest's two steps in one; it is what the host's processor walks"
      : "no shadow is in use: where paging is nested, the host's processor walks the guest's tables, and the VMM's for each step",
  };
}

/** A stretch of the guest's address space whose pages lie one behind the other in all three, with equal rights. */
interface Stretch {
  readonly virtual: bigint;
  readonly physical: number;
  readonly flags: number;
  size: number;
  shadowed: number;
}

/**
 * What the guest's page tables map, stretch by stretch, with the host's addresses, and how many pages of each the shadow has by now.
 * @param most stretches, the first ones
 * @throws UsageError where the hart's addresses are physical: there are no tables
 */
export function mappingsView(explored: Explored, hart: number, most: number): TableView {
  const { machine, allocators } = explored;
  const satp = BigInt.asUintN(64, machine.hart(hart).csr(satpNumber) ?? 0n);
  if (satp >> 60n === 0n) {
    throw new UsageError(
      `${machine.name} translates no addresses now: satp is 0`,
      "Let it run until its kernel has set up page tables, or to a breakpoint behind that.",
    );
  }
  const stretches: Stretch[] = [];
  let tables = 0;
  const visit = (table: number, level: number, prefix: bigint): void => {
    if (++tables > mostTables) return;
    for (let index = 0; index < entries; index++) {
      const entry =
        machine.bus.ramAt(table + 8 * index, 8) === undefined ? 0n : (machine.bus.load(table + 8 * index, 64) ?? 0n);
      const flags = Number(entry & 0xffn);
      if ((flags & pte.V) === 0) continue;
      const virtual = prefix + (BigInt(index) << BigInt(bits.page + bits.index * level));
      const physical = Number((entry >> 10n) & numberMask) * pageSize;
      if ((flags & (pte.R | pte.W | pte.X)) !== 0)
        add(stretches, virtual, physical, flags, pageSize * entries ** level);
      else if (level > 0) visit(physical, level - 1, virtual);
    }
  };
  visit(Number(satp & numberMask) * pageSize, 2, 0n);
  const shadow = allocators[hart]?.mapped ?? [];
  for (const virtual of shadow) {
    const stretch = stretches.find((each) => virtual >= each.virtual && virtual < each.virtual + BigInt(each.size));
    if (stretch !== undefined) stretch.shadowed++;
  }
  const rows = stretches.slice(0, most).map(({ virtual, physical, flags, size, shadowed }) => {
    const host = hostAddress(explored, physical);
    return {
      virtual: hex(BigInt.asIntN(bits.address, virtual)),
      pages: size / pageSize,
      rights: rights(flags),
      physical: hex(physical),
      host: host === undefined ? "no memory" : hex(host),
      shadowed,
    };
  });
  return {
    as: "table",
    title: `What ${machine.name} has mapped`,
    columns: [
      { key: "virtual", label: "guest virtual" },
      { key: "pages", label: "pages of 4 KiB" },
      { key: "rights" },
      { key: "physical", label: "guest physical" },
      { key: "host", label: "host physical" },
      { key: "shadowed", label: "pages in the shadow" },
    ],
    rows,
    caption:
      tables > mostTables
        ? `of the first ${mostTables} tables`
        : stretches.length > most
          ? `the first ${most} of ${stretches.length} stretches`
          : `satp is ${hex(satp)}`,
  };
}

function add(stretches: Stretch[], virtual: bigint, physical: number, flags: number, size: number): void {
  const last = stretches.at(-1);
  const rightBits = pte.R | pte.W | pte.X | pte.U;
  const isNext =
    last !== undefined &&
    last.virtual + BigInt(last.size) === virtual &&
    last.physical + last.size === physical &&
    (last.flags & rightBits) === (flags & rightBits);
  if (isNext) last.size += size;
  else stretches.push({ virtual, physical, flags, size, shadowed: 0 });
}
