import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  computeFloat,
  createFloats,
  hartLayout,
  rv64,
  type FloatOperation,
  type FloatWidth,
  type Rounding,
} from "../../../sim/machine/index.js";
import { attention } from "../../../sim/machine/layout.js";
import { floatType, variablesOf } from "../../../sim/machine/translate/context.js";
import { emitShortcut } from "../../../sim/machine/translate/floats/shortcuts.js";
import { Code, createMemory, instantiate, WasmModule } from "../../../sim/wasm/index.js";
import { floatOperand } from "./float-operand.js";

const long = process.env["VIRTLAB_LONG"] === "1";
type Call = (hart: number, rm: number, ...operands: readonly bigint[]) => bigint;

const memory = createMemory(1);
const view = new DataView(memory.buffer);
const functions = createFloats(rv64, memory) as Readonly<Record<string, Call>>;
/** A kind of call that instructions make. */
interface FloatCall {
  readonly name: string;
  readonly operation: FloatOperation;
  readonly width: FloatWidth;
  readonly count: number;
}
const calls: readonly FloatCall[] = rv64.rows
  .flatMap(({ meaning }) => meaning.filter((effect) => effect.kind === "float"))
  .map(({ operation, width, operands }) => ({
    name: `${operation}${width}`,
    operation,
    width,
    count: operands.length,
  }))
  .filter(({ name }, place, all) => all.findIndex((other) => other.name === name) === place);

/** Result and flags of one call. */
interface Answer {
  readonly bits: bigint;
  readonly flags: number;
}

function call(name: string, rm: number, frm: number, flags: number, operands: readonly bigint[]): Answer {
  view.setInt32(hartLayout.frm, frm, true);
  view.setInt32(hartLayout.fflags, flags, true);
  const bits = functions[name]?.(0, rm, ...operands) ?? -1n;
  return { bits, flags: view.getInt32(hartLayout.fflags, true) };
}

/** A number's bits and back, in either width. */
const cell = new DataView(new ArrayBuffer(8));
function numberOf(width: FloatWidth, bits: bigint): number {
  cell.setBigUint64(0, width === 64 ? bits : bits << 32n);
  return width === 64 ? cell.getFloat64(0) : cell.getFloat32(0);
}
function bitsOf(width: FloatWidth, value: number): bigint {
  if (width === 64) cell.setFloat64(0, value);
  else cell.setFloat32(0, value);
  return width === 64 ? cell.getBigUint64(0) : BigInt(cell.getUint32(0));
}

/** Any exponent and few digits: sums, products, quotients and roots of these are exact often, and go over every edge. */
function short(width: FloatWidth): fc.Arbitrary<bigint> {
  const [fraction, middle] = width === 32 ? [23n, 127n] : [52n, 1023n];
  const exponent = fc.oneof(fc.bigInt(0n, 2n * middle), fc.bigInt(middle - 30n, middle + 30n));
  return fc
    .tuple(fc.bigInt(0n, 1n), exponent, fc.bigInt(0n, (1n << fraction) - 1n), fc.bigInt(0n, fraction))
    .map(([sign, exponent, rest, zeros]) => {
      const ones = (rest >> zeros) << zeros;
      return (sign << BigInt(width - 1)) | (exponent << fraction) | ones;
    });
}

/** Three operands; among them those that nearly cancel out, divide, have a root or are a tie. */
function triple(width: FloatWidth): fc.Arbitrary<readonly bigint[]> {
  const any = fc.oneof(floatOperand(width), short(width));
  const triples = fc.tuple(any, any, any);
  const step = fc.bigInt(-2n, 2n);
  const related = fc.tuple(triples, step, fc.nat(3)).map(([[a, b, c], step, kind]) => {
    const near = (value: number): bigint => BigInt.asUintN(width, bitsOf(width, value) + step);
    const [x, y] = [numberOf(width, a), numberOf(width, b)];
    if (kind === 0) return [a, b, near(-x * y)];
    if (kind === 1) return [near(x * y), b, c];
    if (kind === 2) return [near(x * x), b, c];
    return [a, near(-x), c];
  });
  // (1 + small) × (1 − small) × half a unit of c's last place: next to a tie, by less than two roundings in a row would see.
  const [half, small] = width === 32 ? [2 ** -24, 2 ** -16] : [2 ** -53, 2 ** -30];
  const significand = fc.bigInt(0n, (1n << (width === 32 ? 23n : 52n)) - 1n);
  const signs = fc.constantFrom(1, -1);
  const tie = fc.tuple(significand, fc.nat(7), signs, signs, step).map(([rest, k, up, sign, near]) => {
    const c = BigInt.asUintN(width, (bitsOf(width, 1) | rest) + (rest === 0n ? 0n : near));
    return [bitsOf(width, 1 + up * k * small), bitsOf(width, sign * half * (1 - up * k * small)), c];
  });
  return fc.oneof(triples, related, tie);
}

