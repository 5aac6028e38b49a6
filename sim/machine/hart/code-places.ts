import { isLong } from "../instructions/index.js";
import {
  hartLayout,
  marksSize,
  pageBits,
  pageMarks,
  pageSize,
  placeEntries,
  placeEntry,
  placeSize,
  way,
} from "../layout.js";
import { marksOfPage, type Variant } from "./code-pages.js";
import type { Halves } from "./halves.js";
import type { Tlb } from "./tlb.js";

/** A page that a hart fetches instructions from. */
export interface Place {
  /** Its number; in the arena, what the interpreter is given, and where the page lies. */
  readonly number: number;
  readonly at: number;
  readonly host: number;
  readonly level: number;
  readonly variant: Variant;
  /** What `left` was when it was last looked at. */
  left: number;
}

/** An instruction's bits at a place in a page, where all of it lies there. @param host where the page does */
export function wordOf(view: DataView, host: number, offset: number): number | undefined {
  const low = view.getUint16(host + offset, true);
  if (!isLong(low)) return low;
  return offset > pageSize - 4 ? undefined : view.getUint32(host + offset, true);
}

/** As many instructions as 32 bits count. */
const most = 2 ** 31 - 1;

/**
 * The pages that a hart's interpreter goes through without asking. There it counts down what each page has left before it is
 * hot, and marks what it executes and where control comes from elsewhere.
 */
export class CodePlaces {
  readonly #base: number;
  readonly #words: Int32Array;
  readonly #bytes: Uint8Array;
  readonly #tlb: Tlb;
  readonly #places: (Place | undefined)[] = Array.from({ length: placeEntries }, () => undefined);

  constructor(buffer: ArrayBuffer, base: number, tlb: Tlb) {
    this.#base = base;
    this.#words = new Int32Array(buffer, base, hartLayout.size / 4);
    this.#bytes = new Uint8Array(buffer, base, hartLayout.size);
    this.#tlb = tlb;
  }

  /** The page at that address, where it is known in the present context. */
  find(low: number, high: number): Place | undefined {
    const number = (low >>> pageBits) & (placeEntries - 1);
    return this.#tlb.holdsPlace(number, low, high) ? this.#places[number] : undefined;
  }

  /** From now on the page at that address is known. @param host where it lies in the arena */
  add(page: Halves, variant: Variant, host: number, level: number): Place {
    const number = (page.low >>> pageBits) & (placeEntries - 1);
    const at = hartLayout.places + number * placeSize;
    const before = this.#places[number];
    if (before !== undefined) this.settle(before);
    if (before?.variant !== variant) {
      this.#bytes.fill(0, this.#marksOf(number), this.#marksOf(number) + marksSize);
    }
    // Places that were forgotten as a whole have lost it.
    this.#words[(at + placeEntry.marks) / 4] = this.#base + this.#marksOf(number);
    const place: Place = { number, at: this.#base + at, host, level, variant, left: 0 };
    this.#places[number] = place;
    this.#tlb.fillPlace(number, page, host, level);
    this.renew(place);
    return place;
  }

  /** Counts as interpreted what has been, since that was last done. */
  settle(place: Place): void {
    const left = this.#words[this.#leftAt(place)] ?? 0;
    place.variant.heat += place.left - left;
    place.left = left;
  }

  settleAll(): void {
    for (const place of this.#places) if (place !== undefined) this.settle(place);
  }

  /** Counts something as so many instructions interpreted. */
  charge(place: Place, instructions: number): void {
    const at = this.#leftAt(place);
    this.#words[at] = (this.#words[at] ?? 0) - instructions;
    this.settle(place);
  }

  /** The page has so much left as its variant says now, and units where that says. */
  renew(place: Place): void {
    this.renewLeft(place);
    const ways = this.#marksOf(place.number) + pageMarks.way;
    for (const offset of place.variant.entries.keys()) this.#bytes[ways + offset / 2] = way.in | way.unit;
  }

  /** Of these, the former. */
  renewLeft(place: Place): void {
    const { patience, heat } = place.variant;
    place.left = this.#words[this.#leftAt(place)] = Math.max(0, Math.min(most, patience - heat));
  }

  /** The same wherever the hart knows that variant, which has other units now, or none. */
  renewAll(variant: Variant): void {
    for (const place of this.#places) {
      if (place?.variant !== variant) continue;
      const first = this.#marksOf(place.number) + pageMarks.way;
      for (let at = first; at < first + marksOfPage; at++) {
        if (((this.#bytes[at] ?? 0) & way.unit) !== 0) this.#bytes[at] = way.in;
      }
      this.renew(place);
    }
  }

  /** Tells the variant what was marked in its page. */
  collect({ number, variant }: Place): void {
    const { executed, wanted } = variant;
    const first = this.#marksOf(number);
    for (let at = 0; at < marksOfPage; at++) {
      if (this.#bytes[first + pageMarks.executed + at] === 1) executed[at] = 1;
      if (this.#bytes[first + pageMarks.way + at] === way.in) wanted.add(2 * at);
    }
  }

  #marksOf(number: number): number {
    return hartLayout.marks + number * marksSize;
  }

  #leftAt({ number }: Place): number {
    return (hartLayout.places + number * placeSize + placeEntry.left) / 4;
  }
}
