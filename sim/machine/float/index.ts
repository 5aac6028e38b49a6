/**
 * float: IEEE 754 arithmetic in software, exact in results and flags, in every rounding mode: what F and D mean.
 *
 * A number is taken apart into sign, significand and exponent; an operation computes without loss (BigInt has room for
 * every digit, a quotient or root keeps one bit for all that follow), and the result is rounded once.
 *
 * format      the two formats, taking bits apart and putting them together
 * round       rounding modes, flags, the one place that rounds
 * arithmetic  the operations
 */
export { computeFloat, type FloatOperation } from "./arithmetic.js";
export type { FloatWidth } from "./format.js";
export type { Rounding } from "./round.js";
