/** How a name came to be; it decides how a later cell is given it, and how a remark speaks of it. */
export type NameKind = "let" | "const" | "function" | "class" | "enum" | "namespace" | "interface" | "type" | "import";

export interface DeclaredName {
  readonly name: string;
  readonly kind: NameKind;
  readonly value: boolean;
  readonly type: boolean;
  /** A type with parameters can't be given on without its value. */
  readonly generic: boolean;
  /** The comment in front of a variable, whole. */
  readonly comment: string;
  /** A type-only import as it stands in the cell: an alias of it would be a value. */
  readonly typeImport?: string;
}

/**
 * What a cell that ran leaves to later cells: its declarations without bodies, as TypeScript's declaration emit
 * writes them, to stand in a namespace of their own. Plain data: it outlives the thread that made it.
 */
export interface CellRecord {
  readonly id: number;
  readonly names: readonly DeclaredName[];
  /** The namespace's body. */
  readonly body: string;
  /** Records that the body mentions. */
  readonly uses: readonly number[];
  /** Imports and re-exports that the body stands on. */
  readonly imports: readonly string[];
  /** Augmentations of the global scope and of modules: they hold for every later cell. */
  readonly ambient: string;
}

/** The module specifier under which a cell imports the file of earlier declarations. */
export const EARLIER = "virtlab:earlier-cells";

/** What a cell, and the file itself, calls that module. */
export const EARLIER_NAME = "__earlier";

/** The namespace of a record. */
export function namespaceOf(id: number | string): string {
  return `__cell${id}`;
}

export interface Owner {
  readonly record: number;
  readonly declared: DeclaredName;
}

/** Where a name is declared, for each of its meanings. */
export interface Owners {
  readonly value: Owner | undefined;
  readonly type: Owner | undefined;
}

/**
 * The declarations of all cells that ran, and the file of those that one cell needs.
 *
 * Chosen by measurement over a module per cell, whose import list would change from cell to cell: TypeScript keeps a
 * program's structure only while all import lists stay equal, and a check costs 6 ms then, 11 to 17 otherwise
 * (7-line cell, 160 to 360 files). So all a cell needs stands in one file with one list of imports, which grows only
 * when a cell imports something new. Keeping the cells' sources instead of their declarations would make each check
 * infer the types of all cells before it again.
 */
export class EarlierTypes {
  readonly #records = new Map<number, CellRecord>();
  readonly #owners = new Map<string, Owners>();
  #imports = new Set<string>();
  readonly #ambient = new Map<number, string>();
  #next = 1;
  #sinceSweep = 0;

  /** An id for the next record. */
  get nextId(): number {
    return this.#next;
  }

  /** @returns the ids of records that nothing leads to any more; now and then, not each time */
  add(record: CellRecord): readonly number[] {
    this.#next = Math.max(this.#next, record.id + 1);
    this.#records.set(record.id, record);
    for (const declared of record.names) {
      const owner = { record: record.id, declared };
      const before = this.#owners.get(declared.name);
      this.#owners.set(declared.name, {
        value: declared.value ? owner : this.#kept(before?.value, declared),
        type: declared.type ? owner : this.#kept(before?.type, declared),
      });
    }
    for (const line of record.imports) this.#imports.add(line);
    if (record.ambient !== "") this.#ambient.set(record.id, record.ambient);
    return ++this.#sinceSweep < 100 ? [] : this.#sweep();
  }

  owners(name: string): Owners | undefined {
    return this.#owners.get(name);
  }

  names(): Iterable<string> {
    return this.#owners.keys();
  }

  /** The text that holds these records and all that they mention. */
  file(ids: Iterable<number>): string {
    const needed = [...this.#closure([...ids, ...this.#ambient.keys()])].sort((a, b) => a - b);
    const parts = [`import * as ${EARLIER_NAME} from "${EARLIER}";`, ...this.#imports, ...this.#ambient.values()];
    for (const id of needed) {
      const record = this.#records.get(id);
      if (record !== undefined) parts.push(`export declare namespace ${namespaceOf(id)} {\n${record.body}\n}`);
    }
    return parts.join("\n");
  }

  /** A name's other meaning lives on only where that can be said: a generic class without its value can't. */
  #kept(owner: Owner | undefined, by: DeclaredName): Owner | undefined {
    if (owner === undefined) return undefined;
    const { value, type } = owner.declared;
    return value && type && by.value && owner.declared.generic ? undefined : owner;
  }

  #closure(ids: Iterable<number>): Set<number> {
    const found = new Set<number>();
    const queue = [...ids];
    for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
      if (found.has(id)) continue;
      found.add(id);
      queue.push(...(this.#records.get(id)?.uses ?? []));
    }
    return found;
  }

  /** Forgets the records that no name and no other record leads to. */
  #sweep(): readonly number[] {
    this.#sinceSweep = 0;
    const roots = new Set<number>(this.#ambient.keys());
    for (const { value, type } of this.#owners.values()) {
      if (value !== undefined) roots.add(value.record);
      if (type !== undefined) roots.add(type.record);
    }
    const reachable = this.#closure(roots);
    const lost = [...this.#records.keys()].filter((id) => !reachable.has(id));
    for (const id of lost) this.#records.delete(id);
    this.#imports = new Set([...this.#records.values()].flatMap(({ imports }) => imports));
    return lost;
  }
}
