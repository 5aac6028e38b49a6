import { UsageError } from "../../core/index.js";
import { digestOf, type Digest } from "./digest.js";

/** What a collection took away. */
export interface Collected {
  readonly digests: readonly Digest[];
  readonly bytes: number;
}

/**
 * Blobs by their digests: the same bytes are kept once. Who needs a blob holds it; a blob that nobody holds stays until
 * `collect`, so that what was just pulled or built can be used before it has a name.
 */
export class ContentStore {
  readonly #blobs = new Map<Digest, Uint8Array>();
  readonly #holds = new Map<Digest, number>();

  /** Shares the bytes: whoever gives them changes them no more. */
  put(bytes: Uint8Array): Digest {
    const digest = digestOf(bytes);
    if (!this.#blobs.has(digest)) this.#blobs.set(digest, bytes);
    return digest;
  }

  has(digest: Digest): boolean {
    return this.#blobs.has(digest);
  }

  find(digest: Digest): Uint8Array | undefined {
    return this.#blobs.get(digest);
  }

  /** @throws UsageError where it isn't there */
  get(digest: Digest): Uint8Array {
    const bytes = this.#blobs.get(digest);
    if (bytes === undefined)
      throw new UsageError(`the blob ${digest} is missing`, "Pull or load the image that it belongs to.");
    return bytes;
  }

  /** @throws UsageError where it isn't there */
  hold(digest: Digest): void {
    this.get(digest);
    this.#holds.set(digest, this.holds(digest) + 1);
  }

  release(digest: Digest): void {
    const left = this.holds(digest) - 1;
    if (left > 0) this.#holds.set(digest, left);
    else this.#holds.delete(digest);
  }

  /** How many hold it. */
  holds(digest: Digest): number {
    return this.#holds.get(digest) ?? 0;
  }

  /** Removes what nobody holds: of those named, or of all. */
  collect(among: Iterable<Digest> = [...this.#blobs.keys()]): Collected {
    const digests: Digest[] = [];
    let bytes = 0;
    for (const digest of among) {
      const blob = this.#blobs.get(digest);
      if (blob === undefined || this.holds(digest) > 0) continue;
      this.#blobs.delete(digest);
      digests.push(digest);
      bytes += blob.length;
    }
    return { digests, bytes };
  }

  get count(): number {
    return this.#blobs.size;
  }

  /** Bytes that are kept. */
  get bytes(): number {
    let sum = 0;
    for (const blob of this.#blobs.values()) sum += blob.length;
    return sum;
  }

  /** Bytes that would be kept if each holder had its own: what deduplication saves is the difference. */
  get heldBytes(): number {
    let sum = 0;
    for (const [digest, holds] of this.#holds) sum += holds * (this.#blobs.get(digest)?.length ?? 0);
    return sum;
  }
}