/** Integers of every length, and near the powers of two where they stop being exact. */
const integer = fc.oneof(
  fc
    .tuple(fc.nat(63), fc.bigInt(-2n, 2n), fc.boolean())
    .map(([exponent, more, negative]) => BigInt.asIntN(64, (2n ** BigInt(exponent) + more) * (negative ? -1n : 1n))),
  fc.tuple(fc.bigInt(-(2n ** 63n), 2n ** 63n - 1n), fc.nat(63)).map(([bits, less]) => bits >> BigInt(less)),
);

const mode = fc.record({
  rm: fc.constantFrom(0, 0, 0, 1, 1, 2, 3, 4, 7, 7),
  frm: fc.constantFrom<Rounding>(0, 0, 1, 2, 3, 4),
  flags: fc.oneof(fc.constantFrom(0, 1), fc.nat(31)),
});

const operandsOf = (operation: FloatOperation, width: FloatWidth): fc.Arbitrary<readonly bigint[]> => {
  if (operation.startsWith("from")) return fc.tuple(integer);
  return triple(operation === "convert" ? (width === 32 ? 64 : 32) : width);
};

describe("fast floating point is the software's", () => {
  test.for(calls)("$name: results and flags", { timeout: 600_000 }, ({ name, operation, width, count }) => {
    const wrong: string[] = [];
    fc.assert(
      fc.property(operandsOf(operation, width), mode, (some, { rm, frm, flags }) => {
        const operands = some.slice(0, count);
        const expected = computeFloat(operation, width, operands, rm === 7 ? frm : rm);
        const answer = call(name, rm, frm, flags, operands);
        if (answer.bits === expected.bits && answer.flags === (expected.flags | flags)) return;
        const hex = operands.map((bits) => bits.toString(16)).join(" ");
        wrong.push(
          `${hex} rm ${rm} frm ${frm} flags ${flags}: ${answer.bits} ${answer.flags}, not ${expected.bits} ${expected.flags | flags}`,
        );
      }),
      { seed: 754, numRuns: long ? 200_000 : 2000 },
    );
    expect(wrong.slice(0, 10)).toEqual([]);
  });
});

/** What units compute in place, as functions that say when they don't know. */
const shortcuts = ((): Readonly<Record<string, Call>> => {
  const module = new WasmModule();
  module.importMemory("host", "memory");
  for (const { name, operation, width, count } of calls) {
    for (const rm of [0, 1, 7]) {
      const code = new Code(2 + count);
      const [hart, result] = [0, code.local("i64")];
      const operands = Array.from({ length: count }, (_, place) => () => {
        code.get(2 + place);
      });
      code.block();
      const context = { code, locals: { hart }, variable: variablesOf(code) };
      const known = emitShortcut(context, operation, width, rm, operands, result, code.depth);
      code.get(hart);
      code.i32(attention.missed);
      code.access("i32.store", hartLayout.fault);
      code.op("end");
      code.get(result);
      if (known) module.function(floatType(count), code, `${name} ${rm}`);
    }
  }
  return instantiate(module.encode(), { host: { memory } }) as Readonly<Record<string, Call>>;
})();

