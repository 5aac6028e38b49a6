import { describe, expect, test } from "vitest";
import { rv64 } from "../../../sim/machine/index.js";
import { buildInterpreter } from "../../../sim/machine/translate/interpreter.js";
import { createDecoder, encode, translateUnit } from "../../../sim/machine/index.js";
import { Code, functionLines, WasmModule, wasmText } from "../../../sim/wasm/index.js";
import { memory, plain, type MemoryAccess, type Plain } from "../../../sim/wasm/code.js";
import { assembleText } from "./assemble-text.js";

/** A module with one function, exported as `run`. */
function moduleOf(write: (code: Code) => void): Uint8Array {
  const module = new WasmModule();
  const code = new Code(1);
  write(code);
  module.function({ parameters: ["i32"], results: [] }, code, "run");
  return module.encode();
}

const texts = (write: (code: Code) => void): string[] => functionLines(moduleOf(write), "run").map(({ text }) => text);

test("a module is shown as the specification writes one", () => {
  const module = new WasmModule();
  module.importMemory("host", "memory");
  module.importTable("host", "units");
  const load = module.importFunction("host", "load", { parameters: ["i32", "i64"], results: ["i64"] });
  const code = new Code(1);
  const value = code.local("i64");
  code.loop();
  const again = code.depth;
  code.get(0);
  code.i64(-5n);
  code.call(load);
  code.tee(value);
  code.op("i64.eqz");
  code.if("i64");
  code.get(value);
  code.op("else");
  code.get(0);
  code.access("i64.load", 16);
  code.op("end");
  code.op("i32.wrap_i64");
  code.branchIf(again);
  code.op("end");
  module.function({ parameters: ["i32"], results: [] }, code, "run");
  expect(wasmText(module.encode(), new Map([[1, "value"]]))).toBe(`(module
  (type (;0;) (func (param i32 i64) (result i64)))
  (type (;1;) (func (param i32)))
  (import "host" "memory" (memory 0))
  (import "host" "units" (table 0 funcref))
  (import "host" "load" (func $host.load (type 0)))
  (export "run" (func 1))
  (func (;1;) (type 1)
    (local $value i64)
    loop $loop1
      local.get 0
      i64.const -5
      call $host.load
      local.tee $value
      i64.eqz
      if $if2 (result i64)
        local.get $value
      else
        local.get 0
        i64.load offset=16
      end
      i32.wrap_i64
      br_if $loop1
    end
  )
)`);
});

test("each instruction that can be emitted has its own name", () => {
  const names = (Object.keys(plain) as Plain[]).filter((name) => name !== "end" && name !== "else");
  for (const name of names)
    expect(
      texts((code) => {
        code.op(name);
      }),
    ).toEqual([name]);
  for (const name of Object.keys(memory) as MemoryAccess[]) {
    expect(
      texts((code) => {
        code.access(name, 8);
      }),
    ).toEqual([`${name} offset=8`]);
  }
  const codes = [...Object.values(plain), ...Object.values(memory).map(([code]) => code)];
  expect(new Set(codes).size).toBe(codes.length);
});

test("numbers come through as they are", () => {
  const numbers = (code: Code): void => {
    for (const number of [0, -1, 2 ** 31 - 1, -(2 ** 31)]) code.i32(number);
    for (const number of [2n ** 63n - 1n, -(2n ** 63n), 64n]) code.i64(number);
    for (const number of [0, -0, 1.5, 2 ** -1074, -Infinity, NaN]) code.f64(number);
  };
  expect(texts(numbers)).toEqual([
    ...["0", "-1", "2147483647", "-2147483648"].map((number) => `i32.const ${number}`),
    ...["9223372036854775807", "-9223372036854775808", "64"].map((number) => `i64.const ${number}`),
    ...["0", "-0", "1.5", "5e-324", "-inf", "nan:0x8000000000000"].map((number) => `f64.const ${number}`),
  ]);
});

test("two imports of one name and different types have names of their own", () => {
  const module = new WasmModule();
  module.importFunction("routine", "writeCsr", { parameters: ["i32"], results: [] });
  module.importFunction("routine", "writeCsr", { parameters: ["i64"], results: [] });
  expect(wasmText(module.encode())).toContain("(func $routine.writeCsr/2 (type 1))");
});

test("lines say where their bytes are", () => {
  const positions: number[] = [];
  const module = moduleOf((code) => {
    for (const value of [1, 1000, 1_000_000]) {
      positions.push(code.position);
      code.i32(value);
      positions.push(code.position);
      code.op("drop");
    }
  });
  const lines = functionLines(module, "run");
  expect(lines.map(({ offset }) => offset)).toEqual(positions);
  expect(lines.map(({ length }) => length)).toEqual([2, 1, 3, 1, 4, 1]);
});

describe("what the translator emits is shown whole: its text, read back, gives the same bytes", () => {
  test("the interpreter of all instructions", () => {
    const { loop, rows } = buildInterpreter(rv64, false);
    for (const module of [loop, rows]) {
      expect(Buffer.compare(assembleText(wasmText(module)), module)).toBe(0);
    }
  });

  test.each(rv64.rows.map(({ name }) => name))("a unit with %s", (name) => {
    const row = rv64.row(name);
    const { rd, rs1, rs2, frd, frs1, imm } = row.format.fields;
    const word = encode(row, {
      ...(rd === undefined ? {} : { rd: 10 }),
      ...(rs1 === undefined ? {} : { rs1: 11 }),
      ...(rs2 === undefined ? {} : { rs2: 12 }),
      ...(frd === undefined ? {} : { frd: 1 }),
      ...(frs1 === undefined ? {} : { frs1: 2 }),
      ...(imm === undefined ? {} : { imm: row.format.name === "U" ? 4096 : 8 }),
    });
    const decode = createDecoder(rv64);
    const unit = translateUnit({
      page: 0x8000_0000n,
      entries: [0],
      decode: (offset) => (offset >= 0 && offset < 64 ? decode(offset === 0 ? word : 0x13) : undefined),
      index: 3,
      alignedOnly: false,
    });
    expect(Buffer.compare(assembleText(wasmText(unit.module, unit.names())), unit.module)).toBe(0);
  });
});

test.each([
  ["nothing", new Uint8Array(0)],
  ["something else", Uint8Array.from([127, 69, 76, 70, 2, 1, 1, 0])],
  ["half a module", new WasmModule().encode().slice(0, 6)],
])("of %s it says that it can't be shown", (_, bytes) => {
  expect(() => wasmText(bytes)).toThrow(/cannot be shown/);
});
