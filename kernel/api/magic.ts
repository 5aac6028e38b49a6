import { UsageError } from "../../sim/core/index.js";

/** A command that stands in a cell and is no TypeScript: `%%sh` and the script below it. */
export interface MagicDefinition {
  /** Without its percent signs. */
  readonly name: string;
  /** `%name args`, a line before a cell's code; or `%%name args`, a cell's first line, with the rest as its body. */
  readonly kind: "line" | "cell";
  /** What stands behind the name, for the list: `[--on NAME]`. */
  readonly usage?: string;
  /** What it does, in one sentence. */
  readonly help: string;
  /** What a cell magic's body is written in; TypeScript where absent. */
  readonly language?: string;
  /**
   * Carries it out, where cells run: with their worlds and their output.
   * @param args the words behind the name; quotes, single or double, hold one together
   * @param body a cell magic's, with its magic lines blank, so that its lines are the cell's; else empty
   * @returns the cell's result; a promise is waited for
   */
  run(args: readonly string[], body: string): unknown;
}

const hook = Symbol.for("virtlab.magics");

interface Magics {
  define(magic: MagicDefinition & { readonly usage: string }): void;
}

/**
 * Gives the notebook a magic, from the next cell on: `%lsmagic` lists it, completion knows it. Defined again, it is
 * replaced; the kernel's own can't be. In a plain Node script, which has no cells, nothing happens.
 * @throws UsageError for what can't be a magic's name
 */
export function defineMagic(magic: MagicDefinition): void {
  const { name, kind, usage = "", help } = magic;
  if (!/^[\p{ID_Start}][\p{ID_Continue}-]*$/u.test(name)) {
    throw new UsageError(`"${name}" can't be a magic's name`, "Give a word without its percent signs: sh.");
  }
  // Cells may run unchecked.
  if (!["line", "cell"].includes(kind) || typeof help !== "string" || typeof magic.run !== "function") {
    throw new UsageError(
      `the magic "${name}" is not whole`,
      'Give { name, kind: "line" or "cell", help, run(args, body) }.',
    );
  }
  (globalThis as { [hook]?: Magics })[hook]?.define({ ...magic, usage });
}
