import { pathToFileURL } from "node:url";
import type { Position, TransformedCell } from "../lang/index.js";

/** A place in a cell; line and column from 1. */
export interface CellPlace {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** The cells that ran, by the name that stack frames carry. */
export interface CellSources {
  add(cell: TransformedCell): void;
  source(name: string): string | undefined;
  /** A stack as V8 gives it → with the places of the cells' own lines, without the kernel's frames. */
  translate(frames: readonly string[]): string[];
}

/** Cells whose lines are known; the frames of older ones keep their scripts' places. */
const remembered = 5000;

/** Where a frame is: "at f (file:1:2)", "at async file:1:2". */
const place = /(?:\(|at (?:async )?)((?:[^()]|\(<anonymous>\))+?):(\d+):(\d+)\)?$/;

/** Where a place of a cell's script stands in the cell. */
export type OriginalPosition = (positions: string, line: number, column: number) => Position | undefined;

/**
 * @param kernelFolder the folder of the kernel's own files: frames in it are left out
 */
export function createCellSources(kernelFolder: string, originalPosition: OriginalPosition): CellSources {
  const cells = new Map<string, Pick<TransformedCell, "source" | "positions">>();

  function translateFrame(frame: string): string | undefined {
    const found = place.exec(frame);
    if (found === null) return frame;
    const [, file = "", line, column] = found;
    const cell = cells.get(file);
    if (cell === undefined) return isHidden(file) ? undefined : frame;
    const original = originalPosition(cell.positions, Number(line), Number(column));
    // Without an original it is the transform's own: the function around a cell with `await`, for one.
    if (original === undefined) return undefined;
    return frame.replace(`${file}:${line}:${column}`, `${file}:${original.line}:${original.column}`);
  }

  const own = [kernelFolder, pathToFileURL(kernelFolder).href];
  const isHidden = (file: string): boolean =>
    file.startsWith("node:") || file === "<anonymous>" || own.some((folder) => file.startsWith(folder));

  return {
    add({ name, source, positions }) {
      cells.set(name, { source, positions });
      if (cells.size > remembered) for (const oldest of cells.keys()) return void cells.delete(oldest);
    },
    source: (name) => cells.get(name)?.source,
    translate: (frames) => frames.map(translateFrame).filter((frame) => frame !== undefined),
  };
}

/** The first frame that is in a cell, of frames already translated. */
export function firstCellPlace(frames: readonly string[], sources: CellSources): CellPlace | undefined {
  for (const frame of frames) {
    const [, name = "", line, column] = place.exec(frame) ?? [];
    if (sources.source(name) !== undefined) return { name, line: Number(line), column: Number(column) };
  }
  return undefined;
}
