import { describe, expect, test } from "vitest";
import { csrNumbers, type EngineName, type Hart } from "../../../../sim/machine/index.js";
import { enter, execute, instruction, nameOf, put, resetBoard, setHandlers, type ModeName } from "./guest-board.js";
import { ramBase, type PlainBoard } from "./plain-board.js";
import { engines } from "./run-program.js";

const set = (hart: Hart, values: Readonly<Record<string, bigint>>): void => {
  for (const [name, value] of Object.entries(values)) hart.setCsr(csrNumbers.get(name) ?? 0, value);
};
/** As HS-mode and machine mode see it. */
const get = (hart: Hart, name: string): bigint => {
  const { mode } = hart.state;
  enter(hart, "M");
  const value = BigInt.asUintN(64, hart.csr(csrNumbers.get(name) ?? 0) ?? 0n);
  hart.state.mode = mode;
  return value;
};

const all = { medeleg: -1n, mideleg: -1n };
const MPV = 1n << 39n;
const [SPV, SPVP] = [1n << 7n, 1n << 8n];

describe.each(engines)("where traps go with the hypervisor extension, by %s", (engine) => {
  // "When a trap occurs in VS-mode or VU-mode, it goes to M-mode, unless delegated by medeleg or mideleg, in which case it goes to
  // HS-mode, unless further delegated by hedeleg or hideleg, in which case it goes to VS-mode" ("Trap Entry").
  const delegations = [{}, { hedeleg: -1n }, { medeleg: -1n }, { medeleg: -1n, hedeleg: -1n }];
  test.each<[string, ModeName, readonly ModeName[]]>([
    ["ebreak", "M", ["M", "M", "M", "M"]],
    ["ebreak", "HS", ["M", "M", "HS", "HS"]],
    ["ebreak", "U", ["M", "M", "HS", "HS"]],
    ["ebreak", "VS", ["M", "M", "HS", "VS"]],
    ["ebreak", "VU", ["M", "M", "HS", "VS"]],
    ["ecall", "VU", ["M", "M", "HS", "VS"]],
    ["ecall", "HS", ["M", "M", "HS", "HS"]],
    // "Environment call from VS-mode" and "Virtual instruction" are read-only 0 in hedeleg.
    ["ecall", "VS", ["M", "M", "HS", "HS"]],
    ["hfence.gvma", "VS", ["M", "M", "HS", "HS"]],
    ["mret", "VS", ["M", "M", "HS", "VS"]],
  ])("%s in %s", (name, mode, expected) => {
    const found = delegations.map((values) => {
      const board = resetBoard(engine);
      set(board.hart, values);
      const outcome = execute(board, mode, instruction(name));
      return outcome === "ok" ? "ok" : outcome.in;
    });
    expect(found).toEqual(expected);
  });

  // MPV, MPP; SPV, SPP; SPVP ("Trap Entry", tables).
  test.each<[ModeName, bigint, bigint]>([
    ["U", 0n, 0n],
    ["HS", 0n, 1n],
    ["VU", MPV, 0n],
    ["VS", MPV, 1n],
  ])("a trap from %s tells machine mode of it", (mode, virtual, privilege) => {
    const board = resetBoard(engine);
    set(board.hart, { mstatus: virtual === 0n ? MPV : 0n, mtval2: 5n, mtinst: 5n });
    execute(board, mode, instruction("ecall"));
    const status = get(board.hart, "mstatus");
    expect([status & MPV, (status >> 11n) & 3n]).toEqual([virtual, privilege]);
    expect([get(board.hart, "mtval2"), get(board.hart, "mtinst")]).toEqual([0n, 0n]);
  });

  test.each<[ModeName, bigint, bigint]>([
    // "if V=0 before a trap, SPVP is left unchanged on trap entry".
    ["U", SPVP, 0n],
    ["HS", SPVP, 1n],
    ["VU", SPV, 0n],
    ["VS", SPV | SPVP, 1n],
  ])("a trap from %s tells HS-mode of it", (mode, hstatus, privilege) => {
    const board = resetBoard(engine);
    set(board.hart, { ...all, hstatus: mode.startsWith("V") ? 0n : SPV | SPVP, htval: 5n, htinst: 5n, vsscratch: 9n });
    execute(board, mode, instruction("ecall"));
    expect(nameOf(board.hart)).toBe("HS");
    expect(get(board.hart, "hstatus") & (SPV | SPVP)).toBe(hstatus);
    expect((get(board.hart, "sstatus") >> 8n) & 1n).toBe(privilege);
    expect([get(board.hart, "htval"), get(board.hart, "htinst"), get(board.hart, "vsscratch")]).toEqual([0n, 0n, 9n]);
  });

  test.each<[ModeName, bigint]>([
    ["VU", 0n],
    ["VS", 1n],
  ])("a trap of %s that is the guest's own changes nothing of the hypervisor's", (mode, privilege) => {
    const board = resetBoard(engine);
    const own = { hstatus: SPVP, htval: 5n, htinst: 6n, sepc: 8n, scause: 9n, stval: 10n };
    set(board.hart, { ...all, hedeleg: -1n, ...own, vsstatus: 2n });
    expect(execute(board, mode, instruction("ebreak"))).toEqual({ cause: 3, in: "VS" });
    const { hart } = board;
    for (const [name, value] of Object.entries(own)) expect(get(hart, name) & 0xfffn).toBe(value);
    // SPIE as SIE was, SIE off, SPP.
    expect(get(hart, "vsstatus") & 0x122n).toBe(0x20n | (privilege << 8n));
    expect([get(hart, "vsepc"), get(hart, "vscause"), get(hart, "vstval")]).toEqual([
      BigInt(ramBase),
      3n,
      BigInt(ramBase),
    ]);
  });

  test("a breakpoint's address is a guest's: GVA", () => {
    const board = resetBoard(engine);
    const GVA = 1n << 38n;
    execute(board, "VS", instruction("ebreak"));
    const fromGuest = get(board.hart, "mstatus") & GVA;
    execute(board, "HS", instruction("ebreak"));
    expect([fromGuest, get(board.hart, "mstatus") & GVA]).toEqual([GVA, 0n]);
  });
});

