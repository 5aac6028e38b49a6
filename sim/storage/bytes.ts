import { UsageError } from "../core/index.js";

/** @throws UsageError where the bytes are no UTF-8 */
export function decodeUtf8(bytes: Uint8Array): string {
  const escaped = Array.from(bytes, (byte) => `%${byte.toString(16).padStart(2, "0")}`).join("");
  try {
    return decodeURIComponent(escaped);
  } catch {
    throw new UsageError(
      "a name in the image is no UTF-8 text",
      "Make the image again with names of plain characters.",
    );
  }
}

export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

const high = 2 ** 32;

/** A 64-bit big-endian number. Exact up to 2^53 − 1; `undefined` beyond, where no real image reaches. */
export function readUint64(view: DataView, at: number): number | undefined {
  const value = view.getUint32(at) * high + view.getUint32(at + 4);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function writeUint64(view: DataView, at: number, value: number): void {
  view.setUint32(at, Math.floor(value / high));
  view.setUint32(at + 4, value % high);
}

/** Little-endian, as partition tables have it. */
export function readUint64LE(view: DataView, at: number): number | undefined {
  const value = view.getUint32(at + 4, true) * high + view.getUint32(at, true);
  return Number.isSafeInteger(value) ? value : undefined;
}

export function writeUint64LE(view: DataView, at: number, value: number): void {
  view.setUint32(at, value % high, true);
  view.setUint32(at + 4, Math.floor(value / high), true);
}
