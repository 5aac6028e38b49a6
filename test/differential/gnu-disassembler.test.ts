import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Rng } from "../../sim/core/index.js";
import { assemble, disassemble, encode, rv64, type DisassembledLine, type Row } from "../../sim/machine/index.js";
import { needs, pathOf } from "../clients/tools.js";
import { hex, places } from "../sim/machine/assembler/sections.js";
import { assembledByGnu, codeOf, inFolder } from "./gnu-binutils.js";

const long = process.env["VIRTLAB_LONG"] === "1";
const objdump = "riscv64-unknown-elf-objdump";
const base = 0x80000000;

/** What objdump prints of each address: the instruction and what it says behind it. */
function dumped(file: string, ...options: readonly string[]): ReadonlyMap<string, string> {
  const text = execFileSync(pathOf(objdump), [...options, file], { encoding: "utf8", maxBuffer: 2 ** 28 });
  const rows = text.split("\n").flatMap((line) => {
    const [address, , ...words] = line.split("\t");
    return /^\s*[0-9a-f]+:$/.test(address ?? "")
      ? [[(address ?? "").trim().slice(0, -1), words.join(" ").trim()] as const]
      : [];
  });
  return new Map(rows);
}

const shown = ({ text, comment }: DisassembledLine): string => (comment === "" ? text : `${text} # ${comment}`);
const bare = (text: string | undefined): string | undefined => text?.replace(/ #.*$/, "");

/** Words of every row with any operands, short words, and any words at all. */
function randomCode(seed: number, words: number): Buffer {
  const rng = new Rng(seed);
  const any = (): number => rng.integer(2 ** 32);
  const bytes: number[] = [];
  for (let i = 0; i < words; i++) {
    const row = rv64.rows[rng.integer(rv64.rows.length)]!;
    const kind = rng.integer(10);
    const word =
      kind < 5 ? ((any() & ~row.format.mask) | row.match) >>> 0 : kind < 9 ? any() & 0xfffc : (any() | 3) >>> 0;
    const half = kind >= 5 && kind < 9;
    const bits = half ? word | rng.integer(3) : word;
    // Longer instructions, which nobody has yet.
    if (!half && (bits & 31) === 31) continue;
    for (let at = 0; at < (half ? 2 : 4); at++) bytes.push((bits >>> (8 * at)) & 255);
  }
  return Buffer.from(bytes);
}

/** Where objdump 2.40 knows CSRs of extensions that we lack, or is strict about bits that a hart ignores. */
function differently(ours: string, theirs: string): boolean {
  const [before = "", after = ""] = ours.split(/\b0x[0-9a-f]{1,3}\b/);
  const named = theirs.startsWith(before) && theirs.endsWith(after) && !theirs.includes("0x");
  if (ours.startsWith("csr") && ours !== before && named) return true;
  if (theirs.startsWith(".4byte")) return /^(fence|fence\.i|fcvt\.d\.(s|w|wu))\b/.test(ours);
  // All of sp's step but its bits: reserved.
  return ours === ".2byte 0x6101";
}

describe("text as objdump writes it", () => {
  for (const plain of [false, true]) {
    test(`of random words${plain ? ", plain" : ""}`, (context) => {
      needs(context, objdump);
      const code = randomCode(11, long ? 400_000 : 20_000);
      const theirs = inFolder((folder) => {
        const file = join(folder, "code");
        writeFileSync(file, code);
        const options = ["-D", "-z", "-b", "binary", "-m", "riscv:rv64", `--adjust-vma=0x${base.toString(16)}`];
        return dumped(file, ...options, ...(plain ? ["-M", "no-aliases"] : []));
      });
      const ours = disassemble(code, base, { plain });
      expect(ours).toHaveLength(theirs.size);
      const wrong = ours.flatMap(({ address, text }) => {
        const other = bare(theirs.get(address.toString(16))) ?? "";
        return text === other || differently(text, other) ? [] : [`${address.toString(16)}: ${text} | ${other}`];
      });
      expect(wrong).toEqual([]);
    });
  }

  test("of a compiled program, with its names and what lui and auipc lead to", (context) => {
    needs(context, objdump, "riscv64-unknown-elf-gcc");
    inFolder((folder) => {
      const [source, elf] = [join(folder, "a.c"), join(folder, "a.elf")];
      writeFileSync(source, program);
      const options = [
        "-march=rv64imac",
        "-mabi=lp64",
        "-mcmodel=medany",
        "-O2",
        "-nostdlib",
        "-ffreestanding",
        "-Ttext=0x80000000",
      ];
      execFileSync(pathOf("riscv64-unknown-elf-gcc"), [...options, "-Wl,-e,main", source, "-o", elf]);
      const { bytes, address, symbols } = codeOf(readFileSync(elf));
      const theirs = dumped(elf, "-d");
      const ours = disassemble(bytes, address, { symbols });
      expect(ours.length).toBeGreaterThan(60);
      // Names of data are chosen among several: objdump has its own order.
      const place = (text: string | undefined): string => (text ?? "").replace(/(# [0-9a-f]+) <.*>$/, "$1");
      expect(ours.map((line) => `${line.address.toString(16)}: ${place(shown(line))}`)).toEqual(
        [...theirs].map(([at, text]) => `${at}: ${place(text)}`),
      );
    });
  });
});

const program = `
typedef unsigned long u64;
static u64 table[64];
volatile u64 result;
static u64 mix(u64 a, u64 b) { return (a * 0x9e3779b97f4a7c15ul) ^ (b >> 7) ^ (b << 3); }
__attribute__((noinline)) u64 fill(u64 seed) {
  for (int i = 0; i < 64; i++) table[i] = seed = mix(seed, i);
  return seed;
}
__attribute__((noinline)) long sum(int from, int to) { return from > to ? 0 : (long)table[from & 63] + sum(from + 1, to); }
__attribute__((noinline)) int divide(int a, int b) { return b ? a / b + a % b : -1; }
int main(void) {
  fill(42);
  result = sum(1, 30) + divide((int)result, 7);
  switch (result & 7) { case 0: return 5; case 1: return fill(1); case 2: return 9; case 3: return 1; case 4: return 77; case 5: return -4; }
  return 0;
}
`;

describe("what the disassembler writes", () => {
  /** Operands that assemble to the same bits again: nothing that a hart ignores, no target that is cut off. */
  function canonical(row: Row, word: number): number {
    return row.name === "fence.i" || row.name === "fence" ? (row.match | (word & 0x0ff00000)) >>> 0 : word;
  }

  test("assembles to the same bytes, here and with GNU as", (context) => {
    needs(context, "riscv64-unknown-elf-as", "riscv64-unknown-elf-ld");
    const rng = new Rng(5);
    const words = Array.from({ length: long ? 20_000 : 2000 }, () => {
      const row = rv64.rows[rng.integer(rv64.rows.length)]!;
      const word = canonical(row, ((rng.integer(2 ** 32) & ~row.format.mask) | row.match) >>> 0);
      return row.format.fields.rm === undefined
        ? word
        : ((word & ~0x7000) | (/^fcvt\.d\.(s|w|wu)$/.test(row.name) ? 0 : 0x7000)) >>> 0;
    });
    const code = Buffer.from(Uint32Array.from(words).buffer);
    // Jumps lead out of the program, where GNU's linker would replace them.
    const lines = disassemble(code, base, { plain: true })
      .map(({ text }) => text)
      .filter((text) => !/^(b|jal |\.4byte)/.test(text) && !/unknown/.test(text));
    expect(lines.length).toBeGreaterThan(words.length / 2);
    const source = [".option norvc", ...lines].join("\n");
    const ours = assemble(source, { at: places }).segments[0]!.bytes;
    expect({ ".text": hex(ours) }).toEqual(assembledByGnu(source));
    const again = disassemble(ours, base, { plain: true }).map(({ text }) => text);
    expect(again).toEqual(lines);
    const short = [".option rvc", ...lines].join("\n");
    expect({ ".text": hex(assemble(short, { at: places }).segments[0]!.bytes) }).toEqual(assembledByGnu(short));
    expect(encode(rv64.row("addi"), { rd: 1 })).toBe(0x93);
  });
});
