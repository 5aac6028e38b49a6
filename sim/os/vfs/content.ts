/** A page: what the memory controller counts in. */
export const pageSize = 4096;

/**
 * A file's bytes. Bytes that it is made of (an image's layer, another file) are shared, not copied: only pages that are
 * written become its own. Pages that were never written are holes and read as zeros.
 */
export class Content {
  #size: number;
  #base: Uint8Array;
  /** How far `#base` still counts: a truncation cuts it, and growing again gives zeros. */
  #baseEnd: number;
  #pages: Map<number, Uint8Array> | undefined;

  /** @param bytes shared: whoever gives them changes them no more */
  constructor(bytes: Uint8Array = empty) {
    this.#base = bytes;
    this.#baseEnd = bytes.length;
    this.#size = bytes.length;
  }

  get size(): number {
    return this.#size;
  }

  /** Pages of its own, not shared ones. */
  get ownPages(): number {
    return this.#pages?.size ?? 0;
  }

  /** Pages that hold something, shared ones too: what stat(2) counts as blocks. */
  get pages(): number {
    const shared = Math.ceil(this.#baseEnd / pageSize);
    let own = 0;
    if (this.#pages !== undefined) for (const page of this.#pages.keys()) if (page >= shared) own++;
    return shared + own;
  }

  /** Up to `length` bytes from `offset`; fewer at the end. To be read only: they may be the file's own memory. */
  read(offset: number, length: number): Uint8Array {
    const end = Math.min(offset + length, this.#size);
    if (end <= offset) return empty;
    if (this.#pages === undefined && end <= this.#baseEnd) return this.#base.subarray(offset, end);
    const bytes = new Uint8Array(end - offset);
    for (let at = offset; at < end;) {
      const page = Math.floor(at / pageSize);
      const until = Math.min(end, (page + 1) * pageSize);
      const own = this.#pages?.get(page);
      const from =
        own === undefined
          ? this.#base.subarray(at, Math.max(at, Math.min(until, this.#baseEnd)))
          : own.subarray(at - page * pageSize, until - page * pageSize);
      bytes.set(from, at - offset);
      at = until;
    }
    return bytes;
  }

  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    for (let at = offset; at < end;) {
      const page = Math.floor(at / pageSize);
      const until = Math.min(end, (page + 1) * pageSize);
      const own = this.#own(page, until - page * pageSize);
      own.set(bytes.subarray(at - offset, until - offset), at - page * pageSize);
      at = until;
    }
    if (bytes.length > 0) this.#size = Math.max(this.#size, end);
  }

  truncate(size: number): void {
    if (size < this.#size) {
      this.#baseEnd = Math.min(this.#baseEnd, size);
      if (this.#baseEnd === 0) this.#base = empty;
      if (this.#pages !== undefined) {
        const last = Math.floor(size / pageSize);
        for (const [page, own] of this.#pages) {
          if (page * pageSize >= size) this.#pages.delete(page);
          else if (page === last) own.fill(0, size - page * pageSize);
        }
        if (this.#pages.size === 0) this.#pages = undefined;
      }
    }
    this.#size = size;
  }

  /** The same bytes in a file of its own, shared as far as possible. */
  copy(): Content {
    const copy = new Content(this.#base);
    copy.#baseEnd = this.#baseEnd;
    copy.#size = this.#size;
    if (this.#pages !== undefined) copy.#pages = new Map([...this.#pages].map(([page, own]) => [page, own.slice()]));
    return copy;
  }

  /** A page to write into, as long as it has to be: small files keep small pages. */
  #own(page: number, length: number): Uint8Array {
    this.#pages ??= new Map();
    let own = this.#pages.get(page);
    if (own === undefined) {
      const begin = page * pageSize;
      const shared = this.#base.subarray(begin, Math.max(begin, Math.min(this.#baseEnd, begin + pageSize)));
      own = new Uint8Array(room(Math.max(length, shared.length)));
      own.set(shared);
      this.#pages.set(page, own);
    } else if (own.length < length) {
      const longer = new Uint8Array(room(length));
      longer.set(own);
      own = longer;
      this.#pages.set(page, own);
    }
    return own;
  }
}

const empty = new Uint8Array(0);

const room = (length: number): number => Math.min(pageSize, Math.max(64, 2 ** Math.ceil(Math.log2(length))));
