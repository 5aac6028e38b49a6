import { UsageError } from "../../../core/index.js";
import { textOf } from "../../../net/index.js";

/** tar's unit: headers take one, contents are filled up to whole ones. */
export const blockSize = 512;

/** Where the fields of a ustar header are: POSIX pax, "ustar Interchange Format". */
export const fields = {
  name: [0, 100],
  mode: [100, 8],
  uid: [108, 8],
  gid: [116, 8],
  size: [124, 12],
  mtime: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  target: [157, 100],
  magic: [257, 6],
  version: [263, 2],
  major: [329, 8],
  minor: [337, 8],
  prefix: [345, 155],
} as const;

export type Field = keyof typeof fields;

export const roundUp = (length: number): number => Math.ceil(length / blockSize) * blockSize;

/** A header's bytes summed up as if its checksum were blanks. */
export function checksumOf(header: Uint8Array): number {
  const [from, length] = fields.checksum;
  let sum = 0;
  for (let at = 0; at < blockSize; at++) sum += at >= from && at < from + length ? 32 : (header[at] ?? 0);
  return sum;
}

export function readField(header: Uint8Array, field: Field): Uint8Array {
  const [from, length] = fields[field];
  const bytes = header.subarray(from, from + length);
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

/** Octal digits; or, as GNU tar and Go write what doesn't fit, a binary number with the first bit set. */
export function readNumber(header: Uint8Array, field: Field): number {
  const [from, length] = fields[field];
  const first = header[from] ?? 0;
  if ((first & 0x80) === 0) {
    const text = textOf(readField(header, field)).trim();
    if (!/^[0-7]*$/.test(text)) throw damaged(`its field ${field} is no number`);
    return text === "" ? 0 : Number.parseInt(text, 8);
  }
  if ((first & 0x40) !== 0) throw damaged(`its field ${field} is negative`);
  let value = first & 0x3f;
  for (let at = from + 1; at < from + length; at++) value = value * 256 + (header[at] ?? 0);
  if (!Number.isSafeInteger(value)) throw damaged(`its field ${field} is too large`);
  return value;
}

export const damaged = (why: string): UsageError =>
  new UsageError(`a tar archive is damaged: ${why}`, "Make or fetch the archive again.");
