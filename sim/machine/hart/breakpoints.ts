import { pageSize } from "../layout.js";
import { highOf, lowOf } from "./halves.js";

const pageOf = (address: bigint): bigint => address & BigInt(-pageSize);

/** Addresses before which a hart stops. */
export class Breakpoints {
  /** Another set after each change. */
  all: ReadonlySet<bigint> = new Set();
  /** Their halves, in turns, and the lower halves of their pages: a bigint takes long to be made and to be looked up. */
  #halves: readonly number[] = [];
  #pages: ReadonlySet<number> = new Set();

  set(address: bigint, on: boolean): void {
    const all = new Set(this.all);
    if (on) all.add(address);
    else all.delete(address);
    this.all = all;
    this.#halves = [...all].flatMap((each) => [lowOf(each), highOf(each)]);
    this.#pages = new Set([...all].map((each) => lowOf(pageOf(each))));
  }

  isAt(low: number, high: number): boolean {
    const halves = this.#halves;
    for (let at = 0; at < halves.length; at += 2) if (halves[at] === low && halves[at + 1] === high) return true;
    return false;
  }

  isOn(page: bigint): boolean {
    return this.#pages.has(lowOf(page)) && [...this.all].some((each) => pageOf(each) === page);
  }
}
