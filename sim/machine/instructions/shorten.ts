import { insert } from "./format.js";
import type { Isa } from "./isa.js";
import type { Field } from "./meaning.js";
import type { Row, ShortRow } from "./row.js";

type Numbers = Readonly<Partial<Record<Field, number>>>;

/** The bits of a short instruction with these fields of the one that it stands for; undefined if it can't say them. */
export function encodeShort(short: ShortRow, numbers: Numbers): number | undefined {
  const number = (field: Field): number => numbers[field] ?? 0;
  const { fixed, same = {}, nonzero = [], fields } = short;
  if (nonzero.some((field) => number(field) === 0)) return undefined;
  if (Object.entries(fixed).some(([field, value]) => number(field as Field) !== value)) return undefined;
  if (Object.entries(same).some(([field, other]) => number(field as Field) !== number(other))) return undefined;
  let word = short.match;
  for (const [field, bits] of Object.entries(fields)) {
    const inserted = insert(number(field as Field), bits);
    if (inserted === undefined) return undefined;
    word |= inserted;
  }
  return word;
}

const commutative = new Set(["add", "and", "or", "xor", "addw"]);
/** Which do nothing with a constant of zero: hints. */
const hintsAtZero = new Set(["c.addi", "c.slli", "c.srli", "c.srai"]);

/** Bits that are kept for hints, or that say something else. */
function isReserved({ name, means }: ShortRow, numbers: Numbers, isa: Isa): boolean {
  if (isa.row(means).format.fields.rd !== undefined && numbers.rd === 0 && means !== "jal" && means !== "jalr")
    return true;
  return (hintsAtZero.has(name) && numbers.imm === 0) || (name === "c.lui" && numbers.rd === 2);
}

/** The instructions that say the same, in the order in which a short form is looked for. */
function equals(isa: Isa, row: Row, numbers: Numbers): (readonly [Row, Numbers])[] {
  const { rd = 0, rs1 = 0, rs2 = 0, imm = 0 } = numbers;
  if (row.name === "addi" && imm === 0 && rs1 !== 0) {
    return isa.has("add") ? [[isa.row("add"), { rd, rs1: 0, rs2: rs1 }]] : [];
  }
  // The mirror image of `mv` stays long.
  const mirrored = commutative.has(row.name) && rs2 !== 0;
  return [[row, numbers], ...(mirrored ? [[row, { rd, rs1: rs2, rs2: rs1 }] as const] : [])];
}

/**
 * The short form that GNU as chooses for an instruction that is written in full (of `jr`, `ret` and `j` it has others), or
 * undefined.
 */
export function shorten(isa: Isa, row: Row, numbers: Numbers): number | undefined {
  const nop = row.name === "addi" && [numbers.rd, numbers.rs1, numbers.imm].every((number) => (number ?? 0) === 0);
  if (nop) return isa.shortRows.find(({ name }) => name === "c.addi")?.match;
  for (const [equal, fields] of equals(isa, row, numbers)) {
    for (const short of isa.shortRows) {
      if (short.means !== equal.name || isReserved(short, fields, isa)) continue;
      const word = encodeShort(short, fields);
      if (word !== undefined) return word;
    }
  }
  return undefined;
}
