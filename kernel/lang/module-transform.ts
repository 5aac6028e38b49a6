import { extname } from "node:path";
import { parseSync, type EcmaScriptModule } from "oxc-parser";
import * as oxc from "oxc-transform";
import { EXTERNAL_HELPERS, helperSource } from "./helpers.js";
import { LineIndex } from "./line-index.js";
import { nestsTooDeep } from "./nesting.js";
import { awaitsInside } from "./nodes.js";
import { packPositions } from "./positions.js";
import { diagnosticAt, syntaxDiagnostics } from "./syntax-errors.js";
import type { Diagnostic } from "./types.js";

/** A static import of a module; line and column of its specifier, from 1. */
export interface StaticImport {
  readonly specifier: string;
  readonly line: number;
  readonly column: number;
}

/**
 * A local file ready to run: a script for `vm.Script` whose value is a function.
 *
 * An ES module's takes `moduleParameters` and gives a function that makes a generator, asynchronous where the module
 * `awaits`. The first `next()` hoists: it defines the exports and the functions, and asks the first parameter for each
 * import, with `null` behind the specifier; the second asks again and runs the module. So cycles behave as the language
 * has it.
 *
 * A CommonJS module's takes `commonJsParameters` and runs it.
 */
export interface TransformedModule {
  readonly format: "esm" | "commonjs";
  readonly code: string;
  /** It awaits something at its top level. */
  readonly awaits: boolean;
  /** In the order in which they are to run; type imports are no imports. */
  readonly imports: readonly StaticImport[];
  /** What it exports by name, types too. */
  readonly exports: ReadonlySet<string>;
  /** Of what `export * from` names. */
  readonly stars: readonly string[];
  /** For `originalPosition`. */
  readonly positions: string;
}

export type ModuleTransformResult =
  ({ readonly ok: true } & TransformedModule) | { readonly ok: false; readonly diagnostics: readonly Diagnostic[] };

/** It calls itself deprecated to all but Vite, since it follows Vite's runner. We follow it: the version is pinned. */
const moduleRunner: {
  moduleRunnerTransformSync(
    name: string,
    source: string,
    options: { sourcemap: true },
  ): oxc.ModuleRunnerTransformResult;
} = oxc;

/** `import(…)` of the script: as long as the word that it stands for, so that columns stay. */
const IMPORT = "impor\u200c";

/** The script's parameters. The first six are what oxc's output calls (Vite's module runner names them so). */
export const moduleParameters: readonly string[] = [
  "__vite_ssr_import__",
  "__vite_ssr_exports__",
  "__vite_ssr_exportAll__",
  "__vite_ssr_exportName__",
  "__vite_ssr_dynamic_import__",
  "__vite_ssr_import_meta__",
  // Files written for tslab or ts-node expect these; in Node they are CommonJS's alone.
  "require",
  "__filename",
  "__dirname",
];
export const commonJsParameters: readonly string[] = [
  "exports",
  "require",
  "module",
  "__filename",
  "__dirname",
  IMPORT,
];

/** A line of generated code that imports. */
const importLine = /^(?:const (?<local>\w+) = )?await (?<call>__vite_ssr_import__\("(?:[^"\\]|\\.)*")/gm;
/** One that exports all that the import above it gave. */
const starLine = /^__vite_ssr_exportAll__\(\w+\);/gm;

/**
 * Turns a local TypeScript or JavaScript file into a function. It takes what a cell takes, JSX in `.tsx` and `.jsx`
 * (React's automatic runtime) besides. A file without a module's syntax is CommonJS, unless its name ends in `.mts` or
 * `.mjs`.
 */
