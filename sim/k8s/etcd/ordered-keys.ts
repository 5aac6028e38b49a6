/** How many keys a leaf holds at most: to move half as many is as fast as to look them up. */
const most = 256;

interface Leaf<T> {
  readonly keys: string[];
  readonly values: T[];
  /** How many of the values count. */
  counted: number;
}

/** Where `key` is or would be among the sorted `keys`. */
function place(keys: readonly string[], key: string): number {
  let [low, high] = [0, keys.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((keys[middle] ?? "") < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * A map in the order of its keys, a B+ tree of two levels: leaves, and a list of their first keys. A key gets its place when the order is
 * asked for. A leaf knows how many of its values count, so that a range is counted leaf by leaf. Whoever makes a value count that didn't,
 * or the reverse, says so (`recount`).
 */
export class OrderedKeys<T> {
  readonly #leaves: Leaf<T>[] = [{ keys: [], values: [], counted: 0 }];
  readonly #firsts: string[] = [""];
  readonly #counts: (value: T) => boolean;
  /** What has no place yet: most keys come while nobody asks for the order. */
  #placeless = new Map<string, T>();

  /** @param counts whether a value counts now */
  constructor(counts: (value: T) => boolean) {
    this.#counts = counts;
  }

  #leafOf(key: string): number {
    const at = place(this.#firsts, key);
    return this.#firsts[at] === key ? at : Math.max(0, at - 1);
  }

  /** Adds a key that isn't there. */
  insert(key: string, value: T): void {
    this.#placeless.set(key, value);
  }

  /** Gives every key its place. */
  #settle(): void {
    if (this.#placeless.size === 0) return;
    const all = [...this.#placeless];
    this.#placeless = new Map();
    // In order, they come to leaves that have just been looked at.
    for (const [key, value] of all.sort(([a], [b]) => (a < b ? -1 : 1))) this.#place(key, value);
  }

  #place(key: string, value: T): void {
    const at = this.#leafOf(key);
    const leaf = this.#leaves[at];
    if (leaf === undefined) return;
    const index = place(leaf.keys, key);
    if (index === leaf.keys.length) {
      leaf.keys.push(key);
      leaf.values.push(value);
    } else {
      leaf.keys.splice(index, 0, key);
      leaf.values.splice(index, 0, value);
    }
    if (this.#counts(value)) leaf.counted++;
    if (leaf.keys.length > most) this.#split(at, leaf, index === leaf.keys.length - 1);
  }

  /** Keys that come in order leave full leaves behind. */
  #split(at: number, leaf: Leaf<T>, atEnd: boolean): void {
    const from = atEnd ? leaf.keys.length - 1 : leaf.keys.length >>> 1;
    const right: Leaf<T> = { keys: leaf.keys.splice(from), values: leaf.values.splice(from), counted: 0 };
    right.counted = this.#among(right, 0, right.keys.length);
    leaf.counted -= right.counted;
    this.#leaves.splice(at + 1, 0, right);
    this.#firsts.splice(at + 1, 0, right.keys[0] ?? "");
  }

  delete(key: string): void {
    if (this.#placeless.delete(key)) return;
    const at = this.#leafOf(key);
    const leaf = this.#leaves[at];
    if (leaf === undefined) return;
    const index = place(leaf.keys, key);
    if (leaf.keys[index] !== key) return;
    leaf.keys.splice(index, 1);
    for (const value of leaf.values.splice(index, 1)) if (this.#counts(value)) leaf.counted--;
    if (leaf.keys.length === 0 && at > 0) {
      this.#leaves.splice(at, 1);
      this.#firsts.splice(at, 1);
    }
  }

  /** Calls `visit` for each key from `from` up to but without `to`, in order, until it says false. */
  each(from: string, to: string | undefined, visit: (value: T) => boolean): void {
    this.#settle();
    let at = this.#leafOf(from);
    let index = place(this.#leaves[at]?.keys ?? [], from);
    for (let leaf = this.#leaves[at]; leaf !== undefined; leaf = this.#leaves[++at], index = 0) {
      const { keys, values } = leaf;
      const whole = to === undefined || (this.#firsts[at + 1] ?? to) < to;
      const end = whole ? keys.length : place(keys, to);
      for (; index < end; index++) if (!visit(values[index] as T)) return;
      if (end < keys.length) return;
    }
  }

  /** A key's value has come to count (1), or no longer does (-1). */
  recount(key: string, change: 1 | -1): void {
    // Counted when it gets its place.
    if (this.#placeless.has(key)) return;
    const leaf = this.#leaves[this.#leafOf(key)];
    if (leaf !== undefined) leaf.counted += change;
  }

  /** How many values count from `from` up to but without `to`. */
  count(from: string, to: string | undefined): number {
    this.#settle();
    let sum = 0;
    let at = this.#leafOf(from);
    let index = place(this.#leaves[at]?.keys ?? [], from);
    for (let leaf = this.#leaves[at]; leaf !== undefined; leaf = this.#leaves[++at], index = 0) {
      const whole = to === undefined || (this.#firsts[at + 1] ?? to) < to;
      const end = whole ? leaf.keys.length : Math.max(index, place(leaf.keys, to));
      sum += index === 0 && end === leaf.keys.length ? leaf.counted : this.#among(leaf, index, end);
      if (end < leaf.keys.length) break;
    }
    return sum;
  }

  #among({ values }: Leaf<T>, from: number, to: number): number {
    let sum = 0;
    for (let index = from; index < to; index++) if (this.#counts(values[index] as T)) sum++;
    return sum;
  }
}
