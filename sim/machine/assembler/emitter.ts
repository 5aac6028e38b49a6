import { UsageError } from "../../core/index.js";
import {
  encode,
  encodeShort,
  formats,
  shorten,
  type Field,
  type Isa,
  type Row,
  type ShortRow,
} from "../instructions/index.js";
import { constantNow } from "./expression.js";
import type { Late, Position, Section } from "./model.js";
import { little } from "./little.js";
import type { Form } from "./mnemonics.js";
import type { Operands } from "./operands.js";
import { fieldNumber } from "./patch.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";

type Numbers = Readonly<Partial<Record<Field, number>>>;

const upperField = { kind: "upper", field: "imm" } as const;
const lowerField = { kind: "immediate", field: "imm" } as const;

/** Writes instructions into a section: at once where every number is known, else so that they are patched in the end. */
export class Emitter {
  readonly #isa: Isa;

  constructor(isa: Isa) {
    this.#isa = isa;
  }

  /** @param short whether instructions may be short */
  write({ name, means }: Form, operands: Operands, section: Section, short: boolean, place: Place): void {
    if (means.kind === "sequence") {
      const writer = {
        short,
        half: (bits: number) => {
          section.bytes().bytes.push(...little(bits, 2));
        },
        plain: (row: string, numbers: Numbers) => {
          this.#known(this.#isa.row(row), numbers, 0, section, short, place);
        },
        pair: (register: number, row: string, numbers: Numbers, target: Late) => {
          this.#pair(section, register, row, numbers, target);
        },
      };
      means.expand(writer, operands.numbers, operands.late);
      return;
    }
    const { row } = means;
    const numbers: Partial<Record<Field, number>> = { ...operands.numbers };
    if (means.kind === "short") {
      Object.assign(numbers, means.short.fixed);
      for (const [field, other] of Object.entries(means.short.same ?? {}))
        numbers[field as Field] = numbers[other] ?? 0;
    } else {
      for (const [field, value] of Object.entries(means.fixed)) {
        numbers[field as Field] = typeof value === "number" ? value : (numbers[value] ?? 0);
      }
    }

    const target = operands.late.find(({ operand }) => operand.kind === "target");
    if (target !== undefined && (row.format === formats.B || row.format === formats.J)) {
      const form = means.kind === "short" ? means.short : this.#shortBranch(row, numbers, means.shortens && short);
      section.fragments.push({ kind: "branch", row, fields: numbers, late: target, short: form, start: 0, size: 0 });
      return;
    }
    const late: Late[] = [];
    for (const one of operands.late) {
      const value =
        one.modifier === undefined && one.operand.kind !== "target" ? constantNow(one.expression) : undefined;
      if (value === undefined) late.push(one);
      else numbers[one.operand.field] = fieldNumber(one.operand, value, 0n, row, one.place);
    }
    const [first] = operands.late;
    if (means.kind === "short") this.#short(name, means.short, numbers, late, section, first?.place ?? place);
    else if (late.length === 0) {
      // `mv a0, zero` stays as it is written: its short form would be `li`.
      const shortens = short && means.shortens && !(["mv", "move"].includes(name) && numbers.rs1 === 0);
      this.#known(row, numbers, means.bits, section, shortens, first?.place ?? place);
    } else {
      const { bytes, fixups } = section.bytes();
      fixups.push({ kind: "instruction", at: bytes.length, row, fields: numbers, bits: means.bits, late });
      bytes.push(0, 0, 0, 0);
    }
  }

  /** The short branch that may come of it, if it is near enough. */
  #shortBranch(row: Row, numbers: Numbers, wanted: boolean): ShortRow | undefined {
    if (!wanted) return undefined;
    return this.#isa.shortRows.find(
      (short) => short.means === row.name && encodeShort(short, { ...numbers, imm: 0 }) !== undefined,
    );
  }

  #known(row: Row, numbers: Numbers, bits: number, section: Section, short: boolean, place: Place): void {
    let word: number;
    try {
      word = encode(row, numbers);
    } catch (thrown) {
      if (thrown instanceof UsageError) throw new Mistake(place, thrown.message, thrown.hint);
      throw thrown;
    }
    const half = short && bits === 0 ? shorten(this.#isa, row, numbers) : undefined;
    section.bytes().bytes.push(...(half === undefined ? little((word | bits) >>> 0, 4) : little(half, 2)));
  }

  #short(name: string, short: ShortRow, numbers: Numbers, late: readonly Late[], section: Section, place: Place): void {
    const [unknown] = late;
    if (unknown !== undefined) {
      throw new Mistake(unknown.place, `${name} takes a number that is known here`, `Put its .equ before it.`);
    }
    const half = encodeShort(short, numbers);
    if (half === undefined) {
      throw new Mistake(place, `${name} can't say this`, `Take "${short.means}", which has more bits for it.`);
    }
    section.bytes().bytes.push(...little(half, 2));
  }

  #pair(section: Section, register: number, name: string, numbers: Numbers, target: Late): void {
    const upper: Position = section.here();
    const { bytes, fixups } = section.bytes();
    fixups.push({
      kind: "instruction",
      at: bytes.length,
      row: this.#isa.row("auipc"),
      fields: { rd: register },
      bits: 0,
      late: [{ ...target, operand: upperField, modifier: "%pcrel_hi" }],
    });
    fixups.push({
      kind: "instruction",
      at: bytes.length + 4,
      row: this.#isa.row(name),
      fields: { ...numbers, rs1: register },
      bits: 0,
      late: [{ ...target, operand: lowerField, modifier: "%pcrel_lo", upper }],
    });
    bytes.push(...new Array<number>(8).fill(0));
  }
}
