import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { run } from "../clients/tools.js";
import { hex, places } from "../sim/machine/assembler/sections.js";

const script = `SECTIONS {
${Object.entries(places)
  .map(([name, address]) => `  ${name} ${address} : { *(${name})${name === ".bss" ? " *(COMMON)" : ""} }`)
  .join("\n")}
}
`;

/** Does something in a folder of its own. */
export function inFolder<T>(action: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "virtlab-gnu-"));
  try {
    return action(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

interface ElfSection {
  readonly name: string;
  readonly type: number;
  readonly address: bigint;
  readonly bytes: Buffer;
  readonly link: number;
}

function elfSections(elf: Buffer): readonly ElfSection[] {
  const table = Number(elf.readBigUInt64LE(0x28));
  const [size, count, names] = [0x3a, 0x3c, 0x3e].map((at) => elf.readUInt16LE(at)) as [number, number, number];
  const header = (index: number): Buffer => elf.subarray(table + index * size, table + (index + 1) * size);
  const content = (of: Buffer): Buffer =>
    elf.subarray(Number(of.readBigUInt64LE(0x18)), Number(of.readBigUInt64LE(0x18) + of.readBigUInt64LE(0x20)));
  const strings = content(header(names));
  return Array.from({ length: count }, (_, index) => {
    const one = header(index);
    const name = textAt(strings, one.readUInt32LE(0));
    const type = one.readUInt32LE(4);
    return { name, type, address: one.readBigUInt64LE(0x10), bytes: content(one), link: one.readUInt32LE(0x28) };
  });
}

const textAt = (strings: Buffer, start: number): string =>
  strings.subarray(start, strings.indexOf(0, start)).toString();

const [withContent, symbolTable] = [1, 2];

/** The contents of an ELF file's sections by name; those without contents are left out. */
function sectionsOf(elf: Buffer): Readonly<Record<string, string>> {
  return Object.fromEntries(
    elfSections(elf).flatMap(({ name, type, bytes }) =>
      name in places && type === withContent && bytes.length > 0 ? [[name, hex(bytes)]] : [],
    ),
  );
}

/** The code of a linked program, the names of its functions and of where gp points. */
export function codeOf(elf: Buffer): {
  readonly bytes: Buffer;
  readonly address: bigint;
  readonly symbols: readonly { readonly name: string; readonly value: bigint }[];
} {
  const sections = elfSections(elf);
  const code = sections.find(({ name }) => name === ".text");
  const table = sections.find(({ type }) => type === symbolTable);
  const strings = sections[table?.link ?? 0]?.bytes ?? Buffer.of();
  const symbols = Array.from({ length: (table?.bytes.length ?? 0) / 24 }, (_, index) => {
    const entry = table?.bytes.subarray(24 * index, 24 * (index + 1)) ?? Buffer.of();
    return { name: textAt(strings, entry.readUInt32LE(0)), type: entry[4]! & 15, value: entry.readBigUInt64LE(8) };
  });
  return {
    bytes: code?.bytes ?? Buffer.of(),
    address: code?.address ?? 0n,
    symbols: symbols.filter(({ type, name }) => type === 2 || name === "__global_pointer$"),
  };
}

/** What GNU as and ld, without relaxation, make of a source: each section's bytes. */
export function assembledByGnu(source: string): Readonly<Record<string, string>> {
  return inFolder((folder) => {
    const at = (name: string): string => join(folder, name);
    writeFileSync(at("a.s"), source.endsWith("\n") ? source : `${source}\n`);
    writeFileSync(at("script"), script);
    run("riscv64-unknown-elf-as", "-march=rv64imafdc_zicsr_zifencei", "-mno-relax", at("a.s"), "-o", at("a.o"));
    run("riscv64-unknown-elf-ld", "--no-relax", "-e", "0", "-T", at("script"), at("a.o"), "-o", at("a.elf"));
    return sectionsOf(readFileSync(at("a.elf")));
  });
}
