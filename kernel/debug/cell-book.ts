import { randomUUID } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TransformedCell } from "../lang/index.js";
import { murmur2 } from "./murmur2.js";

/** A cell that runs or ran. */
export interface RanCell extends TransformedCell {
  /** All that the client sent, magics included; its lines are the source's. */
  readonly text: string;
}

/** What the session remembers of the cells that ran. */
export interface RanCells {
  find(name: string): RanCell | undefined;
  /** From the oldest to the latest. */
  all(): Iterable<RanCell>;
  /** The names that cells declared, in the order they first did. */
  variables(): Iterable<string>;
}

/** IPython's; a client takes it from debugInfo. A restarted kernel must have the same: paths are moved by their prefix. */
const seed = 0xc70f6907;
const suffix = ".ts";

/** How many runs of the same cell may have left functions that still stop. */
const runsOfOne = 20;

/**
 * Cells by path. A client has no files of cells: it names a cell by the hash of its text, between a prefix and a suffix
 * that debugInfo gives. The paths lead nowhere; no file is written.
 */
export class CellBook {
  /** Another for each kernel, so that a client knows that this one was started anew and hands over the cells again. */
  readonly prefix: string = join(tmpdir(), `virtlab-${randomUUID().slice(0, 8)}`, "cell-");
  readonly #ran: RanCells;
  readonly #dumped = new Map<string, string>();

  constructor(ran: RanCells) {
    this.#ran = ran;
  }

  get naming(): {
    readonly hashMethod: string;
    readonly hashSeed: number;
    readonly tmpFilePrefix: string;
    readonly tmpFileSuffix: string;
  } {
    return { hashMethod: "Murmur2", hashSeed: seed, tmpFilePrefix: this.prefix, tmpFileSuffix: suffix };
  }

  /** @returns its path */
  dump(text: string): string {
    const path = this.path(text);
    this.#dumped.set(path, text);
    return path;
  }

  path(text: string): string {
    return `${this.prefix}${murmur2(text, seed)}${suffix}`;
  }

  /** The text of a cell that was dumped or ran. */
  text(path: string): string | undefined {
    return this.#dumped.get(path) ?? this.runs(path).at(-1)?.text;
  }

  /** The latest runs of the cell. */
  runs(path: string): readonly RanCell[] {
    return [...this.#ran.all()].filter(({ text }) => this.path(text) === path).slice(-runsOfOne);
  }

  find(script: string): RanCell | undefined {
    return this.#ran.find(script);
  }

  variables(): readonly string[] {
    return [...this.#ran.variables()];
  }
}
