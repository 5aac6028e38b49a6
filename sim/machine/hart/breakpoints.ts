import { pageSize } from "../layout.js";
import { highOf, lowOf } from "./halves.js";

const pageOf = (address: bigint): bigint => address & BigInt(-pageSize);

/** Addresses before which a hart stops. */
export class Breakpoints {
  readonly all: Set<bigint> = new Set();
  /** How often they changed. */
  changes = 0;
  /** Their halves, in turns, and the lower halves of their pages: a bigint takes long to be made and to be looked up. */
  #halves: readonly number[] = [];
  #pages: ReadonlySet<number> = new Set();

  set(address: bigint, on: boolean): void {
    if (on) this.all.add(address);
    else this.all.delete(address);
    this.changes++;
    this.#halves = [...this.all].flatMap((each) => [lowOf(each), highOf(each)]);
    this.#pages = new Set([...this.all].map((each) => lowOf(pageOf(each))));
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
