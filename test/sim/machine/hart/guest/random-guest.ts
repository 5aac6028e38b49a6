import fc from "fast-check";
import { rv64, rv64h, type Isa } from "../../../../../sim/machine/index.js";
import { putHandlers, type Parameters as HandlerParameters } from "./handlers.js";
import { at, inHandlers, page, place, ramSize, views } from "./layout.js";
import { firstGuest, firstSpace, putPool } from "./pool.js";
import { choice, partOf, type Choice } from "./program.js";
import { word } from "./words.js";
import { ramBase } from "../plain-board.js";

export interface Guest {
  /** All of RAM. */
  readonly ram: Uint8Array;
  readonly start: number;
  /** Where the program's instructions begin, each of four bytes. */
  readonly program: number;
  readonly isa: Isa;
}

/** Flags of a data page's leaf: V 1, R 2, W 4, X 8, U 16, A 64, D 128. */
const flags = fc.constantFrom(0xcf, 0xdf, 0xcf, 0x0f, 0x1f, 0x4f, 0xd7, 0xcb, 0xc7, 0xd9, 0x00, 0xc3);

const space = fc.record({
  data: fc.array(flags, { minLength: 8, maxLength: 8 }),
  /** Of the program's second page, into which the program mostly leads: what is missing there. */
  lacking: fc.constantFrom(0, 0, 0, 8, 64, 1),
  /** How many places further each of three pages of data is found. */
  turned: fc.nat(2),
  mega: flags,
  giga: flags,
  toUser: fc.boolean(),
});

