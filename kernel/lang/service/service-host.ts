import { statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, relative, resolve } from "node:path";
import type ts from "typescript";
import { compiler } from "./compiler.js";
import { nodeTypes, ownPackages, packageRoot } from "./packages.js";

export const compilerOptions: ts.CompilerOptions = {
  strict: true,
  target: compiler.ScriptTarget.ES2023,
  module: compiler.ModuleKind.ESNext,
  moduleResolution: compiler.ModuleResolutionKind.Bundler,
  moduleDetection: compiler.ModuleDetectionKind.Force,
  // No DOM: a cell runs in Node.
  lib: ["lib.es2023.d.ts", "lib.esnext.disposable.d.ts"],
  types: ["node"],
  noEmit: true,
  skipLibCheck: true,
  skipDefaultLibCheck: true,
  allowImportingTsExtensions: true,
  resolveJsonModule: true,
  esModuleInterop: true,
  // tslab's decorators; what the transform makes of them.
  experimentalDecorators: true,
  // As tslab has it: `catch (error)` gives what cells use without a look.
  useUnknownInCatchVariables: false,
};

interface Text {
  readonly version: string;
  readonly snapshot: ts.IScriptSnapshot;
}

/**
 * What a program over the notebook's folder is made of: what the kernel adds to the global scope, what cells import,
 * those cells that change the global scope themselves, and the disk. All other cells are no part of it: `LivingProgram`
 * adds them. What can't change while a kernel runs (the language's libraries, installed packages) is read and resolved
 * once; files of the notebook's own are looked at again when `look` is called.
 */
export class ServiceHost implements ts.LanguageServiceHost {
  readonly #cwd: string;
  readonly #globalsFile: string;
  readonly #importsFile: string;
  readonly #cellPrefix: string;
  readonly #texts = new Map<string, Text>();
  readonly #resolved = new Map<string, ts.ResolvedModuleWithFailedLookupLocations>();
  readonly #cache: ts.ModuleResolutionCache;
  readonly #own = ownPackages();
  readonly #node = nodeTypes();
  readonly #cells = new Set<string>();
  /** Files that are cells' texts, whatever is on the disk. */
  readonly #modules = new Set<string>();
  readonly #imports = new Set<string>();
  /** Files of the notebook → what they import and isn't there. */
  readonly #missing = new Map<string, Set<string>>();
  readonly #notebooks = new Map<string, boolean>();
  #version = 0;
  #round = 0;
  #nextCell = 1;

  /** What an import missed may have come to be since. TypeScript calls this without its object. */
  readonly hasInvalidatedResolutions = (file: ts.Path): boolean => this.#missing.has(file);

  constructor(cwd: string, globals: string) {
    this.#cwd = resolve(cwd);
    this.#cellPrefix = join(this.#cwd, "virtlab-cell-");
    this.#globalsFile = join(this.#cwd, "virtlab-globals.d.ts");
    this.#importsFile = join(this.#cwd, "virtlab-imports.ts");
    this.#cache = compiler.createModuleResolutionCache(this.#cwd, (name) => name, compilerOptions);
    this.#set(this.#globalsFile, globals);
    this.#set(this.#node.entry, this.#node.text);
    this.#writeImports();
  }

  /** A file name for a cell, which no other cell ever had. */
  newCellName(): string {
    return `${this.#cellPrefix}${this.#nextCell++}.ts`;
  }

  /** Makes a cell part of the program itself. */
  addCell(name: string, text: string): void {
    this.#cells.add(name);
    this.#set(name, text);
  }

