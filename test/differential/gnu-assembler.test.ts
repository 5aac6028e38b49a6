import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { needs, pathOf } from "../clients/tools.js";
import { corpus } from "../sim/machine/assembler/corpus.js";
import { assembledHere } from "../sim/machine/assembler/sections.js";
import { assembledByGnu, inFolder } from "./gnu-binutils.js";

describe("bytes as GNU as and ld make them", () => {
  for (const { title, source } of corpus) {
    test(title, (context) => {
      needs(context, "riscv64-unknown-elf-as", "riscv64-unknown-elf-ld");
      expect(assembledHere(source)).toEqual(assembledByGnu(source));
    });
  }

  for (const level of ["-O0", "-O1", "-O2", "-Os"]) {
    test(`of what gcc ${level} writes`, (context) => {
      needs(context, "riscv64-unknown-elf-gcc", "riscv64-unknown-elf-as", "riscv64-unknown-elf-ld");
      const written = inFolder((folder) => {
        const [source, output] = [join(folder, "a.c"), join(folder, "a.s")];
        writeFileSync(source, compiled);
        const options = ["-march=rv64gc", "-mabi=lp64d", "-mcmodel=medany", "-fno-section-anchors", level];
        execFileSync(pathOf("riscv64-unknown-elf-gcc"), ["-S", ...options, source, "-o", output]);
        return readFileSync(output, "utf8");
      });
      // Into the sections that the linker's script has.
      const source = written
        .replace(/\.section\s+\.s?rodata.*/g, ".section .rodata")
        .replace(/\.section\s+\.s?data.*/g, ".data")
        .replace(/\.section\s+\.s?bss.*/g, ".bss")
        .replace(/\.section\s+\.text.*/g, ".text");
      expect(assembledHere(source)).toEqual(assembledByGnu(source));
    });
  }
});

const compiled = `
static unsigned long table[64];
volatile unsigned long result;
const char *names[] = { "one", "two", "three" };
double d = 3.25; float f = -1.5f;
static const unsigned primes[] = { 2, 3, 5, 7, 11 };
struct S { int a; char b; short c; } s = { 1, 2, 3 };
unsigned long fill(unsigned long seed) {
  for (int i = 0; i < 64; i++) table[i] = seed = (seed * 0x9e3779b97f4a7c15ul) ^ (seed >> 7);
  return seed;
}
long sum(int from, int to) { return from > to ? 0 : (long)table[from & 63] + sum(from + 1, to); }
double mix(double a, float b) { return a * d + b * f + (int)a; }
int pick(int i) {
  switch (i) {
    case 0: return 5; case 1: return 7; case 2: return primes[i]; case 3: return 11; case 4: return -3;
    case 5: return 100; case 6: return s.b; default: return names[i % 3][0];
  }
}
int main(void) { fill(42); result = sum(1, 30) + pick((int)result); return (int)mix(result, 2.0f); }
`;
