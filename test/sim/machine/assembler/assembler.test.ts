import { describe, expect, test } from "vitest";
import { asm, assemble, AssemblyError, formats, rv64, type Problem } from "../../../../sim/machine/index.js";
import { corpus } from "./corpus.js";
import { golden } from "./golden.js";
import { assembledHere } from "./sections.js";

describe("bytes as GNU as made them", () => {
  test.each(corpus)("$title", ({ title, source }) => {
    expect(assembledHere(source)).toEqual(golden[title]);
  });
});

test("a symbol may be set from itself as often as one likes", () => {
  const { segments } = assemble(".set n, 0\n.rept 4096\n.4byte n\n.set n, n + 1\n.endr");
  const words = new Uint32Array(segments[0]?.bytes.slice().buffer ?? new ArrayBuffer(0));
  expect([words.length, words[0], words[4095]]).toEqual([4096, 0, 4095]);
});

function problems(source: string): readonly Problem[] {
  try {
    assemble(source);
  } catch (thrown) {
    if (thrown instanceof AssemblyError) return thrown.problems;
    throw thrown;
  }
  return [];
}

describe("mistakes", () => {
  test("are all found, each with its line, column, caret and mend", () => {
    const found = problems("  adi a0, a0, 1\nnop\n  lw a0, 4(a9)\n.wrod 5\n");
    expect(found.map(({ line, column }) => [line, column])).toEqual([
      [1, 3],
      [3, 12],
      [4, 1],
    ]);
    expect(found.map(({ hint }) => hint)).toEqual([
      'Did you mean "addi"?',
      'Did you mean "a0"?',
      'Did you mean ".word"?',
    ]);
    expect(found[1]?.excerpt).toBe("    lw a0, 4(a9)\n             ^~");
  });

  test("are one error that says what to do", () => {
    expect(() => assemble("addi a0, a0, 4096")).toThrow(
      expect.objectContaining({
        name: "UsageError",
        message: "line 1, column 14: addi can't hold 4096 as imm\n  addi a0, a0, 4096\n               ^~~~",
        hint: "It holds -2048 to 2047.",
      }) as Error,
    );
  });

  test("in a macro show its text and where it was used", () => {
    const [found] = problems(".macro bad r\n  addi \\r, \\r, q7(\n.endm\nnop\nbad a0\n");
    expect(found).toMatchObject({ line: 5 });
    expect(found?.excerpt).toContain('in macro "bad", used in line 5');
  });

  test.each([
    ["a name that isn't there", "count: nop\nj cuont", 'there is no "cuont"', 'Did you mean "count"?'],
    ["a register in the place of a number", "addi a0, a0, a1", '"a1" is a register', "registers only"],
    ["a CSR", "csrr a0, mstatsu", 'no CSR "mstatsu"', 'Did you mean "mstatus"?'],
    ["an operand too few", "add a0, a1", '"," is missing', '"add rd, rs1, rs2"'],
    ["an operand too much", "add a0, a1, a2, a3", '"," is too much', '"add rd, rs1, rs2"'],
    ["a branch too far", "beq a0, a1, . + 3", "odd address", "Align"],
    ["a jump too far", "j far\n.space 0x200000\nfar:", "doesn't reach", '"tail"'],
    ["two labels of one name", "a: nop\na: nop", '"a" is there already', "another name"],
    ["a numbered label that isn't there", "j 1b", "no label 1 before", "1f"],
    ["a numbered label that never comes", "j 1f", "no label 1 behind", "1:"],
    ["a division by zero", ".word 1 / 0", "division by zero", "something else"],
    ["a value that is too large", ".byte 256", "doesn't fit into 8 bits", "& 0xff"],
    ["an .if without its end", ".if 1\nnop", "has no .endif", ".endif"],
    ["an .endif without its .if", ".endif", "has no .if", ".if"],
    ["a macro without its end", ".macro m\nnop", "has no .endm", ".endm"],
    ["a macro without its argument", ".macro m x:req\n.endm\nm", 'm needs "x"', "Give x a value"],
    ["a macro with an argument too much", ".macro m x\n.endm\nm 1, 2", "no parameter", "It takes x"],
    ["a macro without end", ".macro m\nm\n.endm\nm", "without end", ".if"],
    ["a name defined by itself", ".equ a, b\n.equ b, a\n.word a", "defined by itself", "value"],
    ["a string without end", '.string "abc', "a string has no end", "Close it"],
    ["a stray sign", "add a0, a1, §", '"§" means nothing', "Take it out"],
    ["a size without bounds", ".space 1 << 40", "is no size", ".bss"],
    ["a size that isn't known", ".space later\n.equ later, 5", "known here", "before this line"],
    ["bytes among zeros", ".bss\n.word 5", "can't hold bytes", ".data"],
    ["an odd alignment", ".balign 3", "aligned to 3", "1, 2, 4"],
    ["a wrong flag", '.section .x, "aq"', 'flag "q"', '"a"'],
    ["%pcrel_lo without its partner", "addi a0, a0, %pcrel_lo(x)\nx:", "%pcrel_hi", "auipc"],
    ["%lo where %hi belongs", "lui a0, %lo(5)", "%lo can't stand here", "%hi"],
    ["a short instruction that can't say it", "c.addi a0, 100", "can't say this", '"addi"'],
    ["a short instruction where they are off", ".option norvc\nc.nop", "off here", ".option rvc"],
    ["a rounding mode", "fadd.s fa0, fa1, fa2, up", "rounding mode", "rne"],
    ["back to where something is", ".org 8\n.org 4", "goes back", "behind"],
    ["an error of the source's own", '.error "not on this machine"', "not on this machine", "source itself"],
  ])("%s", (_, source, message, hint) => {
    const found = problems(source);
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toContain(message);
    expect(found[0]?.hint).toContain(hint);
  });

  test("in options name the nearest option", () => {
    expect(() => assemble("nop", { orgin: 5 } as object)).toThrow(
      expect.objectContaining({ name: "UsageError", hint: expect.stringContaining('"origin"') as unknown }) as Error,
    );
  });
});

