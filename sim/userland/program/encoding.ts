/**
 * Text as programs hold it. Files and pipes carry bytes, which need not be UTF-8: a byte that is none is held as a lone
 * surrogate U+DC80…U+DCFF, as Python does it (PEP 383), so that what is read is written back unchanged.
 */

/** Characters made at a time: arguments are on the stack. */
const chunk = 4096;

/** UTF-8 to text; see above for bytes that are none. */
export function decode(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    let end = at;
    const stop = Math.min(bytes.length, at + chunk);
    while (end < stop && (bytes[end] ?? 0) < 0x80) end++;
    if (end > at) {
      text += String.fromCharCode(...bytes.subarray(at, end));
      at = end;
      continue;
    }
    const length = sequenceAt(bytes, at);
    if (length === 0) {
      text += String.fromCharCode(0xdc00 | (bytes[at] ?? 0));
      at++;
    } else {
      text += String.fromCodePoint(pointAt(bytes, at, length));
      at += length;
    }
  }
  return text;
}

/** How long the sequence of UTF-8 is that begins with a byte from 0x80 on; 0 where none does (RFC 3629, section 4). */
function sequenceAt(bytes: Uint8Array, at: number): number {
  const first = bytes[at] ?? 0;
  const length =
    first >= 0xc2 && first < 0xe0 ? 2 : (first & 0xf0) === 0xe0 ? 3 : first >= 0xf0 && first < 0xf5 ? 4 : 0;
  if (length === 0 || at + length > bytes.length) return 0;
  for (let place = at + 1; place < at + length; place++) if (((bytes[place] ?? 0) & 0xc0) !== 0x80) return 0;
  const point = pointAt(bytes, at, length);
  const least = length === 3 ? 0x800 : length === 4 ? 0x10000 : 0x80;
  return point < least || point > 0x10ffff || (point >= 0xd800 && point < 0xe000) ? 0 : length;
}

function pointAt(bytes: Uint8Array, at: number, length: number): number {
  let point = (bytes[at] ?? 0) & (0xff >> (length + 1));
  for (let place = at + 1; place < at + length; place++) point = (point << 6) | ((bytes[place] ?? 0) & 0x3f);
  return point;
}

/** Text to UTF-8: the inverse of `decode`. */
export function encode(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code >= 0x80) return encodeWide(text);
    bytes[at] = code;
  }
  return bytes;
}

function encodeWide(text: string): Uint8Array {
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0x80) bytes.push(point);
    else if (point < 0x800) bytes.push(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point >= 0xdc80 && point <= 0xdcff) bytes.push(point & 0xff);
    else if (point < 0x10000) bytes.push(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else
      bytes.push(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 0x3f),
        0x80 | ((point >> 6) & 0x3f),
        0x80 | (point & 0x3f),
      );
  }
  return Uint8Array.from(bytes);
}

/** One character for each byte: for commands that look at bytes. */
export function decodeBytes(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += chunk) text += String.fromCharCode(...bytes.subarray(at, at + chunk));
  return text;
}

/** The inverse of `decodeBytes`. */
export const encodeBytes = (text: string): Uint8Array =>
  Uint8Array.from({ length: text.length }, (_, at) => text.charCodeAt(at));

/** How many bytes a text takes. */
export const byteLength = (text: string): number => encode(text).length;

/** Order by bytes, strcmp(3): that of the C locale. */
export function compareBytes(a: string, b: string): number {
  if (a === b) return 0;
  if (!/[\ud800-\uffff]/.test(a) && !/[\ud800-\uffff]/.test(b)) return a < b ? -1 : 1;
  const [one, other] = [encode(a), encode(b)];
  for (let at = 0; at < one.length && at < other.length; at++) {
    const difference = (one[at] ?? 0) - (other[at] ?? 0);
    if (difference !== 0) return difference;
  }
  return one.length - other.length;
}

export function concat(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (only !== undefined && pieces.length === 1) return only;
  const all = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
