import type ts from "typescript";
import { compiler } from "./compiler.js";
import { cellFile, isAmbient, specifiersOf, type CellFile, type Specifier } from "./cell-file.js";
import { openProgram, parseFile, requireInternals, type OpenProgram } from "./compiler-internals.js";
import { compilerOptions, type ServiceHost } from "./service-host.js";

/**
 * TypeScript's language service over a program that cells are put into and taken out of while its type checker lives.
 *
 * A program is made of a list of files, and its checker merges their global names and works out the types of the
 * language's library: 5 to 20 ms before the first question of a cell. All of it would be the same for the next cell. A
 * cell is a module, so nothing but itself sees its names; the checker asks the program for a module's file and for what
 * an import leads to at the time when it needs them. So cells are given to the program behind its back: it finds them
 * when asked, and a check costs what the cell itself costs. A cell's text never changes: what is typed is a new file.
 *
 * Cells that change the global scope, new imports and changed files do ask for a new program. It keeps the trees of the
 * one before.
 */
export class LivingProgram {
  readonly service: ts.LanguageService;
  readonly #host: ServiceHost;
  readonly #cells = new Map<string, CellFile>();
  #program: OpenProgram | undefined;
  #notebooks: readonly string[] = [];
  #generation = 0;
  /** What the checker has taken in since it began, in UTF-16 units of text. */
  #taken = 0;

  constructor(host: ServiceHost) {
    requireInternals();
    this.#host = host;
    this.service = compiler.createLanguageService(host);
  }

  /** Another number means another checker: what it said before may be different now. */
  get generation(): number {
    return this.#generation;
  }

  get taken(): number {
    return this.#taken;
  }

  /** Puts a cell in. */
  add(source: string): CellFile {
    const name = this.#host.newCellName();
    const parsed = parseFile(name, source, compilerOptions);
    let tree = parsed;
    if (isAmbient(parsed)) {
      this.#host.addCell(name, source);
      tree = this.#update().getSourceFile(name) ?? parsed;
    }
    const cell = cellFile(tree, compilerOptions);
    this.put(cell);
    this.#taken += source.length;
    return cell;
  }

  /** Puts a cell back that was removed; one that changes the global scope can't be. */
  put(cell: CellFile): void {
    this.#cells.set(cell.name, cell);
  }

  remove({ name }: CellFile): void {
    this.#cells.delete(name);
    this.#host.removeCell(name);
  }

  /** Makes a text a file beside the notebook, or gives that file another text. */
  defineModule(module: string, source: string): void {
    this.#host.setModule(module, source);
    this.look();
  }

  module(module: string): { readonly name: string; readonly source: string } {
    const name = this.#host.moduleFile(module);
    return { name, source: this.#update().getSourceFile(name)?.text ?? "" };
  }

  forgetModules(): void {
    this.#host.forgetModules();
    this.look();
  }

  /** Whether `look` may find something new: files of the notebook's own, or what was missing when a cell imported it. */
  get heedsDisk(): boolean {
    return this.#notebooks.length > 0 || this.#host.misses;
  }

  /** Looks at the disk; changed files are seen from now on. */
  look(): void {
    this.#host.look(this.#notebooks);
    this.#update();
  }

  /** Makes sure that what the cell imports is in the program. */
  load({ name, specifiers }: CellFile): void {
    for (const { text: specifier } of specifiers) {
      const file = this.#host.resolve(specifier, name).resolvedModule;
      if (file === undefined || !isDescribed(file) || this.#update().getSourceFile(file.resolvedFileName)) continue;
      this.#host.addImport(specifier);
    }
    this.#update();
  }

  /** The files of the notebook's own that a cell leads to, each with the cell's specifier that leads there. */
  notebookImports({ name, specifiers }: CellFile): ReadonlyMap<ts.SourceFile, Specifier> {
    const found = new Map<ts.SourceFile, Specifier>();
    const visit = (specifier: string, from: string, by: Specifier): void => {
      const file = this.#host.resolve(specifier, from).resolvedModule?.resolvedFileName;
      const tree = file !== undefined && this.#host.isNotebooks(file) ? this.#update().getSourceFile(file) : undefined;
      if (file === undefined || tree === undefined || found.has(tree)) return;
      found.set(tree, by);
      for (const inner of specifiersOf(tree.text)) visit(inner.text, file, by);
    };
    for (const specifier of specifiers) visit(specifier.text, name, specifier);
    return found;
  }

  /** Begins a new checker: what the old one knew of cells that are gone goes with it. */
  renew(): void {
    this.#host.renew();
    this.#update();
  }

  #update(): OpenProgram {
    const program = openProgram(this.service.getProgram());
    if (program === this.#program) return program;
    this.#program = program;
    this.#generation++;
    this.#taken = 0;
    const files = program.getSourceFiles().map(({ fileName }) => fileName);
    this.#notebooks = files.filter((file) => this.#host.isNotebooks(file));
    const { getSourceFile, getResolvedModule, getResolvedModuleFromModuleSpecifier } = program;
    program.getSourceFile = (name) => this.#cells.get(name)?.tree ?? getSourceFile(name);
    program.getResolvedModule = (file, name, mode) =>
      this.#isGuest(file) ? this.#host.resolve(name, file.fileName) : getResolvedModule(file, name, mode);
    program.getResolvedModuleFromModuleSpecifier = (specifier, file) => {
      const from = file ?? specifier.getSourceFile();
      return this.#isGuest(from)
        ? this.#host.resolve(specifier.text, from.fileName)
        : getResolvedModuleFromModuleSpecifier(specifier, file);
    };
    return program;
  }

  #isGuest({ fileName }: ts.SourceFile): boolean {
    const cell = this.#cells.get(fileName);
    return cell !== undefined && !cell.isAmbient;
  }
}

/** TypeScript reads it: it isn't plain JavaScript. */
function isDescribed({ extension }: ts.ResolvedModuleFull): boolean {
  return /\.(?:[cm]?tsx?|json)$/.test(extension);
}
