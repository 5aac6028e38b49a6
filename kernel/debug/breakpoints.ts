import { randomUUID } from "node:crypto";
import type { Position, TransformedCell } from "../lang/index.js";
import { breakCondition, flawOf } from "./break-condition.js";
import { placeFor, type BreakPlaces } from "./break-places.js";
import type { CellBook, RanCell } from "./cell-book.js";
import type { Inspector } from "./inspector.js";
import type { Breakpoint, SourceBreakpoint } from "./protocol.js";

interface Wish {
  readonly id: number;
  /** As the client wants it, moved to where there is code. */
  readonly wanted: SourceBreakpoint;
  readonly place?: Position;
  /** Why it can't be installed, whatever the cell. */
  readonly flaw?: string;
}

/** The breakpoints that the client wants, by the paths of cells, and in the scripts of these cells' runs. */
export interface Breakpoints {
  /** Replaces those of one cell. */
  set(path: string, wanted: readonly SourceBreakpoint[]): Promise<readonly Breakpoint[]>;
  /** Puts them into the script of a cell that is about to run. */
  install(cell: RanCell): Promise<void>;
  /** The client's numbers of V8's breakpoints. */
  numbers(ids: readonly string[]): readonly number[];
  /** As `debugInfo` tells them. */
  list(): readonly { readonly source: string; readonly breakpoints: readonly SourceBreakpoint[] }[];
}

export interface BreakpointsOptions {
  readonly inspector: Inspector;
  readonly book: CellBook;
  readonly places: BreakPlaces;
  /** A cell that may not have run as its script; undefined for what is no TypeScript. */
  readonly transform: (text: string) => Pick<TransformedCell, "code" | "positions"> | undefined;
}

export function createBreakpoints({ inspector, book, places, transform }: BreakpointsOptions): Breakpoints {
  const byPath = new Map<string, readonly Wish[]>();
  /** V8's breakpoint → the path and the client's number. */
  const installed = new Map<string, { readonly path: string; readonly id: number }>();
  let last = 0;

  async function installIn(cell: RanCell, path: string): Promise<void> {
    const found = byPath.get(path) ?? [];
    if (found.length === 0) return;
    const breakable = places.of(cell);
    await Promise.all(
      found.map(async ({ id, wanted, flaw }) => {
        const place = placeFor(breakable, wanted.line, wanted.column);
        if (place === undefined || flaw !== undefined) return;
        // Hits are counted in each run of a cell anew.
        const condition = breakCondition(wanted, randomUUID());
        try {
          const params = { url: cell.name, ...place.script, ...(condition === undefined ? {} : { condition }) };
          const { breakpointId } = await inspector.post("Debugger.setBreakpointByUrl", params);
          installed.set(breakpointId, { path, id });
        } catch {
          // Two of one cell may mean the same place, of which V8 takes one.
        }
      }),
    );
  }

  async function remove(path: string): Promise<void> {
    const ids = [...installed].filter(([, owner]) => owner.path === path).map(([breakpointId]) => breakpointId);
    for (const breakpointId of ids) installed.delete(breakpointId);
    await Promise.all(ids.map((breakpointId) => inspector.post("Debugger.removeBreakpoint", { breakpointId })));
  }

  return {
    async set(path, wanted) {
      await remove(path);
      const text = book.text(path);
      const cell = text === undefined ? undefined : transform(text);
      const breakable = cell === undefined ? [] : places.of(cell);
      const wishes = wanted.map((each): Wish => {
        const flaw = flawOf(each);
        if (flaw !== undefined) return { id: ++last, wanted: each, flaw };
        const place = placeFor(breakable, each.line, each.column)?.cell;
        if (place === undefined) return { id: ++last, wanted: each };
        const column = each.column === undefined ? {} : { column: place.column };
        return { id: ++last, wanted: { ...each, line: place.line, ...column }, place };
      });
      if (wishes.length === 0) byPath.delete(path);
      else byPath.set(path, wishes);
      for (const run of book.runs(path)) await installIn(run, path);
      const why = text === undefined ? "The kernel doesn't know this cell yet." : "There is no code from here on.";
      return wishes.map(({ id, wanted: { line }, place, flaw = why }) => {
        const found = place === undefined ? { line, message: flaw } : place;
        return { id, verified: place !== undefined, ...found, source: { path } };
      });
    },
    install: (cell) => installIn(cell, book.path(cell.text)),
    numbers: (ids) => ids.flatMap((id) => installed.get(id)?.id ?? []),
    list: () => [...byPath].map(([source, wishes]) => ({ source, breakpoints: wishes.map(({ wanted }) => wanted) })),
  };
}
