import {
  contextStep,
  entrySize,
  hartLayout,
  jumpContexts,
  jumpContextShift,
  jumpEntries,
  leafMarks,
  modeEntry,
  modeSize,
  noMode,
  placeEntries,
  placeEntry,
  placeSize,
  tlbContexts,
  tlbEntries,
} from "../layout.js";
import { highOf, lowOf, type Halves } from "./halves.js";
import { levels } from "./walk.js";

/** Of 32 bits. */
const words = entrySize / 4;
const jumpShift = jumpContextShift - 32;

/** Page-table leaves have levels 0 (4 KiB), 1 (2 MiB) and 2 (1 GiB). */
export const leafShift = (level: number): number => 12 + 9 * level;
/** Of an address's upper half, in the hash of a leaf. */
export const leafFactor = 257;

/** Tells page-table leaves that something may have come of from those that nothing has (a Bloom filter with one hash). */
class Leaves {
  readonly #marks: readonly Uint8Array[];

  /** @param marks of all levels, zeros */
  constructor(marks: Uint8Array = new Uint8Array(levels * leafMarks)) {
    this.#marks = Array.from({ length: levels }, (_, level) =>
      marks.subarray(level * leafMarks, (level + 1) * leafMarks),
    );
  }

  add(address: Halves, level: number): void {
    const marks = this.#marks[level];
    if (marks !== undefined) marks[this.#hash(address, level)] = 1;
  }

  has(address: Halves, level: number): boolean {
    return this.#marks[level]?.[this.#hash(address, level)] === 1;
  }

  clear(): void {
    for (const marks of this.#marks) marks.fill(0);
  }

  #hash({ low, high }: Halves, level: number): number {
    return ((low >>> leafShift(level)) + leafFactor * high) & (leafMarks - 1);
  }
}

/** Numbers for the contexts that are in use, by what makes them up; when they run out, all are forgotten. */
class Contexts {
  readonly #numbers = new Map<number, number>();
  readonly #most: number;
  readonly #runOut: () => void;
  #next = 0;

  constructor(most: number, runOut: () => void) {
    this.#most = most;
    this.#runOut = runOut;
  }

  number(key: number): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#next === this.#most) {
      this.#next = 0;
      this.#numbers.clear();
      this.#runOut();
    }
    this.#numbers.set(key, this.#next);
    return this.#next++;
  }

  /** What was entered under the numbers given so far is found no more. */
  renew(): void {
    this.#numbers.clear();
  }
}

/**
 * What code in WebAssembly finds addresses, units and code by: two TLBs, the jump cache and the places, in the hart's part of
 * the arena (`hartLayout`). Entries belong to a context; a change of context costs nothing, and forgetting all is taking new numbers.
 */
