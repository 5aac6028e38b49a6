import { existsSync } from "node:fs";
import type { Debugger } from "node:inspector";
import { basename, dirname, isAbsolute, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { findErrorFlows, readPositions, type ErrorFlow, type ErrorFlows, type Position } from "../lang/index.js";
import type { CellBook, RanCell } from "./cell-book.js";
import type { Inspector } from "./inspector.js";
import type { Source } from "./protocol.js";

/** Whose code a script is: `hidden` is Node's and this package's; `runner` is what of that calls cells. */
type Owner = "cell" | "user" | "package" | "runner" | "hidden";

/** One frame of a stopped thread, where its author wrote it. */
export interface Frame {
  /** V8's; undefined of a function that isn't on the stack: it awaits the one that is. */
  readonly call: Debugger.CallFrame | undefined;
  /** The function's name, empty where it has none. */
  readonly name: string;
  /** In the script, line and column from 0. */
  readonly location: Debugger.Location;
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
  /** A function that awaits, as a stack names it: by its script and a place from 1. */
  locateAwaiting(name: string, url: string, line: number, column: number): Promise<Frame | undefined>;
  /** What becomes of what is thrown where the frame stands. */
  errorFlow(frame: Pick<Frame, "location">): Promise<ErrorFlow>;
  /** The user's own modules. */
  files(): readonly Source[];
  /** The text of a file of the user's or of a package as V8 has it, whose lines its frames tell. */
  text(path: string): Promise<string | undefined>;
}

/** This package's compiled files, and those among them that call cells: as modules, or joined by the build. */
const ownFolder = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const runnerFolders = ["exec", "start"].map((room) => `${ownFolder}${sep}kernel${sep}${room}${sep}`);

export function createScripts(inspector: Inspector, book: CellBook): Scripts {
  const urls = new Map<string, string>();
  const flows = new Map<string, ErrorFlows>();
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

  /** @param starts where the frame's function starts, from 0; undefined where it isn't known */
  function frameAt(
    shown: Pick<Frame, "call" | "name" | "location">,
    starts: Pick<Debugger.Location, "lineNumber" | "columnNumber"> | undefined,
  ): Frame {
    const { scriptId, lineNumber, columnNumber = 0 } = shown.location;
    const ran = cellOf(scriptId);
    if (ran !== undefined) {
      const { cell, original } = ran;
      const source = { name: cell.name, path: book.path(cell.text) };
      const topLevel =
        starts === undefined || original(starts.lineNumber + 1, (starts.columnNumber ?? 0) + 1) === undefined;
      // At the cell's end nothing more of it happens.
      const ended = topLevel && shown.call?.returnValue !== undefined;
      const place = ended ? undefined : original(lineNumber + 1, columnNumber + 1);
      return { ...shown, owner: "cell", place, source, topLevel };
    }
    const path = pathOf(urls.get(scriptId) ?? "");
    const place = { line: lineNumber + 1, column: columnNumber + 1 };
    return { ...shown, owner: ownerOf(path), place, source: { name: basename(path), path }, topLevel: false };
  }

  async function errorFlow({ location }: Pick<Frame, "location">): Promise<ErrorFlow> {
    const { scriptId, lineNumber, columnNumber = 0 } = location;
    let found = flows.get(scriptId);
    if (found === undefined) {
      found = findErrorFlows((await inspector.post("Debugger.getScriptSource", { scriptId })).scriptSource);
      flows.set(scriptId, found);
    }
    return found(lineNumber + 1, columnNumber + 1);
  }

  return {
    locate: (call) => frameAt({ call, name: call.functionName, location: call.location }, call.functionLocation),
    async locateAwaiting(name, url, line, column) {
      const [scriptId] = [...urls].findLast(([, each]) => each === url) ?? [];
      if (scriptId === undefined) return undefined;
      const location = { scriptId, lineNumber: line - 1, columnNumber: column - 1 };
      const { within } = await errorFlow({ location });
      const starts = within && { lineNumber: within.start.line - 1, columnNumber: within.start.column - 1 };
      return frameAt({ call: undefined, name, location }, starts);
    },
    errorFlow,
    files() {
      const paths = new Set([...urls.values()].map(pathOf));
      return [...paths].filter((path) => ownerOf(path) === "user").map((path) => ({ name: basename(path), path }));
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
  if (runnerFolders.some((folder) => path.startsWith(folder))) return "runner";
  if (path.startsWith(`${ownFolder}${sep}`)) return "hidden";
  if (path.includes(`${sep}node_modules${sep}`)) return "package";
  // exec imports for cells out of a script that would lie in the notebook's folder.
  return existsSync(path) ? "user" : "hidden";
}

/**
 * Patterns of the scripts that stepping passes by (V8's regular expressions over their names). Node's own modules that
 * come out of its snapshot V8 can't tell by their names: see stepping.
 */
export function passedBy(): readonly string[] {
  const escape = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  return ["^node:", "[/\\\\]node_modules[/\\\\]", `^(file://)?${escape(ownFolder)}[/\\\\]`];
}
