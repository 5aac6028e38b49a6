import type { FloatOperation, FloatWidth } from "../float/index.js";
import { formats, type Format } from "./format.js";
import {
  add,
  and,
  call,
  choose,
  constant,
  equal,
  imm,
  or,
  rs1,
  set,
  shiftRight,
  signed,
  store,
  unsigned,
  variable,
  xor,
  type Effect,
  type FloatRegisterField,
  type Meaning,
  type Term,
} from "./meaning.js";
import type { Row } from "./row.js";

/** One of the two formats: what the rows of F and of D differ in. */
interface Precision {
  readonly width: FloatWidth;
  readonly extension: "F" | "D";
  readonly suffix: "s" | "d";
  /** The format field of the instruction: bit 25. */
  readonly bits: number;
  /** Of loads, stores and moves: funct3. */
  readonly size: number;
  /** What a register holds as a number of this format. */
  readonly read: (field: FloatRegisterField) => Term;
  /** What a register holds for a number of this format. */
  readonly boxed: (value: Term) => Term;
}

const register = (field: FloatRegisterField): Term => ({ kind: "register", field });
const upperOnes = constant(-(2n ** 32n));
const canonicalNan = constant(0x7fc00000n);

const single: Precision = {
  width: 32,
  extension: "F",
  suffix: "s",
  bits: 0,
  size: 0x2000,
  // What isn't boxed in ones is no number (unprivileged ISA, "NaN Boxing of Narrower Values").
  read: (field) =>
    choose(
      equal(shiftRight(register(field), constant(32)), constant(0xffffffffn)),
      unsigned(32, register(field)),
      canonicalNan,
    ),
  boxed: (value) => or(value, upperOnes),
};
const double: Precision = {
  width: 64,
  extension: "D",
  suffix: "d",
  bits: 0x02000000,
  size: 0x3000,
  read: register,
  boxed: (value) => value,
};

const result = variable("result");
const setFloat = (value: Term): Effect => ({ kind: "set", field: "frd", value });
const address = add(rs1, imm);

function compute(operation: FloatOperation, width: FloatWidth, ...operands: readonly Term[]): Effect {
  return { kind: "float", name: "result", operation, width, operands };
}

