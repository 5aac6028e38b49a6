import { UsageError } from "../../core/index.js";

/** A run of blocks of a volume. */
export interface Run {
  readonly start: number;
  readonly count: number;
}

/** The free blocks of a volume, as runs in order. */
export class FreeSpace {
  readonly #name: string;
  #runs: Run[];

  constructor(name: string, blocks: number) {
    this.#name = name;
    this.#runs = blocks > 0 ? [{ start: 0, count: blocks }] : [];
  }

  get free(): number {
    return this.#runs.reduce((sum, { count }) => sum + count, 0);
  }

  /**
   * Takes blocks: from `goal` on where that is free, which keeps a growing file together; otherwise from the first free
   * run behind it, and from the volume's beginning at last. In one run where there is one, in several where not.
   * @throws UsageError where the volume is full; nothing is taken then
   */
  take(count: number, goal: number): readonly Run[] {
    if (this.free < count) {
      throw new UsageError(
        `${this.#name} is full: ${count} blocks are needed, ${this.free} are free`,
        "Remove a file, or make the partition larger. A thin disk may promise more than there is.",
      );
    }
    const taken: Run[] = [];
    for (let left = count, from = goal; left > 0;) {
      const run = this.#runs.find(({ start, count: length }) => start + length > from) ?? this.#runs[0];
      if (run === undefined) break;
      const start = Math.max(run.start, from >= run.start + run.count ? run.start : from);
      const part = { start, count: Math.min(left, run.start + run.count - start) };
      this.#remove(run, part);
      taken.push(part);
      left -= part.count;
      from = part.start + part.count;
    }
    return taken;
  }

  /** Takes one run of so many blocks, the first there is; undefined where none is long enough. */
  takeTogether(count: number): Run | undefined {
    const run = this.#runs.find(({ count: length }) => length >= count);
    if (run === undefined) return undefined;
    const part = { start: run.start, count };
    this.#remove(run, part);
    return part;
  }

  give(run: Run): void {
    const runs: Run[] = [];
    for (const next of [...this.#runs, run].sort((a, b) => a.start - b.start)) {
      const last = runs.at(-1);
      if (last !== undefined && last.start + last.count === next.start) {
        runs[runs.length - 1] = { start: last.start, count: last.count + next.count };
      } else runs.push(next);
    }
    this.#runs = runs;
  }

  save(): readonly Run[] {
    return this.#runs;
  }

  restore(runs: readonly Run[]): void {
    this.#runs = [...runs];
  }

  #remove(run: Run, part: Run): void {
    const at = this.#runs.indexOf(run);
    const before = { start: run.start, count: part.start - run.start };
    const after = { start: part.start + part.count, count: run.start + run.count - part.start - part.count };
    this.#runs.splice(at, 1, ...[before, after].filter(({ count }) => count > 0));
  }
}
