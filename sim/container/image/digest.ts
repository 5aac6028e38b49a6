import { sha256 } from "@noble/hashes/sha2.js";
import { UsageError } from "../../core/index.js";

/** A blob's name: the algorithm and the hexadecimal hash of its bytes (image-spec, descriptor.md, "Digests"). */
export type Digest = `sha256:${string}`;

export function digestOf(bytes: Uint8Array): Digest {
  let hex = "";
  for (const byte of sha256(bytes)) hex += byte.toString(16).padStart(2, "0");
  return `sha256:${hex}`;
}

export const isDigest = (text: string): text is Digest => /^sha256:[0-9a-f]{64}$/.test(text);

/** @throws UsageError for what is no digest */
export function demandDigest(text: string): Digest {
  if (isDigest(text)) return text;
  throw new UsageError(`"${text}" is no digest`, 'Give "sha256:" and 64 hexadecimal digits in lower case.');
}

/** The hash alone, as files of an image layout are called. */
export const hexOf = (digest: Digest): string => digest.slice("sha256:".length);
