import { expect, test } from "vitest";
import { asm, lesson, machine, type Machine } from "../../../../sim/machine/index.js";

const program = asm`
        li   a0, 0
        li   a1, 1000000
        la   a2, data
  loop: addi a0, a0, 1
        lw   a3, 0(a2)
        sd   a0, 8(a2)
        bne  a0, a1, loop
        ebreak
        .align 3
  data: .quad 7, 8`;

const small = (): Machine => machine({ memory: 2 ** 20, program });

test("a block is shown as instructions, their meanings and their WebAssembly", () => {
  const guest = small();
  guest.run();
  const translation = guest.translation("loop");
  expect(translation.lines.map(({ instruction }) => instruction)).toEqual([
    "add a0,a0,1",
    "lw a3,0(a2)",
    "sd a0,8(a2)",
    "bne a0,a1,80000012 <loop>",
  ]);
  expect(translation.lines[0]).toMatchObject({
    meaning: "x[rd] ← x[rs1] + imm",
    wasm: ["local.get $a0", "i64.const 1", "i64.add", "local.set $a0"],
    wasmBytes: 7,
  });
  expect(translation.lines[1]?.wasm).toContain("i64.load32_s");
  expect(translation.wasm).toContain(";; 80000016 sd a0,8(a2)");
  const counted = Object.fromEntries(translation.counters.map(({ name, value }) => [name, value]));
  expect(counted).toMatchObject({ "guest instructions": 4, "guest bytes": 10, translated: 1, "unit instructions": 4 });
  expect(counted["wasm bytes"]).toBeGreaterThan(100);
  expect(counted["expansion"]).toBe((counted["wasm bytes"] ?? 0) / 10);
  expect(translation.view().views.map(({ as }) => as)).toEqual(["table", "text", "table"]);
});

test("a block may be asked for by any of its instructions, and before it is hot", () => {
  const guest = small();
  const middle = guest.translation(guest.address("loop") + 4n);
  expect(middle.counter("translated")).toBe(0);
  expect(middle.lines.at(-1)?.instruction).toContain("bne");
  const before = guest.save();
  guest.translation("loop");
  expect(guest.save()).toEqual(before);
});

test("how often it was executed, where an engine counts that", () => {
  const guest = small();
  lesson.bochs(guest);
  guest.run({ instructions: 4 + 4 * 7 });
  expect(guest.translation("loop").counter("executed")).toBe(7);
  expect(() => small().translation("loop").counter("executed")).toThrow(/nothing counts/);
});

test("where there is no instruction, it says so", () => {
  const guest = small();
  expect(() => guest.translation(0x4000_0000)).toThrow(/no memory at 0x40000000/);
  expect(() => guest.translation(0x8000_8000)).toThrow(/no instruction at 0x80008000/);
  expect(() => guest.translation("lop")).toThrow(/no symbol "lop"/);
  expect(() => guest.translation("loop").counter("expansoin")).toThrow(/nothing counts "expansoin"/);
});
