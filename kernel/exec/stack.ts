import { pathToFileURL } from "node:url";
import type { Position, TransformedCell } from "../lang/index.js";

/** A place in a cell; line and column from 1. */
export interface CellPlace {
  readonly name: string;
  readonly line: number;
  readonly column: number;
}

/** A script whose frames are translated. */
interface ScriptSource extends Pick<TransformedCell, "name" | "source" | "positions"> {
  /** What translated frames say instead of its name. */
  readonly shown?: string;
}

/** The cells and local files that ran, by the name that stack frames carry. */
export interface CellSources {
  add(script: ScriptSource): void;
  /** @param name as translated frames have it */
  source(name: string): string | undefined;
  /** A stack as V8 gives it → with the places of the cells' own lines, without the kernel's frames. */
  translate(frames: readonly string[]): string[];
}

/** Scripts whose lines are known, and how long they may be together; frames of older ones keep their own places. */
const remembered = 2000;
const rememberedLength = 8_000_000;

/** The kernel runs local files in generators. */
const stepping = /^ {4}at (Async)?Generator\.next \(<anonymous>\)$/;

/** `Promise.all` and its like, on behalf of the frame behind it. */
const combinator = /^ {4}at async Promise\.\w+ \(index \d+\)$/;

/** Where a frame is: "at f (file:1:2)", "at async file:1:2". */
const place = /(?:\(|at (?:async )?)((?:[^()]|\(<anonymous>\))+?):(\d+):(\d+)\)?$/;

/** Where a place of a cell's script stands in the cell. */
export type OriginalPosition = (positions: string, line: number, column: number) => Position | undefined;

/**
 * @param kernelFolder the folder of the kernel's own files: frames in it are left out
 */
export function createCellSources(kernelFolder: string, originalPosition: OriginalPosition): CellSources {
  const scripts = new Map<string, ScriptSource>();
  const sources = new Map<string, string>();
  let length = 0;

  function translateFrame(frame: string): string | undefined {
    const found = place.exec(frame);
    if (found === null) return stepping.test(frame) ? undefined : frame;
    const [, file = "", line, column] = found;
    const script = scripts.get(file);
    if (script === undefined) return isHidden(file) ? undefined : frame;
    const original = originalPosition(script.positions, Number(line), Number(column));
    // Without an original it is the transform's own: the function around a cell with `await`, for one.
    if (original === undefined) return undefined;
    return frame.replace(`${file}:${line}:${column}`, `${script.shown ?? file}:${original.line}:${original.column}`);
  }

  function translate(frames: readonly string[]): string[] {
    const shown: string[] = [];
    let callerIsShown = false;
    for (const frame of [...frames].reverse()) {
      const translated: string | undefined =
        combinator.test(frame) && !callerIsShown ? undefined : translateFrame(frame);
      callerIsShown = translated !== undefined;
      if (translated !== undefined) shown.unshift(translated);
    }
    return shown;
  }

  function forget(name: string): void {
    const script = scripts.get(name);
    if (script === undefined) return;
    scripts.delete(name);
    length -= lengthOf(script);
    const shown = script.shown ?? name;
    if (sources.get(shown) === script.source) sources.delete(shown);
  }

  const own = [kernelFolder, pathToFileURL(kernelFolder).href];
  const isHidden = (file: string): boolean =>
    file.startsWith("node:") || file === "<anonymous>" || own.some((folder) => file.startsWith(folder));

  return {
    add(script) {
      forget(script.name);
      scripts.set(script.name, script);
      sources.set(script.shown ?? script.name, script.source);
      length += lengthOf(script);
      for (const name of scripts.keys()) {
        if (scripts.size <= remembered && length <= rememberedLength) break;
        forget(name);
      }
    },
    source: (name) => sources.get(name),
    translate,
  };
}

const lengthOf = ({ source, positions }: ScriptSource): number => source.length + positions.length;

/** The first frame that is in a cell, of frames already translated. */
export function firstCellPlace(frames: readonly string[], sources: CellSources): CellPlace | undefined {
  for (const frame of frames) {
    const [, name = "", line, column] = place.exec(frame) ?? [];
    if (sources.source(name) !== undefined) return { name, line: Number(line), column: Number(column) };
  }
  return undefined;
}
