import ts from "typescript";
import type { CellFile } from "./cell-file.js";
import { markAssigned } from "./compiler-internals.js";

/** A declaration that a later cell may mean by a name. */
interface Owner {
  readonly cell: number;
  readonly symbol: ts.Symbol;
}

/** The earlier declarations that stand in a cell's tables. */
export interface Loan {
  /** Cells that own them. */
  readonly cells: ReadonlySet<number>;
  /** By name, to tell whether another cell with the same text would get the same. */
  readonly symbols: ReadonlyMap<string, readonly ts.Symbol[]>;
  /** Puts the tables back. */
  readonly end: () => void;
}

/**
 * Which cell's declaration a name means: the latest one, and behind it the one before that has a meaning which the
 * latest lacks (a type keeps its name beside a new value).
 */
export class EarlierNames {
  readonly #owners = new Map<string, readonly Owner[]>();

  /** A cell ran: its declarations come first from now on. */
  add(id: number, { own }: CellFile): void {
    for (const [name, symbol] of own) {
      markAssigned(symbol);
      const behind = (this.#owners.get(name) ?? []).find((older) => adds(older.symbol, symbol));
      this.#owners.set(name, [{ cell: id, symbol }, ...(behind === undefined ? [] : [behind])]);
    }
  }

  has(name: string): boolean {
    return this.#owners.has(name);
  }

  /** The latest declaration. */
  symbol(name: string): ts.Symbol | undefined {
    return this.#owners.get(name)?.[0]?.symbol;
  }

  names(): Iterable<string> {
    return this.#owners.keys();
  }

  /** The cells that own a name. */
  cells(): ReadonlySet<number> {
    return new Set([...this.#owners.values()].flat().map(({ cell }) => cell));
  }

  /**
   * Lets a cell see the earlier declarations of the names that it mentions, and of others, by entering them where the
   * checker looks for the cell's own names. A module has two such tables, `locals` and behind it the exports: room for
   * two meanings of a name from two cells. What the cell declares itself stays in front.
   */
  lend({ tree, own }: CellFile, others: Iterable<string> = []): Loan {
    const { locals, symbol } = tree;
    const cells = new Set<number>();
    const symbols = new Map<string, readonly ts.Symbol[]>();
    const undo: (() => void)[] = [];
    const enter = (table: ts.SymbolTable, key: ts.__String, entry: ts.Symbol): void => {
      const before = table.get(key);
      undo.push(() => (before === undefined ? table.delete(key) : table.set(key, before)));
      table.set(key, entry);
    };
    for (const name of new Set([...tree.identifiers.keys(), ...others])) {
      const mine = own.get(name);
      const lent = this.#lent(name, mine);
      const [first, second] = lent;
      if (first === undefined) continue;
      const key = ts.escapeLeadingUnderscores(name);
      if (mine === undefined) {
        enter(locals, key, first.symbol);
        if (second !== undefined) enter(symbol.exports, key, second.symbol);
      } else enter(symbol.exports.has(key) ? locals : symbol.exports, key, first.symbol);
      symbols.set(
        name,
        lent.map((owner) => owner.symbol),
      );
      for (const { cell } of lent) cells.add(cell);
    }
    const end = (): void => {
      for (const step of undo.reverse()) step();
    };
    return { cells, symbols, end };
  }

  /** Whether a cell with this loan would get the same today. */
  isCurrent({ symbols }: Loan, { tree, own }: CellFile): boolean {
    for (const name of tree.identifiers.keys()) {
      const lent = this.#lent(name, own.get(name));
      const before = symbols.get(name) ?? [];
      if (lent.length !== before.length || lent.some((owner, index) => owner.symbol !== before[index])) return false;
    }
    return true;
  }

  #lent(name: string, mine: ts.Symbol | undefined): readonly Owner[] {
    const owners = this.#owners.get(name) ?? [];
    return mine === undefined ? owners : owners.filter(({ symbol }) => adds(symbol, mine)).slice(0, 1);
  }
}

const { Value, Type, Namespace, Alias } = ts.SymbolFlags;

/** Whether a name may mean `older` where it can't mean `newer`. What an import stands for is not known yet. */
function adds({ flags: older }: ts.Symbol, { flags: newer }: ts.Symbol): boolean {
  return [Value, Type, Namespace].some((meaning) => (older & (meaning | Alias)) !== 0 && (newer & meaning) === 0);
}