export function transformModule(file: string, source: string): ModuleTransformResult {
  const refuse = (message: string): ModuleTransformResult => ({
    ok: false,
    diagnostics: [diagnosticAt(source, 0, 0, message)],
  });
  if (nestsTooDeep(source)) return refuse("The file nests too deeply");
  const extension = extname(file);
  const lang = extension === ".tsx" || extension === ".jsx" ? "tsx" : /^\.[cm]?js$/.test(extension) ? "js" : "ts";
  // CommonJS may be sloppy code.
  const sourceType = /\.c?js$|\.cts$/.test(extension) ? "unambiguous" : "module";
  const typed = parseSync(file, source, { lang, sourceType, showSemanticErrors: true });
  if (typed.errors.length > 0) return { ok: false, diagnostics: syntaxDiagnostics(source, typed.errors) };
  const stripped = oxc.transformSync(file, source, {
    lang,
    sourceType,
    target: "node20",
    sourcemap: true,
    decorator: { legacy: true },
    helpers: { mode: EXTERNAL_HELPERS },
  });
  const [error] = stripped.errors;
  if (error !== undefined) return refuse(error.message);
  const mappings = stripped.map?.mappings ?? "";
  const script = parseSync("module.js", stripped.code, { lang: "js", sourceType });
  const awaits = script.program.body.some(awaitsInside);
  const head = stripped.code.includes("babelHelpers.") ? helperSource().replaceAll("\n", " ") : "";
  const esm = script.module.hasModuleSyntax || awaits || extension === ".mts" || extension === ".mjs";
  if (!esm) {
    const strict = lang === "js" ? "" : '"use strict"; ';
    const { dynamicImports } = script.module;
    const body = dynamicImports.reduce(
      (text, { start }) => text.slice(0, start) + IMPORT + text.slice(start + IMPORT.length),
      stripped.code,
    );
    return {
      ok: true,
      format: "commonjs",
      code: `(function (${commonJsParameters.join(", ")}) { ${strict}${head}\n${body}\n})`,
      awaits: false,
      imports: [],
      exports: new Set(),
      stars: [],
      positions: packPositions([[2, 1, 1, 1, 0]], mappings),
    };
  }
  const runner = moduleRunner.moduleRunnerTransformSync("module.js", stripped.code, { sourcemap: true });
  const { hoisting, rest, begin } = link(runner.code);
  return {
    ok: true,
    format: "esm",
    code: `(function (${moduleParameters.join(", ")}) { "use strict"; ${head}return ${awaits ? "async " : ""}function* () {\n${rest.slice(0, begin)}${hoisting}yield; ${rest.slice(begin)}\n}; })`,
    awaits,
    imports: staticImports(script.module, typed.module, source),
    exports: new Set(typed.module.staticExports.flatMap(({ entries }) => entries.flatMap(exportedName))),
    stars: script.module.staticExports.flatMap(({ entries }) =>
      entries.flatMap((entry) => (isStar(entry) && entry.moduleRequest !== null ? [entry.moduleRequest.value] : [])),
    ),
    positions: packPositions([[2, 1, 1, 1, 0]], runner.map?.mappings ?? "", mappings),
  };
}

/** Takes the imports apart: what links them before the module runs, and the module, from `begin` on. */
function link(code: string): { readonly hoisting: string; readonly rest: string; readonly begin: number } {
  const hoisting: { readonly at: number; readonly text: string }[] = [];
  // What they load has run before: `await` would only make the module asynchronous. Columns stay.
  const rest = code.replaceAll(importLine, (...given) => {
    const [line, local, call, at] = given as [string, string | undefined, string, number];
    if (local === undefined) return line.replace("await ", "      ");
    hoisting.push({ at, text: `${local} = ${call}, null); ` });
    return line.replace("const ", "var   ").replace("await ", "      ");
  });
  for (const { index, 0: text } of rest.matchAll(starLine)) hoisting.push({ at: index, text: `${text} ` });
  hoisting.sort((a, b) => a.at - b.at);
  return { hoisting: hoisting.map(({ text }) => text).join(""), rest, begin: hoisting[0]?.at ?? 0 };
}

type ExportEntry = EcmaScriptModule["staticExports"][number]["entries"][number];

function exportedName({ exportName }: ExportEntry): string[] {
  const kind: string = exportName.kind;
  if (kind === "Default") return ["default"];
  return exportName.name === null ? [] : [exportName.name];
}

/** `export * from`, without a name. */
function isStar({ importName, exportName }: ExportEntry): boolean {
  const [imported, exported]: readonly string[] = [importName.kind, exportName.kind];
  return imported === "AllButDefault" && exported === "None";
}

interface Request {
  readonly value: string;
  readonly start: number;
}

const requests = ({ staticImports, staticExports }: EcmaScriptModule): readonly Request[] =>
  [
    ...staticImports.map(({ moduleRequest }) => moduleRequest),
    ...staticExports.flatMap(({ entries }) => entries.flatMap(({ moduleRequest }) => moduleRequest ?? [])),
  ].toSorted((a, b) => a.start - b.start);

/** What is left of the imports when the types are gone, with their places in the source. */
function staticImports(left: EcmaScriptModule, typed: EcmaScriptModule, source: string): readonly StaticImport[] {
  const lines = new LineIndex(source);
  const written = requests(typed);
  return [...new Set(requests(left).map(({ value }) => value))].map((specifier) => ({
    specifier,
    ...lines.position(written.find(({ value }) => value === specifier)?.start ?? 0),
  }));
}
