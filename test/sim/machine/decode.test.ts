import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createDecoder,
  describe as meaningOf,
  extract,
  formats,
  insert,
  isLong,
  rv64,
} from "../../../sim/machine/index.js";

const decode = createDecoder(rv64);
const registers =
  "zero ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 a7 s2 s3 s4 s5 s6 s7 s8 s9 s10 s11 t3 t4 t5 t6".split(" ");
const r = (name: string): number => registers.indexOf(name);

/** What GNU as 2.40 makes of these instructions, and objdump of its bits. */
const corpus: readonly (readonly [
  word: number,
  spelling: string,
  name: string,
  fields: Readonly<Record<string, number>>,
])[] = [
  [0x12345297, "auipc", "auipc", { rd: r("t0"), imm: 0x12345000 }],
  [0x001000ef, "jal", "jal", { rd: r("ra"), imm: 2048 }],
  [0xffc780e7, "jalr", "jalr", { rd: r("ra"), rs1: r("a5"), imm: -4 }],
  [0x80b50063, "beq", "beq", { rs1: r("a0"), rs2: r("a1"), imm: -4096 }],
  [0x7e947fe3, "bgeu", "bgeu", { rs1: r("s0"), rs2: r("s1"), imm: 4094 }],
  [0xfff14703, "lbu", "lbu", { rd: r("a4"), rs1: r("sp"), imm: -1 }],
  [0x7ff06f83, "lwu", "lwu", { rd: r("t6"), rs1: 0, imm: 2047 }],
  [0x81b1b023, "sd", "sd", { rs1: r("gp"), rs2: r("s11"), imm: -2048 }],
  [0x41f5d51b, "sraiw", "sraiw", { rd: r("a0"), rs1: r("a1"), imm: 31 }],
  [0x41c3833b, "subw", "subw", { rd: r("t1"), rs1: r("t2"), rs2: r("t3") }],
  [0x0330000f, "fence", "fence", {}],
  [0x0000100f, "fence.i", "fence.i", {}],
  [0x02c5a533, "mulhsu", "mulhsu", { rd: r("a0"), rs1: r("a1"), rs2: r("a2") }],
  [0x02c5f53b, "remuw", "remuw", { rd: r("a0"), rs1: r("a1"), rs2: r("a2") }],
  [0x1405b52f, "lr.d", "lr.d", { rd: r("a0"), rs1: r("a1") }],
  [0x1ac5a52f, "sc.w", "sc.w", { rd: r("a0"), rs1: r("a1"), rs2: r("a2") }],
  [0xe0c5b52f, "amomaxu.d", "amomaxu.d", { rd: r("a0"), rs1: r("a1"), rs2: r("a2") }],
  [0x18059573, "csrrw", "csrrw", { rd: r("a0"), rs1: r("a1"), csr: 0x180 }],
  [0x300ff073, "csrrci", "csrrci", { rd: 0, imm: 31, csr: 0x300 }],
  [0x00000073, "ecall", "ecall", {}],
  [0x10200073, "sret", "sret", {}],
  [0x30200073, "mret", "mret", {}],
  [0x10500073, "wfi", "wfi", {}],
  [0x12b50073, "sfence.vma", "sfence.vma", { rs1: r("a0"), rs2: r("a1") }],
  [0x1fe8, "c.addi4spn", "addi", { rd: r("a0"), rs1: r("sp"), imm: 1020 }],
  [0x5de8, "c.lw", "lw", { rd: r("a0"), rs1: r("a1"), imm: 124 }],
  [0x7ce0, "c.ld", "ld", { rd: r("s0"), rs1: r("s1"), imm: 248 }],
  [0xc35c, "c.sw", "sw", { rs1: r("a4"), rs2: r("a5"), imm: 4 }],
  [0xe71c, "c.sd", "sd", { rs1: r("a4"), rs2: r("a5"), imm: 8 }],
  [0x0001, "c.addi", "addi", { rd: 0, rs1: 0, imm: 0 }],
  [0x1901, "c.addi", "addi", { rd: r("s2"), rs1: r("s2"), imm: -32 }],
  [0x257d, "c.addiw", "addiw", { rd: r("a0"), rs1: r("a0"), imm: 31 }],
  [0x5ffd, "c.li", "addi", { rd: r("t6"), rs1: 0, imm: -1 }],
  [0x7101, "c.addi16sp", "addi", { rd: r("sp"), rs1: r("sp"), imm: -512 }],
  [0x7581, "c.lui", "lui", { rd: r("a1"), imm: -0x20000 }],
  [0x757d, "c.lui", "lui", { rd: r("a0"), imm: -0x1000 }],
  [0x917d, "c.srli", "srli", { rd: r("a0"), rs1: r("a0"), imm: 63 }],
  [0x9501, "c.srai", "srai", { rd: r("a0"), rs1: r("a0"), imm: 32 }],
  [0x9a01, "c.andi", "andi", { rd: r("a2"), rs1: r("a2"), imm: -32 }],
  [0x8d0d, "c.sub", "sub", { rd: r("a0"), rs1: r("a0"), rs2: r("a1") }],
  [0x8d2d, "c.xor", "xor", { rd: r("a0"), rs1: r("a0"), rs2: r("a1") }],
  [0x8d4d, "c.or", "or", { rd: r("a0"), rs1: r("a0"), rs2: r("a1") }],
  [0x8d6d, "c.and", "and", { rd: r("a0"), rs1: r("a0"), rs2: r("a1") }],
  [0x9d0d, "c.subw", "subw", { rd: r("a0"), rs1: r("a0"), rs2: r("a1") }],
  [0x9d2d, "c.addw", "addw", { rd: r("a0"), rs1: r("a0"), rs2: r("a1") }],
  [0xb001, "c.j", "jal", { rd: 0, imm: -2048 }],
  [0xcd7d, "c.beqz", "beq", { rs1: r("a0"), rs2: 0, imm: 254 }],
  [0xf081, "c.bnez", "bne", { rs1: r("s1"), rs2: 0, imm: -256 }],
  [0x1286, "c.slli", "slli", { rd: r("t0"), rs1: r("t0"), imm: 33 }],
  [0x52fe, "c.lwsp", "lw", { rd: r("t0"), rs1: r("sp"), imm: 252 }],
  [0x72fe, "c.ldsp", "ld", { rd: r("t0"), rs1: r("sp"), imm: 504 }],
  [0x9002, "c.ebreak", "ebreak", {}],
  [0x8082, "c.jr", "jalr", { rd: 0, rs1: r("ra"), imm: 0 }],
  [0x9282, "c.jalr", "jalr", { rd: r("ra"), rs1: r("t0"), imm: 0 }],
  [0x829a, "c.mv", "add", { rd: r("t0"), rs1: 0, rs2: r("t1") }],
  [0x929a, "c.add", "add", { rd: r("t0"), rs1: r("t0"), rs2: r("t1") }],
  [0xdf96, "c.swsp", "sw", { rs1: r("sp"), rs2: r("t0"), imm: 252 }],
  [0xff96, "c.sdsp", "sd", { rs1: r("sp"), rs2: r("t0"), imm: 504 }],
  [0x00812087, "flw", "flw", { frd: 1, rs1: r("sp"), imm: 8 }],
  [0xfe21b827, "fsd", "fsd", { frs2: 2, rs1: r("gp"), imm: -16 }],
  [0x203110c3, "fmadd.s", "fmadd.s", { frd: 1, frs1: 2, frs2: 3, frs3: 4, rm: 1 }],
  [0x223170cb, "fnmsub.d", "fnmsub.d", { frd: 1, frs1: 2, frs2: 3, frs3: 4, rm: 7 }],
  [0x023170d3, "fadd.d", "fadd.d", { frd: 1, frs1: 2, frs2: 3, rm: 7 }],
  [0x183130d3, "fdiv.s", "fdiv.s", { frd: 1, frs1: 2, frs2: 3, rm: 3 }],
  [0x5a0170d3, "fsqrt.d", "fsqrt.d", { frd: 1, frs1: 2, rm: 7 }],
  [0x203110d3, "fsgnjn.s", "fsgnjn.s", { frd: 1, frs1: 2, frs2: 3 }],
  [0x2a3110d3, "fmax.d", "fmax.d", { frd: 1, frs1: 2, frs2: 3 }],
  [0x401170d3, "fcvt.s.d", "fcvt.s.d", { frd: 1, frs1: 2, rm: 7 }],
  [0x420100d3, "fcvt.d.s", "fcvt.d.s", { frd: 1, frs1: 2, rm: 0 }],
  [0xa23112d3, "flt.d", "flt.d", { rd: r("t0"), frs1: 2, frs2: 3 }],
  [0xe00112d3, "fclass.s", "fclass.s", { rd: r("t0"), frs1: 2 }],
  [0xc23112d3, "fcvt.lu.d", "fcvt.lu.d", { rd: r("t0"), frs1: 2, rm: 1 }],
  [0xd00370d3, "fcvt.s.w", "fcvt.s.w", { frd: 1, rs1: r("t1"), rm: 7 }],
  [0xe20102d3, "fmv.x.d", "fmv.x.d", { rd: r("t0"), frs1: 2 }],
  [0xf00300d3, "fmv.w.x", "fmv.w.x", { frd: 1, rs1: r("t1") }],
  [0x2880, "c.fld", "fld", { frd: 8, rs1: r("s1"), imm: 16 }],
  [0xac06, "c.fsdsp", "fsd", { frs2: 1, rs1: r("sp"), imm: 24 }],
];

