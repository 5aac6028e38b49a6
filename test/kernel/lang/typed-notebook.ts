import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, expect } from "vitest";
import { CellTypes } from "../../../kernel/lang/service/cell-types.js";

export interface TypedNotebook {
  readonly cwd: string;
  readonly types: CellTypes;
  /** Declares cells, each free of errors, and gives the last one's remarks as "line:column code". */
  readonly errors: (...cells: string[]) => readonly string[];
}

/** The types of a notebook in an empty folder, without any cell at the beginning of each test. */
export function typedNotebook(globals = ""): TypedNotebook {
  const cwd = mkdtempSync(join(tmpdir(), "virtlab-types-"));
  const types = new CellTypes({ cwd, globals });
  beforeEach(() => {
    types.reset();
  });
  afterAll(() => {
    rmSync(cwd, { recursive: true });
  });
  return {
    cwd,
    types,
    errors(...cells) {
      const last = cells.pop() ?? "";
      for (const cell of cells) {
        expect(types.check(cell)).toEqual([]);
        types.declare(cell);
      }
      return types.check(last).map(({ line, column, code = "" }) => `${line}:${column} ${code}`);
    },
  };
}
