import { dirname } from "node:path";
import type { FilePlace } from "./import-error.js";
import type { ModuleSource, ModuleSources } from "./module-sources.js";

/** A local file that runs once: a new text, or a new one of what it imports, makes another. */
export interface LocalModule {
  readonly source: ModuleSource;
  /** Without the query. */
  readonly path: string;
  readonly folder: string;
  /** What `import * as` gives. */
  readonly namespace: Record<string, unknown>;
  /** What it imports, or has required so far: local modules, and the namespaces of others once they are loaded. */
  readonly imports: Map<string, LocalModule | External>;
  state: "new" | "running" | "done" | "failed";
  error: unknown;
  /** The end of one that awaits, or that waits for others. */
  running: Promise<void> | undefined;
  /** An ES module's generator, once it has defined its exports and functions. */
  body: Generator | AsyncGenerator | undefined;
  /** Of CommonJS its `module`; of JSON, its value is the export. */
  holder: { exports: unknown };
}

/** A module of Node, a package or the kernel. */
export interface External {
  readonly specifier: string;
  readonly place: FilePlace;
  namespace: unknown;
}

export const isLocal = (module: LocalModule | External): module is LocalModule => "source" in module;

/** Where a static import of a module stands. */
export function placeOf({ shown, imports }: ModuleSource, specifier: string): FilePlace {
  const { line, column } = imports.find((each) => each.specifier === specifier) ?? { line: 1, column: 1 };
  return { shown, line, column };
}

/** The local modules that are current, linked to each other. */
export interface LocalModules {
  /**
   * The module of a file, up to date with the disk, as are those that it imports. Those whose text and imports are
   * unchanged stay the same objects, with their state.
   */
  current(file: string): LocalModule;
  /** `module` imports or requires `specifier`. @param place of the import, if it is static */
  link(module: LocalModule, specifier: string, place?: FilePlace): LocalModule | External;
  /** Forgets modules that were stopped while they ran. */
  abandon(): void;
}

/** @param fileOf the local file behind a specifier in a folder */
export function createLocalModules(
  sources: ModuleSources,
  fileOf: (specifier: string, folder: string, place?: FilePlace) => string | undefined,
): LocalModules {
  const modules = new Map<string, LocalModule>();

  function create(file: string, source: ModuleSource): LocalModule {
    const path = file.replace(/\?.*$/s, "");
    const namespace: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    Object.defineProperty(namespace, Symbol.toStringTag, { value: "Module" });
    return {
      source,
      path,
      folder: dirname(path),
      namespace,
      imports: new Map(),
      state: "new",
      error: undefined,
      running: undefined,
      body: undefined,
      holder: { exports: {} },
    };
  }

  /** What a file imports now: specifier → local file, undefined for others. */
  function importedFiles(file: string, source: ModuleSource): ReadonlyMap<string, string | undefined> {
    const folder = dirname(file);
    const found = new Map<string, string | undefined>();
    for (const { specifier } of source.imports)
      found.set(specifier, fileOf(specifier, folder, placeOf(source, specifier)));
    // CommonJS imports as it runs; what it imported when it ran is what it depends on.
    for (const [specifier, required] of modules.get(file)?.imports ?? []) {
      if (source.kind === "commonjs" && isLocal(required)) found.set(specifier, fileOf(specifier, folder));
    }
    return found;
  }

  return {
    current(file) {
      const reached = new Map<
        string,
        { readonly source: ModuleSource; readonly imports: ReadonlyMap<string, string | undefined> }
      >();
      const reach = (each: string): void => {
        if (reached.has(each)) return;
        const source = sources.read(each);
        const imports = importedFiles(each, source);
        reached.set(each, { source, imports });
        for (const imported of imports.values()) if (imported !== undefined) reach(imported);
      };
      reach(file);

      const stale = new Set<string>();
      const isStale = (each: string): boolean => {
        const module = modules.get(each);
        const { source, imports } = reached.get(each) ?? {};
        if (module === undefined || module.source !== source || module.state === "failed") return true;
        return [...(imports ?? [])].some(([specifier, imported]) => {
          if (imported === undefined) return false;
          return stale.has(imported) || module.imports.get(specifier) !== modules.get(imported);
        });
      };
      for (let before = -1; before !== stale.size;) {
        before = stale.size;
        for (const each of reached.keys()) if (!stale.has(each) && isStale(each)) stale.add(each);
      }

      for (const each of stale) {
        const { source } = reached.get(each) ?? {};
        if (source !== undefined) modules.set(each, create(each, source));
      }
      for (const each of stale) {
        const module = modules.get(each);
        for (const { specifier } of module?.source.imports ?? []) {
          if (module !== undefined) this.link(module, specifier, placeOf(module.source, specifier));
        }
      }
      const module = modules.get(file);
      if (module === undefined) throw new Error(`${file} was not made`);
      return module;
    },
    link(module, specifier, place) {
      const known = module.imports.get(specifier);
      if (known !== undefined) return known;
      const file = fileOf(specifier, module.folder, place);
      const linked =
        file === undefined
          ? { specifier, place: place ?? { shown: module.source.shown, line: 1, column: 1 }, namespace: undefined }
          : (modules.get(file) ?? this.current(file));
      module.imports.set(specifier, linked);
      return linked;
    },
    abandon() {
      for (const [file, { state }] of modules) if (state === "running") modules.delete(file);
    },
  };
}
