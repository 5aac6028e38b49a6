import { importMeta } from "./import-meta.js";
import { addFrame, ImportError, type FilePlace } from "./import-error.js";
import { explainCycle, reaches } from "./module-cycles.js";
import { isLocal, placeOf, type External, type LocalModule, type LocalModules } from "./local-modules.js";

/** What running modules call for. */
export interface ModuleHost {
  /** A module that isn't local. */
  importExternal(specifier: string, folder: string, place: FilePlace): Promise<unknown>;
  requireExternal(specifier: string, folder: string, place?: FilePlace): unknown;
  /** `import()` in a file of the folder. */
  importFrom(specifier: string, folder: string, options?: ImportCallOptions): Promise<unknown>;
  readonly resolve: (specifier: string, folder: string) => string;
  readonly modules: LocalModules;
}

/** Runs local modules, what they import first. */
export interface ModuleEvaluation {
  /** Resolves when it has run. */
  run(module: LocalModule): Promise<void>;
  /** @throws ImportError where that takes waiting */
  runSync(module: LocalModule): void;
  /** `require` in a file of the folder, on behalf of a module or a cell. */
  requireFrom(specifier: string, folder: string, module?: LocalModule): unknown;
}

export function createModuleEvaluation(
  host: ModuleHost,
  requireIn: (folder: string, require: (specifier: string) => unknown) => NodeJS.Require,
): ModuleEvaluation {
  /** Defines the exports and functions of a module and of what it imports, so that cycles find them. */
  function hoist(module: LocalModule): void {
    if (module.state !== "new" || module.body !== undefined || module.source.kind !== "esm") return;
    const parameters = [
      (specifier: string, details?: { readonly importedNames?: readonly string[] } | null) =>
        details === null
          ? module.imports.get(specifier)?.namespace
          : imported(module, specifier, details?.importedNames ?? []),
      module.namespace,
      // Of what isn't local nothing is known until the module runs.
      (from: object = {}) => {
        exportAll(module.namespace, from);
      },
      (name: string, get: () => unknown) => {
        Object.defineProperty(module.namespace, name, { enumerable: true, configurable: true, get });
      },
      (specifier: unknown, options?: ImportCallOptions) => host.importFrom(String(specifier), module.folder, options),
      importMeta(module.path, module.folder, host.resolve),
      requireOf(module),
      module.path,
      module.folder,
    ];
    // The transform makes functions of this shape.
    const make = module.source.compile()(...parameters) as () => Generator | AsyncGenerator;
    module.body = make();
    for (const each of module.imports.values()) if (isLocal(each)) hoist(each);
    void module.body.next();
  }

  function imported(module: LocalModule, specifier: string, names: readonly string[]): unknown {
    const found = module.imports.get(specifier);
    if (found === undefined) throw new Error(`${specifier} was not linked`);
    for (const name of names) {
      if (exportsName(found, name)) continue;
      const place = placeOf(module.source, specifier);
      // Node's words.
      const error = new SyntaxError(`The requested module '${specifier}' does not provide an export named '${name}'`);
      addFrame(error, place);
      throw error;
    }
    return found.namespace;
  }

  function requireOf(module: LocalModule): NodeJS.Require {
    return requireIn(module.folder, (specifier) => evaluation.requireFrom(specifier, module.folder, module));
  }

  function runCommonJs(module: LocalModule): void {
    const own = { exports: {}, id: module.path, filename: module.path, loaded: false, require: requireOf(module) };
    // A cycle sees what has been exported so far, also when that is another object.
    module.holder = own;
    const load = (specifier: unknown, options?: ImportCallOptions): Promise<unknown> =>
      host.importFrom(String(specifier), module.folder, options);
    const body = module.source.compile();
    body.call(own.exports, own.exports, own.require, own, module.path, module.folder, load);
    own.loaded = true;
    fillNamespace(module);
  }

  /** The module's own code, when everything that it imports has run. */
  function runBody(module: LocalModule): Promise<unknown> | undefined {
    switch (module.source.kind) {
      case "esm": {
        const { body } = module;
        if (body === undefined) throw new Error(`${module.source.shown} was not hoisted`);
        const result = body.next();
        return result instanceof Promise ? result : undefined;
      }
      case "commonjs":
        runCommonJs(module);
        return undefined;
      case "json":
      case "types":
        module.holder.exports = module.source.compile()();
        fillNamespace(module);
        return undefined;
    }
  }

  function fail(module: LocalModule, error: unknown): never {
    module.state = "failed";
    module.error = explainCycle(module, error);
    throw module.error;
  }

  const evaluation: ModuleEvaluation = {
    async run(module) {
      if (module.state === "done") return;
      if (module.state === "failed") throw module.error;
      if (module.state === "running") return module.running;
      hoist(module);
      module.state = "running";
      module.running = (async (): Promise<void> => {
        try {
          for (const each of module.imports.values()) {
            if (!isLocal(each)) each.namespace ??= await host.importExternal(each.specifier, module.folder, each.place);
            // One of a cycle runs before what is already on its way.
            else if (each.state !== "running" || !reaches(each, module)) await evaluation.run(each);
          }
          await runBody(module);
          module.state = "done";
        } catch (error) {
          fail(module, error);
        }
      })();
      return module.running;
    },
    runSync(module) {
      if (module.state === "done") return;
      if (module.state === "failed") throw module.error;
      if (module.state === "running") {
        if (module.running === undefined) return;
        throw new ImportError(`${module.source.shown} is still being imported`, "Await its import() first.");
      }
      if (module.source.awaits) {
        throw new ImportError(
          `${module.source.shown} awaits at its top level, so it can't be required`,
          "Use import instead.",
        );
      }
      hoist(module);
      module.state = "running";
      try {
        for (const each of module.imports.values()) {
          if (!isLocal(each))
            each.namespace ??= asNamespace(host.requireExternal(each.specifier, module.folder, each.place));
          else if (each.state !== "running" || !reaches(each, module)) evaluation.runSync(each);
        }
        void runBody(module);
        module.state = "done";
      } catch (error) {
        fail(module, error);
      }
    },
    requireFrom(specifier, folder, module) {
      const found = module === undefined ? undefined : host.modules.link(module, specifier);
      if (found === undefined || !isLocal(found)) return host.requireExternal(specifier, folder);
      evaluation.runSync(found);
      return requiredValue(found);
    },
  };
  return evaluation;
}

