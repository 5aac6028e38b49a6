/** A run of bytes and where in physical memory it belongs. */
export interface ImageSegment {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Bytes that it takes in memory; those behind `bytes` are zeros. */
  readonly size: number;
}

/** A name in a program: a function, a variable, a label. */
export interface ImageSymbol {
  readonly name: string;
  readonly address: bigint;
  readonly size: number;
}

/** A program as it is put into memory. */
export interface Image {
  /** What it is, for messages: "kernel". */
  readonly name: string;
  readonly segments: readonly ImageSegment[];
  /** The first instruction's address. */
  readonly entry: bigint;
  /** Sorted by address. */
  readonly symbols: readonly ImageSymbol[];
}
