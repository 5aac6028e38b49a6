import type { MagicDescription, Output } from "./outcome.js";

/** A magic that code in cells brings, and what carries it out. */
interface CellMagic extends MagicDescription {
  /**
   * @param args the words behind the name
   * @param body a cell magic's
   * @returns the cell's result; a promise is waited for
   */
  run(args: readonly string[], body: string): unknown;
}

/** The cells' side of magics: `globalThis[Symbol.for("virtlab.magics")]`. */
export interface CellMagics {
  /** From now on the session knows it; one by the same name is replaced. */
  define(magic: CellMagic): void;
  /** @param spelled the name with its percent signs; it is defined */
  run(spelled: string, args: readonly string[], body: string): unknown;
}

/** @param tell takes what the session is to know */
export function createCellMagics(tell: (output: Output) => void): CellMagics {
  const defined = new Map<string, CellMagic>();
  return {
    define(magic) {
      const { name, kind, usage, help, language } = magic;
      defined.set((kind === "line" ? "%" : "%%") + name, magic);
      tell({ type: "magic", name, kind, usage, help, ...(language === undefined ? {} : { language }) });
    },
    run: (spelled, args, body) => defined.get(spelled)?.run(args, body),
  };
}
