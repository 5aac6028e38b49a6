import { statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join, relative, resolve } from "node:path";
import ts from "typescript";
import { EARLIER } from "./earlier-types.js";
import { nodeTypes, ownPackages, packageRoot } from "./packages.js";

const compilerOptions: ts.CompilerOptions = {
  strict: true,
  target: ts.ScriptTarget.ES2023,
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  moduleDetection: ts.ModuleDetectionKind.Force,
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
};

interface Text {
  readonly version: string;
  readonly snapshot: ts.IScriptSnapshot;
}

/**
 * What TypeScript's language service sees: the cell, the file of earlier declarations, what the kernel adds to the
 * global scope, and the disk. What can't change while a kernel runs (the language's libraries, installed packages) is
 * read and resolved once; files of the notebook's own are looked at again each time.
 */
export class ServiceHost implements ts.LanguageServiceHost {
  readonly cellFile: string;
  readonly #earlierFile: string;
  readonly #globalsFile: string;
  readonly #cwd: string;
  readonly #texts = new Map<string, Text>();
  readonly #resolved = new Map<string, ts.ResolvedModuleWithFailedLookupLocations>();
  readonly #cache: ts.ModuleResolutionCache;
  readonly #own = ownPackages();
  readonly #node = nodeTypes();
  /** Files of ours and of the notebook that import what isn't there. */
  readonly #missing = new Set<string>();
  readonly #notebooks = new Map<string, boolean>();
  #version = 0;

  /** What an import missed may have come to be since. TypeScript calls this without its object. */
  readonly hasInvalidatedResolutions = (file: ts.Path): boolean => this.#missing.has(file);

  constructor(cwd: string, globals: string) {
    this.#cwd = resolve(cwd);
    this.cellFile = join(this.#cwd, "virtlab-cell.ts");
    this.#earlierFile = join(this.#cwd, "virtlab-earlier-cells.d.ts");
    this.#globalsFile = join(this.#cwd, "virtlab-globals.d.ts");
    this.#cache = ts.createModuleResolutionCache(this.#cwd, (name) => name, compilerOptions);
    this.#set(this.#globalsFile, globals);
    this.#set(this.#node.entry, this.#node.text);
    this.set("", "");
  }

  /** Makes these the cell and the declarations that it leans on. */
  set(cell: string, earlier: string): void {
    this.#set(this.cellFile, cell);
    this.#set(this.#earlierFile, earlier);
  }

  getCompilationSettings(): ts.CompilerOptions {
    return compilerOptions;
  }

  getScriptFileNames(): string[] {
    return [this.#globalsFile, this.cellFile];
  }

  getScriptVersion(file: string): string {
    if (this.#isNotebooks(file)) return modified(file);
    return this.#texts.get(file)?.version ?? "0";
  }

  getScriptSnapshot(file: string): ts.IScriptSnapshot | undefined {
    const known = this.#texts.get(file);
    const version = this.getScriptVersion(file);
    if (known?.version === version) return known.snapshot;
    const text = ts.sys.readFile(file);
    if (text === undefined) return undefined;
    const snapshot = ts.ScriptSnapshot.fromString(text);
    this.#texts.set(file, { version, snapshot });
    return snapshot;
  }

  getCurrentDirectory(): string {
    return this.#cwd;
  }

  getDefaultLibFileName(options: ts.CompilerOptions): string {
    return ts.getDefaultLibFilePath(options);
  }

  fileExists(file: string): boolean {
    return this.#texts.has(file) || ts.sys.fileExists(file);
  }

  readFile(file: string): string | undefined {
    return ts.sys.readFile(file);
  }

  directoryExists(folder: string): boolean {
    return ts.sys.directoryExists(folder);
  }

  getDirectories(folder: string): string[] {
    return ts.sys.getDirectories(folder);
  }

  readDirectory(...parameters: Parameters<typeof ts.sys.readDirectory>): string[] {
    return ts.sys.readDirectory(...parameters);
  }

  realpath(path: string): string {
    return ts.sys.realpath?.(path) ?? path;
  }

  useCaseSensitiveFileNames(): boolean {
    return ts.sys.useCaseSensitiveFileNames;
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
    return literals.map(({ text }) => this.#resolve(text, containing));
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
      return ts.resolveTypeReferenceDirective(name, containing, options, this, redirected);
    });
  }

  #resolve(name: string, containing: string): ts.ResolvedModuleWithFailedLookupLocations {
    if (name === EARLIER) return found(this.#earlierFile);
    if (isBuiltin(name)) {
      // Ambient modules of @types/node; Node itself looks nowhere else.
      const file = this.#node.rare.get(name.replace(/^node:/, "").replace(/\/.*$/, ""));
      return file === undefined || containing.startsWith(this.#node.folder)
        ? { resolvedModule: undefined }
        : found(file);
    }
    const own = this.#own[name];
    if (own !== undefined && ts.sys.fileExists(own)) return found(own);
    const notebooks = this.#isNotebooks(containing) || containing === this.cellFile || containing === this.#earlierFile;
    const key = `${notebooks && !name.startsWith(".") ? this.#cwd : containing}\0${name}`;
    const known = this.#resolved.get(key);
    if (known !== undefined) return known;
    // What isn't there may be installed or written before the next cell, so only packages' insides use the cache.
    const cache = notebooks ? undefined : this.#cache;
    const result = ts.resolveModuleName(
      name,
      containing,
      compilerOptions,
      this,
      cache,
      undefined,
      ts.ModuleKind.ESNext,
    );
    if (result.resolvedModule === undefined) {
      if (notebooks) this.#missing.add(containing);
    } else if (!this.#isNotebooks(result.resolvedModule.resolvedFileName)) this.#resolved.set(key, result);
    return result;
  }

  #set(file: string, text: string): void {
    const snapshot = this.#texts.get(file)?.snapshot;
    if (snapshot?.getText(0, snapshot.getLength()) === text) return;
    this.#version++;
    this.#texts.set(file, { version: String(this.#version), snapshot: ts.ScriptSnapshot.fromString(text) });
  }

  /** A file of the notebook's author, which may change at any time. */
  #isNotebooks(file: string): boolean {
    let known = this.#notebooks.get(file);
    if (known === undefined) {
      const inside = !relative(this.#cwd, file).startsWith("..") && !file.includes("/node_modules/");
      const virtual = [this.cellFile, this.#earlierFile, this.#globalsFile].includes(file);
      known = inside && !virtual && relative(join(packageRoot, "dist"), file).startsWith("..");
      this.#notebooks.set(file, known);
    }
    return known;
  }
}

function found(resolvedFileName: string): ts.ResolvedModuleWithFailedLookupLocations {
  const extension = ts.Extension.Dts;
  return { resolvedModule: { resolvedFileName, extension, isExternalLibraryImport: true } };
}

function modified(file: string): string {
  const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
  return `${mtimeMs}:${size}`;
}
