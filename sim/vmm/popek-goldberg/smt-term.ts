import type { Field, Operator, Term } from "../../machine/index.js";

/** A bit vector of 64 bits as SMT-LIB writes it. */
export const word = (value: bigint): string => `#x${BigInt.asUintN(64, value).toString(16).padStart(16, "0")}`;

/** A truth value as a number, as comparisons give it, and back. */
export const number = (condition: string): string => `(ite ${condition} ${word(1n)} ${word(0n)})`;
export const truth = (value: string): string => `(not (= ${value} ${word(0n)}))`;

const plain =
  (name: string) =>
  (a: string, b: string): string =>
    `(${name} ${a} ${b})`;
const comparison =
  (name: string) =>
  (a: string, b: string): string =>
    number(`(${name} ${a} ${b})`);
/** Shifts use the lower six bits of the amount. */
const shift =
  (name: string) =>
  (a: string, b: string): string =>
    `(${name} ${a} (bvand ${b} ${word(63n)}))`;
const extend = (isSigned: boolean, value: string): string =>
  `((_ ${isSigned ? "sign_extend" : "zero_extend"} 64) ${value})`;
const high =
  (left: boolean, right: boolean) =>
  (a: string, b: string): string =>
    `((_ extract 127 64) (bvmul ${extend(left, a)} ${extend(right, b)}))`;
const byZero = (b: string, otherwise: string, usual: string): string =>
  `(ite (= ${b} ${word(0n)}) ${otherwise} ${usual})`;

/** What the operators of meanings are in the theory of bit vectors, division by zero as in the "M" extension. */
const operators: Readonly<Record<Operator, (a: string, b: string) => string>> = {
  add: plain("bvadd"),
  subtract: plain("bvsub"),
  and: plain("bvand"),
  or: plain("bvor"),
  xor: plain("bvxor"),
  shiftLeft: shift("bvshl"),
  shiftRight: shift("bvlshr"),
  shiftRightSigned: shift("bvashr"),
  equal: comparison("="),
  notEqual: comparison("distinct"),
  less: comparison("bvslt"),
  lessUnsigned: comparison("bvult"),
  multiply: plain("bvmul"),
  multiplyHigh: high(true, true),
  multiplyHighUnsigned: high(false, false),
  multiplyHighSignedUnsigned: high(true, false),
  // The theory wraps at the one overflow, as the extension does.
  divide: (a, b) => byZero(b, word(-1n), `(bvsdiv ${a} ${b})`),
  divideUnsigned: (a, b) => byZero(b, word(-1n), `(bvudiv ${a} ${b})`),
  remainder: (a, b) => byZero(b, a, `(bvsrem ${a} ${b})`),
  remainderUnsigned: (a, b) => byZero(b, a, `(bvurem ${a} ${b})`),
};

/** What terms refer to. */
export interface TermScope {
  /** The number in a field, and the content of the register that it names, as 64 bits. */
  readonly field: (field: Field) => string;
  readonly register: (field: Field) => string;
  readonly variable: (name: string) => string;
}

/** A term of a meaning as an SMT-LIB term of 64 bits. */
export function smtTerm(term: Term, scope: TermScope): string {
  switch (term.kind) {
    case "constant":
      return word(term.value);
    case "field":
      return scope.field(term.field);
    case "register":
      return scope.register(term.field);
    case "pc":
      return "pc";
    case "next":
      return "(bvadd pc length)";
    case "variable":
      return scope.variable(term.name);
    case "binary":
      return operators[term.operator](smtTerm(term.left, scope), smtTerm(term.right, scope));
    case "extend": {
      if (term.width === 64) return smtTerm(term.value, scope);
      const kind = term.signed ? "sign_extend" : "zero_extend";
      return `((_ ${kind} ${64 - term.width}) ((_ extract ${term.width - 1} 0) ${smtTerm(term.value, scope)}))`;
    }
    case "choose":
      return `(ite ${truth(smtTerm(term.condition, scope))} ${smtTerm(term.yes, scope)} ${smtTerm(term.no, scope)})`;
  }
}
