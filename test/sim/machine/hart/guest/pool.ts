import { inHandlers, page, place, registers } from "./layout.js";
import { word } from "./words.js";
import { ramBase } from "../plain-board.js";

const first = ramBase / page;
const satp = (asid: number, root: number): bigint => (8n << 60n) | (BigInt(asid) << 44n) | BigInt(first + root);

/** What satp is at first. */
export const firstSpace: bigint = satp(1, place.root);

/** What the program writes to satp: both address spaces, one of them under two numbers, and none. */
const spaces = [firstSpace, firstSpace, satp(2, place.otherRoot), satp(3, place.root), 0n];

/** For hgatp: the tables of the hypervisor for two guests, those for one under two numbers, and none. */
export const firstGuest: bigint = satp(1, place.guestRoot);
const guests = [firstGuest, firstGuest, satp(2, place.otherGuestRoot), satp(3, place.guestRoot), 0n];
/** hstatus.SPV, SPVP, HU, VTVM, VTW, VTSR. */
const guestStatuses = [0x80, 0x100, 0x200, 0x80, 0x100, 0x300, 0x100000, 0x200000, 0x400000];

/** For pmpaddr0: the data's first page, 8 bytes of it, 4 bytes, all below it. */
const dataAt = (ramBase + place.data * page) / 4;
const ranges = [dataAt + 0x1ff, dataAt + 0x200, dataAt + 0x210, dataAt];
/** For pmpcfg0: nothing of it allowed; reading, writing alone; off; locked. Behind it: all of memory. */
const protections = [0x18, 0x19, 0x1b, 0x11, 0x09, 0x00, 0x07, 0x99].map((byte) => 0x1f00 | byte);
/** mstatus.MPRV with MPP, with MPV, SUM, MXR, TVM, TW, TSR, FS, and the interrupts' enables. */
const statuses = [
  0x20000, 0x20800, 0x8000020000, 0x8000020800, 0x40000, 0x80000, 0xc0000, 0x100000, 0x200000, 0x400000, 0x6000, 0x2000,
  8, 2, 0xa,
];

/** Two short instructions each: c.addi x5, 1 and c.nop; c.addi x6, -1 twice; c.srli x12, 4 and c.xor x12, x13. */
export const shortPairs = [0x00010285, 0x137d137d, 0x8e358211] as const;

/** Instructions that a program puts into itself. */
function instructions(): number[] {
  const { free } = registers;
  const one = (index: number): number => free[index % free.length] ?? 0;
  const long = Array.from({ length: pooledInstructions - shortPairs.length }, (_, index) => {
    const operands = { rd: one(index), rs1: one(index * 3 + 1), imm: index * 37 - 1000 };
    return word(["addi", "xori", "sltiu", "addiw"][index % 4] ?? "addi", operands);
  });
  return [...long, ...shortPairs];
}

/** They lie first. */
export const pooledInstructions = 64;

/** Where each other kind of number lies, in bytes from the pool's beginning, and how many there are. */
export const pool: Readonly<
  Record<
    "spaces" | "ranges" | "protections" | "statuses" | "guests" | "guestStatuses",
    { readonly start: number; count: number }
  >
> = {
  spaces: { start: 256, count: spaces.length },
  ranges: { start: 320, count: ranges.length },
  protections: { start: 384, count: protections.length },
  statuses: { start: 448, count: statuses.length },
  guests: { start: 576, count: guests.length },
  guestStatuses: { start: 640, count: guestStatuses.length },
};

export function putPool(ram: Uint8Array): void {
  const view = new DataView(ram.buffer, inHandlers.pool);
  instructions().forEach((value, index) => {
    view.setUint32(4 * index, value, true);
  });
  const put = (start: number, values: readonly (bigint | number)[]): void => {
    values.forEach((value, index) => {
      view.setBigUint64(start + 8 * index, BigInt(value), true);
    });
  };
  put(pool.spaces.start, spaces);
  put(pool.ranges.start, ranges);
  put(pool.protections.start, protections);
  put(pool.statuses.start, statuses);
  put(pool.guests.start, guests);
  put(pool.guestStatuses.start, guestStatuses);
}