describe("a program", () => {
  const program = asm`
        .globl _start
        .equ   SIZE, ${16}
        nop
_start: la     a0, buffer
        li     a1, SIZE
        .rodata
text:   .string "a\n"
        .bss
buffer: .space SIZE
`;

  test("has its sections one behind the other, zeros without bytes", () => {
    expect(program.segments.map(({ name, address, size, bytes }) => [name, address, size, bytes.length])).toEqual([
      [".text", 0x80000000n, 12, 12],
      [".rodata", 0x8000000cn, 3, 3],
      [".bss", 0x8000000fn, 16, 0],
    ]);
    expect(program.segments.map(({ writable, executable }) => [writable, executable])).toEqual([
      [false, true],
      [false, false],
      [true, false],
    ]);
  });

  test("begins at _start, and knows its symbols", () => {
    expect(program.entry).toBe(0x80000002n);
    expect(program.symbols.get("_start")).toEqual({
      name: "_start",
      value: 0x80000002n,
      segment: ".text",
      global: true,
      size: 0,
    });
    expect(program.symbols.get("SIZE")).toMatchObject({ value: 16n, global: false });
  });

  test("knows the line of every address", () => {
    expect(program.lines.map(({ address, size, line }) => [address & 0xffn, size, line])).toEqual([
      [0n, 2, 4],
      [2n, 8, 5],
      [10n, 2, 6],
      [12n, 3, 8],
      [15n, 16, 10],
    ]);
  });

  test("can lie elsewhere, at addresses of 64 bits", () => {
    const high = assemble("_start: la a0, x\n.data\nx: .dword x", {
      origin: 0xffffffff80000000n,
      at: { ".data": 0xffffffff80001000n },
    });
    expect(high.entry).toBe(-0x80000000n);
    expect(high.segments.map(({ address }) => address)).toEqual([-0x80000000n, -0x7ffff000n]);
    expect(Buffer.from(high.segments[1]!.bytes).readBigInt64LE()).toBe(-0x7ffff000n);
  });

  test("is written with numbers, bigints and text put in", () => {
    const body = "addi a0, a0, 1";
    expect(asm`li a0, ${2n ** 63n}; ${body}`.segments).toEqual(assemble(`li a0, 1 << 63; ${body}`).segments);
    expect(() => asm`li a0, ${1.5}`).toThrow(expect.objectContaining({ name: "UsageError" }) as Error);
  });

  test("stays long where the source or the caller wants it", () => {
    expect(assemble("nop", { compress: false }).segments[0]?.size).toBe(4);
    expect(assemble("nop").segments[0]?.size).toBe(2);
  });

  test("may use the instructions of a variant", () => {
    const triple = { ...rv64.row("add"), name: "triple", format: formats.R, match: 0x0600000b };
    const isa = rv64.with("rv64-triple", triple);
    const [segment] = assemble("triple a0, a1, a2", { isa }).segments;
    expect(Buffer.from(segment!.bytes).readUInt32LE()).toBe(0x06c5850b);
    expect(problems("triple a0, a1, a2")[0]?.message).toContain('no instruction "triple"');
  });
});
