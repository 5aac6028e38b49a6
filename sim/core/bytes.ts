import { UsageError } from "./errors.js";

/** UTF-8 without `TextEncoder`, which is the platform's and not the language's. A lone surrogate becomes U+FFFD. */
export function encodeUtf8(text: string): Uint8Array<ArrayBuffer> {
  // Most texts are ASCII.
  const plain = new Uint8Array(text.length);
  let length = 0;
  for (; length < text.length; length++) {
    const code = text.charCodeAt(length);
    if (code > 127) break;
    plain[length] = code;
  }
  if (length === text.length) return plain;
  const escaped = encodeURIComponent(text.replace(/\p{Surrogate}/gu, "\ufffd"));
  const bytes: number[] = [];
  for (let i = 0; i < escaped.length; i++) {
    if (escaped[i] === "%") {
      bytes.push(Number.parseInt(escaped.slice(i + 1, i + 3), 16));
      i += 2;
    } else bytes.push(escaped.charCodeAt(i));
  }
  return Uint8Array.from(bytes);
}

const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const codes: Uint8Array = Uint8Array.from(digits, (digit) => digit.charCodeAt(0));
const none = 255;
const values: Uint8Array = new Uint8Array(256).fill(none);
codes.forEach((code, value) => {
  values[code] = value;
});
const pad = "=".charCodeAt(0);
/** Characters made at a time: arguments are on the stack. */
const chunk = 8192;

/** Base64 (RFC 4648, section 4): how bytes are kept in a saved state, which survives `JSON.stringify`. */
export function encodeBase64(bytes: Uint8Array): string {
  const letters = new Uint8Array(4 * Math.ceil(bytes.length / 3));
  for (let i = 0, at = 0; i < bytes.length; i += 3, at += 4) {
    const word = ((bytes[i] ?? 0) << 16) | ((bytes[i + 1] ?? 0) << 8) | (bytes[i + 2] ?? 0);
    const left = bytes.length - i;
    letters[at] = codes[word >> 18] ?? 0;
    letters[at + 1] = codes[(word >> 12) & 63] ?? 0;
    letters[at + 2] = left > 1 ? (codes[(word >> 6) & 63] ?? 0) : pad;
    letters[at + 3] = left > 2 ? (codes[word & 63] ?? 0) : pad;
  }
  let text = "";
  for (let at = 0; at < letters.length; at += chunk) {
    text += String.fromCharCode(...letters.subarray(at, at + chunk));
  }
  return text;
}

/** @throws UsageError for text that is no base64 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  let length = text.length;
  while (length > 0 && text.charCodeAt(length - 1) === pad) length--;
  const bytes = new Uint8Array(Math.floor((length * 3) / 4));
  let word = 0;
  for (let i = 0, at = 0; i < length; i++) {
    const value = values[text.charCodeAt(i)] ?? none;
    if (value === none) throw new UsageError("a saved state is damaged: it holds no base64", "Save it again.");
    word = ((word << 6) | value) & 0xffffff;
    if (i % 4 !== 0) bytes[at++] = (word >> (6 - 2 * (i % 4))) & 0xff;
  }
  return bytes;
}

/** Bytes one after the other; a single part is given back as it is. */
export function concatBytes(parts: readonly Uint8Array[]): Uint8Array {
  const [only] = parts;
  if (parts.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

export function isZero(bytes: Uint8Array): boolean {
  const aligned = bytes.byteOffset % 4 === 0 && bytes.length % 4 === 0;
  const words = aligned ? new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4) : bytes;
  for (let i = 0; i < words.length; i++) if (words[i] !== 0) return false;
  return true;
}
