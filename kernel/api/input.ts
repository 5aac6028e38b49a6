import { UsageError } from "../../sim/core/index.js";

const hook = Symbol.for("virtlab.ask");

type Ask = (prompt: string, options: { readonly password: boolean }) => string | null;

/** What the answer is. */
export interface InputOptions {
  /** It isn't shown while it is typed. */
  readonly secret?: boolean;
}

/**
 * Asks the user for a line of text and waits for it; an interrupt ends the wait.
 * @returns null where the user ended the input
 * @throws UsageError where nobody can be asked
 */
export function input(text = "", { secret = false }: InputOptions = {}): string | null {
  const ask = (globalThis as { [hook]?: Ask })[hook];
  if (ask === undefined) throw new UsageError("input() needs a notebook to ask in", "Run this in a cell.");
  return ask(text, { password: secret });
}
