import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, type TestContext } from "vitest";
import { MiB } from "../../sim/core/index.js";
import { machine, type Machine } from "../../sim/machine/index.js";
import { needs, needsFiles, run } from "./tools.js";

/** C programs, compiled by Debian's gcc with picolibc: printf and malloc of a C library, floating point, exit codes. */
let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "virtlab-c-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Where picolibc's start-up code and linker script find the machine: characters out, and an end. */
const board = `
#include <stdio.h>
#include <stdint.h>
static int put(char c, FILE *file) { (void)file; *(volatile uint8_t *)0x10000000 = c; return c; }
static int get(FILE *file) {
  (void)file;
  while (!(*(volatile uint8_t *)0x10000005 & 1)) {}
  return *(volatile uint8_t *)0x10000000;
}
static FILE uart = FDEV_SETUP_STREAM(put, get, NULL, _FDEV_SETUP_RW);
FILE *const stdin = &uart;
FILE *const stdout = &uart;
FILE *const stderr = &uart;
void _exit(int code) {
  *(volatile uint32_t *)0x100000 = code == 0 ? 0x5555 : (code << 16) | 0x3333;
  for (;;) {}
}
`;

/** Compiles a program and puts it into a machine. Constants lie from 0x80000000 on, variables from 2 MiB later. */
function compile(context: TestContext, source: string): Machine {
  needs(context, "riscv64-unknown-elf-gcc");
  needsFiles(context, { "/usr/lib/picolibc/riscv64-unknown-elf": "picolibc-riscv64-unknown-elf" });
  const program = join(folder, "program.c");
  const output = join(folder, "program.elf");
  writeFileSync(program, board + source);
  const places = { __flash: "0x80000000", __flash_size: "0x200000", __ram: "0x80200000", __ram_size: "0x200000" };
  const symbols = Object.entries(places).map(([name, value]) => `-Wl,--defsym=${name}=${value}`);
  const target = ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "--specs=picolibc.specs", "--crt0=hosted"];
  run(
    "riscv64-unknown-elf-gcc",
    ...target,
    "-O2",
    "-Wl,--defsym=__stack_size=0x4000",
    ...symbols,
    program,
    "-o",
    output,
  );
  return machine({ memory: MiB(4), program: new Uint8Array(readFileSync(output)) });
}

it("a program prints, with integers, floating point and memory of its own", (context) => {
  const guest = compile(
    context,
    `#include <math.h>
     #include <stdlib.h>
     #include <string.h>
     static int order(const void *a, const void *b) { return *(const int *)a - *(const int *)b; }
     int counter = 41;
     int main(void) {
       int *numbers = malloc(100 * sizeof(int));
       for (int i = 0; i < 100; i++) numbers[i] = (i * 7919) % 101;
       qsort(numbers, 100, sizeof(int), order);
       printf("%d %d %d\\n", numbers[0], numbers[50], numbers[99]);
       printf("%.12f %.6e\\n", sqrt(2.0), exp(1.0));
       printf("%s %d %zu\\n", "data", ++counter, strlen("picolibc"));
       return 0;
     }`,
  );
  expect(guest.run({ instructions: 50_000_000 }), guest.console.text).toEqual({ kind: "power-off" });
  expect(guest.console.text).toBe("0 50 100\n1.414213562373 2.718282e+00\ndata 42 8\n");
  expect(guest.symbols.map(({ name }) => name)).toContain("counter");
});

it("a program reads what is typed, and its exit code comes out", (context) => {
  const guest = compile(
    context,
    `int main(void) {
       int a, b;
       if (scanf("%d %d", &a, &b) != 2) return 1;
       printf("sum %d\\n", a + b);
       return 7;
     }`,
  );
  guest.type("20 22\n");
  expect(guest.run({ instructions: 50_000_000 }), guest.console.text).toEqual({ kind: "failed", code: 7 });
  expect(guest.console.text).toBe("sum 42\n");
});

it("stops by name in a program's functions, where its arguments are", (context) => {
  const guest = compile(
    context,
    `__attribute__((noinline)) long twice(long x) { __asm__ volatile(""); return 2 * x; }
     int main(void) { return (int)twice(21) - 42; }`,
  );
  guest.break("twice");
  expect(guest.run({ instructions: 1_000_000 })).toEqual({ kind: "breakpoint", hart: 0, pc: guest.address("twice") });
  expect(guest.hart(0).x(10)).toBe(21n);
  expect(guest.run({ instructions: 1_000_000 })).toEqual({ kind: "power-off" });
});
