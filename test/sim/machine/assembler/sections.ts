import { assemble } from "../../../../sim/machine/index.js";

/** Where the sections of a snippet lie, for our assembler and for GNU's linker. */
export const places: Readonly<Record<string, number>> = {
  ".text": 0x80000000,
  ".text.other": 0x80080000,
  ".rodata": 0x80100000,
  ".data": 0x80200000,
  ".bss": 0x80300000,
};

/** Bytes in hexadecimal, long runs of one byte by their length. */
export function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes)
    .toString("hex")
    .replaceAll(/(..)\1{15,}/g, (run, byte: string) => `[${run.length / 2} × ${byte}]`);
}

/** What our assembler makes of a source: the bytes of each section that has any. */
export function assembledHere(source: string): Readonly<Record<string, string>> {
  const { segments } = assemble(source, { at: places });
  return Object.fromEntries(segments.flatMap(({ name, bytes }) => (bytes.length === 0 ? [] : [[name, hex(bytes)]])));
}
