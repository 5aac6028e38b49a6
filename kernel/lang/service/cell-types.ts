import { resolve } from "node:path";
import { compiler } from "./compiler.js";
import type { Completions, Diagnostic, Inspection } from "../types.js";
import { cellFile, type CellFile } from "./cell-file.js";
import { completionsAt, wordBefore } from "./completion.js";
import { parseFile } from "./compiler-internals.js";
import { DeclaredCells, type CellRecord } from "./declared-cells.js";
import { diagnosticsOf, importedDiagnostics } from "./diagnostics.js";
import { EarlierNames, type Loan } from "./earlier-names.js";
import { inspectionAt } from "./inspection.js";
import { LivingProgram } from "./living-program.js";
import { compilerOptions, ServiceHost } from "./service-host.js";
import { warmUpCell } from "../warm-up-cell.js";

export interface CellTypesOptions {
  /** The notebook's folder: relative imports and packages are found from here. */
  readonly cwd: string;
  /** Declarations of what the kernel adds to the global scope. */
  readonly globals: string;
}

export interface Checked {
  readonly found: readonly Diagnostic[];
  /** There is nothing to find and to declare, until another cell declares something. */
  readonly settled: boolean;
}

export interface Declared {
  /** Enough to say so again elsewhere; absent where that would change nothing. */
  readonly record?: CellRecord;
  /** Records that are needed no more. */
  readonly forgotten: readonly number[];
}

/** A cell that the program has for one question. */
interface Opened {
  readonly cell: CellFile;
  readonly loan: Loan;
}

/** How many cells without errors are remembered, so that they needn't be checked when they run again. */
const remembered = 50;

/** A type checker of TypeScript proposes other names for no more unknown ones than this. */
const mostProposals = 10;

/** How much text the type checker takes in, in UTF-16 units, before another takes its place when there is time. */
const enough = 100_000;

/** Then it is high time: so much costs about 100 MB. */
const tooMuch = 5 * enough;

/** Types over all cells that ran. */
export class CellTypes {
  readonly #cwd: string;
  readonly #program: LivingProgram;
  #names = new EarlierNames();
  #declared = new DeclaredCells();
  #next = 1;
  #opened: Opened | undefined;
  /** The last cell that was checked: the next to be declared. */
  #checked: Opened | undefined;
  /** Without errors, by source. */
  readonly #clean = new Map<string, Opened>();
  #generation = 0;
  /** How many unknown names the type checker has come across. */
  #proposals = 0;

  constructor({ cwd, globals }: CellTypesOptions) {
    this.#cwd = resolve(cwd);
    this.#program = new LivingProgram(new ServiceHost(cwd, globals));
  }

