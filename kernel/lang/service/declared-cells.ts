import type { CellFile } from "./cell-file.js";
import type { EarlierNames } from "./earlier-names.js";

/** What a cell that ran leaves to later ones: its text. Plain data: it outlives the thread that knows its types. */
export interface CellRecord {
  /** Later cells have greater ones. */
  readonly id: number;
  readonly source: string;
  /** Of such a cell the names alone are known; each is `any`. */
  readonly untyped: boolean;
}

interface Declared {
  readonly cell: CellFile;
  /** The cells whose names it mentions. */
  readonly uses: ReadonlySet<number>;
}

/** The cells that ran, as long as something leads to them. */
export class DeclaredCells {
  readonly #cells = new Map<number, Declared>();
  readonly #files = new Set<CellFile>();
  #sinceSweep = 0;

  add(id: number, cell: CellFile, uses: ReadonlySet<number>): void {
    this.#cells.set(id, { cell, uses });
    this.#files.add(cell);
    this.#sinceSweep++;
  }

  has(cell: CellFile): boolean {
    return this.#files.has(cell);
  }

  files(): Iterable<CellFile> {
    return this.#files;
  }

  /** Forgets the cells that no name and no other cell leads to; now and then, not each time. */
  sweep(names: EarlierNames): readonly (readonly [id: number, cell: CellFile])[] {
    if (this.#sinceSweep < 100) return [];
    this.#sinceSweep = 0;
    const reached = new Set<number>();
    const queue = [...names.cells(), ...[...this.#cells].flatMap(([id, { cell }]) => (cell.isAmbient ? [id] : []))];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (reached.has(id)) continue;
      reached.add(id);
      queue.push(...(this.#cells.get(id)?.uses ?? []));
    }
    const lost = [...this.#cells].flatMap(([id, { cell }]) => (reached.has(id) ? [] : [[id, cell] as const]));
    for (const [id, cell] of lost) {
      this.#cells.delete(id);
      this.#files.delete(cell);
    }
    return lost;
  }
}