describe("what units compute of it in place is the software's, and raises nothing", () => {
  /** What is wrong with the answer: "none" where nothing is, "unknown" where there is no answer. */
  function fault(key: string, some: readonly bigint[], frm: Rounding, flags: number): string {
    const [name, rm] = [key.split(" ")[0], Number(key.split(" ")[1])];
    const { operation, width, count } = calls.find((one) => one.name === name)!;
    const operands = some.slice(0, count);
    view.setInt32(hartLayout.frm, frm, true);
    view.setInt32(hartLayout.fflags, flags, true);
    view.setInt32(hartLayout.fault, attention.none, true);
    const bits = BigInt.asUintN(64, shortcuts[key]!(0, rm, ...operands));
    const isKnown = view.getInt32(hartLayout.fault, true) !== attention.missed;
    view.setInt32(hartLayout.fault, attention.none, true);
    if (!isKnown) return "unknown";
    const expected = computeFloat(operation, width, operands, rm === 7 ? frm : 0);
    if (bits === BigInt.asUintN(64, expected.bits) && (expected.flags & ~flags) === 0) return "none";
    const hex = operands.map((one) => one.toString(16)).join(" ");
    return `${hex} frm ${frm} flags ${flags}: ${bits}, not ${expected.bits} ${expected.flags}`;
  }

  // Doubles that are singles have products without rounding.
  const singles = triple(32).map((some) => some.map((bits) => bitsOf(64, numberOf(32, bits))));
  const sizes = [0, 1, 3, 0.1, 2 ** -149, 2 ** 127, 2 ** -1022, 2 ** -1074, Number.MAX_VALUE, Infinity, NaN];
  const edges = sizes.flatMap((size) => [bitsOf(64, size), bitsOf(64, -size)]);

  test.for(Object.keys(shortcuts))("%s", { timeout: 600_000 }, (key) => {
    const found: string[] = [];
    fc.assert(
      fc.property(fc.oneof(triple(64), singles), mode, (some, { frm, flags }) => {
        found.push(fault(key, some, frm, flags));
      }),
      { seed: 755, numRuns: long ? 200_000 : 2000 },
    );
    for (const a of edges)
      for (const b of edges)
        for (const c of edges) for (const flags of [0, 1]) found.push(fault(key, [a, b, c], 0, flags));
    expect(found.filter((one) => one !== "unknown" && one !== "none").slice(0, 10)).toEqual([]);
    expect(found.filter((one) => one === "none").length).toBeGreaterThan(1000);
  });

  test("of sums and products of doubles, rounded to nearest", () => {
    const of = ["add64", "subtract64", "multiply64", "multiplyAdd64"];
    expect(Object.keys(shortcuts).sort()).toEqual(of.flatMap((name) => [`${name} 0`, `${name} 7`]).sort());
  });
});

test("where there is no such rounding mode the instruction is undone", () => {
  const one = bitsOf(64, 1);
  for (const [rm, frm] of [
    [5, 0],
    [7, 5],
  ] as const) {
    view.setInt32(hartLayout.fault, 0, true);
    call("add64", rm, frm, 0, [one, one]);
    expect(view.getInt32(hartLayout.fault, true)).toBe(1);
  }
  view.setInt32(hartLayout.fault, 0, true);
});

test("what programs do mostly never reaches the software", () => {
  const own = createMemory(1);
  const fast = createFloats(rv64, own) as Readonly<Record<string, Call>>;
  // The software holds the buffer that this takes away, so it throws from here on.
  own.grow(1);
  const flags = new DataView(own.buffer);
  const run = (name: string, rm: number, raised: number, operands: readonly bigint[]): string => {
    flags.setInt32(hartLayout.fflags, raised, true);
    try {
      fast[name]?.(0, rm, ...operands);
      return "fast";
    } catch (error) {
      return error instanceof TypeError ? `${name} soft` : String(error);
    }
  };
  const values = [3, 0.1, 1e5, 7.25];
  for (const { name, operation, width, count } of calls) {
    if (operation === "classify") continue;
    const from = operation === "convert" ? (width === 32 ? 64 : 32) : width;
    for (const [place, value] of values.entries()) {
      const numbers = [value, values[(place + 1) % 4] ?? 0, values[(place + 2) % 4] ?? 0];
      const operands = operation.startsWith("from")
        ? [BigInt(Math.ceil(value))]
        : numbers.slice(0, count).map((number) => bitsOf(from, number));
      for (const raised of [0, 1]) {
        expect(run(name, operation.startsWith("to") ? 1 : 0, raised, operands)).toBe("fast");
      }
    }
  }
  expect(run("add64", 2, 0, [bitsOf(64, 1), bitsOf(64, 2)])).toBe("add64 soft");
});
