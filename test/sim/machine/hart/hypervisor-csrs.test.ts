import { describe, expect, test } from "vitest";
import { csrNumbers, type Hart } from "../../../../sim/machine/index.js";
import { enter, execute, resetBoard, instruction, modeNames, type ModeName } from "./guest-board.js";
import { engines } from "./run-program.js";

/** Nothing; an illegal instruction; a virtual instruction. */
type Letter = "." | "i" | "v";
const letters: Readonly<Record<number, Letter>> = { 2: "i", 22: "v" };

const number = (name: string): number => {
  const found = csrNumbers.get(name);
  if (found === undefined) throw new Error(`no CSR ${name}`);
  return found;
};

/** What reading and writing come to in M, HS, U, VS and VU. */
function tried(engine: (typeof engines)[number], name: string, prepare: (hart: Hart) => void): string[] {
  const by = (word: number): string =>
    modeNames
      .map((mode) => {
        const board = resetBoard(engine);
        prepare(board.hart);
        const outcome = execute(board, mode, word);
        return outcome === "ok" ? "." : (letters[outcome.cause] ?? "?");
      })
      .join("");
  return [
    by(instruction("csrrs", { rd: 1, csr: number(name) })),
    by(instruction("csrrw", { rs1: 0, csr: number(name) })),
  ];
}

const set = (hart: Hart, values: Readonly<Record<string, bigint>>): void => {
  for (const [name, value] of Object.entries(values)) hart.setCsr(number(name), value);
};

describe.each(engines)("who may access CSRs with the hypervisor extension, by %s", (engine) => {
  // "attempts to access an implemented non-high-half hypervisor CSR or VS CSR when the same access (read/write) would be allowed in
  // HS-mode", and in VU-mode a supervisor CSR, are virtual instructions ("Trap Cause Codes"); reading and writing, in M, HS, U, VS, VU.
  const plain = (names: string): string[][] => names.split(" ").map((name) => [name, "..ivv", "..ivv"]);
  const supervisor = (names: string): string[][] => names.split(" ").map((name) => [name, "..i.v", "..i.v"]);
  test.each([
    ...plain("hstatus hedeleg hideleg hie htimedelta hcounteren hgeie henvcfg htval hip hvip htinst hgatp"),
    ...plain("vsstatus vsie vstvec vsscratch vsepc vscause vstval vsip vsatp"),
    // A write of it is no access that HS-mode is allowed.
    ["hgeip", "..ivv", "iiiii"],
    ...supervisor("sstatus sie stvec scounteren senvcfg sscratch sepc scause stval sip satp"),
    ["mstatus", ".iiii", ".iiii"],
    ["mtval2", ".iiii", ".iiii"],
    ["mtinst", ".iiii", ".iiii"],
    ["mscratch", ".iiii", ".iiii"],
  ])("%s", (name = "", reads = "", writes = "") => {
    expect(tried(engine, name, () => undefined)).toEqual([reads, writes]);
  });

  const TVM = 1n << 20n;
  const STCE = -(1n << 63n);
  const timers = { menvcfg: STCE, mcounteren: 2n };
  test.each<[string, string, Readonly<Record<string, bigint>>, string, string]>([
    ["satp", "mstatus.TVM is HS-mode's", { mstatus: TVM }, ".ii.v", ".ii.v"],
    ["satp", "hstatus.VTVM is VS-mode's", { hstatus: TVM }, "..ivv", "..ivv"],
    ["hgatp", "mstatus.TVM", { mstatus: TVM }, ".iivv", ".iivv"],
    ["vsatp", "mstatus.TVM has no effect", { mstatus: TVM }, "..ivv", "..ivv"],
    ["cycle", "no counters", {}, ".iiii", "iiiii"],
    ["cycle", "for HS-mode", { mcounteren: 1n }, "..ivv", "iiiii"],
    ["cycle", "for VS-mode", { mcounteren: 1n, hcounteren: 1n }, "..i.v", "iiiii"],
    ["cycle", "for U-mode", { mcounteren: 1n, scounteren: 1n }, "...vv", "iiiii"],
    ["cycle", "for all", { mcounteren: 1n, hcounteren: 1n, scounteren: 1n }, ".....", "iiiii"],
    ["cycle", "mcounteren is what makes it illegal", { hcounteren: 1n, scounteren: 1n }, ".iiii", "iiiii"],
    ["time", "for VS-mode", { mcounteren: 2n, hcounteren: 2n }, "..i.v", "iiiii"],
    ["hpmcounter31", "for HS-mode", { mcounteren: 1n << 31n }, "..ivv", "iiiii"],
    ["stimecmp", "no timers", {}, ".iiii", ".iiii"],
    ["stimecmp", "for HS-mode", timers, "..ivv", "..ivv"],
    ["stimecmp", "hcounteren alone", { ...timers, hcounteren: 2n }, "..ivv", "..ivv"],
    ["stimecmp", "henvcfg alone", { ...timers, henvcfg: STCE }, "..ivv", "..ivv"],
    ["stimecmp", "for VS-mode", { ...timers, henvcfg: STCE, hcounteren: 2n }, "..i.v", "..i.v"],
    ["vstimecmp", "no timers", {}, ".iiii", ".iiii"],
    ["vstimecmp", "for HS-mode", timers, "..ivv", "..ivv"],
    // FS "deviate[s] from the usual HS-qualified rule".
    ["fcsr", "FS off", { mstatus: 0n, vsstatus: 0x2000n }, "iiiii", "iiiii"],
    ["fcsr", "FS off for the guest", { mstatus: 0x2000n }, "...ii", "...ii"],
    ["fcsr", "FS on for both", { mstatus: 0x2000n, vsstatus: 0x2000n }, ".....", "....."],
  ])("%s: %s", (name, _, values, reads, writes) => {
    const prepare = (hart: Hart): void => {
      set(hart, values);
    };
    expect(tried(engine, name, prepare)).toEqual([reads, writes]);
  });
});

