import { areShort, roundedToOdd, twoProduct, twoSum } from "./exact.js";
import {
  and,
  equal,
  f64,
  isFinite,
  isMiddling,
  isZero,
  magnitude,
  op,
  type Bodies,
  type Body,
  type Value,
} from "./function.js";

/** @param subtract a − b is a + (−b), also in the signs of zeros */
function sum(subtract: boolean): Body {
  return (fn) => {
    fn.requireNearestEven();
    const a = fn.number(0);
    const b = subtract ? fn.keep("f64", op("f64.neg", fn.number(1))) : fn.number(1);
    const value = fn.keep("f64", op("f64.add", a, b));
    fn.settle(value, (rounded) => {
      // Far from where a step of the pair overflows though the sum doesn't.
      for (const operand of [a, b]) fn.require(op("f64.lt", magnitude(operand), f64(2 ** 1000)));
      return and(isZero(twoSum(fn, a, b).rest), equal(rounded, value));
    });
  };
}

const multiply: Body = (fn) => {
  fn.requireNearestEven();
  const [a, b] = [fn.number(0), fn.number(1)];
  const value = fn.keep("f64", op("f64.mul", a, b));
  fn.settle(value, (rounded) => {
    // A product of singles is a double.
    if (fn.width === 32) return equal(rounded, value);
    fn.when(and(isZero(value), op("i32.or", isZero(a), isZero(b))), () => {
      fn.giveNumber(value);
    });
    fn.require(and(isMiddling(a), isMiddling(b)));
    fn.when(areShort(a, b), () => {
      fn.giveNumber(value);
    });
    return isZero(twoProduct(fn, a, b).rest);
  });
};

const divide: Body = (fn) => {
  fn.requireNearestEven();
  const [a, b] = [fn.number(0), fn.number(1)];
  const value = fn.keep("f64", op("f64.div", a, b));
  fn.settle(value, (rounded) => {
    if (fn.width === 32) return equal(op("f64.mul", rounded, b), a);
    fn.when(and(isZero(value), isZero(a)), () => {
      fn.giveNumber(value);
    });
    fn.require(and(isMiddling(value), isMiddling(b)));
    const product = twoProduct(fn, value, b);
    return and(equal(product.rounded, a), isZero(product.rest));
  });
};

const squareRoot: Body = (fn) => {
  fn.requireNearestEven();
  const a = fn.number(0);
  const value = fn.keep("f64", op("f64.sqrt", a));
  fn.settle(value, (rounded) => {
    if (fn.width === 32) return equal(op("f64.mul", rounded, rounded), a);
    fn.when(isZero(a), () => {
      fn.giveNumber(value);
    });
    fn.require(isMiddling(value));
    const square = twoProduct(fn, value, value);
    return and(equal(square.rounded, a), isZero(square.rest));
  });
};

const multiplyAdd: Body = (fn) => {
  fn.requireNearestEven();
  const [a, b, c] = [fn.number(0), fn.number(1), fn.number(2)];
  if (fn.width === 32) {
    const exact = twoSum(fn, fn.keep("f64", op("f64.mul", a, b)), c);
    fn.require(isFinite(exact.rounded));
    const value = roundedToOdd(fn, exact);
    // An odd double is no single.
    fn.settle(value, (rounded) => equal(rounded, value));
    return;
  }
  const isHarmless = op("i32.or", isMiddling(c, 960), isZero(c));
  const areMiddling = fn.keep("i32", and(isMiddling(a), isMiddling(b)));
  // Where the product is exact, there is one rounding, the sum's.
  const addTo = (product: Value): void => {
    const value = fn.keep("f64", op("f64.add", product, c));
    fn.settle(value, () => {
      fn.require(isHarmless);
      return isZero(twoSum(fn, product, c).rest);
    });
  };
  fn.when(and(areMiddling, areShort(a, b)), () => {
    addTo(fn.keep("f64", op("f64.mul", a, b)));
  });
  fn.when(op("i32.or", isZero(a), isZero(b)), () => {
    // The product is a zero, and zeros have signs.
    const value = fn.keep("f64", op("f64.add", op("f64.mul", a, b), c));
    fn.require(isFinite(value));
    fn.giveNumber(value);
  });
  fn.require(and(areMiddling, isHarmless));
  // Boldo and Melquiond's fused multiply-add (2008): product, then rest of the product + c, then the upper parts of both, each
  // as an exact pair; what remains of the sums is added to odd. A result that isn't normal is exact: all parts are multiples
  // of 2^−1074.
  const product = twoProduct(fn, a, b);
  fn.when(isZero(product.rest), () => {
    addTo(product.rounded);
  });
  const lower = twoSum(fn, c, product.rest);
  const upper = twoSum(fn, product.rounded, lower.rounded);
  const rest = roundedToOdd(fn, twoSum(fn, lower.rest, upper.rest));
  const result = twoSum(fn, upper.rounded, rest);
  fn.settle(result.rounded, () => isZero(result.rest));
};

export const arithmetic: Bodies = { add: sum(false), subtract: sum(true), multiply, divide, squareRoot, multiplyAdd };
