import { Gunzip, gzipSync } from "fflate/browser";
import { concatBytes, UsageError } from "../../core/index.js";

/** Always the same bytes for the same bytes: no time and no name in the header (RFC 1952). */
export const gzip = (bytes: Uint8Array): Uint8Array => gzipSync(bytes, { level: 6, mtime: 0 });

export const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Bytes handed over at a time, so that a bomb is noticed before it fills the memory: deflate packs at most 1,032 to 1. */
const step = 65_536;

/**
 * All members of a gzip file.
 * @param most the longest result that is taken
 * @throws UsageError for what is damaged or longer
 */
export function gunzip(bytes: Uint8Array, most: number = 2 ** 30): Uint8Array {
  const parts: Uint8Array[] = [];
  const got = { length: 0, ended: false };
  const stream = new Gunzip((part, final) => {
    got.length += part.length;
    parts.push(part);
    got.ended = final;
  });
  for (let at = 0; at < bytes.length; at += step) {
    try {
      stream.push(bytes.subarray(at, at + step), at + step >= bytes.length);
    } catch {
      throw damaged();
    }
    if (got.length > most)
      throw new UsageError(`a compressed layer holds more than ${most} bytes`, "Split the layer into several.");
  }
  if (!got.ended) throw damaged();
  return concatBytes(parts);
}

const damaged = (): UsageError =>
  new UsageError("a compressed layer is damaged: it is no whole gzip file", "Pull or save the image again.");
