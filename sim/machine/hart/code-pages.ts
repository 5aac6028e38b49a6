import { createTable, instantiate, type Imports, type Table } from "../../wasm/index.js";
import type { Instruction } from "../instructions/index.js";
import { groupEntries } from "../translate/blocks.js";
import { UnitsModule } from "../translate/unit.js";
import type { RamPages } from "./memory.js";

/** Runs from a block on, for the hart whose state begins at `hart`. */
export type Run = (hart: number, block: number) => void;

/** A page of physical memory with code, as it is seen from one virtual page. */
export interface Variant {
  readonly code: CodePage;
  /** The virtual page's address. */
  readonly page: bigint;
  /** Where it is entered from outside, as offsets. */
  readonly wanted: Set<number>;
  /** What of it was executed, a byte for each two: 1 or 0. */
  readonly executed: Uint8Array;
  /** How many of its instructions have been interpreted since something of it was translated, and how many are too many. */
  heat: number;
  patience: number;
  translations: number;
  /** How often its units left for an instruction that was somebody else's, since when; and that they do it by calls instead. */
  misses: number;
  missesSince: number;
  calls: boolean;
  /** How often something was made beside what there was, since all was made anew. */
  apart: number;
  /** Made of it: for the ways in that were known, for those that came later, for loops that were hot before. */
  readonly units: Set<TranslatedUnit>;
  /** Where its units can be entered, by offset. */
  readonly entries: Map<number, Entry>;
}

interface Entry {
  readonly unit: TranslatedUnit;
  readonly block: number;
}

export interface TranslatedUnit {
  readonly index: number;
  readonly variant: Variant;
  /** The ways in that it was made for, and what of the page was taken for cold. */
  readonly wanted: readonly number[];
  readonly isCold: (offset: number) => boolean;
  readonly calls: boolean;
  readonly entries: ReadonlyMap<number, number>;
  readonly run: Run;
}

export interface CodePage {
  /** The physical address. */
  readonly address: number;
  readonly variants: Map<bigint, Variant>;
  /** Which bytes units were made of, while there are any. */
  covered: Uint8Array | undefined;
  /** Who else made something of them. */
  readonly listeners: Set<() => void>;
}

/** A hart that may know units. */
export interface UnitUser {
  forgetUnit(index: number): void;
  /** Lets no store to the page at that place of the arena go unseen. */
  protect(host: number): void;
  /** Tells the variants what it interpreted of them. */
  settle(): void;
  /** The variant has other units now. */
  renew(variant: Variant): void;
}

/** What has been translated so far. */
export interface Translated {
  readonly units: number;
  /** Guest instructions in them. */
  readonly instructions: number;
  /** Of WebAssembly. */
  readonly bytes: number;
}

/** What all code of a machine has in common. */
export interface CodeOptions {
  /** How many instructions of a page are interpreted before it is worth translating. */
  readonly patience: number;
  /** Whether every misaligned access is an exception. */
  readonly alignedOnly: boolean;
}

/** How many bytes say what was executed of a page. */
export const marksOfPage = 2048;
/** Over so many misses it is found out how many instructions lie between two, and these are enough for a miss not to matter. */
const missesCounted = 256;
const rareMiss = 2000;
/** How often a page gets units beside those that it has; then all are made anew. */
const mostApart = 12;
/** How many translations of a page are to be expected; behind it, patience doubles with each. */
const usualTranslations = 12;
const mostDoublings = 10;
const mostUnits = 4096;
const pageSize = 4096;

/** The code of a machine that is translated, for all harts: units, where they came from, and what makes them untrue. */
export class CodePages {
  readonly units: Table = createTable(mostUnits);
  readonly runs: (TranslatedUnit | undefined)[] = [];
  readonly #pages = new Map<number, CodePage>();
  readonly #users: UnitUser[] = [];
  readonly #free: number[] = [];
  readonly #imports: Imports;
  /** Oldest first. */
  readonly #order = new Set<TranslatedUnit>();
  #made: Translated = { units: 0, instructions: 0, bytes: 0 };
  /** How many instructions of a page are interpreted before it is worth translating. */
  readonly #patience: number;
  /** Whether units take every misaligned access for an exception. */
  readonly alignedOnly: boolean;

