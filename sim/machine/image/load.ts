import { formatBytes, UsageError } from "../../core/index.js";
import type { Program } from "../assembler/index.js";
import type { Bus } from "../bus.js";
import { isElf, readElf } from "./elf.js";
import type { Image } from "./image.js";
import { readBootHeader } from "./linux.js";

/** Something to execute: the bytes of an ELF executable or of flat code, or what the assembler made. */
export type Executable = Uint8Array | Program;

/**
 * Finds out what a program is. ELF files know where they belong; a kernel's header says how far behind RAM's start, and all else
 * goes to `address`.
 * @throws UsageError for an ELF file that cannot be run
 */
export function readImage(name: string, program: Executable, address: number, ramBase: number): Image {
  if (!(program instanceof Uint8Array)) return assembled(name, program);
  if (isElf(program)) return readElf(name, program);
  if (program.length === 0) throw new UsageError(`the ${name} is empty`, "Give the file's bytes.");
  const boot = readBootHeader(program);
  const at = boot === undefined ? address : ramBase + boot.offset;
  const size = Math.max(program.length, boot?.size ?? 0);
  return { name, segments: [{ address: at, bytes: program, size }], entry: BigInt(at), symbols: [] };
}

function assembled(name: string, { segments, entry, symbols }: Program): Image {
  const places = [...symbols.values()].filter(({ segment }) => segment !== undefined);
  return {
    name,
    segments: segments
      .filter(({ size }) => size > 0)
      .map(({ address, bytes, size }) => ({ address: Number(BigInt.asUintN(64, address)), bytes, size })),
    entry,
    symbols: places
      .map(({ name: text, value, size }) => ({ name: text, address: value, size }))
      .sort((a, b) => (a.address < b.address ? -1 : a.address > b.address ? 1 : 0)),
  };
}

/**
 * Puts a program where it belongs.
 * @throws UsageError where that is not RAM
 */
export function loadImage(bus: Bus, { name, segments }: Image): void {
  for (const { address, bytes, size } of segments) {
    const room = bus.bytes(address, size);
    if (room === undefined) throw outside(bus, name, address, size);
    room.set(bytes);
    room.fill(0, bytes.length);
    bus.written(address, size);
  }
}

/** The first byte behind a program. */
export function endOf({ segments }: Image): number {
  return Math.max(...segments.map(({ address, size }) => address + size));
}

const hex = (address: number): string => `0x${address.toString(16)}`;

function outside({ ramBase, ramSize }: Bus, name: string, address: number, size: number): UsageError {
  const end = address + size;
  const needed = Math.ceil((end - ramBase) / 2 ** 20);
  return new UsageError(
    `the ${name} goes to ${hex(address)} to ${hex(end - 1)}, and memory is ${hex(ramBase)} to ${hex(ramBase + ramSize - 1)} (${formatBytes(ramSize)})`,
    address < ramBase ? `Link it to ${hex(ramBase)} or above.` : `Give the machine more: memory: MiB(${needed}).`,
  );
}
