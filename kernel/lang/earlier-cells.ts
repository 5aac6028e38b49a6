import type { Reference } from "./references.js";

/** Names that mean something before any cell ran: Node's, and JavaScript's own. */
const realm = new Set(Object.getOwnPropertyNames(globalThis));

/**
 * What the transform remembers from cell to cell. It only grows: a name too many costs speed or nothing, one too few
 * would be wrong.
 */
export class EarlierCells {
  readonly #variables = new Set<string>();
  readonly #deferred = new Set<string>();
  readonly #shadowing = new Set<string>();
  #opaque = false;

  add(declared: readonly string[], references: readonly Reference[]): void {
    for (const name of declared) {
      this.#variables.add(name);
      if (realm.has(name)) this.#shadowing.add(name);
    }
    for (const { name, deferred } of references) {
      if (deferred) this.#deferred.add(name);
      if (name === "eval" || name === "Function") this.#opaque = true;
    }
  }

  /**
   * Whether code between two statements of a cell can neither read nor write this variable unless it names it: no
   * function of any cell mentions it, and no text is evaluated.
   */
  isUnshared(name: string): boolean {
    return !this.#opaque && this.#variables.has(name) && !this.#deferred.has(name);
  }

  /** Whether a cell took a name of the realm for itself. */
  shadows(name: string): boolean {
    return this.#shadowing.has(name);
  }

  /**
   * How the script spells a cell's name. A variable of a script is a property of the global object, where `process` or
   * `setTimeout` of a cell would replace what Node and every package use. Such a name gets a zero-width non-joiner,
   * which identifiers may contain (ECMA-262 §12.7) and error messages don't show.
   */
  spelling(name: string): string {
    return this.#shadowing.has(name) ? `${name}\u200c` : name;
  }
}
