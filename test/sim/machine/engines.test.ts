import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createDecoder,
  encode,
  executionOf,
  formats,
  rv64,
  type Exception,
  type Execution,
  type HartState,
  type Row,
} from "../../../sim/machine/index.js";
import { runEvaluated, runTranslated, type Ended } from "./bare-hart.js";

const long = process.env["VIRTLAB_LONG"] === "1";

/** Programs lie in the first pages, what they read and write behind. */
const size = 4 * 4096;
const data = 0x1000 + 2 * 4096;

const registers = [0, 1, 5, 6, 7, 8, 9, 10];
const rows = rv64.rows.filter(({ extension }) => ["I", "M", "A", "F", "D", "Zifencei"].includes(extension));
const byName = (name: string): Row => rv64.row(name);
const touchesMemory = (row: Row): boolean =>
  row.meaning.some(({ kind }) => kind === "load" || kind === "store" || kind === "exchange" || kind === "call");

const register = fc.constantFrom(...registers);
const floatRegister = fc.constantFrom(0, 1, 8, 31);
/** Numbers where carries, signs and overflows happen, and any others. */
const number = fc.oneof(
  fc.constantFrom(
    0n,
    1n,
    -1n,
    2n ** 31n,
    -(2n ** 31n),
    2n ** 32n,
    2n ** 63n - 1n,
    -(2n ** 63n),
    BigInt(data),
    BigInt(data + 4094),
  ),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
);

const view = new DataView(new ArrayBuffer(8));
/** Numbers of either format that calculate with each other, and any bits. */
const float = fc.oneof(
  number,
  fc.double().map((value) => {
    view.setFloat64(0, value);
    return view.getBigInt64(0);
  }),
  fc.oneof(fc.integer({ min: -9, max: 9 }), fc.float()).map((value) => {
    view.setInt32(0, -1);
    view.setFloat32(4, value);
    return view.getBigInt64(0);
  }),
);

/** One instruction at a place of a program of `length`: jumps stay inside it, accesses go near the data mostly. */
function instruction(length: number): fc.Arbitrary<(place: number) => number> {
  return fc
    .record({
      row: fc.constantFrom(...rows),
      rd: register,
      rs1: register,
      rs2: register,
      floats: fc.tuple(floatRegister, floatRegister, floatRegister, floatRegister),
      rm: fc.constantFrom(0, 1, 2, 3, 4, 7, 7, 7),
      bits: fc.integer({ min: -2048, max: 2047 }),
      to: fc.nat(length),
    })
    .map(({ row, rd, rs1, rs2, floats, rm, bits, to }) => (place) => {
      const base = touchesMemory(row) && bits % 16 !== 0 ? 8 : rs1;
      const { name } = row.format;
      if (row.extension === "F" || row.extension === "D") {
        const [frd, frs1, frs2, frs3] = floats;
        return encode(row, { frd, frs1, frs2, frs3, rd, rs1: name === "R" ? rs1 : base, rm, imm: bits });
      }
      if (row.format.fields.imm === undefined || row.format === formats.fence)
        return encode(row, { rd, rs1: base, rs2 });
      if (name === "B" || name === "J") return encode(row, { rd, rs1, rs2, imm: 4 * (to - place) });
      if (name === "U") return encode(row, { rd, imm: bits << 12 });
      const shift = !row.format.fields.imm.signed;
      return encode(row, { rd, rs1: base, rs2, imm: shift ? bits & (row.name.endsWith("w") ? 31 : 63) : bits });
    });
}

const program = fc.integer({ min: 1, max: 60 }).chain((length) =>
  fc.record({
    words: fc
      .array(instruction(length), { minLength: length, maxLength: length })
      .map((made) => made.map((make, place) => make(place))),
    values: fc.array(number, { minLength: registers.length, maxLength: registers.length }),
    floats: fc.array(float, { minLength: 32, maxLength: 32 }),
    // 5 is none: what is rounded by frm is illegal then.
    roundingMode: fc.integer({ min: 0, max: 5 }),
  }),
);

function assemble(words: readonly number[]): Uint8Array {
  return new Uint8Array(Uint32Array.from([...words, byName("ebreak").match]).buffer);
}

