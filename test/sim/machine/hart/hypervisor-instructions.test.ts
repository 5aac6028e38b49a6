import { describe, expect, test } from "vitest";
import { csrNumbers, type Hart } from "../../../../sim/machine/index.js";
import { enter, execute, instruction, modeNames, nameOf, put64, resetBoard, type ModeName } from "./guest-board.js";
import { ramBase } from "./plain-board.js";
import { engines } from "./run-program.js";

const set = (hart: Hart, values: Readonly<Record<string, bigint>>): void => {
  for (const [name, value] of Object.entries(values)) hart.setCsr(csrNumbers.get(name) ?? 0, value);
};
const get = (hart: Hart, name: string): bigint => BigInt.asUintN(64, hart.csr(csrNumbers.get(name) ?? 0) ?? 0n);

const TVM = 1n << 20n;
const TW = 1n << 21n;
const TSR = 1n << 22n;
const HU = 1n << 9n;
const data = ramBase + 0x50000;

describe.each(engines)("instructions in each mode with the hypervisor extension, by %s", (engine) => {
  // In M, HS, U, VS, VU: a dot where it is executed, else i for an illegal and v for a virtual instruction.
  test.each<[string, string, Readonly<Record<string, bigint>>]>([
    ["sret", "..i.v", {}],
    ["sret", ".ii.v", { mstatus: TSR }],
    ["sret", "..ivv", { hstatus: TSR }],
    ["mret", ".iiii", {}],
    ["wfi", "..i.v", {}],
    ["wfi", ".iiii", { mstatus: TW }],
    ["wfi", "..ivv", { hstatus: TW }],
    ["wfi", ".iiii", { mstatus: TW, hstatus: TW }],
    ["sfence.vma", "..i.v", {}],
    ["sfence.vma", ".ii.v", { mstatus: TVM }],
    ["sfence.vma", "..ivv", { hstatus: TVM }],
    ["hfence.vvma", "..ivv", {}],
    ["hfence.vvma", "..ivv", { mstatus: TVM, hstatus: TVM }],
    ["hfence.gvma", "..ivv", {}],
    ["hfence.gvma", ".iivv", { mstatus: TVM }],
    ["hlv.b", "..ivv", {}],
    ["hlv.b", "...vv", { hstatus: HU }],
    ["hlvx.hu", "..ivv", {}],
    ["hlvx.wu", "...vv", { hstatus: HU }],
    ["hsv.d", "..ivv", {}],
    ["hsv.d", "...vv", { hstatus: HU }],
  ])("%s: %s with %o", (name, expected, values) => {
    const found = modeNames.map((mode) => {
      const board = resetBoard(engine);
      const { hart } = board;
      set(hart, { ...values, mepc: BigInt(ramBase + 4), sepc: BigInt(ramBase + 4), vsepc: BigInt(ramBase + 4) });
      hart.setX(1, BigInt(data));
      const isAddressed = name.startsWith("h") && !name.startsWith("hf");
      const word = instruction(name, isAddressed ? { rs1: 1 } : {});
      const outcome = execute(board, mode, word);
      if (outcome === "ok") return ".";
      // "On a virtual-instruction trap, mtval or stval is written the same as for an illegal-instruction trap."
      expect([outcome.in, get(hart, "mtval"), get(hart, "mtinst")]).toEqual(["M", BigInt(word), 0n]);
      return { 2: "i", 22: "v" }[outcome.cause] ?? "?";
    });
    expect(found.join("")).toBe(expected);
  });

  test.each<[ModeName, number]>([
    ["M", 11],
    ["HS", 9],
    ["U", 8],
    ["VS", 10],
    ["VU", 8],
  ])("ecall in %s has cause %i", (mode, cause) => {
    const board = resetBoard(engine);
    expect(execute(board, mode, instruction("ecall"))).toEqual({ cause, in: "M" });
  });

  test.each<[string, bigint]>([
    ["hlv.b", -2n],
    ["hlv.bu", 0xfen],
    ["hlv.h", -0x7f02n],
    ["hlv.hu", 0x80fen],
    ["hlvx.hu", 0x80fen],
    ["hlv.w", -0x7bfb7f02n],
    ["hlv.wu", 0x840480fen],
    ["hlvx.wu", 0x840480fen],
    ["hlv.d", 0x1122334484_0480fen],
  ])("%s of what is bare gives %i", (name, expected) => {
    const board = resetBoard(engine);
    put64(board, data, 0x1122334484_0480fen);
    board.hart.setX(1, BigInt(data));
    expect(execute(board, "HS", instruction(name, { rd: 2, rs1: 1 }))).toBe("ok");
    expect(board.hart.x(2)).toBe(expected);
  });

  test.each<[string, bigint]>([
    ["hsv.b", 0x11223344556677ffn],
    ["hsv.h", 0x112233445566eeffn],
    ["hsv.w", 0x11223344ccddeeffn],
    ["hsv.d", 0x778899aaccddeeffn],
  ])("%s stores that much", (name, expected) => {
    const board = resetBoard(engine);
    put64(board, data, 0x1122334455667788n);
    board.hart.setX(1, BigInt(data));
    board.hart.setX(2, 0x778899aaccddeeffn);
    expect(execute(board, "M", instruction(name, { rs1: 1, rs2: 2 }))).toBe("ok");
    expect(board.bus.read64(data)).toBe(expected);
  });

  // MPV and MPP as "Trap Return" has them; SPV and SPP; in a guest vsstatus.SPP alone.
  const MPV = 1n << 39n;
  const SPV = 1n << 7n;
  test.each<[ModeName, string, Readonly<Record<string, bigint>>, ModeName]>([
    ["M", "mret", { mstatus: 0n }, "U"],
    ["M", "mret", { mstatus: 1n << 11n }, "HS"],
    ["M", "mret", { mstatus: MPV }, "VU"],
    ["M", "mret", { mstatus: MPV | (1n << 11n) }, "VS"],
    ["M", "mret", { mstatus: MPV | (3n << 11n) }, "M"],
    ["M", "sret", { hstatus: SPV, mstatus: 1n << 8n }, "VS"],
    ["HS", "sret", { hstatus: 0n, mstatus: 1n << 8n }, "HS"],
    ["HS", "sret", { hstatus: 0n }, "U"],
    ["HS", "sret", { hstatus: SPV, mstatus: 1n << 8n }, "VS"],
    ["HS", "sret", { hstatus: SPV }, "VU"],
    ["VS", "sret", { vsstatus: 1n << 8n }, "VS"],
    ["VS", "sret", { hstatus: SPV, mstatus: 1n << 8n }, "VU"],
  ])("in %s, %s with %o leads to %s", (mode, name, values, expected) => {
    const board = resetBoard(engine);
    const { hart } = board;
    const to = { mepc: BigInt(ramBase + 0x100), sepc: BigInt(ramBase + 0x200), vsepc: BigInt(ramBase + 0x300) };
    const PIEs = 0xa0n;
    set(hart, {
      ...to,
      ...values,
      mstatus: (values["mstatus"] ?? 0n) | PIEs,
      vsstatus: (values["vsstatus"] ?? 0n) | 0x20n,
    });
    expect(execute(board, mode, instruction(name))).toBe("ok");
    const register = name === "mret" ? "mepc" : mode === "VS" ? "vsepc" : "sepc";
    expect([nameOf(hart), BigInt.asUintN(64, hart.pc)]).toEqual([expected, to[register]]);
    // The bits that it came by: cleared, and the mode's interrupts enabled as they were.
    enter(hart, "M");
    const status = get(hart, mode === "VS" ? "vsstatus" : "mstatus");
    if (name === "mret") expect(status & (MPV | 0x1888n)).toBe(0x88n);
    else expect(status & 0x122n).toBe(0x22n);
    if (name === "sret" && mode !== "VS") expect(get(hart, "hstatus") & SPV).toBe(0n);
    if (mode === "VS") expect(get(hart, "hstatus") & SPV).toBe(values["hstatus"] ?? 0n);
  });
});
