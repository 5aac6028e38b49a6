import { encode, encodeShort, formats, insert, type Field, type Isa, type Row } from "../instructions/index.js";
import { UsageError } from "../../core/index.js";
import { evaluateExpression } from "./expression.js";
import type { AsmSymbol, Branch, Fixup, Late, Position, Section } from "./model.js";
import { little } from "./little.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";
import { addressOf } from "./symbols.js";

export type Resolve = (symbol: AsmSymbol, place: Place) => bigint;
type Numbers = Partial<Record<Field, number>>;

/** The low twelve bits as a signed number, and what is left above them: what %lo and %hi give. */
const low = (value: bigint): bigint => BigInt.asIntN(12, value);

/** The upper twenty bits as the field of lui and auipc, or undefined where 32 bits don't hold the number. */
function high(value: bigint): number | undefined {
  const upper = value - low(value);
  // The sum wraps at 2^31 as lui's does.
  return value >= -(2n ** 31n) && value < 2n ** 31n ? Number(BigInt.asIntN(32, upper)) : undefined;
}

/** What a field holds of an operand's number. */
export function fieldNumber(operand: Late["operand"], value: bigint, at: bigint, row: Row, place: Place): number {
  switch (operand.kind) {
    case "target":
      return Number(BigInt.asIntN(64, value - at));
    case "upper":
      if (value < 0n || value > 0xfffffn) {
        throw new Mistake(
          place,
          `${row.name} takes 20 bits: 0 to 0xfffff`,
          `For the upper part of a number write %hi(…).`,
        );
      }
      return Number(value << 12n) | 0;
    case "immediate":
    case "csr":
    case "order":
    case "rounding":
    case "register":
    case "float":
      return Number(value);
  }
}

function fitted(value: bigint, width: number, place: Place): bigint {
  if (width < 64 && (value < -(1n << BigInt(width - 1)) || value >= 1n << BigInt(width))) {
    throw new Mistake(
      place,
      `${value} doesn't fit into ${width} bits`,
      `Cut it: & 0x${((1n << BigInt(width)) - 1n).toString(16)}; or take a wider directive.`,
    );
  }
  return value;
}

/** Fills numbers into instructions and data, once every address is known. */
export class Patcher {
  readonly #isa: Isa;
  readonly #resolve: Resolve;
  /** Of each instruction with %pcrel_hi, by its address: what it is the distance to. */
  readonly #uppers = new Map<bigint, bigint>();

  constructor(isa: Isa, sections: readonly Section[], resolve: Resolve) {
    this.#isa = isa;
    this.#resolve = resolve;
    for (const section of sections) {
      for (const fragment of section.fragments) {
        if (fragment.kind !== "bytes") continue;
        for (const fixup of fragment.fixups) {
          if (fixup.kind !== "instruction") continue;
          const late = fixup.late.find(({ modifier }) => modifier === "%pcrel_hi");
          if (late === undefined) continue;
          const at = addressOf({ section, fragment, offset: fixup.at });
          try {
            this.#uppers.set(at, this.#value(late));
          } catch (thrown) {
            // Said where the instruction itself is patched.
            if (!(thrown instanceof Mistake)) throw thrown;
          }
        }
      }
    }
  }

  #value({ expression }: Pick<Late, "expression">): bigint {
    return evaluateExpression(expression, this.#resolve);
  }

