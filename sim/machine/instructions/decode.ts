import type { Isa } from "./isa.js";
import { extract, type Fields } from "./format.js";
import type { Field } from "./meaning.js";
import type { Row, ShortRow } from "./row.js";

/** One instruction, taken apart. Fields that it hasn't are 0. */
export interface Instruction {
  readonly row: Row;
  /** How it is encoded: the row's name, or that of the short form (`c.addi`). */
  readonly spelling: string;
  /** Its bits: 16 of them or 32. */
  readonly word: number;
  /** In bytes. */
  readonly length: 2 | 4;
  readonly fields: Readonly<Record<Field, number>>;
}

export type Decoder = (word: number) => Instruction | undefined;

/** Whether the instruction that begins with these bits has 32 of them (unprivileged ISA, "Base Instruction-Length Encoding"). */
export const isLong = (word: number): boolean => (word & 3) === 3;

const none: Readonly<Record<Field, number>> = {
  rd: 0,
  rs1: 0,
  rs2: 0,
  imm: 0,
  csr: 0,
  frd: 0,
  frs1: 0,
  frs2: 0,
  frs3: 0,
  rm: 0,
};

function extractAll(word: number, fields: Fields): Record<Field, number> {
  const numbers = { ...none };
  for (const [name, bits] of Object.entries(fields)) numbers[name as Field] = extract(word, bits);
  return numbers;
}

/** How many of the bits are 1. */
const ones = (mask: number): number => (mask >>> 0).toString(2).replaceAll("0", "").length;

/** An ISA's rows in the order in which a word is to be compared with them: those with more fixed bits first. */
export function candidatesOf({ rows, shortRows }: Isa): {
  readonly long: readonly Row[];
  readonly short: readonly ShortRow[];
} {
  return {
    long: [...rows].sort((a, b) => ones(b.format.mask) - ones(a.format.mask)),
    short: [...shortRows].sort((a, b) => ones(b.mask) - ones(a.mask)),
  };
}

/** In groups that a few bits of the word choose. */
function group<T extends { readonly match: number }>(entries: readonly T[], key: number): Map<number, T[]> {
  const groups = new Map<number, T[]>();
  for (const entry of entries) {
    const chosen = entry.match & key;
    groups.set(chosen, [...(groups.get(chosen) ?? []), entry]);
  }
  return groups;
}

/** The major opcode. */
const longKey = 0x7f;
/** Quadrant and funct3. */
const shortKey = 0xe003;

const decoders = new WeakMap<Isa, Decoder>();

/**
 * The function that takes an ISA's instructions apart; it gives undefined for bits that are no instruction.
 * Of 16-bit instructions it looks at the lower half of the word alone. Making it takes 2 ms, so there is one for each ISA.
 */
export function createDecoder(isa: Isa): Decoder {
  const decoder = decoders.get(isa) ?? decoderOf(isa);
  decoders.set(isa, decoder);
  return decoder;
}

function decoderOf(isa: Isa): Decoder {
  const candidates = candidatesOf(isa);
  const long = group(candidates.long, longKey);
  const short = group(candidates.short, shortKey);

  function decodeLong(word: number): Instruction | undefined {
    const row = long.get(word & longKey)?.find(({ format, match }) => (word & format.mask) >>> 0 === match >>> 0);
    if (row === undefined) return undefined;
    return { row, spelling: row.name, word: word >>> 0, length: 4, fields: extractAll(word, row.format.fields) };
  }

  function decodeShort(word: number): Instruction | undefined {
    for (const candidate of short.get(word & shortKey) ?? []) {
      if ((word & candidate.mask) !== candidate.match) continue;
      const fields = shortFields(word, candidate);
      if (candidate.nonzero?.some((name) => fields[name] === 0) === true) continue;
      return { row: isa.row(candidate.means), spelling: candidate.name, word, length: 2, fields };
    }
    return undefined;
  }

  return (word) => (isLong(word) ? decodeLong(word) : decodeShort(word & 0xffff));
}

function shortFields(word: number, { fields, fixed, same = {} }: ShortRow): Record<Field, number> {
  const numbers = { ...extractAll(word, fields), ...fixed };
  for (const [name, other] of Object.entries(same)) numbers[name as Field] = numbers[other];
  return numbers;
}
