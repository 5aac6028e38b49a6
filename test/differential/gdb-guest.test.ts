import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { describe, expect, test, type TestContext } from "vitest";
import { serve } from "../../kernel/api/index.js";
import type { Machine } from "../../sim/machine/index.js";
import {
  bare,
  create,
  guests,
  paravirtualization,
  techniques,
  type Technique,
  type VirtualMachine,
} from "../../sim/vmm/index.js";
import { needs, pathOf } from "../clients/tools.js";

/** Lets gdb do some commands with a guest of ours, which has no file of symbols; gives what gdb printed, but for the port's number. */
async function debug(
  context: TestContext,
  what: Machine | VirtualMachine,
  commands: readonly string[],
): Promise<string> {
  needs(context, "gdb-multiarch");
  const served = await serve(what);
  try {
    const settings = ["set pagination off", "set confirm off", "set architecture riscv:rv64"];
    const lines = [...settings, `target remote :${served.port}`, ...commands].flatMap((command) => ["-ex", command]);
    const gdb = ["-nx", "-batch", ...lines];
    const { stdout, stderr } = await promisify(execFile)(pathOf("gdb-multiarch"), gdb, { timeout: 120_000 });
    return (stdout + stderr).replaceAll(`:${served.port}`, ":PORT");
  } finally {
    await served.close();
  }
}

const guest = guests.processes;
/** Where its kernel has mapped a process's code and data, for user mode. */
const process = { code: 0x4000_0000n, data: 0x4000_1000n } as const;

/** From the kernel's handler to a process and back, by addresses that only the guest's tables explain. */
const session = (machine: Machine): readonly string[] => {
  const at = (symbol: string): string => `0x${machine.address(symbol).toString(16)}`;
  return [
    "print $priv",
    `break *${at("system_call")}`,
    "continue",
    "info registers pc a0 a7 sp sepc scause satp sstatus",
    "print $priv",
    `x/2gx ${process.data}`,
    "x/3i $pc",
    "stepi",
    "print $pc",
    "reverse-stepi",
    "print $pc",
    "delete",
    `break *(${process.code} + 4)`,
    "continue",
    "print $priv",
    "info registers pc",
    "x/i $pc",
    "delete",
    `watch *(long *) ${at("lives")}`,
    "continue",
    "print $pc",
    `set var *(long *) ${process.data} = 0x5a`,
    `x/gx ${process.data}`,
    "set $t6 = 0x1234",
    "print/x $t6",
    "detach",
  ];
};

describe("gdb-multiarch on a guest of a VMM", () => {
  const virtual = (technique: Technique): VirtualMachine =>
    create(technique, { guests: [guest, guests.timer], slice: 500 }).machine;

  test.for(techniques.filter(({ runsPorts }) => runsPorts !== true))(
    "$name: it sees what it sees of a bare machine",
    async (technique, context) => {
      const native = bare(guest, { echo: false });
      const text = await debug(context, native, session(native));
      const vm = virtual(technique);
      expect(await debug(context, vm, session(vm.machine))).toBe(text);
      // Machine mode, the kernel at its handler, a step there and back, a process at an address of its own.
      expect(text).toMatch(/\$1 = 3\n[^]*\nBreakpoint 1,[^]*\$2 = 1\n0x40001000:\t0x0*4[12]\t/);
      const at = native.address("system_call").toString(16);
      expect(text).toMatch(new RegExp(`\\$3 = .*0x(?!${at})[^]*\\$4 = .*0x${at}\n`));
      expect(text).toMatch(/\nBreakpoint 2, 0x0*40000004 [^]*\$5 = 0\n[^]*\nOld value = 2\nNew value = 1\n/);
      expect(text).toMatch(/0x40001000:\t0x0*5a\n\$7 = 0x1234\n/);
    },
  );

  test("a ported kernel is debugged as well", async (context) => {
    const vm = virtual(paravirtualization);
    const text = await debug(context, vm, session(vm.machine));
    expect(text).toMatch(/\$2 = 1\n0x40001000:\t0x0*4[12]\t/);
    expect(text).toMatch(/\nBreakpoint 2, 0x0*40000004 [^]*\$5 = 0\n/);
    expect(text).toMatch(/0x40001000:\t0x0*5a\n/);
  });
});