/** What `require` gives for a local module. */
export function requiredValue(module: LocalModule): unknown {
  return module.source.kind === "esm" ? module.namespace : module.holder.exports;
}

function exportsName(module: LocalModule | External, name: string, seen: Set<unknown> = new Set<unknown>()): boolean {
  const { namespace } = module;
  if (typeof namespace !== "object" || namespace === null || name in namespace) return true;
  if (!isLocal(module) || seen.has(module)) return false;
  seen.add(module);
  // A type, which TypeScript lets a file export again without saying that it is one; or CommonJS that still runs.
  if (module.source.exports.has(name) || (module.source.kind !== "esm" && module.state === "running")) return true;
  return module.source.stars.some((star) => {
    const from = module.imports.get(star);
    return from !== undefined && exportsName(from, name, seen);
  });
}

function exportAll(namespace: object, from: object): void {
  for (const name of Object.keys(from)) {
    if (name === "default" || Object.hasOwn(namespace, name)) continue;
    Object.defineProperty(namespace, name, {
      enumerable: true,
      configurable: true,
      get: () => Reflect.get(from, name) as unknown,
    });
  }
}

/** Of CommonJS and JSON: the value as default, and its properties by name. */
function fillNamespace(module: LocalModule): void {
  Object.assign(module.namespace, asNamespace(module.holder.exports));
}

function asNamespace(value: unknown): Record<string, unknown> {
  if (Object.prototype.toString.call(value) === "[object Module]") return value as Record<string, unknown>;
  const named = typeof value === "object" || typeof value === "function" ? Object.entries(value ?? {}) : [];
  return { ...(Array.isArray(value) ? {} : Object.fromEntries(named)), default: value };
}
