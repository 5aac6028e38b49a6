import { and, choose, f64, i64, op, type FloatFunction, type Value } from "./function.js";

/** A rounded result and what rounding took away: together the exact one. */
export interface Pair {
  readonly rounded: Value;
  readonly rest: Value;
}

/**
 * a + b of any two doubles, where nothing overflows (Møller 1965; Knuth, The Art of Computer Programming, volume 2, 4.2.2,
 * theorem B).
 */
export function twoSum(fn: FloatFunction, a: Value, b: Value): Pair {
  const rounded = fn.keep("f64", op("f64.add", a, b));
  const ofB = fn.keep("f64", op("f64.sub", rounded, a));
  const rest = fn.keep("f64", op("f64.add", op("f64.sub", a, op("f64.sub", rounded, ofB)), op("f64.sub", b, ofB)));
  return { rounded, rest };
}

/**
 * a × b by halves of 26 bits (Dekker, "A floating-point technique for extending the available precision", 1971; the halves
 * are Veltkamp's). Factors of middling size only: then neither the halves overflow nor the rest underflows.
 */
export function twoProduct(fn: FloatFunction, a: Value, b: Value): Pair {
  const halves = (value: Value): readonly [upper: Value, lower: Value] => {
    const scaled = fn.keep("f64", op("f64.mul", value, f64(2 ** 27 + 1)));
    const upper = fn.keep("f64", op("f64.sub", scaled, op("f64.sub", scaled, value)));
    return [upper, fn.keep("f64", op("f64.sub", value, upper))];
  };
  const rounded = fn.keep("f64", op("f64.mul", a, b));
  const [aUpper, aLower] = halves(a);
  const [bUpper, bLower] = halves(b);
  // ((upper × upper − product) + upper × lower + lower × upper) + lower × lower: each step is exact.
  const upper = op("f64.sub", op("f64.mul", aUpper, bUpper), rounded);
  const crossed = op("f64.add", op("f64.add", upper, op("f64.mul", aUpper, bLower)), op("f64.mul", aLower, bUpper));
  return { rounded, rest: fn.keep("f64", op("f64.add", crossed, op("f64.mul", aLower, bLower))) };
}

/**
 * Whether both are numbers of 26 binary digits at most, as integers of some size, singles mostly, and small fractions are: their
 * product has no more than 52, so it is exact where its exponent is a double's.
 */
export function areShort(a: Value, b: Value): Value {
  const bits = op("i64.or", op("i64.reinterpret_f64", a), op("i64.reinterpret_f64", b));
  return op("i64.eqz", op("i64.and", bits, i64(2n ** 27n - 1n)));
}

/**
 * The sum of a pair rounded to odd: where it isn't a double, that of its two neighbours whose last bit is 1. Rounding it to a
 * format that is two bits shorter, or to the last bit of a much greater number that is added, gives what rounding the exact
 * sum would (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums: proved algorithms using rounding to odd",
 * IEEE Transactions on Computers 57(4), 2008).
 */
export function roundedToOdd(fn: FloatFunction, { rounded, rest }: Pair): Value {
  const bits = fn.keep("i64", op("i64.reinterpret_f64", rounded));
  const isEven = op("i32.eqz", op("i32.wrap_i64", op("i64.and", bits, i64(1n))));
  const isAway = op("i32.eq", op("f64.gt", rest, f64(0)), op("f64.gt", rounded, f64(0)));
  const step = choose(and(isEven, op("f64.ne", rest, f64(0))), choose(isAway, i64(1n), i64(-1n)), i64(0n));
  return fn.keep("f64", op("f64.reinterpret_i64", op("i64.add", bits, step)));
}