/** Takes an interrupt in a mode, if one is taken: which, and by whom. */
function interrupted(engine: EngineName, mode: ModeName, values: Readonly<Record<string, bigint>>): PlainBoard {
  const board = resetBoard(engine);
  setHandlers(board);
  set(board.hart, { mideleg: 0x222n, ...values });
  put(board, ramBase, instruction("addi"));
  board.hart.pc = BigInt(ramBase);
  enter(board.hart, mode);
  board.hart.run(1);
  return board;
}

describe.each(engines)("interrupts with the hypervisor extension, by %s", (engine) => {
  // Each pending by hvip, enabled by hie; hideleg gives it to the guest, as another number.
  test.each<[string, bigint, number, number]>([
    ["software", 0x4n, 2, 1],
    ["timer", 0x40n, 6, 5],
    ["external", 0x400n, 10, 9],
  ])("VS-level %s interrupts", (_, bit, number, translated) => {
    const pending = { hvip: bit, hie: bit };
    const own = interrupted(engine, "VU", pending).hart;
    expect([nameOf(own), get(own, "scause")]).toEqual(["HS", (1n << 63n) | BigInt(number)]);
    const given = interrupted(engine, "VU", { ...pending, hideleg: bit }).hart;
    expect([nameOf(given), get(given, "vscause")]).toEqual(["VS", (1n << 63n) | BigInt(translated)]);
  });

  test.each<[string, ModeName, Readonly<Record<string, bigint>>, string]>([
    ["HS-mode with SIE takes it", "HS", { sstatus: 2n }, "scause"],
    ["HS-mode without SIE does not", "HS", {}, ""],
    ["VS-mode is below HS-mode, whatever its SIE", "VS", {}, "scause"],
    ["given to the guest, SIE of vsstatus counts", "VS", { hideleg: 0x40n }, ""],
    ["given to the guest, with SIE", "VS", { hideleg: 0x40n, vsstatus: 2n }, "vscause"],
    ["VU-mode is below VS-mode", "VU", { hideleg: 0x40n }, "vscause"],
    ["given to the guest, HS-mode does not take it", "HS", { hideleg: 0x40n, sstatus: 2n }, ""],
    ["given to the guest, U-mode does not take it", "U", { hideleg: 0x40n, vsstatus: 2n }, ""],
    ["nor does M-mode", "M", { mstatus: 8n }, ""],
  ])("%s", (_, mode, values, expected) => {
    const { hart } = interrupted(engine, mode, { hvip: 0x40n, hie: 0x40n, ...values });
    const causes = ["mcause", "scause", "vscause"].filter((name) => get(hart, name) >> 63n === 1n);
    expect(causes.join()).toBe(expected);
  });

  test.each<[string, ModeName, Readonly<Record<string, bigint>>, string, bigint]>([
    // "SEI, SSI, STI, SGEI, VSEI, VSSI, VSTI".
    ["the supervisor's come first", "VU", { hvip: 0x444n, mip: 2n, mie: 0x666n }, "scause", 1n],
    ["then external, software, timer", "VU", { hvip: 0x444n, mie: 0x666n }, "scause", 10n],
    ["software before timer", "VU", { hvip: 0x44n, mie: 0x666n }, "scause", 2n],
    ["HS-mode's before the guest's", "VU", { hvip: 0x440n, mie: 0x666n, hideleg: 0x400n }, "scause", 6n],
    ["of the guest's, the external one", "VU", { hvip: 0x444n, mie: 0x666n, hideleg: 0x444n }, "vscause", 9n],
  ])("of several, %s", (_, mode, { mip = 0n, ...values }, register, expected) => {
    // hvip behind mip, which shares a bit with it.
    const { hart } = interrupted(engine, mode, { mip, ...values });
    expect(get(hart, register)).toBe((1n << 63n) | expected);
  });

  test("vstimecmp makes VSTIP pending at its time, htimedelta earlier or later", () => {
    const STCE = -(1n << 63n);
    const board = resetBoard(engine);
    const { hart } = board;
    const start = hart.time();
    set(hart, { menvcfg: STCE, henvcfg: STCE, htimedelta: 1000n, vstimecmp: start + 1005n });
    expect([get(hart, "hip"), board.deadline]).toEqual([0n, start + 5n]);
    set(hart, { vstimecmp: start + 1000n });
    expect(get(hart, "hip")).toBe(0x40n);
    // Its bit of hvip is another source.
    set(hart, { hvip: 0x40n, vstimecmp: -1n });
    expect(get(hart, "hip")).toBe(0x40n);
    set(hart, { hvip: 0n });
    expect(get(hart, "hip")).toBe(0n);
    // The earlier of the two timers is what the clock is asked for.
    set(hart, { stimecmp: start + 3n, vstimecmp: start + 1002n });
    expect(board.deadline).toBe(start + 2n);
    set(hart, { htimedelta: 1002n });
    expect(get(hart, "hip")).toBe(0x40n);
  });
});
