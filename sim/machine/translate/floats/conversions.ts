import type { Plain } from "../../../wasm/index.js";
import { and, equal, f64, i32, i64, op, type Bodies, type Body, type Value } from "./function.js";

/** From the other width to this one. */
const convert: Body = (fn) => {
  fn.requireNearestEven();
  const value = fn.number(0, fn.width === 32 ? 64 : 32);
  fn.settle(value, (rounded) => equal(rounded, value));
};

/** Every integer of 32 bits is a double. */
const fromWord =
  (name: "f64.convert_i32_s" | "f64.convert_i32_u"): Body =>
  (fn) => {
    fn.requireNearestEven();
    const value = fn.keep("f64", op(name, op("i32.wrap_i64", fn.bits(0))));
    fn.settle(value, (rounded) => equal(rounded, value));
  };

/** Integers of 64 bits that have room in the significand are exact; what others are the software finds out. */
const fromLong =
  (signed: boolean): Body =>
  (fn) => {
    fn.requireNearestEven();
    const bits = fn.bits(0);
    const suffix = signed ? "s" : "u";
    const value = fn.keep(
      "f64",
      fn.width === 64
        ? op(`f64.convert_i64_${suffix}`, bits)
        : op("f64.promote_f32", op(`f32.convert_i64_${suffix}`, bits)),
    );
    fn.settle(value, () => {
      const most = 1n << (fn.width === 64 ? 53n : 24n);
      const fromLeast = signed ? op("i64.add", bits, i64(most)) : bits;
      fn.require(op("i64.le_u", fromLeast, i64(signed ? 2n * most : most)));
      return i32(1);
    });
  };

interface IntegerType {
  readonly truncate: Plain;
  readonly back: Plain;
  readonly isInside: (value: Value) => Value;
  /** To the result's 64 bits. */
  readonly extend: (integer: Value) => Value;
  readonly type: "i32" | "i64";
}

/** What truncates to something between two powers of two. */
const between =
  (above: "f64.gt" | "f64.ge", least: number, end: number) =>
  (value: Value): Value =>
    and(op(above, value, f64(least)), op("f64.lt", value, f64(end)));
const itself = (value: Value): Value => value;
const signExtend = (value: Value): Value => op("i64.extend_i32_s", value);

/** Toward zero only: that is what a cast in C becomes. */
const toInteger =
  ({ truncate, back, isInside, extend, type }: IntegerType): Body =>
  (fn) => {
    fn.requireTowardZero();
    const value = fn.number(0);
    fn.require(isInside(value));
    const integer = fn.keep(type, op(truncate, value));
    fn.when(op("f64.ne", op(back, integer), value), () => {
      fn.raiseInexact();
    });
    fn.give(extend(integer));
  };

export const conversions: Bodies = {
  convert,
  fromInt32: fromWord("f64.convert_i32_s"),
  fromUint32: fromWord("f64.convert_i32_u"),
  fromInt64: fromLong(true),
  fromUint64: fromLong(false),
  toInt32: toInteger({
    truncate: "i32.trunc_f64_s",
    back: "f64.convert_i32_s",
    isInside: between("f64.gt", -(2 ** 31) - 1, 2 ** 31),
    extend: signExtend,
    type: "i32",
  }),
  toUint32: toInteger({
    truncate: "i32.trunc_f64_u",
    back: "f64.convert_i32_u",
    isInside: between("f64.gt", -1, 2 ** 32),
    extend: signExtend,
    type: "i32",
  }),
  toInt64: toInteger({
    truncate: "i64.trunc_f64_s",
    back: "f64.convert_i64_s",
    isInside: between("f64.ge", -(2 ** 63), 2 ** 63),
    extend: itself,
    type: "i64",
  }),
  toUint64: toInteger({
    truncate: "i64.trunc_f64_u",
    back: "f64.convert_i64_u",
    isInside: between("f64.gt", -1, 2 ** 64),
    extend: itself,
    type: "i64",
  }),
};