  /** Forgets all about a cell. */
  removeCell(name: string): void {
    this.#missing.delete(name);
    if (!this.#cells.delete(name)) return;
    this.#texts.delete(name);
    this.#version++;
  }

  moduleFile(module: string): string {
    return join(this.#cwd, `${module}.ts`);
  }

  setModule(module: string, text: string): void {
    const file = this.moduleFile(module);
    this.#modules.add(file);
    this.#set(file, text);
  }

  /** The disk's own files are seen again. */
  forgetModules(): void {
    for (const file of this.#modules) this.#texts.delete(file);
    if (this.#modules.size > 0) this.#version++;
    this.#modules.clear();
  }

  /** Makes what a cell imports part of the program: module specifiers, and those of `require("…")`. */
  addImport(specifier: string): void {
    if (this.#imports.has(specifier)) return;
    this.#imports.add(specifier);
    this.#writeImports();
  }

  /** Has the next program made anew, though nothing changed. */
  renew(): void {
    this.#round++;
    this.#writeImports();
  }

  /** Whether a module of the notebook's own wasn't there. */
  get misses(): boolean {
    return this.#missing.size > 0;
  }

  /** Looks whether files of the notebook's own have changed, or come to be, since the program was made of them. */
  look(files: Iterable<string>): void {
    for (const file of files) {
      const known = this.#texts.get(file)?.version;
      if (known !== undefined && known !== this.getScriptVersion(file)) this.#version++;
    }
    for (const [file, names] of [...this.#missing])
      for (const name of names) {
        if (this.resolve(name, file).resolvedModule === undefined) continue;
        names.delete(name);
        if (this.#isCell(file)) this.addImport(name);
        this.renew();
      }
  }

  /** A file of the notebook's author, which may change at any time. */
  isNotebooks(file: string): boolean {
    if (this.#isCell(file)) return false;
    let known = this.#notebooks.get(file);
    if (known === undefined) {
      const inside = !relative(this.#cwd, file).startsWith("..") && !file.includes("/node_modules/");
      const virtual = file === this.#globalsFile || file === this.#importsFile;
      known = inside && !virtual && relative(join(packageRoot, "dist"), file).startsWith("..");
      this.#notebooks.set(file, known);
    }
    return known;
  }

  getProjectVersion(): string {
    return String(this.#version);
  }

  getCompilationSettings(): ts.CompilerOptions {
    return compilerOptions;
  }

  getScriptFileNames(): string[] {
    return [this.#globalsFile, this.#importsFile, ...this.#modules, ...this.#cells];
  }

  getScriptVersion(file: string): string {
    if (this.isNotebooks(file) && !this.#modules.has(file)) return modified(file);
    return this.#texts.get(file)?.version ?? "0";
  }

  getScriptSnapshot(file: string): ts.IScriptSnapshot | undefined {
    const known = this.#texts.get(file);
    const version = this.getScriptVersion(file);
    if (known?.version === version) return known.snapshot;
    const text = compiler.sys.readFile(file);
    if (text === undefined) return undefined;
    const snapshot = compiler.ScriptSnapshot.fromString(text);
    this.#texts.set(file, { version, snapshot });
    return snapshot;
  }

  getCurrentDirectory(): string {
    return this.#cwd;
  }

  getDefaultLibFileName(options: ts.CompilerOptions): string {
    return compiler.getDefaultLibFilePath(options);
  }

  fileExists(file: string): boolean {
    return (
      this.#modules.has(file) || (this.#texts.has(file) && !this.isNotebooks(file)) || compiler.sys.fileExists(file)
    );
  }

  readFile(file: string): string | undefined {
    return compiler.sys.readFile(file);
  }

  directoryExists(folder: string): boolean {
    return compiler.sys.directoryExists(folder);
  }

  getDirectories(folder: string): string[] {
    return compiler.sys.getDirectories(folder);
  }

  readDirectory(...parameters: Parameters<typeof ts.sys.readDirectory>): string[] {
    return compiler.sys.readDirectory(...parameters);
  }

  realpath(path: string): string {
    return compiler.sys.realpath?.(path) ?? path;
  }

  useCaseSensitiveFileNames(): boolean {
    return compiler.sys.useCaseSensitiveFileNames;
  }

  /** For the packages' manifests that it holds; TypeScript reads each again and again without. */
  getModuleResolutionCache(): ts.ModuleResolutionCache {
    return this.#cache;
  }

  resolveModuleNameLiterals(
    literals: readonly ts.StringLiteralLike[],
    containing: string,
  ): readonly ts.ResolvedModuleWithFailedLookupLocations[] {
    this.#missing.delete(containing);
    return literals.map(({ text }) => this.resolve(text, containing));
  }

  resolveTypeReferenceDirectiveReferences(
    references: readonly (string | ts.FileReference)[],
    containing: string,
    redirected: ts.ResolvedProjectReference | undefined,
    options: ts.CompilerOptions,
  ): readonly ts.ResolvedTypeReferenceDirectiveWithFailedLookupLocations[] {
    return references.map((reference) => {
      const name = typeof reference === "string" ? reference : reference.fileName;
      if (name === "node")
        return { resolvedTypeReferenceDirective: { primary: true, resolvedFileName: this.#node.entry } };
      return compiler.resolveTypeReferenceDirective(name, containing, options, this, redirected);
    });
  }

  /** What a module specifier in that file stands for. */
  resolve(name: string, containing: string): ts.ResolvedModuleWithFailedLookupLocations {
    if (isBuiltin(name)) {
      // Ambient modules of @types/node; Node itself looks nowhere else.
      const file = this.#node.rare.get(name.replace(/^node:/, "").replace(/\/.*$/, ""));
      return file === undefined || containing.startsWith(this.#node.folder)
        ? { resolvedModule: undefined }
        : found(file);
    }
    const own = this.#own[name];
    if (own !== undefined && compiler.sys.fileExists(own)) return found(own);
    const notebooks = this.#isCell(containing) || this.isNotebooks(containing) || containing === this.#importsFile;
    const key = `${notebooks && !name.startsWith(".") ? this.#cwd : containing}\0${name}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    // What isn't there may be installed or written before the next cell, so only packages' insides use the cache.
    const cache = notebooks ? undefined : this.#cache;
    const mode = compiler.ModuleKind.ESNext;
    const result = compiler.resolveModuleName(name, containing, compilerOptions, this, cache, undefined, mode);
    if (result.resolvedModule === undefined) {
      if (notebooks) this.#missed(name, containing);
    } else if (!this.isNotebooks(result.resolvedModule.resolvedFileName)) this.#resolved.set(key, result);
    return result;
  }

  #missed(name: string, containing: string): void {
    const names = this.#missing.get(containing);
    if (names === undefined) this.#missing.set(containing, new Set([name]));
    else names.add(name);
  }

  #isCell(file: string): boolean {
    return file.startsWith(this.#cellPrefix);
  }

  #writeImports(): void {
    const lines = Array.from(this.#imports, (specifier) =>
      // `require` gives `any` in TypeScript; of ours it shall not.
      Object.hasOwn(this.#own, specifier)
        ? `import ${JSON.stringify(specifier)};
declare global { namespace NodeJS { interface Require { (id: ${JSON.stringify(specifier)}): typeof import(${JSON.stringify(specifier)}); } } }`
        : `import ${JSON.stringify(specifier)};`,
    );
    this.#set(this.#importsFile, [`// round ${this.#round}`, ...lines, "export {};"].join("\n"));
  }

  #set(file: string, text: string): void {
    const snapshot = this.#texts.get(file)?.snapshot;
    if (snapshot?.getText(0, snapshot.getLength()) === text) return;
    this.#version++;
    this.#texts.set(file, { version: String(this.#version), snapshot: compiler.ScriptSnapshot.fromString(text) });
  }
}

function found(resolvedFileName: string): ts.ResolvedModuleWithFailedLookupLocations {
  const extension = compiler.Extension.Dts;
  return { resolvedModule: { resolvedFileName, extension, isExternalLibraryImport: true } };
}

function modified(file: string): string {
  const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${mtimeMs}:${size}`;
}
