import ts from "typescript";
import type { Completions, Diagnostic, Inspection } from "../types.js";
import { cellRecord, untypedRecord } from "./cell-record.js";
import { cellPrelude } from "./cell-prelude.js";
import { completionsAt, wordBefore } from "./completion.js";
import { diagnosticsOf } from "./diagnostics.js";
import { EarlierTypes, type CellRecord } from "./earlier-types.js";
import { inspectionAt } from "./inspection.js";
import { ownNames, type OwnNames } from "./own-names.js";
import { ServiceHost } from "./service-host.js";

export interface CellTypesOptions {
  /** The notebook's folder: relative imports and packages are found from here. */
  readonly cwd: string;
  /** Declarations of what the kernel adds to the global scope. */
  readonly globals: string;
}

export interface Declared {
  /** Enough to say so again elsewhere. */
  readonly record: CellRecord;
  /** Records that are needed no more. */
  readonly forgotten: readonly number[];
}

/** What cells are made of. */
const warmUpCell = `
interface Host { readonly name: string; memory: number; tags?: string[] }
const hosts: Host[] = [{ name: "a", memory: 1 }, { name: "b", memory: 2, tags: ["x"] }];
function heaviest<T extends Host>(list: readonly T[]): T | undefined {
  return [...list].sort((one, other) => other.memory - one.memory)[0];
}
class Rack { constructor(readonly hosts: Host[]) {} get total(): number { return this.hosts.reduce((sum, { memory }) => sum + memory, 0); } }
const shares = new Map(hosts.map((host) => [host.name, host.memory / new Rack(hosts).total]));
for (const [name, share] of shares) console.log(\`\${name}: \${share.toFixed(2)}\`);
const later = await Promise.resolve({ ...heaviest(hosts), at: new Date() });`;

/** Types over all cells that ran, one cell at a time, on TypeScript's language service. */
export class CellTypes {
  readonly #host: ServiceHost;
  readonly #service: ts.LanguageService;
  #earlier = new EarlierTypes();

  constructor({ cwd, globals }: CellTypesOptions) {
    this.#host = new ServiceHost(cwd, globals);
    this.#service = ts.createLanguageService(this.#host);
  }

  check(source: string): readonly Diagnostic[] {
    const found = this.#diagnose(source, []);
    // TypeScript proposes a name only if it is in sight.
    const near = found.flatMap(({ unknownName }) => (unknownName === undefined ? [] : this.#near(unknownName)));
    return near.length === 0 ? found : this.#diagnose(source, near);
  }

  /** The cell ran: later cells see what it declares. */
  declare(source: string): Declared {
    const record = this.#record(source);
    return { record, forgotten: this.#earlier.add(record) };
  }

  /** As `declare`, but without asking what the names' types are: they are `any`. */
  declareUntyped(source: string): Declared {
    const record = untypedRecord(this.#earlier.nextId, this.#parse(source));
    return { record, forgotten: this.#earlier.add(record) };
  }

  /** Takes over what another service's `declare` gave. */
  restore(record: CellRecord): void {
    this.#earlier.add(record);
  }

  /** Goes through everything so many times, so that it is loaded and compiled when cells come; changes nothing. */
  *warmUp(rounds: number): Generator<void> {
    for (let round = 0; round < rounds; round++) {
      const source = `${warmUpCell}\nconst round = ${round};`;
      this.check(source);
      yield;
      this.#record(source);
      yield;
      this.complete(`${source}\nheav`, source.length + 5);
      yield;
      this.inspect(source, source.length - 10);
      yield;
    }
  }

  complete(source: string, offset: number): Completions {
    const { word, isMember } = wordBefore(source, offset);
    const matching = [...this.#earlier.names()].filter((name) => name.toLowerCase().includes(word.toLowerCase()));
    const { shift } = this.#open(source, isMember ? [] : matching);
    const view = { service: this.#service, file: this.#host.cellFile, source, shift };
    return completionsAt(view, offset, this.#earlier);
  }

  inspect(source: string, offset: number): Inspection | undefined {
    const { shift } = this.#open(source);
    return inspectionAt({ service: this.#service, file: this.#host.cellFile, source, shift }, offset);
  }

  reset(): void {
    this.#earlier = new EarlierTypes();
  }

  #diagnose(source: string, names: Iterable<string>): readonly Diagnostic[] {
    const { shift } = this.#open(source, names);
    return diagnosticsOf({ service: this.#service, file: this.#host.cellFile, source, shift }, this.#earlier);
  }

  /** Earlier names that an unknown one may have been meant to be: of about its length, and beginning alike. */
  #near(unknown: string): readonly string[] {
    const initial = unknown.charAt(0).toLowerCase();
    return [...this.#earlier.names()].filter(
      (name) => Math.abs(name.length - unknown.length) <= 2 && name.charAt(0).toLowerCase() === initial,
    );
  }

  #record(source: string): CellRecord {
    const { own, shift } = this.#open(source);
    const file = this.#host.cellFile;
    const program = this.#service.getProgram();
    const tree = program?.getSourceFile(file);
    if (program === undefined || tree === undefined) throw new Error("the language service has no program");
    const checker = program.getTypeChecker();
    const [output] = this.#service.getEmitOutput(file, true, true).outputFiles;
    return cellRecord({
      id: this.#earlier.nextId,
      statements: tree.statements.filter(({ end }) => end > shift),
      module: checker.getSymbolAtLocation(tree),
      own,
      checker,
      declarations: output?.text ?? "",
    });
  }

  #parse(source: string): OwnNames {
    return ownNames(ts.createSourceFile("cell.ts", source, ts.ScriptTarget.ES2023));
  }

  /** Makes the cell the one that the service sees, behind a prelude as long as `shift`. */
  #open(source: string, names?: Iterable<string>): { readonly own: OwnNames; readonly shift: number } {
    const own = this.#parse(source);
    const { text, uses } = cellPrelude(source, own, this.#earlier, names);
    // Behind the prelude the first line of a script file would be a syntax error.
    this.#host.set(text + source.replace(/^#!/, "//"), this.#earlier.file(uses));
    return { own, shift: text.length };
  }
}
