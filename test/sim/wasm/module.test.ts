import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Code, createMemory, createTable, instantiate, WasmModule } from "../../../sim/wasm/index.js";

/** A module with one function and no imports, run. */
function run(write: (code: Code) => void, result: "i32" | "i64" | "f64"): unknown {
  const module = new WasmModule();
  const code = new Code(0);
  write(code);
  module.function({ parameters: [], results: [result] }, code, "run");
  return (instantiate(module.encode(), {})["run"] as () => unknown)();
}

describe("numbers come through as they are", () => {
  test.each([0, 63, 64, -64, -65, 127, 128, 2 ** 31 - 1, -(2 ** 31)])("i32 %i", (number) => {
    expect(
      run((code) => {
        code.i32(number);
      }, "i32"),
    ).toBe(number);
  });

  test.each([0, -0, 1.5, 2 ** -1074, Infinity, NaN])("f64 %f", (number) => {
    expect(
      run((code) => {
        code.f64(number);
      }, "f64"),
    ).toBe(number);
  });

  test("any i64", () => {
    const same = fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), (number) => {
      return (
        run((code) => {
          code.i64(number);
        }, "i64") === number
      );
    });
    expect(() => {
      fc.assert(same, { seed: 1 });
    }).not.toThrow();
  });
});

test("labels name what was open when they were taken, however deep", () => {
  const steps = (start: number): unknown =>
    run((code) => {
      const [count, rest] = [code.local("i32"), code.local("i32")];
      code.i32(start);
      code.set(rest);
      code.block();
      const done = code.depth;
      code.loop();
      const again = code.depth;
      code.get(rest);
      code.op("i32.eqz");
      code.branchIf(done);
      code.get(count);
      code.i32(1);
      code.op("i32.add");
      code.set(count);
      code.get(rest);
      code.i32(1);
      code.op("i32.sub");
      code.tee(rest);
      code.if();
      code.branch(again);
      code.op("end");
      code.op("end");
      code.op("end");
      code.get(count);
    }, "i32");
  expect([0, 1, 70].map(steps)).toEqual([0, 1, 70]);
});

test("a table of branches chooses by number, the last for all others", () => {
  const chosen = (number: number): unknown =>
    run((code) => {
      code.block();
      const other = code.depth;
      code.block();
      const one = code.depth;
      code.block();
      const zero = code.depth;
      code.i32(number);
      code.branchTable([zero, one, other]);
      code.op("end");
      code.i32(100);
      code.op("return");
      code.op("end");
      code.i32(101);
      code.op("return");
      code.op("end");
      code.i32(102);
    }, "i32");
  expect([0, 1, 2, 99].map(chosen)).toEqual([100, 101, 102, 102]);
});

test("modules share memory and call one another through a table, without growing the stack", () => {
  const memory = createMemory(1);
  const table = createTable(1);
  const module = new WasmModule();
  module.importMemory("host", "memory");
  module.importTable("host", "table");
  const tick = module.importFunction("host", "tick", { parameters: ["i32"], results: [] });
  const type = { parameters: ["i32"], results: [] } as const;
  const code = new Code(1);
  code.get(0);
  code.call(tick);
  code.get(0);
  code.op("i32.eqz");
  code.if();
  code.op("return");
  code.op("end");
  code.i32(8);
  code.get(0);
  code.access("i32.store", 0);
  code.get(0);
  code.i32(1);
  code.op("i32.sub");
  code.i32(0);
  code.returnCallIndirect(module.type(type));
  module.function(type, code, "count");
  let ticks = 0;
  const host = { memory, table, tick: () => ticks++ };
  const { count } = instantiate(module.encode(), { host }) as { count: (from: number) => void };
  table.set(0, count);
  count(200_000);
  expect(ticks).toBe(200_001);
  expect(new DataView(memory.buffer).getInt32(8, true)).toBe(1);
});
