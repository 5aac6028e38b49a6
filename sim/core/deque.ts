/** A double-ended queue: a ring in an array whose length is a power of two. */
export class Deque<T> {
  #ring: (T | undefined)[] = new Array<T | undefined>(16).fill(undefined);
  #head = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): T | undefined {
    return this.#ring[this.#head];
  }

  push(item: T): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#ring[(this.#head + this.#size++) & (this.#ring.length - 1)] = item;
  }

  unshift(item: T): void {
    if (this.#size === this.#ring.length) this.#grow();
    this.#head = (this.#head - 1) & (this.#ring.length - 1);
    this.#ring[this.#head] = item;
    this.#size++;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#ring[this.#head];
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size--;
    return item;
  }

  /** Removes the first item for which `test` holds. @returns whether there was one */
  removeWhere(test: (item: T) => boolean): boolean {
    const items = [...this];
    const at = items.findIndex(test);
    if (at < 0) return false;
    items.splice(at, 1);
    this.#ring.fill(undefined);
    for (const [place, item] of items.entries()) this.#ring[place] = item;
    this.#head = 0;
    this.#size = items.length;
    return true;
  }

  *[Symbol.iterator](): Generator<T, void, void> {
    for (let at = 0; at < this.#size; at++) yield this.#ring[(this.#head + at) & (this.#ring.length - 1)] as T;
  }

  #grow(): void {
    const items = [...this];
    this.#ring = new Array<T | undefined>(items.length * 2).fill(undefined);
    for (const [place, item] of items.entries()) this.#ring[place] = item;
    this.#head = 0;
  }
}
