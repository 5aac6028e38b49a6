import { formats } from "./format.js";
import {
  add,
  and,
  choose,
  constant,
  exchange,
  less,
  lessUnsigned,
  load,
  call,
  not,
  or,
  rs1,
  rs2,
  set,
  signed,
  store,
  variable,
  when,
  xor,
  type Meaning,
  type Term,
} from "./meaning.js";
import { rows, type Row } from "./row.js";

type Update = (old: Term, operand: Term) => Term;

/** What each operation leaves in memory, and the bits that tell it from the others (funct5). */
const operations: Readonly<Record<string, readonly [bits: number, update: Update]>> = {
  amoswap: [0x08000000, (_, operand) => operand],
  amoadd: [0x00000000, add],
  amoxor: [0x20000000, xor],
  amoand: [0x60000000, and],
  amoor: [0x40000000, or],
  amomin: [0x80000000, (old, operand) => choose(less(old, operand), old, operand)],
  amomax: [0xa0000000, (old, operand) => choose(less(old, operand), operand, old)],
  amominu: [0xc0000000, (old, operand) => choose(lessUnsigned(old, operand), old, operand)],
  amomaxu: [0xe0000000, (old, operand) => choose(lessUnsigned(old, operand), operand, old)],
};

function amo(bits: number, update: Update, width: 32 | 64): readonly [number, Meaning] {
  const word = (term: Term): Term => (width === 64 ? term : signed(32, term));
  // Words compare as unsigned numbers alike whether both are sign- or zero-extended.
  const match = (0x0000002f | (width === 64 ? 0x3000 : 0x2000) | bits) >>> 0;
  return [match, exchange(width, rs1, (old) => update(old, word(rs2)))];
}

function loadReserved(width: 32 | 64): Meaning {
  const [read, ...rest] = load(width, true, rs1);
  // What may fault comes first.
  return [...(read === undefined ? [] : [read]), call("reserve", rs1, constant(width / 8)), ...rest];
}

const held = variable("held");
function storeConditional(width: 32 | 64): Meaning {
  return [
    { kind: "call", routine: "takeReservation", operands: [rs1, constant(width / 8)], name: "held" },
    when(held, store(width, rs1, rs2)),
    set(not(held)),
  ];
}

/** The A extension (unprivileged ISA, "A" extension). */
export const atomics: readonly Row[] = [
  ...rows("A", formats.reserve, {
    "lr.w": [0x1000202f, loadReserved(32)],
    "lr.d": [0x1000302f, loadReserved(64)],
  }),
  ...rows("A", formats.atomic, {
    "sc.w": [0x1800202f, storeConditional(32)],
    "sc.d": [0x1800302f, storeConditional(64)],
  }),
  ...rows(
    "A",
    formats.atomic,
    Object.fromEntries(
      Object.entries(operations).flatMap(([name, [bits, update]]) => [
        [`${name}.w`, amo(bits, update, 32)],
        [`${name}.d`, amo(bits, update, 64)],
      ]),
    ),
  ),
];
