/** A double-ended queue over one array: what was taken from the front leaves room there, closed when it is half of it. */
export class Deque<T> {
  #items: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#items.length - this.#head;
  }

  push(item: T): void {
    this.#items.push(item);
  }

  unshift(item: T): void {
    if (this.#head > 0) this.#items[--this.#head] = item;
    else this.#items.unshift(item);
  }

  shift(): T | undefined {
    if (this.#head === this.#items.length) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head++] = undefined;
    if (this.#head > 32 && this.#head * 2 > this.#items.length) {
      this.#items = this.#items.slice(this.#head);
      this.#head = 0;
    }
    return item;
  }

  /** Removes the first item for which `test` holds. @returns whether there was one */
  removeWhere(test: (item: T) => boolean): boolean {
    for (let at = this.#head; at < this.#items.length; at++) {
      if (!test(this.#items[at] as T)) continue;
      this.#items.splice(at, 1);
      return true;
    }
    return false;
  }
}
