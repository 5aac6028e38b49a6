import { pageSize } from "../layout.js";
import { highOf, lowOf } from "./tlb.js";

const pageOf = (address: bigint): bigint => address & BigInt(-pageSize);

/** Addresses before which a hart stops. */
export class Breakpoints {
  readonly all: Set<bigint> = new Set();
  /** Their upper halves by their lower ones, and the lower halves of their pages: a bigint takes long to be made and to be looked up. */
  #halves: ReadonlyMap<number, readonly number[]> = new Map();
  #pages: ReadonlySet<number> = new Set();

  set(address: bigint, on: boolean): void {
    if (on) this.all.add(address);
    else this.all.delete(address);
    const halves = new Map<number, readonly number[]>();
    for (const each of this.all) halves.set(lowOf(each), [...(halves.get(lowOf(each)) ?? []), highOf(each)]);
    this.#halves = halves;
    this.#pages = new Set([...this.all].map((each) => lowOf(pageOf(each))));
  }

  isAt(low: number, high: number): boolean {
    return this.#halves.size > 0 && this.#halves.get(low)?.includes(high) === true;
  }

  isOn(page: bigint): boolean {
    return this.#pages.has(lowOf(page)) && [...this.all].some((each) => pageOf(each) === page);
  }
}
