import type { Fields, Format } from "./format.js";
import type { Field, Meaning } from "./meaning.js";

/** One instruction of 32 bits: how it is encoded and written, and what it does. */
export interface Row {
  readonly name: string;
  readonly extension: string;
  readonly format: Format;
  /** The bits under the format's mask. */
  readonly match: number;
  readonly meaning: Meaning;
}

/** One instruction of 16 bits: another way to write a 32-bit one. */
export interface ShortRow {
  readonly name: string;
  readonly mask: number;
  readonly match: number;
  /** The row whose meaning it has. */
  readonly means: string;
  /** Its operands, as in a format. */
  readonly syntax: string;
  /** Where its bits keep the other's fields. */
  readonly fields: Fields;
  /** The other's fields that its bits don't name. */
  readonly fixed: Readonly<Partial<Record<Field, number>>>;
  /** The other's fields that are one here: `rs1` is `rd`. */
  readonly same?: Readonly<Partial<Record<Field, Field>>>;
  /** Fields that must not be 0, else the bits mean something else or nothing. */
  readonly nonzero?: readonly Field[];
}

/** A row for each entry `name: [match, meaning]`. */
export function rows(
  extension: string,
  format: Format,
  entries: Readonly<Record<string, readonly [match: number, meaning: Meaning]>>,
): readonly Row[] {
  return Object.entries(entries).map(([name, [match, meaning]]) => ({ name, extension, format, match, meaning }));
}
