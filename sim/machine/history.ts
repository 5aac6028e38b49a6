import { UsageError, withDefaults } from "../core/index.js";

export interface RecordOptions {
  /** Instructions between two snapshots. */
  readonly every: number;
  /** How many are kept: the latest, and the first. */
  readonly keep: number;
}

/** @throws UsageError for an option that a recording does not know, and for one that keeps nothing */
export function recordOptions(given: Partial<RecordOptions> | undefined): RecordOptions {
  const options = withDefaults<RecordOptions>("record", given, { every: 10_000_000, keep: 16 });
  if (options.every > 0 && options.keep >= 2) return options;
  throw new UsageError("that records nothing", "Give { every } above 0, and { keep } from 2 on.");
}

/** A point of a machine's run that a replay finds again. */
export interface Point {
  readonly executed: number;
  readonly time: number;
}

interface Snapshot<S> extends Point {
  readonly state: S;
  /** How many inputs came before it. */
  readonly inputs: number;
}

/** What came from outside, which a replay has to give again. */
interface Input extends Point {
  readonly apply: () => void;
}

/** How a machine is recorded and replayed. */
export interface Recorded<S> {
  point(): Point;
  snapshot(previous: S | undefined): S;
  restore(state: S): void;
  /** Runs quietly until the quantum at that time, then until that many instructions are executed. */
  replay(to: Point): void;
}

/**
 * Snapshots of a run and what came from outside meanwhile: what it takes to go back. Where a machine was before is found by
 * restoring the last snapshot before it and running from there; the same instructions happen again.
 */
export class History<S> {
  readonly #machine: Recorded<S>;
  readonly #options: RecordOptions;
  #snapshots: Snapshot<S>[] = [];
  #inputs: Input[] = [];
  #replaying = false;

  constructor(machine: Recorded<S>, options: RecordOptions) {
    this.#machine = machine;
    this.#options = options;
    this.#take();
  }

  get snapshots(): readonly Point[] {
    return this.#snapshots;
  }

  /** Between two quanta: takes a snapshot where one is due. */
  quantum(): void {
    const last = this.#snapshots.at(-1)?.executed ?? 0;
    if (!this.#replaying && this.#machine.point().executed >= last + this.#options.every) this.#take();
  }

  /** Something comes from outside. */
  input(apply: () => void): void {
    if (!this.#replaying) this.#inputs.push({ ...this.#machine.point(), apply });
    apply();
  }

  /**
   * Takes the machine to where it had executed so many instructions. What came after that is forgotten.
   * @throws UsageError for a point before the recording began
   */
  goTo(executed: number): void {
    const snapshot = this.#snapshots.findLast((candidate) => candidate.executed <= executed);
    if (snapshot === undefined) {
      const first = this.#snapshots[0]?.executed ?? 0;
      throw new UsageError(
        `the recording began at instruction ${first}, and ${executed} is before that`,
        "Call record() earlier, or go back less.",
      );
    }
    this.#replaying = true;
    try {
      this.#machine.restore(snapshot.state);
      const inputs = this.#inputs.filter((input) => input.executed <= executed);
      for (const input of inputs.slice(snapshot.inputs)) {
        this.#machine.replay(input);
        input.apply();
      }
      this.#machine.replay({ executed, time: 0 });
      this.#inputs = inputs;
      this.#snapshots = this.#snapshots.filter((candidate) => candidate.executed <= executed);
    } finally {
      this.#replaying = false;
    }
  }

  #take(): void {
    const { keep } = this.#options;
    const previous = this.#snapshots.at(-1)?.state;
    const state = this.#machine.snapshot(previous);
    this.#snapshots.push({ ...this.#machine.point(), state, inputs: this.#inputs.length });
    if (this.#snapshots.length > keep) this.#snapshots.splice(1, 1);
  }
}
