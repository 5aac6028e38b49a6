/** The two halves of an address. */
export interface Halves {
  readonly low: number;
  readonly high: number;
}

// By way of memory, since making a number of a bigint and the other way takes several times as long.
const longs = new BigInt64Array(1);
const halves = new Int32Array(longs.buffer);

export function lowOf(address: bigint): number {
  longs[0] = address;
  return halves[0] ?? 0;
}

export function highOf(address: bigint): number {
  longs[0] = address;
  return halves[1] ?? 0;
}

/** 32 bits without a sign. */
export function longOf(word: number): bigint {
  halves[0] = word;
  halves[1] = 0;
  return longs[0] ?? 0n;
}
