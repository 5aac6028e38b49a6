import { hexOf, type Digest } from "../image/digest.js";
import type { Platform } from "../image/oci.js";
import type { Reference } from "../image/reference.js";

/** A line of a pull's or a push's progress, as Docker's API tells it. */
export interface Progress {
  readonly status: string;
  /** A layer's short digest, or the tag. */
  readonly id?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
}

export interface TransferOptions {
  readonly progress?: (line: Progress) => void;
  /** Of an index, which image is pulled. */
  readonly platform?: Platform;
  /** Transfers at once: Docker's max-concurrent-downloads is 3, max-concurrent-uploads 5. */
  readonly parallel?: number;
}

/** A digest as progress shows it. */
export const short = (digest: Digest): string => hexOf(digest).slice(0, 12);

/** A reference by a tag alone, or a digest alone. */
export const plain = (
  { registry, repository }: Reference,
  more: { readonly tag: string } | { readonly digest: Digest },
): Reference => ({ registry, repository, ...more });
