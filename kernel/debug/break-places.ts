import { Session, type Debugger, type Runtime } from "node:inspector";
import { readPositions, type Position, type TransformedCell } from "../lang/index.js";

/** A place where V8 can stop. */
export interface BreakPlace {
  /** In the cell. */
  readonly cell: Position;
  /** In its script, line and column from 0, as the inspector counts. */
  readonly script: { readonly lineNumber: number; readonly columnNumber: number };
}

/** Finds the places of cells where V8 can stop, in the cell's order. */
export interface BreakPlaces {
  of(cell: Pick<TransformedCell, "code" | "positions">): readonly BreakPlace[];
  close(): void;
}

/** The cells need not have run: they are compiled in this thread, whose V8 breaks where the main thread's does. */
export function createBreakPlaces(): BreakPlaces {
  const session = new Session();
  session.connect();
  /** A thread's own session answers before `post` returns. */
  const ask = (command: string, params: object): object => {
    let answer: object = {};
    session.post(command, params, (error: Error | null, result?: object) => {
      if (error === null) answer = result ?? {};
    });
    return answer;
  };
  ask("Debugger.enable", {});

  return {
    of({ code, positions }) {
      // Disabling it forgets what was compiled.
      ask("Runtime.enable", {});
      const compiled = ask("Runtime.compileScript", { expression: code, sourceURL: "", persistScript: true });
      const { scriptId } = compiled as Runtime.CompileScriptReturnType;
      const start = { scriptId, lineNumber: 0, columnNumber: 0 };
      const found = scriptId === undefined ? {} : ask("Debugger.getPossibleBreakpoints", { start });
      ask("Runtime.disable", {});
      const { locations = [] } = found as Partial<Debugger.GetPossibleBreakpointsReturnType>;
      const original = readPositions(positions);
      return locations
        .flatMap(({ lineNumber, columnNumber = 0 }) => {
          const cell = original(lineNumber + 1, columnNumber + 1);
          return cell === undefined ? [] : [{ cell, script: { lineNumber, columnNumber } }];
        })
        .sort((a, b) => a.cell.line - b.cell.line || a.cell.column - b.cell.column);
    },
    close() {
      session.disconnect();
    },
  };
}

/** The place that a client means by a line: the first on it from the column on, or the first on a later line. */
export function placeFor(places: readonly BreakPlace[], line: number, column = 1): BreakPlace | undefined {
  return places.find(({ cell }) => cell.line > line || (cell.line === line && cell.column >= column));
}
