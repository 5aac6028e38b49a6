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

/** The contents of an ELF file's sections, in hexadecimal, by name; those without contents are left out. */
function sectionsOf(elf: Buffer): Readonly<Record<string, string>> {
  const table = Number(elf.readBigUInt64LE(0x28));
  const [size, count, names] = [0x3a, 0x3c, 0x3e].map((at) => elf.readUInt16LE(at)) as [number, number, number];
  const header = (index: number): Buffer => elf.subarray(table + index * size, table + (index + 1) * size);
  const content = (of: Buffer): Buffer =>
    elf.subarray(Number(of.readBigUInt64LE(0x18)), Number(of.readBigUInt64LE(0x18) + of.readBigUInt64LE(0x20)));
  const strings = content(header(names));
  const found: Record<string, string> = {};
  for (let i = 0; i < count; i++) {
    const start = header(i).readUInt32LE(0);
    const name = strings.subarray(start, strings.indexOf(0, start)).toString();
    const [withContent, bytes] = [header(i).readUInt32LE(4) === 1, content(header(i))];
    if (name in places && withContent && bytes.length > 0) found[name] = hex(bytes);
  }
  return found;
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