/** Numbers where carries, signs and overflows happen, doubles that calculate with each other, and any others. */
const value = fc.oneof(
  fc.constantFrom(0n, 1n, -1n, 2n ** 31n, -(2n ** 31n), 2n ** 32n - 1n, 2n ** 63n - 1n, -(2n ** 63n)),
  fc.constantFrom(0x3ff0000000000000n, 0x4008cccccccccccdn, -0x4000000000000001n, -0xc0800000n, 0x7ff0000000000000n),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

const parameters = fc.record({
  values: fc.array(value, { minLength: 6, maxLength: 6 }),
  vectored: fc.nat(1),
  medeleg: fc.nat(0xffff),
  mideleg: fc.nat(0xffff),
  mie: fc.nat(0xffff),
  mode: fc.constantFrom(0, 1, 1, 3),
  /** SUM, MXR. */
  seen: fc.constantFrom(0, 0x40000, 0x80000, 0xc0000),
  /** ADUE and STCE. */
  environment: fc.constantFrom(0n, 1n << 61n, 1n << 63n, 5n << 61n),
});

/** What a hypervisor's tables allow, and what it leaves to guests. */
const guests = fc.record({
  data: fc.array(flags, { minLength: 4, maxLength: 4 }),
  /** For each guest, how many places further each of three pages of data is found. */
  turned: fc.tuple(fc.nat(2), fc.nat(2)),
  mega: flags,
  giga: flags,
  /** Whether it begins as a guest, and with tables of the hypervisor. */
  virtual: fc.constantFrom(true, true, true, false),
  translated: fc.constantFrom(true, true, true, false),
  medeleg: fc.constantFrom(0, 0x3e, 0x3f, 0x2a),
  hedeleg: fc.nat(0xffff),
  hideleg: fc.nat(0x7ff),
  environment: fc.constantFrom(0n, 1n << 61n, 1n << 63n, 5n << 61n),
  seen: fc.constantFrom(0, 0x40000, 0x80000, 0xc0000),
});

type Guests = typeof guests extends fc.Arbitrary<infer T> ? T : never;
type Parameters = typeof parameters extends fc.Arbitrary<infer T> ? T : never;
type Space = typeof space extends fc.Arbitrary<infer T> ? T : never;

/** What supervisor mode may be left to handle: not what would keep it from ever coming back to machine mode. */
const delegated = 0xb1fc;

/** Both address spaces see page 0 and the tables as they lie, so that handlers work in both. */
function putTables(view: DataView, spaces: readonly Space[]): void {
  const entry = (table: number, index: number, physicalPage: number, bits: number): void => {
    view.setBigUint64(table * page + 8 * index, (BigInt(physicalPage) << 10n) | BigInt(bits), true);
  };
  const first = ramBase / page;
  spaces.forEach(({ data, lacking, turned, mega, giga, toUser }, number) => {
    const [root, middle, leaves] = [place.root, place.middle, place.leaves].map((table) => table + 3 * number);
    if (root === undefined || middle === undefined || leaves === undefined) return;
    entry(root, 0, 0, toUser ? 0xdf : 0xcf);
    entry(root, 2, first + middle, 1);
    // A leaf: something of R and X has to be there.
    entry(root, 3, first, giga | 2);
    entry(root, 511, first, giga | 2);
    entry(middle, 0, first + leaves, 1);
    entry(middle, 1, first, mega | 2);
    for (let index = 0; index < 16; index++) {
      const isProgram = index >= place.program && index < place.data;
      const isData = index >= place.data && index < place.root;
      const ofProgram = (0xcf | (toUser ? 0x10 : 0)) & ~(index === place.program + 1 ? lacking : 0);
      const bits = isProgram ? ofProgram : isData ? (data[index - place.data] ?? 0) : 0xcf;
      const isTurned = index >= place.data && index < place.data + 3;
      const found = isTurned ? place.data + ((index - place.data + turned) % 3) : index;
      entry(leaves, index, first + found, bits);
      entry(leaves, index + (views.alias - views.plain) / page, first + index, isProgram ? bits : (data[7] ?? 0xcf));
    }
  });
}

/** The hypervisor's tables lead where a guest's addresses say: program, handlers and tables as they are, data as it allows. */
function putGuestTables(view: DataView, { data, turned, mega, giga }: Guests): void {
  const user = 0x10;
  const entry = (table: number, index: number, physicalPage: number, bits: number): void => {
    view.setBigUint64(table * page + 8 * index, (BigInt(physicalPage) << 10n) | BigInt(bits), true);
  };
  const first = ramBase / page;
  const tables = [
    [place.guestRoot, place.guestMiddle, place.guestLeaves],
    [place.otherGuestRoot, place.otherGuestMiddle, place.otherGuestLeaves],
  ] as const;
  tables.forEach(([root, middle, leaves], guest) => {
    entry(root, 0, 0, 0xcf | user);
    entry(root, 2, first + middle, 1);
    entry(root, 3, first, giga | user | 2);
    entry(middle, 0, first + leaves, 1);
    entry(middle, 1, first, mega | user | 2);
    for (let index = 0; index < ramSize / page; index++) {
      const isData = index >= place.data && index < place.root;
      const bits = isData ? (data[index - place.data] ?? 0) : 0xcf;
      const isTurned = index >= place.data && index < place.data + 3;
      const found = isTurned ? place.data + ((index - place.data + (turned[guest] ?? 0)) % 3) : index;
      entry(leaves, index, first + found, bits === 0 ? 0 : bits | user);
      entry(leaves, index + (views.alias - views.plain) / page, first + index, 0xcf | user);
    }
  });
}

const jumps = new Map<number, number>();

/** Programs hold thousands of jumps, of always the same lengths. */
function jumpBy(distance: number): number {
  const bits = jumps.get(distance) ?? word("jal", { rd: 0, imm: distance });
  jumps.set(distance, bits);
  return bits;
}

/** The program at its place, odd or not, and jumps back to its beginning in all of the rest of its pages. */
function putProgram(
  view: DataView,
  choices: readonly Choice[],
  toUser: boolean,
  middle: boolean,
  odd: boolean,
  hypervisor: boolean,
): number {
  const [begin, end] = [place.program * page, place.data * page];
  const start = begin + (odd ? 2 : 0) + (middle ? page - 160 : 4);
  const jump = (from: number, to: number): void => {
    view.setUint32(from, jumpBy(to - from), true);
  };
  // c.nop, between the jump at the beginning and the first one that is odd.
  view.setUint16(begin + 4, 1, true);
  for (let offset = begin + 4 + (odd ? 2 : 0); offset + 4 <= end; offset += 4) jump(offset, begin);
  if (odd) view.setUint16(end - 2, 1, true);
  jump(begin, start);
  const most = begin + 2 * page - 64;
  choices
    .flatMap((chosen) => partOf(chosen, toUser, hypervisor))
    .forEach((made, index) => {
      if (start + 4 * index < most) view.setUint32(start + 4 * index, made, true);
    });
  return at(0) + start;
}

/** The data's pages repeat the numbers that registers hold at first. */
function putData(view: DataView, values: readonly bigint[]): void {
  for (let offset = place.data * page; offset < place.root * page; offset += 8) {
    view.setBigInt64(offset, values[(offset / 8) % values.length] ?? 0n, true);
  }
}

/** Calls from VS-mode, guest-page faults and virtual instructions. */
const delegatedOfGuests = (bits: number): number => ((bits & 1) << 10) | ((bits >> 1) << 20);

const parametersOf = ({ translated, hedeleg, hideleg, environment, seen }: Guests): HandlerParameters["guests"] => ({
  hgatp: translated ? firstGuest : 0n,
  vsatp: firstSpace,
  hedeleg: hedeleg & delegated,
  hideleg,
  // HU and SPVP.
  hstatus: 0x300,
  vsstatus: seen | 0x2020,
  henvcfg: environment,
});

function guestOf(
  choices: readonly Choice[],
  spaces: readonly Space[],
  { mode, seen, medeleg, environment, ...rest }: Parameters,
  middle: boolean,
  odd: boolean,
  hypervised?: Guests,
): Guest {
  const ram = new Uint8Array(ramSize);
  const view = new DataView(ram.buffer);
  const toUser = spaces[0]?.toUser ?? false;
  putTables(view, spaces);
  if (hypervised !== undefined) putGuestTables(view, hypervised);
  const program = putProgram(view, choices, toUser, middle, odd, hypervised !== undefined);
  putData(view, rest.values);
  putPool(ram);
  putHandlers(ram, {
    ...rest,
    medeleg: (medeleg & delegated) | (hypervised === undefined ? 0 : delegatedOfGuests(hypervised.medeleg)),
    menvcfg: environment,
    satp: firstSpace,
    // With MPIE, and floating point on.
    mstatus: BigInt((mode << 11) | seen | 0x2080) | (hypervised?.virtual === true ? 1n << 39n : 0n),
    program,
    guests: hypervised === undefined ? undefined : parametersOf(hypervised),
  });
  const isa = hypervised === undefined ? rv64 : rv64h;
  return { ram, start: at(place.handlers) + inHandlers.boot, program, isa };
}

const made = [
  fc.array(choice, { minLength: 20, maxLength: 160 }),
  fc.tuple(space, space),
  parameters,
  fc.boolean(),
  fc.boolean(),
] as const;

/**
 * A machine's RAM with handlers, page tables of two address spaces and a random program that runs in all modes, touches memory and
 * a device, changes CSRs, page tables, address spaces and itself, and is sent back by the handlers wherever it goes astray.
 *
 * Nothing is done that the specification leaves open: tables change by the handlers alone, which fence, since what isn't fenced
 * may be seen late.
 */
export const randomGuest: fc.Arbitrary<Guest> = fc
  .tuple(...made)
  .map(([choices, spaces, given, middle, odd]) => guestOf(choices, spaces, given, middle, odd));

/**
 * The same with the hypervisor extension: in VS- and VU-mode too, by tables of the hypervisor beside its own; hypervisor and guest share
 * those, as they share the handler. Any fence is one of all that shares them, which is more than the specification asks for.
 */
export const randomHypervisor: fc.Arbitrary<Guest> = fc
  .tuple(...made, guests)
  .map(([choices, spaces, given, middle, odd, hypervised]) => guestOf(choices, spaces, given, middle, odd, hypervised));