  /** The bytes that a fixup puts into its place. */
  bytes(fixup: Fixup, at: bigint): readonly number[] {
    if (fixup.kind === "data") {
      const value = this.#value(fixup.late);
      return little(fitted(value, fixup.width, fixup.late.place), fixup.width / 8);
    }
    const { row, fields, late, bits } = fixup;
    const numbers: Numbers = { ...fields };
    for (const one of late) numbers[one.operand.field] = (numbers[one.operand.field] ?? 0) | this.#number(one, at, row);
    return little(BigInt((this.#encode(row, numbers, late) | bits) >>> 0), 4);
  }

  /** What the field holds. */
  #number(late: Late, at: bigint, row: Row): number {
    const { operand, modifier, place } = late;
    const value = modifier === "%pcrel_lo" ? 0n : this.#value(late);
    switch (modifier) {
      case "%hi":
        return this.#upper(value, place);
      case "%lo":
        return Number(low(value));
      case "%pcrel_hi":
        return this.#upper(BigInt.asIntN(64, value - at), place);
      case "%pcrel_lo":
        return Number(low(this.#pairDistance(late)));
      case undefined:
        return fieldNumber(operand, value, at, row, place);
    }
  }

  /** How far it is to the target of the instruction with the upper part, from that instruction. */
  #pairDistance(late: Late): bigint {
    const at = late.upper === undefined ? this.#value(late) : addressOf(late.upper);
    const target = this.#uppers.get(at);
    if (target === undefined) {
      throw new Mistake(
        late.place,
        "%pcrel_lo names no instruction with %pcrel_hi",
        'Name the label of the auipc: "1: auipc a0, %pcrel_hi(x)", then "addi a0, a0, %pcrel_lo(1b)".',
      );
    }
    return BigInt.asIntN(64, target - at);
  }

  #upper(value: bigint, place: Place): number {
    const number = high(value);
    if (number !== undefined) return number;
    throw new Mistake(
      place,
      `this is ${value < 0n ? "-" : ""}0x${(value < 0n ? -value : value).toString(16)}, and 32 bits don't reach that far`,
      "Keep the address in memory with .dword and load it, or put the parts of the program nearer to each other.",
    );
  }

  #encode(row: Row, numbers: Numbers, late: readonly Late[]): number {
    try {
      return encode(row, numbers);
    } catch (thrown) {
      if (!(thrown instanceof UsageError)) throw thrown;
      const wrong = late.find(({ operand: { field } }) => {
        const bits = row.format.fields[field];
        return bits === undefined || insert(numbers[field] ?? 0, bits) === undefined;
      });
      if (wrong === undefined) throw thrown;
      if (wrong.operand.kind === "target") {
        const distance = numbers[wrong.operand.field] ?? 0;
        throw new Mistake(
          wrong.place,
          distance % 2 === 0
            ? `${row.name} doesn't reach ${distance} bytes`
            : `${distance} bytes lead to an odd address`,
          distance % 2 === 0 ? `Take "call" or "tail", or load the address and take "jr".` : "Align what it jumps to.",
        );
      }
      throw new Mistake(wrong.place, thrown.message, thrown.hint);
    }
  }

  /** A branch in the form that its size asks for. */
  branch(branch: Branch, section: Section): readonly number[] {
    const { row, fields, late, short, size } = branch;
    const here: Position = { section, fragment: branch, offset: 0 };
    const at = addressOf(here);
    const { field } = late.operand;
    const distance = (from: bigint): number => Number(BigInt.asIntN(64, this.#value(late) - from));
    if (size === 2 && short !== undefined)
      return little(BigInt(encodeShort(short, { ...fields, [field]: distance(at) }) ?? 0), 2);
    if (size === 4) return little(BigInt(this.#encode(row, { ...fields, [field]: distance(at) }, [late])), 4);
    const skip = size - 4;
    const jump = this.#encode(this.#isa.row("jal"), { rd: 0, imm: distance(at + BigInt(skip)) }, [late]);
    if (skip === 2 && short !== undefined) {
      const opposite = this.#isa.shortRows.find(
        ({ match, mask }) => mask === short.mask && match === (short.match ^ 0x2000),
      );
      if (opposite !== undefined) {
        return [
          ...little(BigInt(encodeShort(opposite, { ...fields, [field]: size }) ?? 0), 2),
          ...little(BigInt(jump), 4),
        ];
      }
    }
    // The lowest bit of funct3 turns a condition around.
    const opposite = this.#isa.rows.find(({ match, format }) => format === formats.B && match === (row.match ^ 0x1000));
    if (opposite === undefined)
      return little(BigInt(this.#encode(row, { ...fields, [field]: distance(at) }, [late])), 4);
    return [...little(BigInt(encode(opposite, { ...fields, [field]: size })), 4), ...little(BigInt(jump), 4)];
  }
}
