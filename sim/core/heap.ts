/** A binary heap of objects: the first by `before` on top. Items that are equal to it come out in no set order. */
export class Heap<T> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get size(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  push(item: T): void {
    this.#items.push(item);
    this.#rise(this.#items.length - 1, item);
  }

  shift(): T | undefined {
    const first = this.#items[0];
    this.#removeAt(0);
    return first;
  }

  /** Takes time in proportion to the size. @returns whether it was there */
  remove(item: T): boolean {
    const at = this.#items.indexOf(item);
    if (at >= 0) this.#removeAt(at);
    return at >= 0;
  }

  #removeAt(hole: number): void {
    const last = this.#items.pop();
    if (last === undefined || hole >= this.#items.length) return;
    this.#rise(this.#sink(hole, last), last);
  }

  #rise(hole: number, item: T): void {
    const items = this.#items;
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      const above = items[parent] as T;
      if (!this.#before(item, above)) break;
      items[hole] = above;
      hole = parent;
    }
    items[hole] = item;
  }

  /** @returns where below `hole` the item may lie */
  #sink(hole: number, item: T): number {
    const items = this.#items;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= items.length) return hole;
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child++;
      const below = items[child] as T;
      if (!this.#before(below, item)) return hole;
      items[hole] = below;
      hole = child;
    }
  }
}
