/** The character codes of two hexadecimal digits for each byte, one after the other. */
const digits = Uint8Array.from(
  Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0")).join(""),
  (digit) => digit.charCodeAt(0),
);
const dash = "-".charCodeAt(0);
const codes: number[] = Array.from({ length: 36 }, () => dash);
/** Where bytes stand in a UUID's text. */
const places = [0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34] as const;

/** A UUID's text (RFC 9562) of its 128 bits, 32 at a time; version and variant are among them. */
export function uuidText(...words: readonly [number, number, number, number]): string {
  for (let i = 0; i < 16; i++) {
    const byte = ((words[i >> 2] ?? 0) >>> (24 - 8 * (i & 3))) & 255;
    const place = places[i] ?? 0;
    codes[place] = digits[2 * byte] ?? 0;
    codes[place + 1] = digits[2 * byte + 1] ?? 0;
  }
  // Made at once: a text that is added piece by piece keeps its pieces.
  return String.fromCharCode(...codes);
}
