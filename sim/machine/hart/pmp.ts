import type { Access } from "./exceptions.js";
import { machine, user, type Privilege } from "./mode.js";
import type { PrivilegedState } from "./state.js";

/** Bits of an entry's configuration (privileged ISA, "Physical Memory Protection CSRs"). */
const permission: Readonly<Record<Access, number>> = { read: 1, write: 2, execute: 4 };
const locked = 0x80;
const matching = { off: 0, topOfRange: 1, four: 2, powerOfTwo: 3 } as const;
const matchingOf = (config: number): number => (config >> 3) & 3;

export const isLocked = (config: number): boolean => (config & locked) !== 0;
export const isTopOfRange = (config: number): boolean => matchingOf(config) === matching.topOfRange;

/** A written configuration as it is stored: reserved bits are 0, and so is W without R, a reserved combination. */
export function legalConfig(value: number): number {
  const config = value & 0x9f;
  return (config & 3) === permission.write ? config & ~permission.write : config;
}

/** From `start` to below `end`, in bytes. */
interface Range {
  readonly start: number;
  readonly end: number;
}

interface Region extends Range {
  readonly config: number;
}

/** What the entries say, the granularity being four bytes. Regions that no entry could ever match are left out. */
export class Protection {
  #regions: readonly Region[] = [];
  #implemented = false;

  /** Reads the entries anew: to be called when they change. */
  update({ pmpcfg, pmpaddr }: PrivilegedState): void {
    this.#implemented = pmpcfg.length > 0;
    this.#regions = pmpcfg.flatMap((config, entry) => {
      const address = pmpaddr[entry] ?? 0n;
      switch (matchingOf(config)) {
        case matching.topOfRange:
          return [{ start: entry === 0 ? 0 : 4 * Number(pmpaddr[entry - 1] ?? 0n), end: 4 * Number(address), config }];
        case matching.four:
          return [{ start: 4 * Number(address), end: 4 * Number(address) + 4, config }];
        case matching.powerOfTwo: {
          // Trailing ones tell the size: of none of them, 8 bytes.
          const size = address ^ (address + 1n);
          const start = 4 * Number(address & ~size);
          return [{ start, end: start + 4 * (Number(size) + 1), config }];
        }
        default:
          return [];
      }
    });
  }

  /** Whether all of the bytes may be accessed; the entry of the lowest number that matches any of them decides. */
  allows(address: number, bytes: number, access: Access, privilege: Privilege): boolean {
    const end = address + bytes;
    for (const region of this.#regions) {
      if (end <= region.start || address >= region.end) continue;
      if (address < region.start || end > region.end) return false;
      return (privilege === machine && !isLocked(region.config)) || (region.config & permission[access]) !== 0;
    }
    return privilege === machine || !this.#implemented;
  }

  /** The longest part of a range that may be read and written in all modes; it ends where it begins if there is none. */
  openRange(start: number, end: number): Range {
    const inside = this.#regions.flatMap((region) => [region.start, region.end]).filter((at) => at > start && at < end);
    const edges = [start, ...inside.sort((a, b) => a - b), end];
    // Between two edges, each region is everywhere or nowhere.
    const parts = edges.slice(1).map((to, index) => ({ start: edges[index] ?? start, end: to }));
    return parts
      .filter((part) => this.allows(part.start, part.end - part.start, "read", user))
      .filter((part) => this.allows(part.start, part.end - part.start, "write", user))
      .reduce((longest, part) => (part.end - part.start > longest.end - longest.start ? part : longest), {
        start,
        end: start,
      });
  }
}
