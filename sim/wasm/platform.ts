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

/** What the engine has compiled, and compiles better as it is executed: for all instances together. */
export interface CompiledModule {
  readonly compiled: unique symbol;
}

interface Platform {
  readonly Memory: new (limits: { initial: number; maximum?: number }) => Memory;
  readonly Table: new (limits: { element: "anyfunc"; initial: number; maximum?: number }) => Table;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => CompiledModule;
  readonly Instance: new (module: CompiledModule, imports: Imports) => { readonly exports: Exports };
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

/** Compiles in this thread, at once. */
export function compile(module: Uint8Array<ArrayBuffer>): CompiledModule {
  return new WebAssembly.Module(module);
}

/** Instantiates in this thread, at once. */
export function instantiate(module: Uint8Array<ArrayBuffer> | CompiledModule, imports: Imports): Exports {
  const compiled = module instanceof Uint8Array ? compile(module) : module;
  return new WebAssembly.Instance(compiled, imports).exports;
}
