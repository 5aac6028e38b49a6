import { decodeBase64, encodeBase64, isZero, UsageError } from "../core/index.js";
import type { Bus } from "./bus.js";
import { pageSize } from "./layout.js";

/** RAM as plain data: its pages that hold anything but zeros, by their numbers from RAM's start, in base64. */
export interface MemoryState {
  readonly size: number;
  readonly pages: readonly (readonly [page: number, bytes: string])[];
}

/** RAM at one moment. Pages that two such have in common are the same object; undefined is all zeros. */
export type PageTable = readonly (Uint8Array | undefined)[];

function* pagesOf({ buffer, ramStart, ramSize }: Bus): Generator<[number, Uint8Array<ArrayBuffer>], void, void> {
  for (let page = 0; page < ramSize / pageSize; page++) {
    yield [page, new Uint8Array(buffer, ramStart + page * pageSize, pageSize)];
  }
}

export function saveMemory(bus: Bus): MemoryState {
  const pages: [number, string][] = [];
  for (const [page, bytes] of pagesOf(bus)) if (!isZero(bytes)) pages.push([page, encodeBase64(bytes)]);
  return { size: bus.ramSize, pages };
}

/** @throws UsageError for the RAM of a machine of another size */
export function restoreMemory(bus: Bus, state: MemoryState): void {
  if (state.size !== bus.ramSize) {
    throw new UsageError(
      `the saved machine has ${state.size} bytes of memory, this one ${bus.ramSize}`,
      `Make it with machine({ memory: B(${state.size}) }) and restore into that.`,
    );
  }
  const table: (Uint8Array | undefined)[] = [];
  for (const [page, text] of state.pages) {
    const bytes = decodeBase64(text);
    if (bytes.length !== pageSize)
      throw new UsageError("a saved page is damaged: it is no 4,096 bytes", "Save it again.");
    table[page] = bytes;
  }
  putPages(bus, table);
}

/** A copy of RAM that shares the pages that are as they were in an earlier one. */
export function copyPages(bus: Bus, earlier?: PageTable): PageTable {
  const pages: (Uint8Array | undefined)[] = [];
  for (const [page, bytes] of pagesOf(bus)) {
    const before = earlier?.[page];
    if (before !== undefined && areEqual(before, bytes)) pages.push(before);
    else pages.push(isZero(bytes) ? undefined : bytes.slice());
  }
  return pages;
}

/** Makes RAM what it was; pages that are so already count as not written. */
export function putPages(bus: Bus, table: PageTable): void {
  for (const [page, bytes] of pagesOf(bus)) {
    const saved = table[page];
    if (saved === undefined ? isZero(bytes) : areEqual(saved, bytes)) continue;
    if (saved === undefined) bytes.fill(0);
    else bytes.set(saved);
    bus.written(bus.ramBase + page * pageSize, pageSize);
  }
}

/** Of two pages. */
function areEqual(a: Uint8Array, b: Uint8Array): boolean {
  const x = new Uint32Array(a.buffer, a.byteOffset, pageSize / 4);
  const y = new Uint32Array(b.buffer, b.byteOffset, pageSize / 4);
  for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return false;
  return true;
}

/** Physical memory itself. @throws UsageError where that isn't all RAM */
export function ramOf(bus: Bus, address: bigint, length: number): Uint8Array {
  const bytes = bus.bytes(Number(BigInt.asUintN(64, address)), length);
  if (bytes !== undefined) return bytes;
  throw new UsageError(
    `${length} bytes from 0x${BigInt.asUintN(64, address).toString(16)} are not all memory`,
    `Memory is 0x${bus.ramBase.toString(16)} to 0x${(bus.ramBase + bus.ramSize - 1).toString(16)}.`,
  );
}
