import { createRequire, isBuiltin } from "node:module";
import { dirname, join, resolve as resolvePath } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";
import { ImportError, type FilePlace } from "./import-error.js";
import { importMeta, type ImportMeta } from "./import-meta.js";
import { kindOf, namesFile, resolveFile } from "./local-files.js";
import { createLocalModules } from "./local-modules.js";
import { createModuleEvaluation, requiredValue } from "./module-evaluation.js";
import { createModuleSources } from "./module-sources.js";
import type { CellModule } from "./outcome.js";
import type { CellSources } from "./stack.js";

/** A module of the kernel's own, for `import` and for `require`; both give the same one. */
export interface OwnModule {
  load(): Promise<unknown>;
  require(): unknown;
}

/** Modules that cells get from the kernel's own packages, wherever the notebook lies. */
type OwnModules = ReadonlyMap<string, OwnModule>;

/** What cells import. */
export interface ModuleLoader {
  readonly import: (specifier: unknown, options?: ImportCallOptions) => Promise<unknown>;
  readonly require: NodeJS.Require;
  readonly meta: ImportMeta;
  /** Imports of `./module` from the notebook's folder find this text from now on. */
  define(module: CellModule): void;
  /** All those of `define` are gone. */
  undefine(): void;
  /** A cell was stopped: local modules that it was running are run anew by the next import. */
  abandon(): void;
}

export interface ModuleLoaderOptions {
  /** Where the notebook lies. */
  readonly folder: string;
  /** The notebook's file, where it is known: what `import.meta` tells. */
  readonly notebook: string | undefined;
  /** The kernel's own files: no local modules, although they are files. */
  readonly kernelFolder: string;
  readonly own: OwnModules;
  /** Told of the local files that run, for stacks. */
  readonly sources: CellSources;
}

type Import = (specifier: string, options?: ImportCallOptions) => Promise<unknown>;

/**
 * Resolves as a module in `folder` would: the kernel's own modules, Node's built-ins, packages from `node_modules` there
 * and above, files. Files outside `node_modules` are local modules: TypeScript or not, they are run by the kernel itself
 * and are new when they, or what they import, changed. Node's hooks could do that too, but would start a thread, keep
 * every old version for ever, and leave a module that was stopped in the middle unloadable.
 */