interface Rest {
  readonly limit: number;
  readonly floats: readonly bigint[];
  readonly roundingMode: number;
}

/** What both engines make of a program, the slow one executing exactly as many instructions as the fast one did. */
function both(
  words: readonly number[],
  values: readonly bigint[],
  { limit = 5000, floats = Array.from({ length: 32 }, () => 0n), roundingMode = 0 }: Partial<Rest> = {},
): readonly [Ended, Ended] {
  const code = assemble(words);
  const all = Array.from({ length: 32 }, () => 0n);
  registers.forEach((name, index) => {
    if (name !== 0) all[name] = values[index] ?? 0n;
  });
  // What base registers hold: the data, near a page's end.
  all[8] = BigInt(data + 4090);
  const program = { code, registers: all, floats, roundingMode, size };
  const translated = runTranslated({ ...program, limit });
  const exact = translated.exception === undefined ? translated.executed : translated.executed + 1;
  return [translated, runEvaluated({ ...program, limit: exact })];
}

const untouched = (words: readonly number[], { memory }: Ended): boolean =>
  memory.startsWith(Buffer.from(assemble(words)).toString("hex"));

describe("the translator does what the meanings say", () => {
  const patience = { timeout: 600_000 };
  test("for random programs: registers, memory, pc, count and exception", patience, () => {
    let compared = 0;
    fc.assert(
      fc.property(program, ({ words, values, ...floating }) => {
        const [translated, evaluated] = both(words, values, floating);
        // Code that rewrites itself is the machine's to notice, not a unit's.
        if (!untouched(words, evaluated)) return;
        compared++;
        expect(translated).toEqual(evaluated);
      }),
      { seed: 7, numRuns: long ? 20_000 : 300 },
    );
    expect(compared).toBeGreaterThan(long ? 15_000 : 200);
  });

  test("for a loop in a loop, with a call in it", () => {
    const [a0, a1, ra] = [10, 9, 1];
    const words = [
      encode(byName("addi"), { rd: a0, imm: 50 }),
      // outer:
      encode(byName("addi"), { rd: a1, imm: 20 }),
      // inner:
      encode(byName("jal"), { rd: ra, imm: 20 }),
      encode(byName("bne"), { rs1: a1, rs2: 0, imm: -4 }),
      encode(byName("addi"), { rd: a0, rs1: a0, imm: -1 }),
      encode(byName("bne"), { rs1: a0, rs2: 0, imm: -16 }),
      byName("ebreak").match,
      // the function:
      encode(byName("addi"), { rd: a1, rs1: a1, imm: -1 }),
      encode(byName("add"), { rd: 5, rs1: 5, rs2: a0 }),
      encode(byName("jalr"), { rd: 0, rs1: ra }),
    ];
    const [translated, evaluated] = both(words, [], { limit: 100_000 });
    expect(translated).toEqual(evaluated);
    expect(translated.x[5]).toBe(BigInt((20 * 50 * 51) / 2));
    expect(translated.exception).toMatchObject({ cause: 3 });
  });

  test("a loop comes back before it goes past its budget, at an exact place", () => {
    const words = [encode(byName("addi"), { rd: 5, rs1: 5, imm: 1 }), encode(byName("jal"), { rd: 0, imm: -4 })];
    const [translated, evaluated] = both(words, [], { limit: 1001 });
    expect(translated).toEqual(evaluated);
    expect(translated.executed).toBeLessThanOrEqual(1001);
    expect(translated.executed).toBeGreaterThan(990);
  });

  test("a fault in the middle of a block leaves what was before it, and counts it", () => {
    const words = [
      encode(byName("addi"), { rd: 5, imm: 7 }),
      encode(byName("ld"), { rd: 5, rs1: 6, imm: 0 }),
      encode(byName("addi"), { rd: 7, imm: 1 }),
    ];
    const [translated, evaluated] = both(words, [0n, 0n, 0n, -8n]);
    expect(translated).toEqual(evaluated);
    expect(translated).toMatchObject({ executed: 1, pc: 0x1004n, exception: { cause: 5, value: -8n } });
    expect(translated.x[5]).toBe(7n);
  });
});

