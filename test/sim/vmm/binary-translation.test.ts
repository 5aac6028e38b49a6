import { describe, expect, test } from "vitest";
import { assemble } from "../../../sim/machine/index.js";
import { binaryTranslation, create, guests, trapAndEmulate, type Guest } from "../../../sim/vmm/index.js";
import { expectSame, runBoth } from "./same.js";

const guestOf = (name: string, source: string): Guest => ({
  name,
  about: "",
  results: [],
  options: { program: assemble(source) },
});

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
});
