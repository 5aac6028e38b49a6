import { UsageError } from "./errors.js";
import type { Persist } from "./persist.js";
import type { Nanos } from "./units.js";
import type { Row } from "./view.js";

/** One thing that happened: when, what, where, and whatever fields belong to that kind. */
export interface TraceRow extends Row {
  readonly time: Nanos;
  readonly kind: string;
  readonly source: string;
}

/** What a row says beyond time, kind and source, whose names are taken. */
export type TraceFields = Row & { readonly time?: never; readonly kind?: never; readonly source?: never };

export interface TraceState {
  readonly rows: readonly TraceRow[];
  readonly dropped: number;
}

/**
 * The record of what happened in a world, in order. Rooms emit, notebooks and tests read: timelines, statistics and
 * golden files all come from here.
 */
export class Trace implements Persist<TraceState> {
  readonly #clock: { readonly now: Nanos };
  readonly #limit: number;
  #rows: TraceRow[] = [];
  /** In a full ring, where the oldest row lies. */
  #oldest = 0;
  #dropped = 0;

  /** @param limit how many rows are kept: the latest ones. 0 keeps none, and then `emit` costs next to nothing. */
  constructor(clock: { readonly now: Nanos }, limit: number = Infinity) {
    if (!(limit >= 0 && (limit === Infinity || Number.isSafeInteger(limit)))) {
      throw new UsageError(
        `a trace cannot keep ${limit} rows`,
        "Give a whole number of rows, 0 for none, Infinity for all.",
      );
    }
    this.#clock = clock;
    this.#limit = limit;
  }

  /** Whether rows are kept: to be asked before gathering fields at some cost. */
  get kept(): boolean {
    return this.#limit > 0;
  }

  /** How many rows there ever were: the place of the next one. */
  get count(): number {
    return this.#dropped + this.#rows.length;
  }

  /** How many rows there were that are no longer kept. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * Records that something happened now.
   * @param kind what: "disk.read"
   * @param source to whom: "sda"
   */
  emit(kind: string, source: string, fields?: TraceFields): void {
    if (this.#limit === 0) return;
    const row: TraceRow = { time: this.#clock.now, kind, source, ...fields };
    if (this.#rows.length < this.#limit) {
      this.#rows.push(row);
    } else {
      this.#rows[this.#oldest] = row;
      this.#oldest = (this.#oldest + 1) % this.#limit;
      this.#dropped++;
    }
  }

  /** The rows kept, oldest first; of one kind where one is named. */
  rows(kind?: string): readonly TraceRow[] {
    const ordered = [...this.#rows.slice(this.#oldest), ...this.#rows.slice(0, this.#oldest)];
    return kind === undefined ? ordered : ordered.filter((row) => row.kind === kind);
  }

  /** The last rows, oldest of them first. */
  last(count: number): readonly TraceRow[] {
    return this.rows().slice(-count);
  }

  /** The rows kept as JSON lines (one object a line, a newline behind each): for the same run, the same bytes. */
  toJsonLines(): string {
    return this.rows()
      .map((row) => `${JSON.stringify(row)}\n`)
      .join("");
  }

  save(): TraceState {
    return { rows: this.rows(), dropped: this.#dropped };
  }

  restore(state: TraceState): void {
    const kept = state.rows.slice(Math.max(0, state.rows.length - this.#limit));
    this.#rows = kept;
    this.#oldest = 0;
    this.#dropped = state.dropped + state.rows.length - kept.length;
  }
}
