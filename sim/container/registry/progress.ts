import { all, type Activity, type Process } from "../../core/index.js";
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

/** Waits for all transfers; the first that fails ends the others. @throws what that one throws */
export function* together(transfers: readonly Process<unknown>[]): Activity<undefined> {
  // Of several that fail at once nobody waits for the second: it is no error of the world's.
  for (const one of transfers) one.onSettled(() => undefined);
  try {
    yield* all(transfers);
  } finally {
    for (const one of transfers) one.cancel();
  }
  return undefined;
}