  check(source: string): readonly Diagnostic[] {
    this.#look();
    const known = this.#clean.get(source);
    if (known !== undefined && this.#names.isCurrent(known.loan, known.cell)) {
      this.#checked = known;
      return [];
    }
    const found = this.#diagnose(source, []);
    const unknown = found.flatMap(({ unknownName }) => unknownName ?? []);
    if (unknown.length === 0) return found;
    // TypeScript proposes a name only if it is in sight.
    const near = unknown.flatMap((name) => this.#near(name));
    const all = this.#proposals <= mostProposals;
    if (near.length === 0 && all) return found;
    if (this.#proposals + unknown.length > mostProposals) this.tidy();
    return this.#diagnose(source, near);
  }

  /** Whether a cell in which the latest check found nothing declares nothing, and no change on the disk can concern it. */
  isSettled(source: string): boolean {
    const known = this.#clean.get(source);
    return known?.cell.own.size === 0 && !this.#program.heedsDisk;
  }

  /** Cells import this text as `./module`, whatever is on the disk. */
  defineModule(module: string, source: string): void {
    this.#close();
    this.#checked = undefined;
    this.#program.defineModule(module, source);
    this.#forgetStale();
  }

  checkModule(module: string): readonly Diagnostic[] {
    return diagnosticsOf(this.#program.service, this.#program.module(module), () => false);
  }

  /** The cell ran: later cells see what it declares. */
  declare(source: string): Declared {
    const checked = this.#checked;
    this.#checked = undefined;
    const fits = checked?.cell.source === source && this.#names.isCurrent(checked.loan, checked.cell);
    const opened = fits ? checked : this.#open(source);
    const { cell } = opened;
    if (this.#declared.has(cell)) {
      // It ran before, and its names are still the latest.
      if ([...cell.own].every(([name, symbol]) => this.#names.symbol(name) === symbol)) return { forgotten: [] };
      return this.#keep(this.#open(source), { id: this.#next, source, untyped: false });
    }
    if (cell.own.size === 0 && !cell.isAmbient) return { forgotten: [] };
    return this.#keep(opened, { id: this.#next, source, untyped: false });
  }

  /** As `declare`, but without asking what the names' types are: they are `any`. */
  declareUntyped(source: string): Declared {
    const record = { id: this.#next, source, untyped: true };
    return this.#keep(this.#open(untyped(source)), record);
  }

  /** Takes over what another service's `declare` gave. */
  restore(record: CellRecord): void {
    this.#keep(this.#open(record.untyped ? untyped(record.source) : record.source), record);
  }

  complete(source: string, offset: number): Completions {
    this.#look();
    const { word, isMember } = wordBefore(source, offset);
    const lower = word.toLowerCase();
    const matching = isMember ? [] : [...this.#names.names()].filter((name) => name.toLowerCase().includes(lower));
    return completionsAt(this.#program.service, this.#open(source, matching).cell, offset, this.#names);
  }

  inspect(source: string, offset: number): Inspection | undefined {
    this.#look();
    return inspectionAt(this.#program.service, this.#open(source).cell, offset);
  }

  reset(): void {
    this.#close();
    for (const cell of this.#declared.files()) this.#program.remove(cell);
    this.#program.forgetModules();
    this.#names = new EarlierNames();
    this.#declared = new DeclaredCells();
    this.#clean.clear();
    this.#checked = undefined;
  }

  /** Goes through everything so many times, so that it is loaded and compiled when cells come; changes nothing. */
  *warmUp(rounds: number): Generator<void> {
    for (let round = 0; round < rounds; round++) {
      const source = `${warmUpCell}\nconst round = ${round};`;
      this.#diagnose(source, []);
      yield;
      this.complete(`${source}\nheav`, source.length + 5);
      yield;
      this.inspect(source, source.length - 10);
      yield;
    }
  }

  /** Whether the type checker has grown so much that another shall take its place, when there is time. */
  get isUntidy(): boolean {
    return this.#program.taken > enough || this.#proposals > mostProposals / 2;
  }

  /** In steps, as `warmUp`. */
  *tidyUp(): Generator<void> {
    this.tidy();
    yield;
    // The new checker has to work out the library's types again; the next cell shall not wait for that.
    yield* this.warmUp(1);
  }

  /** Gives back what is remembered of cells that are gone. */
  tidy(): void {
    this.#close();
    this.#checked = undefined;
    this.#clean.clear();
    this.#program.renew();
    this.#forgetStale();
  }

  #look(): void {
    if (this.#program.taken > tooMuch) this.tidy();
    this.#program.look();
    this.#forgetStale();
  }

  /** What was found right may be wrong by another checker, which knows other files. */
  #forgetStale(): void {
    if (this.#generation === this.#program.generation) return;
    this.#generation = this.#program.generation;
    this.#proposals = 0;
    this.#clean.clear();
  }

  #diagnose(source: string, names: readonly string[]): readonly Diagnostic[] {
    const opened = this.#open(source, names);
    const { cell } = opened;
    const { service } = this.#program;
    const found = [
      ...diagnosticsOf(service, cell, (name) => !cell.own.has(name) && this.#names.has(name)),
      ...[...this.#program.notebookImports(cell)].flatMap(([file, by]) =>
        importedDiagnostics(service, cell, file, by, this.#cwd),
      ),
    ];
    this.#checked = opened;
    this.#forgetStale();
    this.#proposals += found.filter(({ unknownName }) => unknownName !== undefined).length;
    if (found.length === 0 && cell.specifiers.length === 0 && !cell.isAmbient) this.#remember(opened);
    return found;
  }

  #remember(opened: Opened): void {
    const { source } = opened.cell;
    this.#clean.delete(source);
    this.#clean.set(source, opened);
    const [oldest] = this.#clean.keys();
    if (this.#clean.size > remembered && oldest !== undefined) this.#clean.delete(oldest);
  }

  /** Earlier names that an unknown one may have been meant to be: of about its length, and beginning alike. */
  #near(unknown: string): readonly string[] {
    const initial = unknown.charAt(0).toLowerCase();
    return [...this.#names.names()].filter(
      (name) => Math.abs(name.length - unknown.length) <= 2 && name.charAt(0).toLowerCase() === initial,
    );
  }

  #open(source: string, names: readonly string[] = []): Opened {
    this.#close();
    const cell = this.#program.add(source);
    this.#program.load(cell);
    this.#opened = { cell, loan: this.#names.lend(cell, names) };
    return this.#opened;
  }

  #close(): void {
    if (this.#opened !== undefined) this.#program.remove(this.#opened.cell);
    this.#opened = undefined;
  }

  #keep({ cell, loan }: Opened, record: CellRecord): Declared {
    if (this.#opened?.cell === cell) this.#opened = undefined;
    this.#program.put(cell);
    loan.end();
    const { cells } = this.#names.lend(cell);
    this.#names.add(record.id, cell);
    this.#declared.add(record.id, cell, cells);
    this.#next = Math.max(this.#next, record.id + 1);
    const lost = this.#declared.sweep(this.#names);
    for (const [, forgotten] of lost) this.#program.remove(forgotten);
    return { record, forgotten: lost.map(([id]) => id) };
  }
}

/** Declares a cell's names, each as `any`. */
function untyped(source: string): string {
  const { own } = cellFile(parseFile("untyped.ts", source, compilerOptions), compilerOptions);
  return Array.from(own, ([name, { flags }]) => {
    const value = (flags & (compiler.SymbolFlags.Value | compiler.SymbolFlags.Alias)) !== 0 ? `let ${name}: any; ` : "";
    return flags & (compiler.SymbolFlags.Type | compiler.SymbolFlags.Alias) ? `${value}type ${name} = any;` : value;
  }).join("\n");
}