export function createModuleLoader(options: ModuleLoaderOptions): ModuleLoader {
  const { folder, own, kernelFolder, sources, notebook } = options;
  const natives = new Map<string, { readonly import: Import; readonly require: NodeJS.Require }>();

  /** JavaScript's own `import()` and `require`, resolving from a folder. */
  function nativeIn(from: string): { readonly import: Import; readonly require: NodeJS.Require } {
    let native = natives.get(from);
    if (native === undefined) {
      const filename = pathToFileURL(referrer(from)).href;
      const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
      const source = "(specifier, options) => import(specifier, options)";
      native = {
        import: vm.runInThisContext(source, { filename, importModuleDynamically }) as Import,
        require: createRequire(join(from, "cell.js")),
      };
      natives.set(from, native);
    }
    return native;
  }

  /** The file of a package that is linked rather than installed: TypeScript that Node wouldn't take, or take otherwise. */
  function localPackage(specifier: string, from: string): string | undefined {
    if (own.has(specifier) || isBuiltin(specifier) || /^\w+:/.test(specifier)) return undefined;
    try {
      const file = nativeIn(from).require.resolve(specifier);
      return !file.includes("/node_modules/") && /\.[cm]?tsx?$/.test(file) ? file : undefined;
    } catch {
      // Whoever loads it says so.
      return undefined;
    }
  }

  const texts = createModuleSources(folder, sources);

  function localFile(specifier: string, from: string, place?: FilePlace): string | undefined {
    const file = namesFile(specifier) ? resolveFile(specifier, from, texts.has, place) : localPackage(specifier, from);
    if (file === undefined || file.startsWith(kernelFolder)) return undefined;
    return file;
  }

  async function importExternal(specifier: string, from: string, place?: FilePlace): Promise<unknown> {
    const mine = own.get(specifier);
    if (mine !== undefined) return mine.load();
    refuseForeign(specifier, place);
    // As TypeScript's resolveJsonModule has it, without an attribute.
    const attributes = specifier.endsWith(".json") ? { with: { type: "json" } } : undefined;
    try {
      return await nativeIn(from).import(specifier, attributes);
    } catch (error) {
      throw notInstalled(specifier, from, error, place) ?? error;
    }
  }

  function requireExternal(specifier: string, from: string, place?: FilePlace): unknown {
    const mine = own.get(specifier);
    if (mine !== undefined) return mine.require();
    refuseForeign(specifier, place);
    try {
      return nativeIn(from).require(specifier) as unknown;
    } catch (error) {
      throw notInstalled(specifier, from, error, place) ?? error;
    }
  }

  const modules = createLocalModules(texts, localFile);
  const evaluation = createModuleEvaluation(
    { importExternal, requireExternal, importFrom, resolve, modules },
    requireIn,
  );

  async function importFrom(specifier: string, from: string, given?: ImportCallOptions): Promise<unknown> {
    const file = localFile(specifier, from);
    if (file === undefined) {
      return given?.with === undefined ? importExternal(specifier, from) : nativeIn(from).import(specifier, given);
    }
    const module = modules.current(file);
    await evaluation.run(module);
    return module.namespace;
  }

  function requireFrom(specifier: string, from: string): unknown {
    const file = specifier.endsWith(".node") ? undefined : localFile(specifier, from);
    if (file === undefined) return requireExternal(specifier, from);
    const module = modules.current(file);
    evaluation.runSync(module);
    return requiredValue(module);
  }

  /** Node's `require` of a folder, with local modules. */
  function requireIn(from: string, required: (specifier: string) => unknown): NodeJS.Require {
    return Object.assign((specifier: string): unknown => required(specifier), nativeIn(from).require);
  }

  function resolve(specifier: string, from: string): string {
    if (isBuiltin(specifier)) return specifier.startsWith("node:") ? specifier : `node:${specifier}`;
    if (namesFile(specifier)) return new URL(specifier, pathToFileURL(join(from, "cell.js"))).href;
    return pathToFileURL(nativeIn(from).require.resolve(specifier)).href;
  }

  return {
    import: (specifier, given) => importFrom(String(specifier), folder, given),
    require: requireIn(folder, (specifier) => requireFrom(specifier, folder)),
    meta: importMeta(notebook ?? join(folder, "cell.ts"), notebook === undefined ? folder : dirname(notebook), resolve),
    define({ module, name, source }) {
      texts.define(resolvePath(folder, `${module}.ts`), source, name);
    },
    undefine() {
      texts.undefine();
    },
    abandon() {
      modules.abandon();
    },
  };
}

/** The file that Node takes a cell for. */
const referrer = (folder: string): string => join(folder, "cell.mjs");

/** What other runtimes take and Node doesn't. */
function refuseForeign(specifier: string, place: FilePlace | undefined): void {
  const [, scheme = "", rest = ""] = /^(https?|npm|jsr):(?:\/\/)?(.*)$/.exec(specifier) ?? [];
  if (scheme === "") return;
  if (scheme.startsWith("http")) {
    throw new ImportError(
      `"${specifier}" lies in the network`,
      "Download it, or install a package, and import that.",
      place,
    );
  }
  const name = rest.replace(/^\/+/, "").replace(/(?<=.)@[^/]*/, "");
  const install = scheme === "npm" ? `npm install ${name}` : `npx jsr add ${name}`;
  throw new ImportError(
    `"${specifier}" is Deno's way to name a package`,
    `Here: ${install}, then import "${name}".`,
    place,
  );
}

/** A package that isn't there, unless it is another package that misses it. */
function notInstalled(specifier: string, folder: string, error: unknown, place?: FilePlace): ImportError | undefined {
  if (!(error instanceof Error)) return undefined;
  const { code, message }: NodeJS.ErrnoException = error;
  const own = message.includes(referrer(folder)) || message.includes(join(folder, "cell.js"));
  if (!own || (code !== "ERR_MODULE_NOT_FOUND" && code !== "MODULE_NOT_FOUND")) return undefined;
  const [name = ""] = /^(@[^/]+\/)?[^/]+/.exec(specifier) ?? [];
  if (kindOf(specifier) !== undefined && name !== specifier) return undefined;
  return new ImportError(
    `the package "${name}" is not installed`,
    `Run npm install ${name} beside the notebook.`,
    place,
  );
}
