import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { assemble, rv64 } from "../../../sim/machine/index.js";
import {
  binaryTranslation,
  binaryTranslationWith,
  create,
  guests,
  trapAndEmulate,
  type Guest,
} from "../../../sim/vmm/index.js";
import { expectSame, runBoth } from "./same.js";

const guestOf = (name: string, source: string): Guest => ({
  name,
  about: "",
  results: [],
  options: { program: assemble(source) },
});

const long = process.env["VIRTLAB_LONG"] === "1";

const end = "\n li t0, 0x100000; li t1, 0x5555; sw t1, (t0); j .\n";

describe("binary translation", () => {
  test("leaves no privileged instruction to trap, and costs less for it", () => {
    const [trapped, translated] = [trapAndEmulate, binaryTranslation].map((technique) =>
      create(technique, { guest: guests.trapping }).run(),
    );
    if (trapped === undefined || translated === undefined) throw new Error("two techniques");
    expect(trapped.exits.count("CSR access")).toBeGreaterThan(20_000);
    expect(translated.exits.count("CSR access")).toBe(0);
    expect(translated.exits.count("return from trap")).toBe(0);
    expect(translated.exits.count("callout")).toBeGreaterThan(20_000);
    expect(translated.cycles).toBeLessThan(trapped.cycles / 2);
  });

  test("code is scanned once, as it is executed", () => {
    const { exits } = create(binaryTranslation, { guest: guests.compute }).run();
    expect(exits.count("translation")).toBeLessThan(30);
  });

  test("where a kernel has more code than the cache, what is hot stays, and the rest is scanned as often as it comes", () => {
    const [cold, rounds] = [20, 3];
    const each = Array.from({ length: cold }, (_, index) => index);
    const guest = guestOf(
      "wide",
      `.option norvc
  li s2, ${rounds}
1:
${each.map((index) => `  la t0, cold${index}\n  jalr t0\n  call hot`).join("\n")}
  addi s2, s2, -1
  bnez s2, 1b${end}
  .balign 4096
hot: csrr t1, mscratch
  addi t1, t1, 1
  csrw mscratch, t1
  ret
${each.map((index) => `  .balign 4096\ncold${index}: csrr t2, mscratch\n  add s3, s3, t2\n  ret`).join("\n")}`,
    );
    const scans = (codePages: number): number => {
      const pair = runBoth(binaryTranslationWith({ codePages }), guest, {}, 100_000);
      expectSame(pair);
      return pair.vmm.exits.count("translation");
    };
    const wide = scans(64);
    // The loop's page and the hot one are scanned once however few there are; each of the cold ones, one unit, once a round.
    expect(scans(6)).toBe(wide + (rounds - 1) * cold);
    // With a single page, everything is scanned again and again, and is right.
    expect(scans(1)).toBeGreaterThan(wide + rounds * cold);
    expect(() => binaryTranslationWith({ codePages: 0 })).toThrow("0 pages");
  });

  test("an instruction that meets a device again and again becomes a callout", () => {
    const guest = guestOf(
      "writer",
      `li a0, 0x10000000; li a1, 'x'; li a2, 50\n1: sb a1, (a0); addi a2, a2, -1; bnez a2, 1b${end}`,
    );
    const pair = runBoth(binaryTranslation, guest, {}, 100_000);
    expectSame(pair);
    expect(pair.vmm.exits.count("device access")).toBeLessThan(6);
    expect(pair.vmm.exits.count("callout")).toBeGreaterThan(44);
  });

  test("code that changes itself is scanned anew, however it is changed", () => {
    const guest = guestOf(
      "changing",
      `.option norvc
  li s0, 0; li s1, 5
1:la t0, 2f                       # what adds 1 adds 16 the next time, and so on
  li t1, 0x00040413               # addi s0, s0, 0
  slli t2, s1, 24
  add t1, t1, t2
  sw t1, (t0)
2:addi s0, s0, 1
  csrw mscratch, s0
  la t0, 3f
  li t1, 0x34041073               # csrw mscratch, s0 where there was a nop
  sw t1, (t0)
3:nop
  li t1, 0x00000013
  sw t1, (t0)
  addi s1, s1, -1
  bnez s1, 1b${end}`,
    );
    const pair = runBoth(binaryTranslation, guest, {}, 100_000);
    expectSame(pair);
    expect(pair.virtual.hart(0).x(8)).toBe(16n * (5n + 4n + 3n + 2n + 1n));
  });

  test("data among code are read and written where they are", () => {
    const guest = guestOf(
      "mixed",
      `la a0, data; li a1, 100\n1: ld t0, (a0); addi t0, t0, 3; sd t0, (a0); addi a1, a1, -1; bnez a1, 1b${end}
  .balign 8\ndata: .dword 7`,
    );
    const pair = runBoth(binaryTranslation, guest, {}, 100_000);
    expectSame(pair);
    expect(pair.virtual.hart(0).x(5)).not.toBe(0n);
  });

  test("instructions that reach over two pages, and bits that are none, do what they do on a bare machine", () => {
    const guest = guestOf(
      "edges",
      `la t0, 9f; csrw mtvec, t0; j 1f
  .balign 4
  .option norvc
9:csrr t1, mepc; addi t1, t1, 2; csrw mepc, t1; addi s0, s0, 1; mret
1:li s1, 20
  .option rvc
  j 2f
  .balign 4096
  .skip 4094
2:li a0, 0x12345000
  .2byte 0                        # no instruction
  addi s1, s1, -1
  bnez s1, 2b${end}`,
    );
    const pair = runBoth(binaryTranslation, guest, {}, 100_000);
    expectSame(pair);
    expect(pair.virtual.hart(0).x(8)).toBe(20n);
  });

  /** An instruction of four bytes, the second half of which begins another: `within` is executed too, by a jump into the middle. */
  const overlapping = (first: string, rest: string): Guest =>
    guestOf(
      "overlapping",
      `la t0, 9f; csrw mtvec, t0; j 1f
  .balign 4
  .option norvc
9:csrr t6, mepc; addi t6, t6, 2; csrw mepc, t6; addi s1, s1, 1; mret
1:li s2, 6
  li s0, 7
  li a0, 0x120
  la s3, code
  la s4, code + 2
  mv s5, s3
2:la ra, 3f
  jr s5
3:csrr s6, sstatus
  csrr s7, mscratch
  add s8, s8, s0
  add s8, s8, s7
  addi s2, s2, -1
  mv s5, s4                       # into the middle, then to the beginning again
  andi t1, s2, 1
  bnez t1, 4f
  mv s5, s3
4:bnez s2, 2b${end}
  .balign 4
code:
  .4byte ${first}
  ${rest}
  .4byte 0x00008067               # ret
  .4byte 0x00008067`,
    );

  test.each([
    // The halves of what is within are harmless as what they are in the other reading.
    ["a short instruction within", "0x040502b7", ""],
    ["a privileged one within, that reaches into the next", "0x107302b7", ".2byte 0x3405"],
    ["one within that reaches into a callout", "0x041302b7", ".4byte 0x340022f3"],
    ["one within that reaches into what a jump hides", "0x0413006f", ".4byte 0x340022f3"],
    ["bits within that are no instruction", "0x000002b7", ""],
  ])("code that overlaps is executed as it stands: %s", (_, first, rest) => {
    const pair = runBoth(binaryTranslation, overlapping(first, rest), {}, 20_000);
    expectSame(pair);
    expect(pair.vmm.exits.count("translation")).toBeGreaterThan(3);
  });

  test("a critical instruction isn't executed for being hidden in another one's second half", () => {
    const isa = rv64.with("sstatus-write-ignored-in-user");
    const guest = overlapping("0x107302b7", ".2byte 0x1005");
    const pair = runBoth(binaryTranslation, guest, { isa }, 20_000);
    expectSame(pair);
    // Trap and emulate loses it.
    const trapped = runBoth(trapAndEmulate, guest, { isa }, 20_000);
    expect(trapped.virtual.save()).not.toEqual(trapped.native.save());
  });

  test("random halves, entered anywhere, do what they do on a bare machine", () => {
    const random = fc.array(
      fc.constantFrom(0x0405, 0x1073, 0x3405, 0x02b7, 0x0413, 0x22f3, 0x0001, 0x006f, 0x9002, 0x8082, 0x0000, 0x1005),
      {
        minLength: 24,
        maxLength: 24,
      },
    );
    fc.assert(
      fc.property(random, fc.array(fc.nat(23), { minLength: 3, maxLength: 8 }), (halves, entries) => {
        const guest = guestOf(
          "random",
          `la t0, 9f; csrw mtvec, t0; la s3, code; la s4, entries; j 1f
  .balign 4
9:la t0, 1f; csrw mepc, t0; li t0, 3 << 11; csrs mstatus, t0; mret   # whatever happens, on to the next
  .balign 4
1:addi s9, s9, 1
  li t0, ${8 * entries.length}
  bge s10, t0, 2f
  add t0, s4, s10
  addi s10, s10, 8
  ld t0, (t0)
  add t0, t0, s3
  la ra, 1b
  jr t0
2:${end}
  .balign 8
entries: .dword ${entries.map((half) => 2 * half).join(", ")}
code: .2byte ${halves.join(", ")}
  .2byte 0x9002, 0x9002, 0x9002`,
        );
        expectSame(runBoth(binaryTranslation, guest, {}, 600));
      }),
      { numRuns: long ? 3000 : 25, seed: 6 },
    );
  });
});
