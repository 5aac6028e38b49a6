import { extname, isAbsolute, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { ImportError, type FilePlace } from "./import-error.js";

/** Whether a specifier names a file rather than a package. */
export function namesFile(specifier: string): boolean {
  return (
    /^\.{0,2}\//.test(specifier) ||
    /^\.{1,2}$/.test(specifier) ||
    isAbsolute(specifier) ||
    specifier.startsWith("file:")
  );
}

/** What TypeScript looks for where JavaScript is written, the sources first. */
const written: Readonly<Record<string, readonly string[]>> = {
  ".js": [".ts", ".tsx", ".js"],
  ".jsx": [".tsx", ".jsx"],
  ".mjs": [".mts", ".mjs"],
  ".cjs": [".cts", ".cjs"],
};
const guessed = [".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs", ".json", ".d.ts"];

const scripts = new Set([".ts", ".tsx", ".mts", ".cts", ".js", ".jsx", ".mjs", ".cjs"]);

/** What a file is to an import. */
export type FileKind = "script" | "json" | "types";

export function kindOf(file: string): FileKind | undefined {
  if (/\.d\.[cm]?ts$/.test(file)) return "types";
  const extension = extname(file);
  return extension === ".json" ? "json" : scripts.has(extension) ? "script" : undefined;
}

/**
 * The file that a specifier means in `folder`, found as TypeScript finds it: `./a` and `./a.js` are `a.ts` where that is
 * there. A query (`./a.ts?again`) stays: it names another instance.
 * @throws ImportError where there is none, or where it is no module
 */
export function resolveFile(
  specifier: string,
  folder: string,
  isFile: (path: string) => boolean,
  place?: FilePlace,
): string {
  const [, bare = specifier, query = ""] = /^([^?]*)(\?.*)?$/s.exec(specifier) ?? [];
  const path = bare.startsWith("file:") ? fileURLToPath(bare) : resolve(folder, bare);
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  const inFolder = /(^|\/)\.{0,2}\/?$/.test(bare);
  const candidates = [
    ...(written[extension]?.map((each) => stem + each) ?? (inFolder ? [] : [path])),
    ...(inFolder ? [] : guessed.map((each) => path + each)),
    ...guessed.map((each) => resolve(path, `index${each}`)),
  ];
  const found = candidates.find(isFile);
  const say = (file: string): string => showFile(file, folder);
  if (found === undefined) {
    const looked = candidates.slice(0, written[extension] === undefined ? 3 : written[extension].length).map(say);
    throw new ImportError(`"${specifier}" is not there`, `Looked for ${looked.join(", ")}.`, place);
  }
  if (kindOf(found) === undefined) throw noModule(specifier, extname(found), place);
  return found + query;
}

function noModule(specifier: string, extension: string, place: FilePlace | undefined): ImportError {
  const readIt =
    extension === ".wasm"
      ? "Compile it instead: await WebAssembly.compile(fs.readFileSync(path))."
      : extension === ".node"
        ? "Load it with require()."
        : `Read it instead: fs.readFileSync(path, "utf8").`;
  return new ImportError(
    `"${specifier}" is not a module: TypeScript, JavaScript and JSON can be imported`,
    readIt,
    place,
  );
}

/** A path as errors show it: from the notebook's folder where it lies in or near it. */
export function showFile(file: string, folder: string): string {
  const path = relative(folder, file);
  return path.startsWith(`..${sep}..${sep}..`) || isAbsolute(path) ? file : path;
}