export class Tlb {
  readonly #words: Int32Array;
  readonly #runOut: () => void;
  readonly #data: Contexts = new Contexts(tlbContexts, () => {
    this.#clear(hartLayout.readTlb, tlbEntries);
    this.#clear(hartLayout.writeTlb, tlbEntries);
    this.#dataLeaves.clear();
    this.forgetModes();
    this.#runOut();
  });
  readonly #jumps: Contexts = new Contexts(jumpContexts, () => {
    this.#clear(hartLayout.jumps, jumpEntries);
    this.#clearPlaces();
    this.#fetchLeaves.clear();
    this.forgetModes();
  });
  /** What the TLBs' entries came of, and the jump cache's. */
  readonly #dataLeaves: Leaves;
  readonly #fetchLeaves: Leaves = new Leaves();

  /** What `enter` entered last. */
  readonly #entered = { data: 0, jumps: 0 };

  /** @param runOut is told when numbers of data contexts begin anew */
  constructor(buffer: ArrayBuffer, base: number, runOut: () => void) {
    this.#runOut = runOut;
    this.#words = new Int32Array(buffer, base, hartLayout.size / 4);
    this.#dataLeaves = new Leaves(new Uint8Array(buffer, base + hartLayout.dataLeaves, levels * leafMarks));
    this.#dataLeaves.clear();
    this.#clear(hartLayout.readTlb, tlbEntries);
    this.#clear(hartLayout.writeTlb, tlbEntries);
    this.#clear(hartLayout.jumps, jumpEntries);
    this.#clearPlaces();
    this.#words[hartLayout.context / 4] = 0;
    this.#words[hartLayout.jumpContext / 4 + 1] = 0;
    this.forgetModes();
  }

  /** Enters the contexts of these keys. @returns whether one of them is another than before */
  enter(data: number, fetch: number): boolean {
    const context = this.#data.number(data) * contextStep;
    const jumpContext = this.#jumps.number(fetch) << jumpShift;
    this.#entered.data = context;
    this.#entered.jumps = jumpContext;
    if (context === this.#context() && jumpContext === this.#jumpContext()) return false;
    this.#words[hartLayout.context / 4] = context;
    this.#words[hartLayout.jumpContext / 4 + 1] = jumpContext;
    return true;
  }

  /** Whether these are still so: translated code enters others by itself where it changes the mode. */
  get isEntered(): boolean {
    return this.#entered.data === this.#context() && this.#entered.jumps === this.#jumpContext();
  }

  /** From now on translated code that goes to the privilege, with these bits of mstatus, enters the present contexts itself. */
  noteMode(privilege: number, bits: number): void {
    const at = (hartLayout.modes + privilege * modeSize) / 4;
    this.#words[at + modeEntry.status / 4] = bits;
    this.#words[at + modeEntry.context / 4] = this.#context();
    this.#words[at + modeEntry.jumpContext / 4] = this.#jumpContext();
  }

  /** No longer, for all privileges. */
  forgetModes(): void {
    for (let privilege = 0; privilege < 4; privilege++) {
      this.#words[(hartLayout.modes + privilege * modeSize + modeEntry.status) / 4] = noMode;
    }
  }

  /** The number of the data context that is entered. */
  get context(): number {
    return this.#context();
  }

  // Translated code changes these too. (Methods: private getters take V8 several times as long.)

  #context(): number {
    return this.#words[hartLayout.context / 4] ?? 0;
  }

  /** In a tag's upper half. */
  #jumpContext(): number {
    return this.#words[hartLayout.jumpContext / 4 + 1] ?? 0;
  }

  /** Forgets everything: contexts have to be entered anew. */
  renew(): void {
    this.#data.renew();
    this.#jumps.renew();
    this.forgetModes();
    this.#dataLeaves.clear();
    this.#fetchLeaves.clear();
  }

  /** From now on translated code reaches the page at `host` of the arena by itself. */
  fill(access: "read" | "write", address: Halves, host: number, level: number): void {
    const page = address.low & ~4095;
    const tlb = access === "read" ? hartLayout.readTlb : hartLayout.writeTlb;
    const at = tlb / 4 + ((address.low >>> 12) & (tlbEntries - 1)) * words;
    this.#words[at] = page | this.#context();
    this.#words[at + 1] = address.high;
    this.#words[at + 2] = (host - page) | 0;
    this.#words[at + 3] = level;
    this.#dataLeaves.add(address, level);
  }

  /** From now on jumps to the address go to that block of that unit. */
  fillJump({ low, high }: Halves, unit: number, block: number, level: number): void {
    const at = this.#jumpAt(low);
    this.#words[at] = low;
    this.#words[at + 1] = high ^ this.#jumpContext();
    this.#words[at + 2] = unit;
    this.#words[at + 3] = block;
    this.#fetchLeaves.add({ low, high }, level);
  }

  /** Where the entry for a jump to the address is, if there is one. */
  findJump(low: number, high: number): number | undefined {
    const at = this.#jumpAt(low);
    return this.#words[at] === low && this.#words[at + 1] === (high ^ this.#jumpContext()) ? at : undefined;
  }

  /** From now on the interpreter finds the page at `host` as the place of that number. */
  fillPlace(number: number, { low, high }: Halves, host: number, level: number): void {
    const at = this.#placeAt(number);
    this.#words[at + placeEntry.tag / 4] = low;
    this.#words[at + placeEntry.tag / 4 + 1] = high ^ this.#jumpContext();
    this.#words[at + placeEntry.host / 4] = host;
    this.#words[at + placeEntry.level / 4] = level;
    this.#fetchLeaves.add({ low, high }, level);
  }

  /** Whether the place is that page's, given by its address. */
  holdsPlace(number: number, low: number, high: number): boolean {
    const at = this.#placeAt(number);
    return this.#words[at] === low && this.#words[at + 1] === (high ^ this.#jumpContext());
  }

  /** Forgets what came of the leaf that maps the address. */
  forgetAddress(address: bigint): void {
    const halves = { low: lowOf(address), high: highOf(address) };
    const { low, high } = halves;
    // Of the upper half, the bits that a context's number changes don't matter.
    const mask = 2 ** jumpShift - 1;
    for (let level = 0; level < levels; level++) {
      if (this.#dataLeaves.has(halves, level)) this.#forgetData(halves, level);
      if (!this.#fetchLeaves.has(halves, level)) continue;
      const shift = leafShift(level);
      const matches = (at: number): boolean =>
        (((this.#words[at] ?? 0) ^ low) >>> shift) + (((this.#words[at + 1] ?? 0) ^ high) & mask) === 0;
      this.#forgetJumps(matches);
      for (let number = 0; number < placeEntries; number++) {
        const at = this.#placeAt(number);
        if (matches(at)) this.#words[at + 1] = this.#words[at] = -1;
      }
    }
  }

  forgetUnit(unit: number): void {
    this.#forgetJumps((at) => this.#words[at + 2] === unit);
  }

  /** Lets no store reach the page at `host` past the engine. */
  protect(host: number): void {
    const first = hartLayout.writeTlb / 4;
    for (let at = first; at < first + tlbEntries * words; at += words) {
      const page = ((this.#words[at] ?? 0) & ~4095) + (this.#words[at + 2] ?? 0);
      if (page >>> 0 === host) this.#words[at + 1] = this.#words[at] = -1;
    }
  }

  #forgetData({ low, high }: Halves, level: number): void {
    const shift = leafShift(level);
    // A leaf of 4 KiB is one page, which has one entry.
    const first = level === 0 ? (low >>> 12) & (tlbEntries - 1) : 0;
    const last = level === 0 ? first : tlbEntries - 1;
    for (const tlb of [hartLayout.readTlb, hartLayout.writeTlb]) {
      for (let at = tlb / 4 + first * words; at <= tlb / 4 + last * words; at += words) {
        const same = ((this.#words[at] ?? 0) ^ low) >>> shift === 0 && this.#words[at + 1] === high;
        if (same && this.#words[at + 3] === level) this.#words[at + 1] = this.#words[at] = -1;
      }
    }
  }

  #placeAt(number: number): number {
    return (hartLayout.places + number * placeSize) / 4;
  }

  #clearPlaces(): void {
    this.#words.fill(-1, this.#placeAt(0), this.#placeAt(placeEntries));
  }

  #jumpAt(low: number): number {
    return hartLayout.jumps / 4 + ((low >>> 1) & (jumpEntries - 1)) * words;
  }

  #forgetJumps(matches: (at: number) => boolean): void {
    const first = hartLayout.jumps / 4;
    for (let at = first; at < first + jumpEntries * words; at += words) {
      if (matches(at)) this.#words[at + 1] = this.#words[at] = -1;
    }
  }

  #clear(start: number, entries: number): void {
    this.#words.fill(-1, start / 4, start / 4 + entries * words);
  }
}