  /** For RAM's pages whether they hold translated code, where others than this are to know. */
  readonly #held: Uint8Array;
  readonly #first: number;

  constructor(
    { patience, alignedOnly }: CodeOptions,
    imports: Imports,
    buffer: ArrayBuffer,
    ram: RamPages | undefined,
  ) {
    this.#first = ram === undefined ? 0 : ram.base / pageSize;
    this.#held = new Uint8Array(buffer, ram === undefined ? 0 : ram.marks + ram.count, ram?.count ?? 0).fill(0);
    this.#patience = patience;
    this.alignedOnly = alignedOnly;
    this.#imports = { ...imports, host: { ...imports["host"], units: this.units } };
  }

  get made(): Translated {
    return this.#made;
  }

  join(user: UnitUser): void {
    this.#users.push(user);
  }

  variant(address: number, page: bigint): Variant {
    const code = this.#pageOf(address);
    let variant = code.variants.get(page);
    if (variant === undefined) {
      variant = {
        code,
        page,
        wanted: new Set(),
        executed: new Uint8Array(marksOfPage),
        heat: 0,
        patience: this.#patience,
        translations: 0,
        misses: 0,
        missesSince: 0,
        calls: false,
        apart: 0,
        units: new Set(),
        entries: new Map(),
      };
      code.variants.set(page, variant);
    }
    return variant;
  }

  /**
   * Translates a page, so that it can be entered at an offset: what of it was executed, or all where nothing is awaited.
   * @param host where the page lies in the arena
   * @param loop whether it is a jump inside of the page that leads there: then it gets a unit of its own, because a loop that can
   *   be entered in its middle is slower
   */
  translate(
    variant: Variant,
    offset: number,
    loop: boolean,
    host: number,
    decode: (offset: number) => Instruction | undefined,
  ): void {
    const apart = (loop || variant.units.size > 0) && variant.apart < mostApart;
    if (!loop || !apart) variant.wanted.add(offset);
    variant.apart = apart ? variant.apart + 1 : 0;
    const isCold = this.#coldOf(variant);
    const wanted = [...variant.wanted].filter(
      (at) => at === offset || !(isCold(at) || (apart && variant.entries.has(at))),
    );
    if (!apart) this.#dropAll(variant);
    const { alignedOnly } = this;
    const module = new UnitsModule();
    const groups = loop && apart ? [[offset]] : groupEntries(wanted, decode, isCold);
    if (this.runs.length + groups.length > mostUnits + this.#free.length) this.#evict();
    const made = groups.map((ways, number) => {
      const index = this.#free.pop() ?? this.#grow();
      const source = { page: variant.page, entries: ways, decode, isCold, calls: variant.calls, index, alignedOnly };
      return { index, ways, unit: module.add(source, String(number)) };
    });
    const bytes = module.encode();
    const runs = this.link(bytes) as Readonly<Record<string, Run>>;
    this.#made = {
      units: this.#made.units + made.length,
      instructions: this.#made.instructions + made.reduce((sum, { unit }) => sum + unit.instructions, 0),
      bytes: this.#made.bytes + bytes.length,
    };
    const covered = this.#coveredOf(variant.code);
    made.forEach(({ index, ways, unit: { entries, covered: parts } }, number) => {
      const run = runs[String(number)];
      if (run === undefined) return;
      const unit = { index, variant, wanted: ways, isCold, calls: variant.calls, entries, run };
      this.units.set(index, run);
      this.runs[index] = unit;
      this.#order.add(unit);
      variant.units.add(unit);
      for (const [at, block] of entries) {
        if (!apart || at === offset || !variant.entries.has(at)) variant.entries.set(at, { unit, block });
      }
      for (const [at, length] of parts) covered.fill(1, at, at + length);
    });
    variant.heat = 0;
    variant.translations++;
    variant.patience =
      this.#patience * 2 ** Math.min(Math.max(0, variant.translations - usualTranslations), mostDoublings);
    for (const user of this.#users) {
      user.protect(host);
      user.renew(variant);
    }
  }

  /**
   * A unit of the page left for an instruction that was somebody else's. Where that is often, they are made anew with calls.
   * @param executed how many instructions units have executed
   */
  missed(variant: Variant, executed: number): void {
    variant.misses++;
    if (variant.misses < missesCounted) return;
    if (!variant.calls && executed - variant.missesSince < missesCounted * rareMiss) {
      variant.calls = true;
      // Before harts are told how much is left of its patience.
      variant.heat = variant.patience;
      this.#dropAll(variant);
    }
    variant.misses = 0;
    variant.missesSince = executed;
  }

