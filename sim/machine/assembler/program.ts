/** A part of a program that lies in one piece. Addresses are signed numbers of 64 bits, as registers hold them. */
export interface Segment {
  /** The section that it was: `.text`. */
  readonly name: string;
  readonly address: bigint;
  /** In bytes. */
  readonly size: number;
  /** What it holds at first; behind these, up to its size, it is zero. */
  readonly bytes: Uint8Array;
  readonly writable: boolean;
  readonly executable: boolean;
}

/** A name for an address or a number. */
export interface ProgramSymbol {
  readonly name: string;
  readonly value: bigint;
  /** The segment that it lies in; absent for plain numbers. */
  readonly segment?: string;
  readonly global: boolean;
  /** As .type says: `function`, `object`. */
  readonly type?: string;
  /** In bytes; 0 where nobody said. */
  readonly size: number;
}

/** Which line of the source made the bytes from an address to the next entry's. */
export interface SourceLine {
  readonly address: bigint;
  /** In bytes. */
  readonly size: number;
  /** From 1. */
  readonly line: number;
}

/** What assembling gives: everything that a loader, a debugger and a view of coverage need. */
export interface Program {
  readonly source: string;
  /** Where to begin: `_start` where there is one, else the program's first address. */
  readonly entry: bigint;
  /** By address. */
  readonly segments: readonly Segment[];
  /** Every named symbol, in the order of the source. */
  readonly symbols: ReadonlyMap<string, ProgramSymbol>;
  /** By address. */
  readonly lines: readonly SourceLine[];
}
