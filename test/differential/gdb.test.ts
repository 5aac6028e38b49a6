import { execFile, execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { serve } from "../../kernel/api/index.js";
import { machine } from "../../sim/machine/index.js";
import { needs, pathOf } from "../clients/tools.js";

const program = `
volatile long counter;
long results[4];
__attribute__((noinline)) long leaf(long n) { counter += n; return counter * 2; }
__attribute__((noinline)) long middle(long n) { return leaf(n + 1) + 1; }
int main(void) {
  for (int i = 0; i < 4; i++) results[i] = middle(i * 10);
  for (;;) counter++;
}
__asm__(".globl _start\\n_start: la sp, stack_top\\n call main\\n"
        ".bss\\n.align 4\\n.space 4096\\nstack_top:\\n.text\\n");
`;

let folder: string;
let elf: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "virtlab-gdb-"));
  elf = join(folder, "a.elf");
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

const tools = ["gdb-multiarch", "riscv64-unknown-elf-gcc"] as const;

/** Compiles the program, serves a machine with it and lets gdb do some commands; gives what gdb printed. */
async function debug(commands: readonly string[], options: { readonly harts?: number } = {}): Promise<string> {
  const source = join(folder, "a.c");
  writeFileSync(source, program);
  const flags = [
    "-g",
    "-O1",
    "-march=rv64gc",
    "-mabi=lp64d",
    "-mcmodel=medany",
    "-nostdlib",
    "-ffreestanding",
    "-no-pie",
  ];
  execFileSync(
    pathOf("riscv64-unknown-elf-gcc"),
    [...flags, "-Wl,-Ttext=0x80000000,-e,_start,--no-relax,-n", source, "-o", elf],
    {
      stdio: ["ignore", "ignore", "ignore"],
    },
  );
  const served = await serve(machine({ program: readFileSync(elf), ...options }));
  try {
    const lines = [`target remote :${served.port}`, ...commands].flatMap((command) => ["-ex", command]);
    const gdb = ["-nx", "-batch", "-ex", "set pagination off", "-ex", "set confirm off", ...lines, elf];
    const { stdout, stderr } = await promisify(execFile)(pathOf("gdb-multiarch"), gdb, { timeout: 120_000 });
    return stdout + stderr;
  } finally {
    await served.close();
  }
}

describe("gdb-multiarch", () => {
  test("breaks, continues, and shows calls, registers and code", async (context) => {
    needs(context, ...tools);
    const text = await debug([
      "break leaf",
      "continue",
      "backtrace",
      "info registers a0 pc",
      "x/3i $pc",
      "print n",
      "finish",
    ]);
    expect(text).toMatch(/Breakpoint 1, leaf \(n=(n@entry=)?1\)/);
    expect(text).toMatch(/#0 {2}leaf .*\n#1 .* in middle \(n=.*0\).*\n#2 .* in main/);
    expect(text).toMatch(/a0 +0x1\t1\npc +0x[\da-f]+\t0x[\da-f]+ <leaf>/);
    expect(text).toMatch(/=> 0x[\da-f]+ <leaf>:\tauipc\ta5,0x1/);
    expect(text).toContain("Value returned is $2 = 2");
  });

  test("steps by instructions and lines", async (context) => {
    needs(context, ...tools);
    const text = await debug([
      "print $pc == (long) _start",
      "stepi",
      "stepi",
      "break middle",
      "continue",
      "step",
      "next",
      "info line",
    ]);
    expect(text).toContain("$1 = 1");
    expect(text).toMatch(/Breakpoint 1, middle \(n=.*0\)/);
    expect(text).toMatch(/leaf \(n=.*1\)/);
  });

  test("stops where a variable is written, and deletes breakpoints", async (context) => {
    needs(context, ...tools);
    const text = await debug([
      "watch counter",
      "continue",
      "continue",
      "delete",
      "rwatch results[1]",
      "tbreak main",
      "info breakpoints",
    ]);
    expect(text).toMatch(
      /Hardware watchpoint 1: counter[^]*Old value = 0\nNew value = 1[^]*Old value = 1\nNew value = 12/,
    );
    expect(text).toMatch(/read watchpoint +keep y +results\[1\]/);
  });

  test("goes back, by instructions and to what wrote a variable", async (context) => {
    needs(context, ...tools);
    const text = await debug([
      "break leaf if n == 21",
      "continue",
      "print counter",
      "set $here = $pc",
      "stepi",
      "reverse-stepi",
      "print $pc == $here",
      "watch counter",
      "reverse-continue",
      "print counter",
      "delete",
      "reverse-continue",
      "print $pc == (long) _start",
    ]);
    expect(text).toContain("$1 = 12");
    expect(text).toContain("$2 = 1\n");
    expect(text).toMatch(/Old value = 12\nNew value = 1\n/);
    expect(text).toMatch(/Reached end of recorded history|No more reverse-execution history/);
    expect(text).toMatch(/\$4 = 1\n/);
  });

  test("reads and writes registers and memory, CSRs and floating-point numbers", async (context) => {
    needs(context, ...tools);
    const text = await debug([
      "set $a0 = 0x123456789abcdef0",
      "print/x $a0",
      "set var counter = 77",
      "print counter",
      "set $mscratch = 99",
      "print $mscratch",
      "print/x (unsigned long) $misa >> 62",
      "set $mstatus = $mstatus | 0x2000",
      "set $fa0 = 1.5",
      "print $fa0.double",
      "print $priv",
      "set $pc = leaf",
      "x/i $pc",
      "print *(int *) 16",
      "detach",
    ]);
    expect(text).toContain("$1 = 0x123456789abcdef0");
    expect(text).toContain("$2 = 77");
    expect(text).toContain("$3 = 99");
    expect(text).toContain("$4 = 0x2");
    expect(text).toContain("$5 = 1.5");
    expect(text).toContain("$6 = 3");
    expect(text).toMatch(/=> 0x[\da-f]+ <leaf>:/);
    expect(text).toContain("Cannot access memory at address 0x10");
  });

  test("loads a program over what is there, and compares it", async (context) => {
    needs(context, ...tools);
    const text = await debug(["load", "set var results[3] = 5", "print results[3]"]);
    expect(text).toMatch(/Loading section .text, size 0x/);
    expect(text).toContain("$1 = 5");
  });

  test("sees harts as threads", async (context) => {
    needs(context, ...tools);
    const text = await debug(
      ["info threads", "thread 2", "print $mhartid", "stepi", "break leaf", "continue", "info threads"],
      {
        harts: 2,
      },
    );
    expect(text).toMatch(/\* 1 +Thread 1 \(hart 0\)/);
    expect(text).toMatch(/ 2 +Thread 2 \(hart 1\)/);
    expect(text).toContain("$1 = 1");
    expect(text).toMatch(/hit Breakpoint 1, leaf/);
  });

  test("asks the machine itself", async (context) => {
    needs(context, ...tools);
    const text = await debug(["monitor help", "stepi", "monitor info", "monitor inof"]);
    expect(text).toMatch(/reset +power off and on again/);
    expect(text).toMatch(/1 instructions, \d+ ns/);
    expect(text).toContain('Did you mean "info"?');
  });

  test("interrupts a program that runs", async (context) => {
    needs(context, ...tools);
    // gdb is told to interrupt by its own Python, half a second of its time after the program went on.
    const interrupt =
      "python import threading, os, signal; threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()";
    const text = await debug([interrupt, "continue", "backtrace", "print counter > 100"]);
    expect(text).toContain("Program received signal SIGINT");
    expect(text).toMatch(/#0 .* main/);
    expect(text).toContain("$1 = 1");
  });
});
