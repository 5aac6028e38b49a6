import { stripExpression, type TransformedCell } from "../lang/index.js";
import { placeFor, type BreakPlaces } from "./break-places.js";
import type { CellBook, RanCell } from "./cell-book.js";
import type { Inspector } from "./inspector.js";
import type { Breakpoint, SourceBreakpoint } from "./protocol.js";

interface Set {
  readonly id: number;
  readonly wanted: SourceBreakpoint;
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
  const byPath = new Map<string, readonly Set[]>();
  /** V8's breakpoint → the path and the client's number. */
  const installed = new Map<string, { readonly path: string; readonly id: number }>();
  let last = 0;

  async function installIn(cell: RanCell, path: string): Promise<void> {
    const found = byPath.get(path) ?? [];
    if (found.length === 0) return;
    const breakable = places.of(cell);
    await Promise.all(
      found.map(async ({ id, wanted }) => {
        const place = placeFor(breakable, wanted.line, wanted.column);
        if (place === undefined) return;
        const condition = wanted.condition === undefined ? {} : { condition: stripExpression(wanted.condition) };
        try {
          const params = { url: cell.name, ...place.script, ...condition };
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
      const answers = wanted.map((each): Breakpoint & { readonly wanted: SourceBreakpoint } => {
        const place = placeFor(breakable, each.line, each.column)?.cell;
        const { line, column } = place ?? each;
        const message = text === undefined ? "The kernel doesn't know this cell yet." : "No code from this line on.";
        return {
          id: ++last,
          verified: place !== undefined,
          line,
          ...(column === undefined ? {} : { column }),
          ...(place === undefined ? { message } : {}),
          source: { path },
          wanted: each,
        };
      });
      const sets = answers.map(({ id, line, verified, wanted: { column, condition } }) => ({
        id,
        wanted: {
          line,
          ...(column === undefined || !verified ? {} : { column }),
          ...(condition === undefined ? {} : { condition }),
        },
      }));
      if (sets.length === 0) byPath.delete(path);
      else byPath.set(path, sets);
      for (const run of book.runs(path)) await installIn(run, path);
      return answers.map(({ wanted: _, ...answer }) => answer);
    },
    install: (cell) => installIn(cell, book.path(cell.text)),
    numbers: (ids) => ids.flatMap((id) => installed.get(id)?.id ?? []),
    list: () => [...byPath].map(([source, sets]) => ({ source, breakpoints: sets.map(({ wanted }) => wanted) })),
  };
}
