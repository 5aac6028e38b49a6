import { createTable, instantiate, type Memory, type Table } from "../../wasm/index.js";
import type { Instruction } from "../instructions/index.js";
import { translateUnit } from "../translate/unit.js";

/** Runs from a block on, for the hart whose state begins at `hart`. */
export type Run = (hart: number, block: number) => void;

/** A page of physical memory with code, as it is seen from one virtual page. */
export interface Variant {
  readonly code: CodePage;
  /** The virtual page's address. */
  readonly page: bigint;
  /** Where it is entered from outside, as offsets. */
  readonly wanted: Set<number>;
  /** How many of its instructions have been evaluated since it was translated, and how many are too many. */
  heat: number;
  patience: number;
  unit: TranslatedUnit | undefined;
}

export interface TranslatedUnit {
  readonly index: number;
  readonly variant: Variant;
  readonly entries: ReadonlyMap<number, number>;
  readonly run: Run;
}

export interface CodePage {
  /** The physical address. */
  readonly address: number;
  readonly variants: Map<bigint, Variant>;
  /** Which bytes units were made of, while there are any. */
  covered: Uint8Array | undefined;
}

/** A hart that may know units. */
export interface UnitUser {
  forgetUnit(index: number): void;
  /** Lets no store to the page at that place of the arena go unseen. */
  protect(host: number): void;
}

/** How many instructions of a page are evaluated before it is worth translating. */
const firstPatience = 1000;
const mostPatience = 1 << 20;
const mostUnits = 4096;
const pageSize = 4096;

/** The code of a machine that is translated, for all harts: units, where they came from, and what makes them untrue. */
export class CodePages {
  readonly units: Table = createTable(mostUnits);
  readonly runs: (TranslatedUnit | undefined)[] = [];
  readonly #pages = new Map<number, CodePage>();
  readonly #users: UnitUser[] = [];
  readonly #free: number[] = [];
  readonly #imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  /** Oldest first. */
  readonly #order = new Set<TranslatedUnit>();
  translations = 0;

  constructor(memory: Memory, imports: Readonly<Record<string, Readonly<Record<string, unknown>>>>) {
    this.#imports = { ...imports, host: { ...imports["host"], memory, units: this.units } };
  }

  join(user: UnitUser): void {
    this.#users.push(user);
  }

  variant(address: number, page: bigint): Variant {
    let code = this.#pages.get(address);
    if (code === undefined) {
      code = { address, variants: new Map(), covered: undefined };
      this.#pages.set(address, code);
    }
    let variant = code.variants.get(page);
    if (variant === undefined) {
      variant = { code, page, wanted: new Set(), heat: 0, patience: firstPatience, unit: undefined };
      code.variants.set(page, variant);
    }
    return variant;
  }

  /** Translates what is wanted of a page. @param host where the page lies in the arena */
  translate(variant: Variant, host: number, decode: (offset: number) => Instruction | undefined): TranslatedUnit {
    this.#drop(variant);
    if (this.#free.length === 0 && this.runs.length === mostUnits) this.#evict();
    const index = this.#free.pop() ?? this.runs.length;
    const { module, entries, covered } = translateUnit({ page: variant.page, entries: variant.wanted, decode, index });
    const exports = instantiate(module, this.#imports) as { readonly run: Run };
    const unit = { index, variant, entries, run: exports.run };
    this.units.set(index, exports.run);
    this.runs[index] = unit;
    this.#order.add(unit);
    variant.unit = unit;
    variant.heat = 0;
    variant.patience = Math.min(2 * variant.patience, mostPatience);
    this.translations++;

    const bytes = (variant.code.covered ??= new Uint8Array(pageSize));
    for (const [offset, length] of covered) bytes.fill(1, offset, offset + length);
    for (const user of this.#users) user.protect(host);
    return unit;
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
      for (const variant of code.variants.values()) {
        this.#drop(variant);
        variant.wanted.clear();
        variant.heat = 0;
      }
    }
  }

  #drop(variant: Variant): void {
    const { unit } = variant;
    if (unit === undefined) return;
    variant.unit = undefined;
    this.runs[unit.index] = undefined;
    this.units.set(unit.index, null);
    this.#free.push(unit.index);
    this.#order.delete(unit);
    for (const user of this.#users) user.forgetUnit(unit.index);
  }

  /** Makes room by dropping the oldest quarter; what is still hot comes back. */
  #evict(): void {
    for (const unit of [...this.#order].slice(0, mostUnits / 4)) {
      this.#drop(unit.variant);
      unit.variant.wanted.clear();
    }
  }
}