describe("decoding", () => {
  test.each(corpus)("%i is %s", (word, spelling, name, fields) => {
    expect(decode(word)).toMatchObject({ spelling, row: { name }, word, length: isLong(word) ? 4 : 2, fields });
  });

  test.each([
    ["all zeros, which is defined to be illegal", 0],
    ["all ones, too", 0xffffffff],
    ["c.lui of nothing", 0x6581],
    ["c.jr to x0", 0x8002],
    ["a load of 128 bits", 0x00007003],
    ["a floating-point load of 128 bits", 0x00004007],
  ])("%s is no instruction", (_, word) => {
    expect(decode(word)).toBeUndefined();
  });

  test("what is no short instruction reads the lower half alone", () => {
    expect(decode(0xabcd_0001)).toMatchObject({ spelling: "c.addi", word: 1 });
  });

  test("no two rows claim the same bits: of each row's bits, its own row comes out", () => {
    for (const row of rv64.rows) expect(decode(row.match | 0x3)?.row.name).toBe(row.name);
  });
});

test("a field's number comes back out of the bits that say it, or is refused", () => {
  const fields = Object.values(formats).flatMap((format) => Object.values(format.fields));
  fc.assert(
    fc.property(fc.constantFrom(...fields), fc.integer({ min: -(2 ** 21), max: 2 ** 21 }), (bits, number) => {
      const word = insert(number, bits);
      if (word !== undefined) return extract(word, bits) === number;
      // Refused, so no bits say it.
      return extract(~0, bits) !== number && extract(0, bits) !== number;
    }),
    { seed: 1 },
  );
  expect(insert(4096, formats.I.fields.imm!)).toBeUndefined();
});

