import { and, equal, op, type Bodies, type Body, type FloatFunction, type Value } from "./function.js";

/** Two operands that are no NaNs. */
function numbers(fn: FloatFunction): readonly [Value, Value] {
  const [a, b] = [fn.number(0), fn.number(1)];
  fn.require(and(equal(a, a), equal(b, b)));
  return [a, b];
}

const comparison =
  (name: "f64.eq" | "f64.lt" | "f64.le"): Body =>
  (fn) => {
    fn.give(op("i64.extend_i32_u", op(name, ...numbers(fn))));
  };

/** WebAssembly, too, has −0 below +0 here. */
const extreme =
  (name: "f64.min" | "f64.max"): Body =>
  (fn) => {
    fn.giveNumber(op(name, ...numbers(fn)));
  };

export const order: Bodies = {
  equal: comparison("f64.eq"),
  less: comparison("f64.lt"),
  lessOrEqual: comparison("f64.le"),
  minimum: extreme("f64.min"),
  maximum: extreme("f64.max"),
};
