import { UsageError } from "../../core/index.js";
import { insert } from "./format.js";
import type { Field } from "./meaning.js";
import type { Row } from "./row.js";

/**
 * The bits of an instruction. Fields that aren't given are 0.
 * @throws UsageError for a number that its field can't hold
 */
export function encode({ name, match, format }: Row, fields: Readonly<Partial<Record<Field, number>>>): number {
  let word = match;
  for (const [field, bits] of Object.entries(format.fields)) {
    const number = fields[field as Field] ?? 0;
    const inserted = insert(number, bits);
    if (inserted === undefined) {
      const width = Math.max(...bits.pieces.map(({ count, to }) => count + to));
      const [low, high] = bits.signed ? [-(2 ** (width - 1)), 2 ** (width - 1) - 1] : [0, 2 ** width - 1];
      const step = Math.min(...bits.pieces.map(({ to }) => to));
      const every = step === 0 ? "" : `, in steps of ${2 ** step}`;
      throw new UsageError(`${name} can't hold ${number} as ${field}`, `It holds ${low} to ${high}${every}.`);
    }
    word |= inserted;
  }
  return word >>> 0;
}
