import { UsageError } from "../../core/index.js";
import type { Image, ImageSegment, ImageSymbol } from "./image.js";

const header = { size: 64, type: 16, machine: 18, entry: 24, programs: 32, sections: 40, counts: 54 } as const;
const programSize = 56;
const sectionSize = 64;
const symbolSize = 24;
const riscv = 243;
const loadable = 1;
const symbolTable = 2;
/** Symbols that name places: without a type, an object, a function. Others name sections and files. */
const places = [0, 1, 2];
/** Where relocatable files and shared libraries say what kind they are (e_type). */
const executable = 2;

/** What stands at e_machine, for the message. */
const machines: Readonly<Record<number, string>> = {
  3: "x86 (32 bits)",
  40: "ARM (32 bits)",
  62: "x86-64",
  183: "ARM64",
};

export function isElf(bytes: Uint8Array): boolean {
  return bytes[0] === 0x7f && bytes[1] === 0x45 && bytes[2] === 0x4c && bytes[3] === 0x46;
}

/**
 * Reads an executable for RV64: its loadable segments at their physical addresses, its entry, its symbols.
 * Source: System V Application Binary Interface, chapters 4 and 5; RISC-V ELF psABI, chapter "ELF Object Files".
 * @throws UsageError for a file that is truncated, damaged, not executable, or for another machine
 */
export function readElf(name: string, bytes: Uint8Array): Image {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  need(name, bytes, 0, header.size, "its header");
  if (bytes[4] !== 2 || bytes[5] !== 1) {
    throw foreign(name, bytes[4] === 1 ? "a computer of 32 bits" : "a big-endian computer");
  }
  const machine = view.getUint16(header.machine, true);
  if (machine !== riscv) throw foreign(name, machines[machine] ?? `machine ${machine}`);
  const type = view.getUint16(header.type, true);
  if (type !== executable) {
    throw new UsageError(
      `the ${name} is no executable but ${["nothing", "an object file", "", "a shared object"][type] ?? `type ${type}`}`,
      "Link it to fixed addresses: -static, without -pie.",
    );
  }

  return {
    name,
    segments: readSegments(name, bytes, view),
    entry: view.getBigInt64(header.entry, true),
    symbols: readSymbols(name, bytes, view),
  };
}

function readSegments(name: string, bytes: Uint8Array, view: DataView): ImageSegment[] {
  const segments: ImageSegment[] = [];
  const start = offset(name, view, header.programs);
  const count = view.getUint16(header.counts + 2, true);
  need(name, bytes, start, count * programSize, "its program headers");
  for (let index = 0; index < count; index++) {
    const at = start + index * programSize;
    if (view.getUint32(at, true) !== loadable) continue;
    const place = offset(name, view, at + 8);
    const address = offset(name, view, at + 24);
    const stored = offset(name, view, at + 32);
    const size = offset(name, view, at + 40);
    if (size === 0) continue;
    need(name, bytes, place, stored, `the segment for 0x${address.toString(16)}`);
    if (stored > size) {
      throw new UsageError(`the ${name} is damaged: a segment has more bytes than it takes`, "Build it again.");
    }
    segments.push({ address, bytes: bytes.subarray(place, place + stored), size });
  }
  if (segments.length > 0) return segments;
  throw new UsageError(`the ${name} has nothing to load`, "Link a program into it.");
}

function readSymbols(name: string, bytes: Uint8Array, view: DataView): ImageSymbol[] {
  const start = offset(name, view, header.sections);
  const count = view.getUint16(header.counts + 6, true);
  need(name, bytes, start, count * sectionSize, "its section headers");
  const section = (index: number): { type: number; link: number; place: number; size: number } => {
    const at = start + index * sectionSize;
    const type = view.getUint32(at + 4, true);
    const link = view.getUint32(at + 40, true);
    return { type, link, place: offset(name, view, at + 24), size: offset(name, view, at + 32) };
  };
  const symbols: ImageSymbol[] = [];
  for (let index = 0; index < count; index++) {
    const table = section(index);
    if (table.type !== symbolTable || table.link >= count) continue;
    const strings = section(table.link);
    need(name, bytes, table.place, table.size, "its symbols");
    need(name, bytes, strings.place, strings.size, "its symbols' names");
    const names = bytes.subarray(strings.place, strings.place + strings.size);
    for (let at = table.place; at + symbolSize <= table.place + table.size; at += symbolSize) {
      const text = textAt(names, view.getUint32(at, true));
      const isPlace = places.includes(view.getUint8(at + 4) & 15) && view.getUint16(at + 6, true) !== 0;
      if (text === "" || !isPlace) continue;
      symbols.push({ name: text, address: view.getBigInt64(at + 8, true), size: offset(name, view, at + 16) });
    }
  }
  return symbols.sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0));
}

/** ASCII up to a NUL. */
function textAt(bytes: Uint8Array, from: number): string {
  let text = "";
  for (let at = from; at < bytes.length && bytes[at] !== 0; at++) text += String.fromCharCode(bytes[at] ?? 0);
  return text;
}

/** A 64-bit field that has to be a number: an offset, a size, a physical address. */
function offset(name: string, view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at, true));
  if (Number.isSafeInteger(value)) return value;
  throw new UsageError(`the ${name} is damaged: its byte ${at} says 0x${value.toString(16)}`, "Build it again.");
}

function need(name: string, bytes: Uint8Array, from: number, length: number, what: string): void {
  if (from + length <= bytes.length) return;
  throw new UsageError(
    `the ${name} is cut short: ${what} would end at byte ${from + length} of ${bytes.length}`,
    "Copy or build the file again.",
  );
}

function foreign(name: string, machine: string): UsageError {
  return new UsageError(
    `the ${name} is for ${machine}, and this machine is RISC-V of 64 bits`,
    "Build it with riscv64-unknown-elf-gcc, or take the riscv64 package.",
  );
}
