import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { MiB } from "../../sim/core/index.js";
import { machine, rv64h } from "../../sim/machine/index.js";
import { isComparable, programOf, scenario, told, type Scenario } from "./hypervisor-scenarios.js";

const command = "qemu-system-riscv64";
const isMissing = spawnSync(command, ["--version"]).status !== 0;

function inQemu(program: Uint8Array): string {
  const folder = mkdtempSync(path.join(tmpdir(), "virtlab-hypervisor-"));
  try {
    const file = path.join(folder, "program.bin");
    writeFileSync(file, program);
    const board = ["-M", "virt", "-cpu", "rv64,h=true", "-m", "64M", "-display", "none", "-monitor", "none"];
    const { stdout, status } = spawnSync(command, [...board, "-serial", "stdio", "-bios", file], {
      timeout: 120_000,
      maxBuffer: MiB(64),
    });
    expect(status).toBe(0);
    return stdout.toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function inMachine(program: Uint8Array): string {
  const guest = machine({ program, isa: rv64h, memory: MiB(64), echo: false });
  expect(guest.run({ instructions: 200_000_000 })).toEqual({ kind: "power-off" });
  return guest.console.text;
}

const [GVA, guestGVA] = [1n << 38n, 1n << 6n];
const isInstruction = (cause: bigint): boolean => cause === 2n || cause === 22n;
const isGuestFault = (cause: bigint): boolean => cause >= 20n && cause <= 23n && cause !== 22n;

/**
 * Lines as objects to compare, each with the scenario that it is of. Left out is what may differ: mtinst and htinst may be 0; and what QEMU
 * 7.2 leaves over from before: GVA, an instruction's bits, an address in mtval2 where there is none.
 */
function endsOf(output: string, scenarios: readonly Scenario[]): unknown[] {
  const lines = output.trim().split(/\r?\n/);
  expect(lines).toHaveLength(scenarios.length);
  return scenarios.map((given, index) => {
    const values = (lines[index] ?? "").trim().split(" ");
    const end = Object.fromEntries(told.map((name, at) => [name, BigInt(`0x${values[at] ?? ""}`)]));
    const { mcause = 0n, scause = 0n, mstatus = 0n, hstatus = 0n } = end;
    end["mstatus"] = mstatus & ~GVA;
    end["hstatus"] = hstatus & ~guestGVA;
    end["mtinst"] = end["htinst"] = 0n;
    // It takes some of what guests may not execute for illegal, not for virtual instructions: which are which, other tests say.
    if (mcause === 22n) end["mcause"] = 2n;
    if (scause === 22n) end["scause"] = 2n;
    if (isInstruction(mcause)) end["mtval"] = 0n;
    if (isInstruction(scause)) end["stval"] = 0n;
    // It takes the number of an exception for that of an interrupt, which is one less to the guest.
    if (end["vscause"] === 2n) end["vscause"] = 1n;
    if (!isGuestFault(mcause)) end["mtval2"] = 0n;
    if (!isGuestFault(scause)) end["htval"] = 0n;
    return { given, end };
  });
}

describe("the hypervisor extension beside QEMU's", () => {
  if (isMissing) {
    test.skip(`no ${command} here (Debian: qemu-system-misc)`, () => undefined);
    return;
  }
  test("random instructions in random modes under random page tables end alike", () => {
    const long = process.env["VIRTLAB_LONG"] === "1";
    const scenarios = fc.sample(scenario.filter(isComparable), { seed: 5, numRuns: long ? 20_000 : 600 });
    const program = programOf(scenarios);
    expect(endsOf(inMachine(program), scenarios)).toEqual(endsOf(inQemu(program), scenarios));
  });
});
