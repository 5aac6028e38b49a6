import { describe, expect, test } from "vitest";
import { asm, disassemble, Disassembler, disassemblyView, SymbolIndex } from "../../../sim/machine/index.js";

/** Bits at 0x80000000, and what objdump 2.40 prints for them: as it prefers, and with -M no-aliases. */
const recorded: readonly (readonly [word: number, text: string, plain: string])[] = [
  [0x00000013, "nop", "addi zero,zero,0"],
  [0x00500513, "li a0,5", "addi a0,zero,5"],
  [0x00058513, "mv a0,a1", "addi a0,a1,0"],
  [0x00150513, "add a0,a0,1", "addi a0,a0,1"],
  [0x0005851b, "sext.w a0,a1", "addiw a0,a1,0"],
  [0xfff5c513, "not a0,a1", "xori a0,a1,-1"],
  [0x0015b513, "seqz a0,a1", "sltiu a0,a1,1"],
  [0x00b05063, "blez a1,0x80000000", "bge zero,a1,0x80000000"],
  [0x0000006f, "j 0x80000000", "jal zero,0x80000000"],
  [0x00458067, "jr 4(a1)", "jalr zero,4(a1)"],
  [0x00008067, "ret", "jalr zero,0(ra)"],
  [0x12345537, "lui a0,0x12345", "lui a0,0x12345"],
  [0x03059513, "sll a0,a1,0x30", "slli a0,a1,0x30"],
  [0x06b6252f, "amoadd.w.aqrl a0,a1,(a2)", "amoadd.w.aqrl a0,a1,(a2)"],
  [0x1405a52f, "lr.w.aq a0,(a1)", "lr.w.aq a0,(a1)"],
  [0xc0002573, "rdcycle a0", "csrrs a0,cycle,zero"],
  [0x3001d073, "csrw mstatus,3", "csrrwi zero,mstatus,3"],
  [0x12352073, "csrs 0x123,a0", "csrrs zero,0x123,a0"],
  [0x0330000f, "fence rw,rw", "fence rw,rw"],
  [0x8330000f, "fence.tso", "fence.tso"],
  [0x12050073, "sfence.vma a0", "sfence.vma a0,zero"],
  [0x0ff57513, "zext.b a0,a0", "andi a0,a0,255"],
  [0x0001, "nop", "c.addi zero,0"],
  [0x0005, "c.nop 1", "c.addi zero,1"],
  [0x0501, "add a0,a0,0", "c.addi a0,0"],
  [0x4515, "li a0,5", "c.li a0,5"],
  [0x4005, "c.li zero,1", "c.li zero,1"],
  [0x852e, "mv a0,a1", "c.mv a0,a1"],
  [0x8082, "ret", "c.jr ra"],
  [0x8101, "c.srli64 a0", "c.srli64 a0"],
  [0x0808, "add a0,sp,16", "c.addi4spn a0,sp,16"],
  [0x2000, "fld fs0,0(s0)", "c.fld fs0,0(s0)"],
  [0x9002, "ebreak", "c.ebreak"],
  [0x0000, "unimp", "c.unimp"],
  [0x8002, ".2byte 0x8002", ".2byte 0x8002"],
  [0x1330000b, ".4byte 0x1330000b", ".4byte 0x1330000b"],
];

describe("one instruction", () => {
  const address = 0x80000000n;
  test.each(recorded)("%i is %s", (word, text, plain) => {
    expect(new Disassembler().line(word, address).text).toBe(text);
    expect(new Disassembler({ plain: true }).line(word, address).text).toBe(plain);
  });
});

const program = asm`
_start: la   a0, value
loop:   addi a0, a0, -1
        bnez a0, loop
        .data
value:  .dword 5
`;
const code = program.segments[0]!;

describe("a range", () => {
  test("has names for targets, and says where upper and lower part lead", () => {
    const lines = disassemble(code.bytes, code.address, { symbols: program.symbols.values() });
    expect(lines.map(({ text, comment }) => [text, comment])).toEqual([
      ["auipc a0,0x0", ""],
      ["add a0,a0,12", "8000000c <value>"],
      ["add a0,a0,-1", ""],
      ["bnez a0,80000008 <loop>", ""],
    ]);
  });

  test("is a table with the source's lines", () => {
    const symbols = [...program.symbols.values()];
    const view = disassemblyView(disassemble(code.bytes, code.address, { symbols }), { ...program, symbols });
    expect(view.columns.map(({ key }) => key)).toEqual(["address", "bytes", "symbol", "instruction", "line", "source"]);
    expect(view.rows[2]).toEqual({
      address: "80000008",
      bytes: "157d",
      symbol: "loop",
      instruction: "add a0,a0,-1",
      line: 3,
      source: "loop:   addi a0, a0, -1",
    });
  });

  test("that ends inside an instruction shows what is left", () => {
    expect(disassemble(Uint8Array.of(0x13, 0x05, 0x50), 0).map(({ text }) => text)).toEqual([".2byte 0x513"]);
  });
});

test("an address has the name before it", () => {
  const index = new SymbolIndex([
    { name: "b", value: 16n },
    { name: "a", value: 8n },
    { name: "high", value: -8n },
  ]);
  expect(index.find(7n)).toBeUndefined();
  expect(index.find(8n)).toEqual({ name: "a", offset: 0n });
  expect(index.find(15n)).toEqual({ name: "a", offset: 7n });
  expect(index.find(-1n)).toEqual({ name: "high", offset: 7n });
});
