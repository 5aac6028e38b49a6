import type { Debugger } from "node:inspector";
import { basename, dirname, isAbsolute, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { findGuards, readPositions, type Guards, type Position } from "../lang/index.js";
import type { CellBook, RanCell } from "./cell-book.js";
import type { Inspector } from "./inspector.js";
import type { Source } from "./protocol.js";

/** Whose code a script is: `hidden` is Node's and this package's; `runner` is what of that calls cells. */
type Owner = "cell" | "user" | "package" | "runner" | "hidden";

/** One frame of a stopped thread, where its author wrote it. */
export interface Frame {
  readonly call: Debugger.CallFrame;
  readonly owner: Owner;
  /** In the cell or file, from 1; undefined where the transform wrote the code, or nobody looks. */
  readonly place: Position | undefined;
  readonly source: Source;
  /** It runs the cell itself and no function of it. */
  readonly topLevel: boolean;
}

/** What the main thread has compiled. */
export interface Scripts {
  locate(frame: Debugger.CallFrame): Frame;
  /** Whether the frame catches what is thrown where it stands. */
  catches(frame: Frame): Promise<boolean>;
  /** The files of the user's and of packages. */
  files(): readonly Source[];
  /** The text of such a file as V8 has it, whose lines its frames tell. */
  text(path: string): Promise<string | undefined>;
}

/** This package's compiled files, and those among them that call cells. */
const ownFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const runnerFolder = `${ownFolder}${sep}kernel${sep}exec${sep}`;

export function createScripts(inspector: Inspector, book: CellBook): Scripts {
  const urls = new Map<string, string>();
  const guards = new Map<string, Guards>();
  const cells = new Map<string, { readonly cell: RanCell; readonly original: ReturnType<typeof readPositions> }>();
  inspector.onScript(({ scriptId, url }) => {
    urls.set(scriptId, url);
  });

  function cellOf(scriptId: string): ReturnType<typeof cells.get> {
    const known = cells.get(scriptId);
    if (known !== undefined) return known;
    const cell = book.find(urls.get(scriptId) ?? "");
    if (cell === undefined) return undefined;
    const found = { cell, original: readPositions(cell.positions) };
    cells.set(scriptId, found);
    return found;
  }

  return {
    locate(call) {
      const { scriptId, lineNumber, columnNumber = 0 } = call.location;
      const ran = cellOf(scriptId);
      if (ran !== undefined) {
        const { cell, original } = ran;
        const start = call.functionLocation;
        const starts = start && original(start.lineNumber + 1, (start.columnNumber ?? 0) + 1);
        const source = { name: cell.name, path: book.path(cell.text) };
        const topLevel = starts === undefined;
        // At the cell's end nothing more of it happens.
        const ended = topLevel && call.returnValue !== undefined;
        const place = ended ? undefined : original(lineNumber + 1, columnNumber + 1);
        return { call, owner: "cell", place, source, topLevel };
      }
      const path = pathOf(urls.get(scriptId) ?? "");
      const owner = ownerOf(path);
      const place = { line: lineNumber + 1, column: columnNumber + 1 };
      return { call, owner, place, source: { name: basename(path), path }, topLevel: false };
    },
    async catches({ call: { location } }) {
      const { scriptId, lineNumber, columnNumber = 0 } = location;
      let found = guards.get(scriptId);
      if (found === undefined) {
        found = findGuards((await inspector.post("Debugger.getScriptSource", { scriptId })).scriptSource);
        guards.set(scriptId, found);
      }
      return found(lineNumber + 1, columnNumber + 1);
    },
    files() {
      const paths = new Set([...urls.values()].map(pathOf));
      return [...paths]
        .filter((path) => ["user", "package"].includes(ownerOf(path)))
        .map((path) => ({ name: basename(path), path }));
    },
    async text(path) {
      const [scriptId] = [...urls].findLast(([, url]) => pathOf(url) === path) ?? [];
      if (scriptId === undefined || !["user", "package"].includes(ownerOf(path))) return undefined;
      return (await inspector.post("Debugger.getScriptSource", { scriptId })).scriptSource;
    },
  };
}

const pathOf = (url: string): string => (url.startsWith("file:") ? fileURLToPath(url) : url);

function ownerOf(path: string): Owner {
  // Node's modules, evaluated text and lines of the kernel's own have no path.
  if (!isAbsolute(path)) return "hidden";
  if (path.startsWith(runnerFolder)) return "runner";
  if (path.startsWith(`${ownFolder}${sep}`)) return "hidden";
  return path.includes(`${sep}node_modules${sep}`) ? "package" : "user";
}

/**
 * Patterns of the scripts that stepping passes by (V8's regular expressions over their names). Node's own modules that
 * come out of its snapshot V8 can't tell by their names: see stepping.
 */
export function passedBy(): readonly string[] {
  const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return ["^node:", "[/\\\\]node_modules[/\\\\]", `^(file://)?${escape(ownFolder)}[/\\\\]`];
}
