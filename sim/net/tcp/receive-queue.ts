import { noData } from "../packet/packet.js";

interface Piece {
  readonly start: number;
  readonly end: number;
  readonly data: Uint8Array;
}

/** What has come: in order, to be read, and beyond a gap, to wait. Places count bytes from the peer's SYN, which is 0. */
export class ReceiveQueue {
  readonly #ready: Uint8Array[] = [];
  #readyBytes = 0;
  /** In order, without overlaps. */
  #beyond: Piece[] = [];
  #beyondBytes = 0;
  /** The block that grew last goes first among those reported (RFC 2018, 4). */
  #latest = 0;

  /** Bytes that can be read. */
  get readable(): number {
    return this.#readyBytes;
  }

  /** Bytes that take room. */
  get held(): number {
    return this.#readyBytes + this.#beyondBytes;
  }

  get hasGap(): boolean {
    return this.#beyond.length > 0;
  }

  /**
   * Takes data that begin at `start`; what was had before is left out.
   * @returns the place up to which all is there now
   */
  add(start: number, data: Uint8Array, next: number): number {
    const skip = Math.max(0, next - start);
    if (skip >= data.length) return next;
    const fresh = skip === 0 ? data : data.subarray(skip);
    const from = start + skip;
    if (from > next) {
      this.#keep({ start: from, end: from + fresh.length, data: fresh });
      return next;
    }
    this.#push(fresh);
    let end = from + fresh.length;
    while (this.#beyond[0] !== undefined && this.#beyond[0].start <= end) {
      const { start: at, end: to, data: piece } = this.#beyond[0];
      this.#beyond.shift();
      this.#beyondBytes -= piece.length;
      if (to <= end) continue;
      this.#push(piece.subarray(end - at));
      end = to;
    }
    return end;
  }

  /** Takes up to `most` bytes out; without a copy where they came in one piece. */
  read(most: number): Uint8Array {
    const first = this.#ready[0];
    if (first === undefined || most <= 0) return noData;
    const length = Math.min(most, this.#readyBytes);
    this.#readyBytes -= length;
    if (first.length >= length) {
      if (first.length === length) this.#ready.shift();
      else this.#ready[0] = first.subarray(length);
      return first.subarray(0, length);
    }
    const data = new Uint8Array(length);
    let at = 0;
    let used = 0;
    while (at < length) {
      const chunk = this.#ready[used] ?? noData;
      const piece = chunk.subarray(0, length - at);
      data.set(piece, at);
      at += piece.length;
      if (piece.length < chunk.length) this.#ready[used] = chunk.subarray(piece.length);
      else used++;
    }
    this.#ready.splice(0, used);
    return data;
  }

  /** What is there beyond gaps, in at most `most` blocks, the latest first. */
  blocks(most: number): readonly (readonly [number, number])[] {
    const blocks: [number, number][] = [];
    for (const { start, end } of this.#beyond) {
      const last = blocks.at(-1);
      if (last?.[1] === start) last[1] = end;
      else blocks.push([start, end]);
    }
    const latest = blocks.findIndex(([start, end]) => start <= this.#latest && this.#latest < end);
    const [first] = latest < 0 ? [] : blocks.splice(latest, 1);
    return (first === undefined ? blocks : [first, ...blocks]).slice(0, most);
  }

  #push(data: Uint8Array): void {
    this.#ready.push(data);
    this.#readyBytes += data.length;
  }

  /** Puts a piece where it belongs; of what overlaps, the older stays. */
  #keep(piece: Piece): void {
    this.#latest = piece.start;
    const pieces = this.#beyond;
    const last = pieces.at(-1);
    if (last === undefined || last.end <= piece.start) {
      pieces.push(piece);
      this.#beyondBytes += piece.data.length;
      return;
    }
    const result: Piece[] = [];
    let { start } = piece;
    const upTo = (end: number): void => {
      if (end <= start) return;
      result.push({ start, end, data: piece.data.subarray(start - piece.start, end - piece.start) });
    };
    for (const old of pieces) {
      upTo(Math.min(old.start, piece.end));
      start = Math.max(start, old.end);
      result.push(old);
    }
    upTo(piece.end);
    this.#beyond = result;
    this.#beyondBytes = result.reduce((sum, { data }) => sum + data.length, 0);
  }
}
