/** Steps between two looks at the clock, at most. */
const longest = 256;
/** Looks that come closer together than this, in ms, are too many. */
const closest = 1;

/**
 * When to look at the wall clock in what does very many steps: a look costs 30 ns, more than a simulated event. The first
 * step looks, then every few, as many as take about a millisecond; whoever steps counts them.
 */
export class Pace {
  /** Of the wall clock at the last look, in ms. */
  time: number = -Infinity;
  #stride = 1;

  /** Looks at the clock. @returns after how many steps to look again */
  look(): number {
    const now = performance.now();
    this.#stride = now - this.time < closest ? Math.min(2 * this.#stride, longest) : Math.max(1, this.#stride >> 2);
    this.time = now;
    return this.#stride;
  }
}
