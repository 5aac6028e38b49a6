import { Bytes } from "./bytes.js";
import { typeCode, type Code, type ValueType } from "./code.js";

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

export const sections = { type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const kinds = { function: 0, table: 1, memory: 2 } as const;
const version = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];

interface Import {
  readonly module: string;
  readonly name: string;
  readonly describe: (bytes: Bytes) => void;
}

/** A module under construction. Imported functions come first in the numbering. */
export class WasmModule {
  readonly #types: FunctionType[] = [];
  readonly #imports: Import[] = [];
  readonly #functions: { readonly type: number; readonly body: Uint8Array }[] = [];
  readonly #exports: { readonly name: string; readonly place: number }[] = [];
  #imported = 0;

  /** The type's number; the same for equal types. */
  type(type: FunctionType): number {
    const same = this.#types.findIndex((known) => signature(known) === signature(type));
    return same >= 0 ? same : this.#types.push(type) - 1;
  }

  importMemory(module: string, name: string): void {
    this.#imports.push({
      module,
      name,
      describe(bytes) {
        bytes.byte(kinds.memory);
        // At least no pages, no upper limit.
        bytes.byte(0);
        bytes.byte(0);
      },
    });
  }

  importTable(module: string, name: string): void {
    this.#imports.push({
      module,
      name,
      describe(bytes) {
        bytes.byte(kinds.table);
        bytes.byte(0x70);
        bytes.byte(0);
        bytes.byte(0);
      },
    });
  }

  /** The function's number. */
  importFunction(module: string, name: string, type: FunctionType): number {
    const index = this.type(type);
    this.#imports.push({
      module,
      name,
      describe(bytes) {
        bytes.byte(kinds.function);
        bytes.unsigned(index);
      },
    });
    return this.#imported++;
  }

  /** The function's number, unless functions are imported later; exported under `name` if there is one. */
  function(type: FunctionType, code: Code, name?: string): number {
    const place = this.#functions.push({ type: this.type(type), body: code.finish() }) - 1;
    if (name !== undefined) this.#exports.push({ name, place });
    return this.#imported + place;
  }

  encode(): Uint8Array<ArrayBuffer> {
    const module = new Bytes();
    version.forEach((byte) => {
      module.byte(byte);
    });
    section(module, sections.type, this.#types, (bytes, { parameters, results }) => {
      bytes.byte(0x60);
      for (const types of [parameters, results]) {
        bytes.unsigned(types.length);
        for (const type of types) bytes.byte(typeCode(type));
      }
    });
    section(module, sections.import, this.#imports, (bytes, { module: from, name, describe }) => {
      bytes.name(from);
      bytes.name(name);
      describe(bytes);
    });
    section(module, sections.function, this.#functions, (bytes, { type }) => {
      bytes.unsigned(type);
    });
    section(module, sections.export, this.#exports, (bytes, { name, place }) => {
      bytes.name(name);
      bytes.byte(kinds.function);
      bytes.unsigned(this.#imported + place);
    });
    section(module, sections.code, this.#functions, (bytes, { body }) => {
      bytes.vector(body);
    });
    return module.view;
  }
}

function signature({ parameters, results }: FunctionType): string {
  return `${parameters.join()}:${results.join()}`;
}

function section<T>(module: Bytes, id: number, entries: readonly T[], write: (bytes: Bytes, entry: T) => void): void {
  if (entries.length === 0) return;
  const content = new Bytes();
  content.unsigned(entries.length);
  for (const entry of entries) write(content, entry);
  module.byte(id);
  module.vector(content.view);
}
