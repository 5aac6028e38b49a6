import { concatBytes, encodeUtf8 } from "../../core/index.js";
import { textOf } from "../../net/index.js";

/** One file of an ar archive. */
export interface ArMember {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const magic = "!<arch>\n";
const headLength = 60;

/** An archive as ar(5) and deb(5) have it: members begin at even places, names have 16 letters at most. */
export function writeAr(members: readonly ArMember[], mtime: number): Uint8Array {
  const parts: Uint8Array[] = [encodeUtf8(magic)];
  for (const { name, bytes } of members) {
    const head = [
      name.padEnd(16),
      String(mtime).padEnd(12),
      "0".padEnd(6),
      "0".padEnd(6),
      "100644".padEnd(8),
      String(bytes.length).padEnd(10),
      "`\n",
    ];
    parts.push(encodeUtf8(head.join("")), bytes);
    if (bytes.length % 2 === 1) parts.push(encodeUtf8("\n"));
  }
  return concatBytes(parts);
}

/** @returns undefined for what is no whole archive */
export function readAr(bytes: Uint8Array): ArMember[] | undefined {
  if (textOf(bytes.subarray(0, magic.length)) !== magic) return undefined;
  const members: ArMember[] = [];
  for (let at = magic.length; at < bytes.length;) {
    const head = textOf(bytes.subarray(at, at + headLength));
    const size = Number(head.slice(48, 58));
    const from = at + headLength;
    if (!head.endsWith("`\n") || !Number.isInteger(size) || from + size > bytes.length) return undefined;
    members.push({ name: head.slice(0, 16).trimEnd().replace(/\/$/, ""), bytes: bytes.subarray(from, from + size) });
    at = from + size + (size % 2);
  }
  return members;
}