test("a meaning reads as in the manual", () => {
  expect(meaningOf(rv64.row("sub"))).toBe("x[rd] ← x[rs1] − x[rs2]");
  expect(meaningOf(rv64.row("bltu"))).toBe("if x[rs1] <ᵤ x[rs2]: pc ← pc + imm");
  expect(meaningOf(rv64.row("lwu"))).toBe("value ← zext(M32[x[rs1] + imm]); x[rd] ← value");
  expect(meaningOf(rv64.row("amoadd.w"))).toBe(
    "value ← sext(M32[x[rs1]]), M32[x[rs1]] ← value + sext32(x[rs2]); x[rd] ← value",
  );
  expect(meaningOf(rv64.row("fmadd.d"))).toBe(
    "useFloats(); result ← multiplyAdd64(f[rs1], f[rs2], f[rs3]); f[rd] ← result",
  );
  expect(meaningOf(rv64.row("fence"))).toBe("nothing");
});

describe("variants of an ISA", () => {
  test("a row can be put in another's place", () => {
    const lazy = rv64.with("rv64-lazy", { ...rv64.row("wfi"), meaning: [] });
    expect(meaningOf(lazy.row("wfi"))).toBe("nothing");
    expect(meaningOf(rv64.row("wfi"))).toBe("waitForInterrupt()");
    expect(lazy.rows).toHaveLength(rv64.rows.length);
  });

  test("an unknown instruction names the nearest", () => {
    expect(() => rv64.row("adi")).toThrow(
      expect.objectContaining({ name: "UsageError", hint: expect.stringContaining('"addi"') as unknown }) as Error,
    );
  });
});
