/**
 * wasm: WebAssembly modules made at run time, by rooms that compile what a guest executes.
 *
 * Glossary
 *   module    types, imports, functions and exports, encoded to bytes that the engine compiles
 *   code      one function's body, written instruction by instruction
 *   instance  a compiled module with its imports in place
 *
 * bytes     a buffer that grows, and LEB128 numbers
 * code      the instructions that our compilers use, by their names in the specification
 * module    the sections of a module
 * reader    bytes, taken apart again; text: a module in WebAssembly's text format
 * platform  WebAssembly as ES2023 without a DOM doesn't declare it; the only file that names it
 *
 * Source: WebAssembly Core Specification 2.0, chapters 5 (binary format) and 6 (text format), and the tail-call proposal.
 */
export { Code, type MemoryAccess, type Plain, type ValueType } from "./code.js";
export { WasmModule, type FunctionType } from "./module.js";
export { functionLines, wasmText, type LocalNames, type WasmLine } from "./text.js";
export {
  compile,
  createMemory,
  createTable,
  instantiate,
  type CompiledModule,
  type Imports,
  type Memory,
  type Table,
} from "./platform.js";
