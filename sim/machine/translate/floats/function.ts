import { Code, type Plain } from "../../../wasm/index.js";
import type { FloatOperation, FloatWidth } from "../../float/index.js";
import { hartLayout } from "../../layout.js";
import { dynamicRounding } from "../context.js";

/** Emits what leaves one value on the stack. Emitting it twice computes it twice. */
export type Value = (code: Code) => void;

export const op =
  (name: Plain, ...operands: readonly Value[]): Value =>
  (code) => {
    for (const operand of operands) operand(code);
    code.op(name);
  };
export const i32 =
  (value: number): Value =>
  (code) => {
    code.i32(value);
  };
export const i64 =
  (value: bigint): Value =>
  (code) => {
    code.i64(value);
  };
export const f64 =
  (value: number): Value =>
  (code) => {
    code.f64(value);
  };

/** What computes values now, for later. */
export interface Keeper {
  keep(type: "i32" | "i64" | "f64", value: Value): Value;
}

export const and = (a: Value, b: Value): Value => op("i32.and", a, b);
export const choose = (condition: Value, yes: Value, no: Value): Value => op("select", yes, no, condition);
export const equal = (a: Value, b: Value): Value => op("f64.eq", a, b);
export const magnitude = (value: Value): Value => op("f64.abs", value);
export const isZero = (value: Value): Value => equal(value, f64(0));
/** Neither an infinity nor a NaN. */
export const isFinite = (value: Value): Value => op("f64.lt", magnitude(value), f64(Infinity));

/**
 * Whether a double's exponent is between −`range` and `range`: no zero, subnormal, infinity or NaN. For factors of 480 at
 * most, what `twoProduct` computes is a multiple of 2^(2 × (−480 − 52)) = 2^−1064.
 */
export function isMiddling(value: Value, range = 480): Value {
  const exponent = op("i64.shr_u", op("i64.shl", op("i64.reinterpret_f64", value), i64(1n)), i64(53n));
  return op("i64.le_u", op("i64.sub", exponent, i64(BigInt(1023 - range))), i64(BigInt(2 * range)));
}

const [hart, rm, firstOperand] = [0, 1, 2];
/** Of the rounding modes, and of the bits of fflags (unprivileged ISA, "F" extension). */
const towardZero = 1;
const inexact = 1;
/** The greatest exponent of which numbers are ordinary here, either way: above the least normal one, and finite. */
export const ordinary = { 32: 125, 64: 1021 } as const;

const parameter =
  (index: number): Value =>
  (code) => {
    code.get(index);
  };
const hartWord =
  (offset: number): Value =>
  (code) => {
    code.get(hart);
    code.access("i32.load", offset);
  };

/**
 * One floating-point operation as a function (hart, rm, operands) → result. Its body ends in `give` or `settle` for every
 * operand that it can do exactly as the specification says, and leaves all others to the software. Singles are promoted when
 * they are read, so arithmetic is that of doubles.
 */
export class FloatFunction implements Keeper {
  readonly width: FloatWidth;
  readonly #operands: number;
  readonly #code: Code;
  readonly #soft: number;

  constructor(width: FloatWidth, operands: number) {
    this.width = width;
    this.#operands = operands;
    this.#code = new Code(firstOperand + operands);
    this.#code.block();
    this.#soft = this.#code.depth;
  }

  /** An operand as it came. */
  bits(index: number): Value {
    return parameter(firstOperand + index);
  }

  /** An operand of this width, or of the one named, as a double. */
  number(index: number, width: FloatWidth = this.width): Value {
    const bits = this.bits(index);
    return this.keep(
      "f64",
      width === 64
        ? op("f64.reinterpret_i64", bits)
        : op("f64.promote_f32", op("f32.reinterpret_i32", op("i32.wrap_i64", bits))),
    );
  }

  /** Computes a value now. */
  keep(type: "i32" | "i64" | "f64", value: Value): Value {
    const local = this.#code.local(type);
    value(this.#code);
    this.#code.set(local);
    return parameter(local);
  }

  /** Leaves the operation to the software unless the condition holds. */
  require(condition: Value): void {
    condition(this.#code);
    this.#code.op("i32.eqz");
    this.#code.branchIf(this.#soft);
  }

  /** By the instruction or by frm. */
  requireNearestEven(): void {
    const code = this.#code;
    code.get(rm);
    code.if();
    op("i32.or", op("i32.ne", parameter(rm), i32(dynamicRounding)), hartWord(hartLayout.frm))(code);
    code.branchIf(this.#soft);
    code.op("end");
  }

  /** By the instruction. */
  requireTowardZero(): void {
    this.require(op("i32.eq", parameter(rm), i32(towardZero)));
  }

  when(condition: Value, body: () => void): void {
    condition(this.#code);
    this.#code.if();
    body();
    this.#code.op("end");
  }

  /** The function's result, which is an integer of 64 bits. */
  give(bits: Value): void {
    bits(this.#code);
    this.#code.op("return");
  }

  /** The function's result where it is one of this width already. */
  giveNumber(number: Value): void {
    this.give(
      this.width === 64
        ? op("i64.reinterpret_f64", number)
        : op("i64.extend_i32_u", op("i32.reinterpret_f32", op("f32.demote_f64", number))),
    );
  }

  raiseInexact(): void {
    const code = this.#code;
    code.get(hart);
    op("i32.or", hartWord(hartLayout.fflags), i32(inexact))(code);
    code.access("i32.store", hartLayout.fflags);
  }

  /**
   * Rounds to this width, raises inexact where that is due, and gives the result.
   *
   * Above the least normal number an inexact result doesn't underflow, whichever way tininess is detected; a finite one
   * hasn't overflowed. So if inexact is up already, there is nothing to find out about those.
   *
   * @param value the exact result rounded to a double, or for singles rounded to odd. Rounding sums, quotients and roots of
   *   singles again does no harm where they are normal, because 53 ≥ 2 × 24 + 2 (Figueroa, "When is double rounding
   *   innocuous?", 1995); where they aren't, only exact ones are given
   * @param isExact whether the rounded number is the exact result; may `require` or `give` before it knows
   */
  settle(value: Value, isExact: (rounded: Value) => Value): void {
    const rounded = this.width === 64 ? value : this.keep("f64", op("f64.promote_f32", op("f32.demote_f64", value)));
    const isOrdinary = this.keep("i32", isMiddling(rounded, ordinary[this.width]));
    this.when(and(isOrdinary, hartWord(hartLayout.fflags)), () => {
      this.giveNumber(rounded);
    });
    this.when(isExact(rounded), () => {
      this.giveNumber(rounded);
    });
    this.require(isOrdinary);
    this.raiseInexact();
    this.giveNumber(rounded);
  }

  /** @param soft the number of the function with the same parameters that does what this one doesn't */
  finish(soft: number): Code {
    const code = this.#code;
    code.op("end");
    for (let index = 0; index < firstOperand + this.#operands; index++) code.get(index);
    code.call(soft);
    return code;
  }
}

/** What a function does of one operation before the software takes over. */
export type Body = (fn: FloatFunction) => void;
export type Bodies = Readonly<Partial<Record<FloatOperation, Body>>>;
