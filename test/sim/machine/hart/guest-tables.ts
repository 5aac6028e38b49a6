import { csrNumbers, type Hart } from "../../../../sim/machine/index.js";
import { put64 } from "./guest-board.js";
import { ramBase, type PlainBoard } from "./plain-board.js";

/** Bits of page table entries. */
export const flag = { V: 1, R: 2, W: 4, X: 8, U: 16, A: 64, D: 128 } as const;
export const full = 0xcf;
const page = 4096;

/** Pages of RAM that hold tables, by number: the guest's, and the hypervisor's for it, whose topmost one has four pages. */
export const table = {
  root: 0x10,
  middle: 0x11,
  leaves: 0x12,
  guestRoot: 0x14,
  guestMiddle: 0x18,
  guestLeaves: 0x19,
} as const;

/** Where a guest's virtual memory begins, page by page as RAM does. */
const virtualBase = 0x40000000;
export const virtual = (number: number): bigint => BigInt(virtualBase + number * page);
/** The guest physical address is the physical one. */
export const physical = (number: number): bigint => BigInt(ramBase + number * page);

const entryOf = (address: bigint, flags: number): bigint => ((address >> 12n) << 10n) | BigInt(flags);

/** Where the guest's entry for a page of RAM lies, and the hypervisor's. */
export const leafAt = (number: number): number => ramBase + table.leaves * page + 8 * number;
const guestLeafAt = (number: number): number => ramBase + table.guestLeaves * page + 8 * number;

/** What one page is to the guest: by its own table, and by the hypervisor's. */
export function mapPage(board: PlainBoard, number: number, flags: number, to: bigint = physical(number)): void {
  put64(board, leafAt(number), entryOf(to, flags));
}

export function mapGuestPage(board: PlainBoard, number: number, flags: number, to: bigint = physical(number)): void {
  put64(board, guestLeafAt(number), entryOf(to, flags));
}

export function setCsrs(hart: Hart, values: Readonly<Record<string, bigint>>): void {
  for (const [name, value] of Object.entries(values)) hart.setCsr(csrNumbers.get(name) ?? 0, value);
}

const sv39 = 8n << 60n;
const satpOf = (number: number): bigint => sv39 | BigInt(ramBase / page + number);

/** Two stages of tables that lead to RAM's first 2 MiB, all of it allowed. */
export function putTables(board: PlainBoard): void {
  const next = (at: number, index: number, to: number): void => {
    put64(board, ramBase + at * page + 8 * index, entryOf(physical(to), flag.V));
  };
  next(table.root, 1, table.middle);
  next(table.middle, 0, table.leaves);
  next(table.guestRoot, 2, table.guestMiddle);
  next(table.guestMiddle, 0, table.guestLeaves);
  for (let number = 0; number < 256; number++) {
    mapPage(board, number, full);
    mapGuestPage(board, number, full | flag.U);
  }
  setCsrs(board.hart, { vsatp: satpOf(table.root), hgatp: satpOf(table.guestRoot) });
  board.hart.fence(undefined);
}
