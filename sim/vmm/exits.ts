import { UsageError, type Persist, type TableView, type Viewable } from "../core/index.js";
import type { Costs } from "./costs.js";
import { exitMeanings, exitReasons, type ExitReason } from "./exit-reasons.js";

/** One exit. `instruction` is the word that trapped, 0 where that wasn't one. */
export interface Exit {
  readonly number: number;
  readonly reason: ExitReason;
  /** Instructions that the guest had begun, that one not counted, and cycles of the host by then. */
  readonly at: number;
  readonly cycles: number;
  readonly pc: bigint;
  /** The virtual privilege: 0 user, 1 supervisor, 3 machine. */
  readonly privilege: number;
  readonly instruction: number;
}

export interface ExitsState {
  readonly counts: Readonly<Record<ExitReason, number>>;
  readonly delivered: number;
  readonly cycles: number;
}

/** How many of the latest exits are kept in full. */
const usualLog = 4096;

/** What a virtual machine's exits were: how many of each kind, the latest in full, what they cost by the model. */
export class Exits implements Persist<ExitsState>, Viewable {
  readonly #costs: Costs;
  readonly #size: number;
  readonly #counts = new Float64Array(exitReasons.length);
  readonly #prices: Float64Array;
  #total = 0;
  #delivered = 0;
  #cycles = 0;
  // The log, as a ring.
  readonly #reasons: Uint8Array;
  readonly #times: Float64Array;
  readonly #spent: Float64Array;
  readonly #pcs: BigInt64Array;
  readonly #privileges: Uint8Array;
  readonly #words: Uint32Array;

  constructor(costs: Costs, size: number = usualLog) {
    if (!Number.isInteger(size) || size < 1) {
      throw new UsageError(`a log cannot keep ${size} exits`, "Give a whole number from 1 on.");
    }
    this.#costs = costs;
    this.#size = size;
    this.#prices = Float64Array.from(exitReasons, (reason) => costs.exit(reason));
    this.#reasons = new Uint8Array(size);
    this.#times = new Float64Array(size);
    this.#spent = new Float64Array(size);
    this.#pcs = new BigInt64Array(size);
    this.#privileges = new Uint8Array(size);
    this.#words = new Uint32Array(size);
  }

  /** @param guest where it is: the state before the exit's instruction */
  add(reason: ExitReason, at: number, pc: bigint, privilege: number, instruction: number): void {
    const kind = numberOf(reason);
    const place = this.#total % this.#size;
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    this.#total++;
    this.#reasons[place] = kind;
    this.#times[place] = at;
    this.#spent[place] = this.#cycles + at;
    this.#pcs[place] = pc;
    this.#privileges[place] = privilege;
    this.#words[place] = instruction;
    this.#cycles += this.#prices[kind] ?? 0;
  }

  /** The guest took so many exceptions of its own without its VMM: no exits, but what they cost a bare machine. */
  deliver(exceptions: number): void {
    this.#delivered += exceptions;
    this.#cycles += exceptions * this.#costs.parameters.trap;
  }

  /** How many of these there were. */
  get delivered(): number {
    return this.#delivered;
  }

  /** All of them. */
  get total(): number {
    return this.#total;
  }

  /** What they cost by the model, in the host's cycles. */
  get cycles(): number {
    return this.#cycles;
  }

  get costs(): Costs {
    return this.#costs;
  }

  count(reason: ExitReason): number {
    return this.#counts[numberOf(reason)] ?? 0;
  }

  get counts(): Readonly<Record<ExitReason, number>> {
    return Object.fromEntries(exitReasons.map((reason) => [reason, this.count(reason)])) as Record<ExitReason, number>;
  }

  /** By kind, the most frequent first. */
  view(): TableView {
    const rows = exitReasons
      .filter((reason) => this.count(reason) > 0)
      .sort((a, b) => this.count(b) - this.count(a))
      .map((reason) => ({
        reason,
        count: this.count(reason),
        cycles: this.count(reason) * this.#costs.exit(reason),
        meaning: exitMeanings[reason],
      }));
    return {
      as: "table",
      title: "Why a guest came to its VMM",
      columns: [
        { key: "reason", label: "exit" },
        { key: "count" },
        { key: "cycles", label: "cost", unit: "cycles" },
        { key: "meaning", label: "what was done" },
      ],
      rows,
      caption: `${this.#total} exits; ${this.#cycles} cycles of the host by the model`,
    };
  }

  /** The latest, in order. */
  log(most: number = this.#size): readonly Exit[] {
    const kept = Math.min(most, this.#size, this.#total);
    return Array.from({ length: kept }, (_, index) => {
      const number = this.#total - kept + index;
      const place = number % this.#size;
      return {
        number,
        reason: exitReasons[this.#reasons[place] ?? 0] ?? "exception",
        at: this.#times[place] ?? 0,
        cycles: this.#spent[place] ?? 0,
        pc: this.#pcs[place] ?? 0n,
        privilege: this.#privileges[place] ?? 0,
        instruction: this.#words[place] ?? 0,
      };
    });
  }

  /** Counts and costs; the log isn't kept. */
  save(): ExitsState {
    return { counts: this.counts, delivered: this.#delivered, cycles: this.#cycles };
  }

  restore(state: ExitsState): void {
    this.#total = 0;
    for (const reason of exitReasons) {
      const count = state.counts[reason];
      this.#counts[numberOf(reason)] = count;
      this.#total += count;
    }
    this.#delivered = state.delivered;
    this.#cycles = state.cycles;
  }
}

const numbers: ReadonlyMap<ExitReason, number> = new Map(exitReasons.map((reason, number) => [reason, number]));
const numberOf = (reason: ExitReason): number => numbers.get(reason) ?? 0;
