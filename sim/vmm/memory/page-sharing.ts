import { isZero } from "../../core/index.js";
import { contentOf, type Backing, type FrameTable } from "./frame-table.js";

/** What a scan found. */
export interface Scan {
  /** Pages looked at; those whose hash another had; those of them that were compared and differed after all. */
  readonly scanned: number;
  readonly hinted: number;
  readonly different: number;
  /** Pages that share a frame now and didn't before, and those of zeros among them. */
  readonly merged: number;
  readonly zeros: number;
  /** Frames that nobody needs any more. */
  readonly reclaimed: number;
}

interface Place {
  readonly backing: Backing;
  readonly page: number;
}

/**
 * Finds pages of equal content, of whichever guests, and has each set share one frame. A hash is a hint; what it suggests is compared
 * byte for byte, since unequal pages may have equal hashes.
 * Source: C. A. Waldspurger, "Memory Resource Management in VMware ESX Server", OSDI 2002, section 4.
 * ESX and KSM look at a few pages at a time, between other work; this looks at all at once.
 * @param hash of a page; another may be given to see what a bad one costs
 */
export function sharePages(table: FrameTable, hash: (content: Uint8Array) => number = fnv): Scan {
  const buckets = new Map<number, Place[]>();
  const before = table.held;
  const counts = { scanned: 0, hinted: 0, different: 0, merged: 0, zeros: 0 };
  for (const backing of table.backings) {
    for (const [page, frame] of backing.frames.entries()) {
      if (frame === undefined) continue;
      counts.scanned++;
      const content = contentOf(backing.vm, page);
      const key = hash(content);
      const bucket = buckets.get(key);
      if (bucket === undefined) {
        buckets.set(key, [{ backing, page }]);
        continue;
      }
      counts.hinted++;
      const same = bucket.find((place) => areEqual(contentOf(place.backing.vm, place.page), content));
      if (same === undefined) {
        counts.different++;
        bucket.push({ backing, page });
        continue;
      }
      if (same.backing.frames[same.page] === frame) continue;
      table.share(same.backing, same.page, backing, page, true);
      counts.merged++;
      if (isZero(content)) counts.zeros++;
    }
  }
  table.fence();
  return { ...counts, reclaimed: before - table.held };
}

/** FNV-1a, 32 bits, over words (G. Fowler, L. C. Noll, P. Vo). */
function fnv(content: Uint8Array): number {
  const words = new Uint32Array(content.buffer, content.byteOffset, content.length / 4);
  let hash = 0x811c9dc5;
  for (const word of words) hash = Math.imul(hash ^ word, 0x01000193);
  return hash >>> 0;
}

function areEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, index) => byte === other[index]);
}
