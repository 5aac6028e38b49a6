import ts from "typescript";

/*
 * What TypeScript 6.0 has at run time but leaves out of its declarations. The package's version is pinned, and
 * `requireInternals` looks for each before anything leans on it.
 */

/** A tree after `bind`, which gives it its tables of names. */
export interface BoundFile extends ts.SourceFile {
  /** What is declared at the top level, by name: where the checker looks first. */
  readonly locals: ts.SymbolTable;
  /** The module. The checker looks among its exports for what `locals` hasn't, or not with the meaning wanted. */
  readonly symbol: ts.Symbol & { readonly exports: ts.SymbolTable };
  /** Every identifier of the text. */
  readonly identifiers: ReadonlyMap<string, string>;
}

/** What a program sets on a tree that it takes in, and the checker reads. */
interface FileOfProgram {
  path: string;
  resolvedPath: string;
  originalFileName: string;
  imports: readonly unknown[];
  moduleAugmentations: readonly unknown[];
  ambientModuleNames: readonly string[];
}

interface DeclaredSymbol {
  /** A declaration that is exported has two symbols: this is the one that says what it is. */
  readonly exportSymbol?: ts.Symbol;
  /** Negative: behind it, the variable has a value. The checker works it out for one file alone. */
  lastAssignmentPos?: number;
}

type Resolution = ts.ResolvedModuleWithFailedLookupLocations | undefined;

/** A program is itself the host of its checker, which asks these through the object. */
export interface OpenProgram extends Omit<ts.Program, "getSourceFile"> {
  getSourceFile: (name: string) => ts.SourceFile | undefined;
  getResolvedModule: (file: ts.SourceFile, name: string, mode: ts.ResolutionMode) => Resolution;
  getResolvedModuleFromModuleSpecifier: (specifier: ts.StringLiteralLike, file?: ts.SourceFile) => Resolution;
}

interface Internals {
  bindSourceFile(file: ts.SourceFile, options: ts.CompilerOptions): void;
  getSetExternalModuleIndicator(options: ts.CompilerOptions): (file: ts.SourceFile) => void;
}

// Its declarations leave them out.
const internals = ts as unknown as Internals;

/** Parses a cell, as a program would with these options. */
export function parseFile(name: string, text: string, options: ts.CompilerOptions): ts.SourceFile {
  const languageVersion = options.target ?? ts.ScriptTarget.ES2023;
  const setExternalModuleIndicator = internals.getSetExternalModuleIndicator(options);
  const file = ts.createSourceFile(name, text, { languageVersion, setExternalModuleIndicator }, true);
  const ofProgram: FileOfProgram = {
    path: name,
    resolvedPath: name,
    originalFileName: name,
    imports: [],
    moduleAugmentations: [],
    ambientModuleNames: [],
  };
  return Object.assign(file, ofProgram);
}

/** Gives a tree its symbols; a second time changes nothing. */
export function bind(file: ts.SourceFile, options: ts.CompilerOptions): BoundFile {
  internals.bindSourceFile(file, options);
  // It has its tables now.
  return file as BoundFile;
}

/** The symbol that says what a name of a file's `locals` is. */
export function whole(local: ts.Symbol): ts.Symbol {
  return (local as ts.Symbol & DeclaredSymbol).exportSymbol ?? local;
}

/** Another file may give a variable its value, so nowhere is it known to have none, nor to keep the one it has. */
export function markAssigned(symbol: ts.Symbol): void {
  if ((symbol.flags & ts.SymbolFlags.Variable) !== 0)
    (symbol as ts.Symbol & DeclaredSymbol).lastAssignmentPos = -Number.MAX_VALUE;
}

/** @throws Error where TypeScript is of another make than the one that this room leans on */
export function openProgram(program: ts.Program | undefined): OpenProgram {
  // Checked below.
  const open = program as unknown as OpenProgram | undefined;
  for (const name of ["getSourceFile", "getResolvedModule", "getResolvedModuleFromModuleSpecifier"] as const)
    if (typeof open?.[name] !== "function") throw misfit(`Program.${name}`);
  if (open === undefined) throw misfit("LanguageService.getProgram");
  return open;
}

export function requireInternals(): void {
  for (const name of ["bindSourceFile", "getSetExternalModuleIndicator"] as const)
    if (typeof internals[name] !== "function") throw misfit(`ts.${name}`);
  const options: ts.CompilerOptions = { moduleDetection: ts.ModuleDetectionKind.Force };
  const { locals, symbol, identifiers } = bind(parseFile("probe.ts", "let probe;", options), options) as {
    readonly [K in keyof BoundFile]?: BoundFile[K];
  };
  if (locals?.get(ts.escapeLeadingUnderscores("probe")) === undefined) throw misfit("SourceFile.locals");
  if (symbol?.exports === undefined) throw misfit("SourceFile.symbol");
  if (identifiers?.has("probe") !== true) throw misfit("SourceFile.identifiers");
}

function misfit(what: string): Error {
  return new Error(`TypeScript ${ts.version} has no ${what}; virtlab needs the version of its package.json`);
}
