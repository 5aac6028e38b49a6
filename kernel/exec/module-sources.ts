import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";
import type * as Lang from "../lang/index.js";
import type { StaticImport, TransformedModule } from "../lang/index.js";
import { addFrame, describePlace, type FilePlace } from "./import-error.js";
import { kindOf, showFile } from "./local-files.js";
import type { CellSources } from "./stack.js";

/** One text of a local file, ready to run. */
export interface ModuleSource {
  /** Path, with the query that the import had. */
  readonly file: string;
  /** The file as errors show it. */
  readonly shown: string;
  readonly kind: "esm" | "commonjs" | "json" | "types";
  readonly text: string;
  readonly imports: readonly StaticImport[];
  readonly exports: ReadonlySet<string>;
  readonly stars: readonly string[];
  /** It awaits something at its top level. */
  readonly awaits: boolean;
  /** The script's value. */
  compile(): (...parameters: unknown[]) => unknown;
}

/** Texts of local files, read again when they changed. */
export interface ModuleSources {
  /** The same object while the text is the same. @throws SyntaxError that names file and line */
  read(file: string): ModuleSource;
  /** Whether there is such a file. */
  readonly has: (path: string) => boolean;
  /** Puts a text in the place of a file, there or not, anew each time. @param shown what errors show for the file */
  define(path: string, text: string, shown: string): void;
  /** Files are files again. */
  undefine(): void;
}

/** A file that was written so shortly before it was read may change again within the same time stamp, in ms. */
const stampResolution = 100;

/** @param folder the notebook's, from which shown paths start */
export function createModuleSources(folder: string, sources: CellSources): ModuleSources {
  const known = new Map<string, { readonly stamp: string; readonly settled: boolean; readonly source: ModuleSource }>();
  // Loaded at the first local import. `import()` would be too late for `require`.
  const require = createRequire(import.meta.url);
  const lang = (): typeof Lang => require("../lang/index.js") as typeof Lang;
  const versions = new Map<string, number>();

  const defined = new Map<
    string,
    { readonly make: (file: string) => ModuleSource; readonly made: Map<string, ModuleSource> }
  >();

  function make(file: string, path: string, text: string, shown = showFile(path, folder)): ModuleSource {
    const kind = kindOf(path);
    const plain = { file, shown, text, imports: [], exports: new Set<string>(), stars: [], awaits: false };
    if (kind === "json") return { ...plain, kind, compile: () => () => parseJson(text, shown, sources) };
    if (kind === "types") return { ...plain, kind, compile: () => () => ({}) };
    const { transformModule } = lang();
    const transformed = transformModule(path, text);
    if (!transformed.ok) {
      const [first] = transformed.diagnostics;
      throw syntaxError(
        first?.message ?? "",
        { shown, line: first?.line ?? 1, column: first?.column ?? 1 },
        text,
        sources,
      );
    }
    const name = frameName(path);
    sources.add({ name, shown, source: text, positions: transformed.positions });
    return {
      ...plain,
      ...parts(transformed),
      kind: transformed.format,
      compile: () => compile(name, transformed.code),
    };
  }

  /** Frames of functions that an older text left behind must not be read by the new one's lines. */
  function frameName(path: string): string {
    const version = (versions.get(path) ?? 0) + 1;
    versions.set(path, version);
    return version === 1 ? path : `${path}?${version}`;
  }

  return {
    read(file) {
      const path = file.replace(/\?.*$/s, "");
      const own = defined.get(path);
      if (own !== undefined) {
        const source = own.made.get(file) ?? own.make(file);
        own.made.set(file, source);
        return source;
      }
      const { mtimeNs, mtimeMs, size, ino } = statSync(path, { bigint: true });
      const stamp = `${mtimeNs}:${size}:${ino}`;
      const before = known.get(file);
      if (before?.stamp === stamp && before.settled) return before.source;
      const text = readFileSync(path, "utf8");
      const settled = Date.now() - Number(mtimeMs) > stampResolution;
      const source = before?.source.text === text ? before.source : make(file, path, text);
      known.set(file, { stamp, settled, source });
      return source;
    },
    has: (path) => defined.has(path) || statSync(path, { throwIfNoEntry: false })?.isFile() === true,
    define(path, text, shown) {
      defined.set(path, { make: (file) => make(file, path, text, shown), made: new Map() });
    },
    undefine() {
      defined.clear();
    },
  };
}

function compile(filename: string, code: string): () => unknown {
  const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  // The transform makes scripts of this shape.
  return new vm.Script(code, { filename, importModuleDynamically }).runInThisContext() as () => unknown;
}

const parts = ({
  imports,
  exports,
  stars,
  awaits,
}: TransformedModule): Pick<TransformedModule, "imports" | "exports" | "stars" | "awaits"> => ({
  imports,
  exports,
  stars,
  awaits,
});

function syntaxError(message: string, place: FilePlace, text: string, sources: CellSources): SyntaxError {
  sources.add({ name: place.shown, source: text, positions: "[[]]" });
  const error = new SyntaxError(`${describePlace(place)}: ${message}`);
  addFrame(error, place);
  return error;
}

function parseJson(text: string, shown: string, sources: CellSources): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // V8's words; where the text ends too early there is no position.
    const offset = Number(/at position (\d+)/.exec(message)?.[1] ?? text.length);
    const before = text.slice(0, offset).split("\n");
    const place = { shown, line: before.length, column: (before.at(-1) ?? "").length + 1 };
    throw syntaxError(message.replace(/ \(line \d+ column \d+\)/, ""), place, text, sources);
  }
}