function rowsOf(precision: Precision, other: Precision): readonly Row[] {
  const { width, extension, suffix, bits, size, read, boxed } = precision;
  const [a, b, c] = [read("frs1"), read("frs2"), read("frs3")];
  const sign = constant(1n << BigInt(width - 1));
  const negated = (term: Term): Term => xor(term, sign);
  const row = (name: string, format: Format, match: number, ...effects: readonly Effect[]): Row => ({
    name,
    extension,
    format,
    match,
    meaning: [call("useFloats"), ...effects],
  });
  const toFloat = (operation: FloatOperation, ...operands: readonly Term[]): Meaning => [
    compute(operation, width, ...operands),
    setFloat(boxed(result)),
  ];
  const toInteger = (operation: FloatOperation, ...operands: readonly Term[]): Meaning => [
    compute(operation, width, ...operands),
    set(result),
  ];
  const magnitude = and(a, constant((1n << BigInt(width - 1)) - 1n));
  /** The first operand with a sign made of both. */
  const withSign = (of: Term): Effect => setFloat(boxed(or(magnitude, and(of, sign))));
  const { float, floatRounded, floatOne, floatFused, floatCompare, floatToInteger, floatFromInteger } = formats;
  const letter = width === 32 ? "w" : "d";
  return [
    row(
      `fl${letter}`,
      formats.floatLoad,
      size | 0x07,
      { kind: "load", name: "result", width, signed: false, address },
      setFloat(boxed(result)),
    ),
    row(`fs${letter}`, formats.floatStore, size | 0x27, store(width, address, register("frs2"))),
    row(`fmadd.${suffix}`, floatFused, bits | 0x43, ...toFloat("multiplyAdd", a, b, c)),
    row(`fmsub.${suffix}`, floatFused, bits | 0x47, ...toFloat("multiplyAdd", a, b, negated(c))),
    row(`fnmsub.${suffix}`, floatFused, bits | 0x4b, ...toFloat("multiplyAdd", negated(a), b, c)),
    row(`fnmadd.${suffix}`, floatFused, bits | 0x4f, ...toFloat("multiplyAdd", negated(a), b, negated(c))),
    row(`fadd.${suffix}`, floatRounded, bits | 0x00000053, ...toFloat("add", a, b)),
    row(`fsub.${suffix}`, floatRounded, bits | 0x08000053, ...toFloat("subtract", a, b)),
    row(`fmul.${suffix}`, floatRounded, bits | 0x10000053, ...toFloat("multiply", a, b)),
    row(`fdiv.${suffix}`, floatRounded, bits | 0x18000053, ...toFloat("divide", a, b)),
    row(`fsqrt.${suffix}`, floatOne, bits | 0x58000053, ...toFloat("squareRoot", a)),
    row(`fsgnj.${suffix}`, float, bits | 0x20000053, withSign(b)),
    row(`fsgnjn.${suffix}`, float, bits | 0x20001053, withSign(negated(b))),
    row(`fsgnjx.${suffix}`, float, bits | 0x20002053, withSign(xor(a, b))),
    row(`fmin.${suffix}`, float, bits | 0x28000053, ...toFloat("minimum", a, b)),
    row(`fmax.${suffix}`, float, bits | 0x28001053, ...toFloat("maximum", a, b)),
    row(
      `fcvt.${suffix}.${other.suffix}`,
      floatOne,
      (bits | 0x40000053 | (other.bits === 0 ? 0 : 0x00100000)) >>> 0,
      compute("convert", width, other.read("frs1")),
      setFloat(boxed(result)),
    ),
    row(`feq.${suffix}`, floatCompare, (bits | 0xa0002053) >>> 0, ...toInteger("equal", a, b)),
    row(`flt.${suffix}`, floatCompare, (bits | 0xa0001053) >>> 0, ...toInteger("less", a, b)),
    row(`fle.${suffix}`, floatCompare, (bits | 0xa0000053) >>> 0, ...toInteger("lessOrEqual", a, b)),
    row(`fclass.${suffix}`, formats.floatMove, (bits | 0xe0001053) >>> 0, ...toInteger("classify", a)),
    row(`fcvt.w.${suffix}`, floatToInteger, (bits | 0xc0000053) >>> 0, ...toInteger("toInt32", a)),
    row(`fcvt.wu.${suffix}`, floatToInteger, (bits | 0xc0100053) >>> 0, ...toInteger("toUint32", a)),
    row(`fcvt.l.${suffix}`, floatToInteger, (bits | 0xc0200053) >>> 0, ...toInteger("toInt64", a)),
    row(`fcvt.lu.${suffix}`, floatToInteger, (bits | 0xc0300053) >>> 0, ...toInteger("toUint64", a)),
    row(`fcvt.${suffix}.w`, floatFromInteger, (bits | 0xd0000053) >>> 0, ...toFloat("fromInt32", rs1)),
    row(`fcvt.${suffix}.wu`, floatFromInteger, (bits | 0xd0100053) >>> 0, ...toFloat("fromUint32", rs1)),
    row(`fcvt.${suffix}.l`, floatFromInteger, (bits | 0xd0200053) >>> 0, ...toFloat("fromInt64", rs1)),
    row(`fcvt.${suffix}.lu`, floatFromInteger, (bits | 0xd0300053) >>> 0, ...toFloat("fromUint64", rs1)),
    // Moves look at bits, not at numbers.
    row(`fmv.x.${letter}`, formats.floatMove, (bits | 0xe0000053) >>> 0, set(signed(width, register("frs1")))),
    row(`fmv.${letter}.x`, formats.integerMove, (bits | 0xf0000053) >>> 0, setFloat(boxed(unsigned(width, rs1)))),
  ];
}

/** The F and D extensions (unprivileged ISA, "F" and "D" extensions). */
export const floatingPoint: readonly Row[] = [...rowsOf(single, double), ...rowsOf(double, single)];
