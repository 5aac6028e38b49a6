import { isArray, type Json } from "./value.js";

/** How many bytes a character takes inside a JSON string, below 128 (ECMA-262, QuoteJSONString). */
const plain = Uint8Array.from({ length: 128 }, (_, code) =>
  code === 34 || code === 92 ? 2 : code >= 32 ? 1 : [8, 9, 10, 12, 13].includes(code) ? 2 : 6,
);

function stringLength(text: string): number {
  const { length } = text;
  let bytes = 2;
  for (let i = 0; i < length; i++) {
    const code = text.charCodeAt(i);
    if (code < 128) bytes += plain[code] ?? 0;
    else if (code < 0x800) bytes += 2;
    else if (code < 0xd800 || code > 0xdfff) bytes += 3;
    else {
      const next = code < 0xdc00 ? text.charCodeAt(i + 1) : 0;
      if (next >= 0xdc00 && next <= 0xdfff) {
        bytes += 4;
        i++;
      } else bytes += 6;
    }
  }
  return bytes;
}

/**
 * How many bytes of UTF-8 a value's JSON has: `encodeUtf8(JSON.stringify(value)).length`, without making it.
 * @param without the name of a member whose value isn't counted, though its name is
 */
export function jsonLength(value: Json, without?: string): number {
  if (typeof value === "string") return stringLength(value);
  if (typeof value === "number") return Number.isFinite(value) ? String(value).length : 4;
  if (typeof value === "boolean") return value ? 4 : 5;
  if (value === null) return 4;
  let bytes = 2;
  if (isArray(value)) {
    for (const each of value) bytes += 1 + jsonLength(each);
    return value.length === 0 ? bytes : bytes - 1;
  }
  let count = 0;
  for (const key in value) {
    const member = value[key];
    if (member === undefined) continue;
    bytes += stringLength(key) + 2 + (key === without ? 0 : jsonLength(member));
    count++;
  }
  return count === 0 ? bytes : bytes - 1;
}
