import { createRequire, isBuiltin } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import vm from "node:vm";

/** Loads what a cell imports. */
export type ModuleLoader = (specifier: string, options?: ImportCallOptions) => Promise<unknown>;

/** Modules that cells get from the kernel's own packages, wherever the notebook lies. */
export type OwnModules = ReadonlyMap<string, () => Promise<unknown>>;

/**
 * Resolves as a module in `folder` would: packages from its `node_modules` and those above, relative paths from it,
 * Node's built-ins; `own` comes first.
 */
export function createModuleLoader(folder: string, own: OwnModules): ModuleLoader {
  const importFrom = nativeImport(folder);
  return async (specifier, options) => {
    const mine = own.get(specifier);
    if (mine !== undefined) return mine();
    if (isBuiltin(specifier)) return importFrom(specifier);
    // Cells import JSON without an attribute, as TypeScript's resolveJsonModule has it.
    const attributes = options ?? (specifier.endsWith(".json") ? { with: { type: "json" } } : undefined);
    return importFrom(specifier, attributes);
  };
}

/** `require` as a module in `folder` has it. */
export function requireFrom(folder: string): NodeJS.Require {
  return createRequire(join(folder, "cell.js"));
}

/** JavaScript's own `import()`, resolving from `folder`. */
function nativeImport(folder: string): ModuleLoader {
  const filename = pathToFileURL(join(folder, "cell.mjs")).href;
  const importModuleDynamically = vm.constants.USE_MAIN_CONTEXT_DEFAULT_LOADER;
  const source = "(specifier, options) => import(specifier, options)";
  return vm.runInThisContext(source, { filename, importModuleDynamically }) as ModuleLoader;
}
