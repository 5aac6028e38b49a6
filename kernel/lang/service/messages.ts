import type { Completions, Diagnostic, Inspection } from "../types.js";
import type { CellTypesOptions, Checked, Declared } from "./cell-types.js";
import type { CellRecord } from "./declared-cells.js";

/** What the language service's thread is asked, and what it answers; all of it plain data. */
export interface Questions {
  check: { readonly ask: { readonly source: string }; readonly answer: Checked };
  module: {
    readonly ask: { readonly module: string; readonly source: string };
    readonly answer: readonly Diagnostic[];
  };
  declare: { readonly ask: { readonly source: string; readonly untyped: boolean }; readonly answer: Declared };
  complete: { readonly ask: { readonly source: string; readonly offset: number }; readonly answer: Completions };
  inspect: {
    readonly ask: { readonly source: string; readonly offset: number };
    readonly answer: Inspection | undefined;
  };
  reset: { readonly ask: unknown; readonly answer: undefined };
}

export type Question = { [K in keyof Questions]: { readonly kind: K } & Questions[K]["ask"] }[keyof Questions];

/** Answered in the order in which they come. */
export type Request = Question & { readonly id: number };

export type Reply =
  | { readonly kind: "ready" }
  | { readonly kind: "answer"; readonly id: number; readonly answer: Questions[keyof Questions]["answer"] }
  /** TypeScript itself broke; its state is not to be trusted any more. */
  | { readonly kind: "broken"; readonly id: number; readonly reason: string };

/** What the thread starts with: `records` of one before it. */
export interface ThreadOptions extends CellTypesOptions {
  readonly records: readonly CellRecord[];
  /** Its modules: name → text. */
  readonly modules: ReadonlyMap<string, string>;
  /** Shared, of one word: 1 where cells run that the thread isn't asked about, so that its own work waits for them too. */
  readonly busy: Int32Array;
}
