import { ramBase } from "../plain-board.js";

export const page = 4096;
export const ramSize = 30 * page;
export const deviceBase = 0x10000000;

/**
 * Pages of RAM, by number: handlers, the program, its data, the page tables of two address spaces, and those of a hypervisor
 * for two guests, whose topmost ones have four pages.
 */
export const place = {
  handlers: 0,
  program: 1,
  data: 4,
  root: 8,
  middle: 9,
  leaves: 10,
  otherRoot: 11,
  otherMiddle: 12,
  otherLeaves: 13,
  guestRoot: 16,
  guestMiddle: 20,
  guestLeaves: 21,
  otherGuestRoot: 24,
  otherGuestMiddle: 28,
  otherGuestLeaves: 29,
} as const;

/** The physical address of a page. */
export const at = (number: number): number => ramBase + number * page;

/** Page 0: machine mode's handler, supervisor mode's, the start, and numbers for all of them. */
export const inHandlers = { machine: 0, supervisor: 0x400, boot: 0x800, pool: 0xc00, parameters: 0xf00 } as const;

/**
 * Where RAM is seen where addresses are translated: by leaves of 4 KiB as it lies and once more, by one of 2 MiB, by one of
 * 1 GiB, and by one of 1 GiB at the upper end of the address space. As 32 bits, sign-extended only for the last one.
 */
export const views = {
  plain: ramBase,
  alias: ramBase + 0x20000,
  mega: ramBase + 0x200000,
  giga: 0xc0000000,
  high: 0xc0000000 | 0,
} as const;

/** What registers are for; beside `free`, programs write `data`, `link`, `temporary` and `fromPool` alone. */
export const registers = {
  free: [0, 1, 5, 6, 7, 11, 12, 13],
  /** Where loads and stores go: into the data's pages, wherever they are seen. */
  data: 8,
  device: 9,
  /** Where the program begins, and the same by two other views. */
  program: 10,
  aliasProgram: 18,
  megaProgram: 19,
  temporary: 14,
  /** An instruction to store into the program, and any other number of the pool. */
  instruction: 15,
  fromPool: 17,
  pool: 16,
  /** Where in the pool the next such instruction is, as a distance and as an address. */
  next: 20,
  nextAt: 21,
} as const;
