import { noData } from "../packet/packet.js";

/** A segment that was sent and not yet acknowledged. Places count bytes from the SYN, which is 0. */
export interface Sent {
  start: number;
  /** Behind its last byte; SYN and FIN count one each. */
  readonly end: number;
  data: Uint8Array;
  readonly syn: boolean;
  readonly fin: boolean;
  sentAt: number;
  /** Where its last transmission stands among all that were made. */
  order: number;
  transmissions: number;
  sacked: boolean;
  lost: boolean;
  /** Whether it was sent again since it was taken for lost. */
  again: boolean;
}

/** Bytes that are still to be sent. */
export class Unsent {
  readonly #chunks: Uint8Array[] = [];
  /** Bytes of the first chunk that are gone. */
  #offset = 0;
  #bytes = 0;

  get bytes(): number {
    return this.#bytes;
  }

  push(data: Uint8Array): void {
    if (data.length === 0) return;
    this.#chunks.push(data);
    this.#bytes += data.length;
  }

  /** Takes the first `length` bytes, without a copy where they lie in one piece. */
  take(length: number): Uint8Array {
    const first = this.#chunks[0];
    if (first === undefined || length === 0) return noData;
    this.#bytes -= length;
    if (first.length - this.#offset >= length) {
      const data = first.subarray(this.#offset, this.#offset + length);
      this.#advance(length);
      return data;
    }
    const data = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const chunk = this.#chunks[0] ?? noData;
      const piece = chunk.subarray(this.#offset, this.#offset + length - at);
      data.set(piece, at);
      at += piece.length;
      this.#advance(piece.length);
    }
    return data;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#offset = this.#bytes = 0;
  }

  #advance(length: number): void {
    this.#offset += length;
    if (this.#offset < (this.#chunks[0]?.length ?? 0)) return;
    this.#chunks.shift();
    this.#offset = 0;
  }
}
