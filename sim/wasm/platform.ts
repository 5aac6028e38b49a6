/**
 * The part of the WebAssembly JavaScript interface that is synchronous. The language's libraries without the DOM's don't
 * declare it, though every platform has it.
 */
export interface Memory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export interface Table {
  readonly length: number;
  get(index: number): unknown;
  set(index: number, value: unknown): void;
  grow(by: number): number;
}

export type Imports = Readonly<Record<string, Readonly<Record<string, unknown>>>>;
export type Exports = Readonly<Record<string, unknown>>;

interface Platform {
  readonly Memory: new (limits: { initial: number; maximum?: number }) => Memory;
  readonly Table: new (limits: { element: "anyfunc"; initial: number; maximum?: number }) => Table;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: Imports) => { readonly exports: Exports };
}

declare const WebAssembly: Platform;

/** @param pages of 64 KiB */
export function createMemory(pages: number): Memory {
  return new WebAssembly.Memory({ initial: pages });
}

/** A table of functions, for calls between modules. */
export function createTable(length: number): Table {
  return new WebAssembly.Table({ element: "anyfunc", initial: length });
}

/** Compiles and instantiates in this thread, at once. */
export function instantiate(module: Uint8Array<ArrayBuffer>, imports: Imports): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module), imports).exports;
}
