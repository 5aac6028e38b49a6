import { decodeBase64, encodeBase64, isZero } from "../core/index.js";

/** A page of memory, and the unit in which most hosts' file systems keep holes. */
const pageSize = 4096;

/** What `SparseBytes.save` gives: the pages that hold anything but zeros, each with its index, in base64. */
export type SparseState = readonly (readonly [page: number, bytes: string])[];

/** A byte space of any size of which only pages that hold data take memory; the rest reads as zeros. */
export class SparseBytes {
  readonly #pages = new Map<number, Uint8Array>();

  /** Bytes of memory behind it: whole pages. */
  get allocated(): number {
    return this.#pages.size * pageSize;
  }

  read(offset: number, length: number): Uint8Array {
    const out = new Uint8Array(length);
    for (let done = 0; done < length;) {
      const { page, within, span } = piece(offset + done, length - done);
      const bytes = this.#pages.get(page);
      if (bytes !== undefined) out.set(bytes.subarray(within, within + span), done);
      done += span;
    }
    return out;
  }

  write(offset: number, bytes: Uint8Array): void {
    for (let done = 0; done < bytes.length;) {
      const { page, within, span } = piece(offset + done, bytes.length - done);
      const part = bytes.subarray(done, done + span);
      done += span;
      const held = this.#pages.get(page);
      if (held !== undefined) held.set(part, within);
      else if (!isZero(part)) {
        const fresh = new Uint8Array(pageSize);
        fresh.set(part, within);
        this.#pages.set(page, fresh);
      }
    }
  }

  /** Makes a range read as zeros and gives back the pages that lie wholly in it. */
  clear(offset: number, length: number): void {
    const end = offset + length;
    for (const [page, bytes] of this.#pages) {
      const start = page * pageSize;
      if (start >= end || start + pageSize <= offset) continue;
      if (start >= offset && start + pageSize <= end) this.#pages.delete(page);
      else bytes.fill(0, Math.max(offset - start, 0), Math.min(end - start, pageSize));
    }
  }

  save(): SparseState {
    return [...this.#pages]
      .filter(([, bytes]) => !isZero(bytes))
      .sort(([a], [b]) => a - b)
      .map(([page, bytes]) => [page, encodeBase64(bytes)] as const);
  }

  restore(state: SparseState): void {
    this.#pages.clear();
    for (const [page, bytes] of state) this.#pages.set(page, decodeBase64(bytes));
  }
}

function piece(offset: number, rest: number): { page: number; within: number; span: number } {
  const within = offset % pageSize;
  return { page: Math.floor(offset / pageSize), within, span: Math.min(rest, pageSize - within) };
}
