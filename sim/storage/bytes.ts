import { UsageError } from "../core/index.js";

/** UTF-8 without `TextEncoder`, which is the platform's and not the language's. */
export function encodeUtf8(text: string): Uint8Array {
  const escaped = encodeURIComponent(text);
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === "%") {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

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

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base64 (RFC 4648): how bytes are kept in a saved state, which survives `JSON.stringify`. */
export function encodeBase64(bytes: Uint8Array): string {
  const letters: string[] = [];
  for (let i = 0; i < bytes.length; i += 3) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const used = Math.min(3, bytes.length - i) + 1;
    for (let j = 0; j < 4; j++) letters.push(j < used ? (digits[(word >> (18 - 6 * j)) & 63] ?? "") : "=");
  }
  return letters.join("");
}

/** @throws UsageError for text that is no base64 */
export function decodeBase64(text: string): Uint8Array {
  const body = text.replace(/=+$/, "");
  const bytes = new Uint8Array(Math.floor((body.length * 3) / 4));
  let word = 0;
  for (let i = 0, at = 0; i < body.length; i++) {
    const value = digits.indexOf(body.charAt(i));
    if (value < 0) throw new UsageError("a saved state is damaged: it holds no base64", "Save it again.");
    word = ((word << 6) | value) & 0xffffff;
    if (i % 4 !== 0) bytes[at++] = (word >> (6 - 2 * (i % 4))) & 0xff;
  }
  return bytes;
}

export function isZero(bytes: Uint8Array): boolean {
  const aligned = bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0;
  const words = aligned ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes;
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}

export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
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