  /** Instantiates a module with what translated code imports, and with `others` of its own. */
  link(module: Uint8Array<ArrayBuffer>, others: Imports = {}): Readonly<Record<string, unknown>> {
    return instantiate(module, { ...this.#imports, ...others });
  }

  /** The same for code that others than units are made of: a change of it calls `onChanged`. It lies in one page. */
  cover(address: number, length: number, host: number, onChanged: () => void): void {
    const offset = address % pageSize;
    const code = this.#pageOf(address - offset);
    const bytes = this.#coveredOf(code);
    bytes.fill(1, offset, offset + length);
    code.listeners.add(onChanged);
    for (const user of this.#users) user.protect(host - (host % pageSize));
  }

  /** A page that was seen at a virtual page by the engine of translated code. */
  seenAt(page: bigint): Variant | undefined {
    for (const user of this.#users) user.settle();
    for (const { variants } of this.#pages.values()) {
      const variant = variants.get(page);
      if (variant !== undefined) return variant;
    }
    return undefined;
  }

  /** Whether the page holds translated code, so that stores to it have to be looked at. */
  holdsCode(page: number): boolean {
    return this.#pages.get(page)?.covered !== undefined;
  }

  /** Whether one of these bytes is translated code. They lie in one page. */
  isCode(address: number, bytes: number): boolean {
    const offset = address % pageSize;
    const covered = this.#pages.get(address - offset)?.covered;
    if (covered === undefined) return false;
    for (let at = offset; at < offset + bytes; at++) if (covered[at] === 1) return true;
    return false;
  }

  /** These bytes have changed, or are about to: what was made of them is dropped. */
  written(address: number, bytes: number): void {
    for (let page = address - (address % pageSize); page < address + bytes; page += pageSize) {
      const code = this.#pages.get(page);
      if (code?.covered === undefined) continue;
      const start = Math.max(address, page);
      if (!this.isCode(start, Math.min(address + bytes, page + pageSize) - start)) continue;
      code.covered = undefined;
      this.#held[page / pageSize - this.#first] = 0;
      const listeners = [...code.listeners];
      code.listeners.clear();
      for (const changed of listeners) changed();
      for (const variant of code.variants.values()) {
        this.#dropAll(variant);
        variant.wanted.clear();
        variant.heat = 0;
      }
    }
  }

  /** Whether it is worth waiting until an instruction was executed, before it is translated. */
  get selective(): boolean {
    return this.#patience > 1;
  }

  /** What of a page isn't worth translating now. */
  #coldOf(variant: Variant): (offset: number) => boolean {
    if (!this.selective) return () => false;
    const executed = variant.executed.slice();
    return (offset) => executed[offset / 2] !== 1;
  }

  #pageOf(address: number): CodePage {
    const known = this.#pages.get(address);
    if (known !== undefined) return known;
    const code: CodePage = { address, variants: new Map(), covered: undefined, listeners: new Set() };
    this.#pages.set(address, code);
    return code;
  }

  #coveredOf(code: CodePage): Uint8Array {
    this.#held[code.address / pageSize - this.#first] = 1;
    return (code.covered ??= new Uint8Array(pageSize));
  }

  #dropAll(variant: Variant): void {
    for (const unit of variant.units) this.#drop(unit);
    for (const user of this.#users) user.renew(variant);
  }

  #drop(unit: TranslatedUnit): void {
    const { variant, index } = unit;
    variant.units.delete(unit);
    for (const [offset, entry] of variant.entries) if (entry.unit === unit) variant.entries.delete(offset);
    this.runs[index] = undefined;
    this.units.set(index, null);
    this.#free.push(index);
    this.#order.delete(unit);
    for (const user of this.#users) user.forgetUnit(index);
  }

  /** A number that no unit had. */
  #grow(): number {
    return this.runs.push(undefined) - 1;
  }

  /** Makes room by dropping the oldest quarter; what is still hot comes back. */
  #evict(): void {
    for (const unit of [...this.#order].slice(0, mostUnits / 4)) this.#drop(unit);
  }
}