/** What a CSR holds behind a write in a mode. */
function written(
  name: string,
  value: bigint,
  mode: ModeName = "M",
  before: Readonly<Record<string, bigint>> = {},
): bigint {
  const board = resetBoard("evaluate");
  const { hart } = board;
  set(hart, before);
  hart.setX(1, value);
  expect(execute(board, mode, instruction("csrrw", { rs1: 1, csr: number(name) }))).toBe("ok");
  enter(hart, "M");
  return BigInt.asUintN(64, hart.csr(number(name)) ?? 0n);
}

describe("what the hypervisor extension's CSRs hold", () => {
  test.each([
    ["hstatus", -1n, 0x2007003c0n],
    ["hedeleg", -1n, 0xcb1ffn],
    ["hideleg", -1n, 0x444n],
    ["hie", -1n, 0x444n],
    ["hvip", -1n, 0x444n],
    ["hip", -1n, 0x4n],
    ["hgeie", -1n, 0n],
    ["hcounteren", -1n, 0xffffffffn],
    ["henvcfg", -1n, 1n],
    ["htimedelta", -1n, 0xffffffffffffffffn],
    ["vsstatus", -1n, 0x80000002000c6122n],
    ["vstvec", -1n, 0xfffffffffffffffdn],
    ["vsepc", -1n, 0xfffffffffffffffen],
    ["vsscratch", -1n, 0xffffffffffffffffn],
    ["medeleg", -1n, 0xf0b7ffn],
    ["mideleg", 0n, 0x444n],
    ["mideleg", -1n, 0x666n],
    ["mie", -1n, 0xeeen],
    ["mip", -1n, 0x226n],
    ["mstatus", 0xc0n << 32n, 0xca00000000n],
    // 14 bits of VMID; of the page number the lowest two are 0.
    ["hgatp", (8n << 60n) | ((1n << 60n) - 1n), 0x83fffffffffffffcn],
    // "The fields of hgatp are WARL in the normal way": the mode stays.
    ["hgatp", 9n << 60n, 0n],
    ["vsatp", 9n << 60n, 0n],
  ])("%s after writing %s", (name, value, expected) => {
    expect(written(name, value)).toBe(expected);
  });

  test("henvcfg has the bits that menvcfg has", () => {
    const all = { menvcfg: -1n };
    expect(written("henvcfg", -1n, "HS", all)).toBe(0xa000000000000001n);
  });

  test("misa tells of the extension", () => {
    expect((resetBoard("evaluate").hart.csr(0x301) ?? 0n) & (1n << 7n)).toBe(1n << 7n);
  });

  test.each([
    ["sstatus", "vsstatus", 0x40020n, 0x2_0004_0020n],
    ["stvec", "vstvec", 0x123454n, 0x123454n],
    ["sscratch", "vsscratch", 77n, 77n],
    ["sepc", "vsepc", 0x1234n, 0x1234n],
    ["scause", "vscause", 5n, 5n],
    ["stval", "vstval", 6n, 6n],
    ["satp", "vsatp", 8n << 60n, 8n << 60n],
    ["sie", "vsie", 0x222n, 0x222n],
    ["sip", "vsip", 0x222n, 0x2n],
  ])("written by a guest, %s is %s, and the hypervisor's own stays", (name, replica, value, expected) => {
    const board = resetBoard("evaluate");
    const { hart } = board;
    set(hart, { hideleg: 0x444n, vsatp: 0n, [name]: 0n });
    const own = hart.csr(number(name));
    hart.setX(1, value);
    // What a guest writes into satp is in effect behind it: the way to the handlers doesn't matter here.
    expect(execute(board, "VS", instruction("csrrw", { rs1: 1, csr: number(name) }))).toBe("ok");
    const seen = hart.csr(number(name));
    enter(hart, "M");
    expect(
      [seen, hart.csr(number(replica)), hart.csr(number(name))].map((held) => BigInt.asUintN(64, held ?? 0n)),
    ).toEqual([
      expected,
      expected,
      name === "stvec" ? BigInt.asUintN(64, hart.csr(number("stvec")) ?? 0n) : BigInt.asUintN(64, own ?? 0n),
    ]);
  });

  test("interrupts that hideleg doesn't give to the guest are not in its vsip and vsie", () => {
    const { hart } = resetBoard("evaluate");
    set(hart, { hideleg: 0x40n, hvip: 0x444n, hie: 0x444n });
    expect([hart.csr(number("vsip")), hart.csr(number("vsie"))]).toEqual([0x20n, 0x20n]);
    set(hart, { vsie: 0n });
    expect([hart.csr(number("hie")), hart.csr(number("mie"))]).toEqual([0x404n, 0x404n]);
  });

  test("a guest's time is htimedelta later", () => {
    const board = resetBoard("evaluate");
    set(board.hart, { htimedelta: -5n, mcounteren: 2n, hcounteren: 2n });
    expect(execute(board, "VS", instruction("csrrs", { rd: 1, csr: number("time") }))).toBe("ok");
    expect(board.hart.x(1)).toBe(-5n);
  });
});
