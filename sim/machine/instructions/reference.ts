import { withDefaults, type TableView } from "../../core/index.js";
import { describe } from "./describe.js";
import { extract, type Fields } from "./format.js";
import { rv64, type Isa } from "./isa.js";
import type { Field } from "./meaning.js";
import { pseudos } from "./pseudo.js";

export interface ReferenceOptions {
  /** Only these extensions: `["I", "M"]`; all by default. */
  readonly extensions: readonly string[];
  /** Only instructions whose name or meaning has this in it. */
  readonly containing: string;
  readonly isa: Isa;
}

/** The letters by which a field's bits are shown where there is no room for its name. */
const letters: Readonly<Record<Field, string>> = {
  rd: "d",
  rs1: "s",
  rs2: "t",
  frd: "d",
  frs1: "s",
  frs2: "t",
  frs3: "u",
  rm: "m",
  imm: "i",
  csr: "c",
};

/** Each bit of an encoding, the highest first: what is fixed as 0 or 1, a field's bits by its letter, others as a dash. */
function bitsText(match: number, mask: number, fields: Fields, width: 16 | 32): string {
  const bits = Array.from({ length: width }, (_, index) => {
    const bit = width - 1 - index;
    if (((mask >>> bit) & 1) === 1) return String((match >>> bit) & 1);
    const field = Object.entries(fields).find(([, bitsOf]) => extract((1 << bit) >>> 0, bitsOf) !== bitsOf.base);
    return field === undefined ? "-" : letters[field[0] as Field];
  });
  // In the fields of a 32-bit instruction, or of a short one.
  const cuts = width === 32 ? [7, 12, 17, 20, 25] : [3, 6, 9, 11, 14];
  return bits.map((bit, index) => (cuts.includes(index) ? ` ${bit}` : bit)).join("");
}

const names = (fields: Fields): string =>
  Object.keys(fields)
    .map((field) => `${letters[field as Field]} ${field}`)
    .join(", ");

/**
 * Every instruction of an ISA: name, extension, operands, encoding as bits (fixed ones as digits, fields by letters) and what it
 * does in the manual's notation. Made of the rows that the engines execute, so that a variant's own rows are in it.
 * @throws UsageError for an option that isn't there
 */
export function instructionTable(options?: Partial<ReferenceOptions>): TableView {
  const { extensions, containing, isa } = withDefaults("instructionTable", options, {
    extensions: [],
    containing: "",
    isa: rv64,
  });
  const long = isa.rows.map((row) => ({
    instruction: row.name,
    extension: row.extension,
    operands: row.format.syntax,
    encoding: bitsText(row.match, row.format.mask, row.format.fields, 32),
    fields: names(row.format.fields),
    meaning: describe(row),
  }));
  const short = isa.shortRows.map(({ name, syntax, match, mask, fields, means }) => ({
    instruction: name,
    extension: "C",
    operands: syntax,
    encoding: bitsText(match, mask, fields, 16),
    fields: names(fields),
    meaning: `as ${means}`,
  }));
  const rows = [...long, ...short]
    .filter(({ extension }) => extensions.length === 0 || extensions.includes(extension))
    .filter(({ instruction, meaning }) => instruction.includes(containing) || meaning.includes(containing));
  return {
    as: "table",
    title: `Instructions of ${isa.name}`,
    columns: ["instruction", "extension", "operands", "encoding", "fields", "meaning"].map((key) => ({ key })),
    rows,
    caption: `${rows.length} instructions. Bits from the highest; letters are fields, a dash is a bit that a hart ignores.`,
  };
}

/** The other spellings: each with the instruction that it is. */
export function pseudoInstructionTable(isa: Isa = rv64): TableView {
  const rows = pseudos
    .filter(({ means }) => isa.has(means))
    .map(({ name, syntax, means, fixed }) => ({
      spelling: `${name} ${syntax}`.trim(),
      instruction: means,
      with: Object.entries(fixed)
        .map(
          ([field, value]) =>
            `${field} = ${typeof value === "number" && field === "csr" ? `0x${value.toString(16)}` : value}`,
        )
        .join(", "),
    }));
  return {
    as: "table",
    title: "Pseudo-instructions",
    columns: ["spelling", "instruction", "with"].map((key) => ({ key })),
    rows,
  };
}
