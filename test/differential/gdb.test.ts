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
  test("breaks, continues and shows the calls", async (context) => {
    needs(context, "gdb-multiarch", "riscv64-unknown-elf-gcc");
    const text = await debug([
      "break leaf",
      "continue",
      "backtrace",
      "info registers",
      "x/8i $pc",
      "print n",
      "finish",
      "detach",
    ]);
    console.log(text);
    expect(text).toContain("Breakpoint 1, leaf");
  });
});