/** What is asked of a hart answers so, in order, and then with 0. */
type Answer = bigint | Exception;

/** All that an execution does to a hart with these registers. */
function trace(execution: Execution, registers: readonly bigint[], answers: readonly Answer[]): object {
  const asked: unknown[] = [];
  const ask = (...what: unknown[]): Answer => answers[asked.push(what) - 1] ?? 0n;
  const hart: HartState = {
    x: BigInt64Array.from([0n, ...registers]),
    f: BigInt64Array.from([...registers, 0n]),
    pc: 0x1000n,
    roundingMode: 0,
    raise: (flags) => void ask("raise", flags),
    load: (...what) => ask("load", ...what),
    loadToStore: (...what) => ask("loadToStore", ...what),
    call: (...what) => ask("call", ...what),
    store(...what) {
      const answer = ask("store", ...what);
      return typeof answer === "bigint" ? undefined : answer;
    },
  };
  const exception = execution(hart);
  return { asked, exception, x: [...hart.x], f: [...hart.f], pc: hart.pc };
}

test("an execution keeps nothing of what it did before", () => {
  const decode = createDecoder(rv64);
  const answer = fc.oneof(number, fc.constant({ cause: 5, value: 1n }));
  const state = fc.record({
    registers: fc.array(number, { minLength: 31, maxLength: 31 }),
    answers: fc.array(answer, { maxLength: 3 }),
  });
  const made = fc.oneof(
    instruction(8).map((make) => make(4)),
    fc
      .constantFrom(...rv64.rows)
      .map((row) => encode(row, { rd: 5, rs1: 6, rs2: 7, csr: 0x300, imm: row.format.name === "U" ? 4096 : 4 })),
  );
  fc.assert(
    fc.property(made, fc.array(state, { minLength: 2, maxLength: 4 }), (word, states) => {
      const one = decode(word);
      if (one === undefined) throw new Error(`0x${word.toString(16)} is no instruction`);
      const kept = executionOf(one);
      for (const { registers: before, answers } of states) {
        expect(trace(kept, before, answers)).toEqual(trace(executionOf(one), before, answers));
      }
    }),
    { seed: 11, numRuns: long ? 20_000 : 1000 },
  );
});

describe("meanings", () => {
  const run = (name: string, a: bigint, b: bigint): bigint | undefined =>
    both([encode(byName(name), { rd: 10, rs1: 5, rs2: 6 })], [0n, 0n, a, b])[1].x[10];
  const least = -(2n ** 63n);

  test.each([
    ["div", -7n, 2n, -3n],
    ["div", 7n, 0n, -1n],
    ["div", least, -1n, least],
    ["divu", 7n, 0n, -1n],
    ["divu", -1n, 2n, 2n ** 63n - 1n],
    ["rem", -7n, 2n, -1n],
    ["rem", 7n, 0n, 7n],
    ["rem", least, -1n, 0n],
    ["remu", -1n, 0n, -1n],
    ["divw", -(2n ** 31n), -1n, -(2n ** 31n)],
    ["remuw", -1n, 0n, -1n],
    ["mulh", least, least, 2n ** 62n],
    ["mulhu", -1n, -1n, -2n],
    ["mulhsu", -1n, -1n, -1n],
    ["mulw", 2n ** 31n, 1n, -(2n ** 31n)],
    ["addw", 2n ** 31n - 1n, 1n, -(2n ** 31n)],
    ["sllw", 1n, 63n, -(2n ** 31n)],
    ["srlw", -1n, 1n, 2n ** 31n - 1n],
    ["sraw", 2n ** 31n, 1n, -(2n ** 30n)],
    ["sra", least, 127n, -1n],
    ["sltu", 1n, -1n, 1n],
    ["slt", 1n, -1n, 0n],
  ])("%s of %i and %i is %i", (name, a, b, result) => {
    expect(run(name, a, b)).toBe(result);
  });

  test("encode refuses a number that the field can't hold, and says what it holds", () => {
    expect(() => encode(byName("beq"), { imm: 3 })).toThrow(
      expect.objectContaining({ name: "UsageError", hint: "It holds -4096 to 4095, in steps of 2." }) as Error,
    );
  });
});
