/**
 * lang: what a cell's text means. A cell goes in as TypeScript and comes out as a script, as diagnostics, completions
 * or documentation; nothing here runs it.
 *
 * cell        the text of one execution: a module whose top-level names later cells see
 * top level   what stands in no function, class or block of the cell
 * realm       JavaScript's and Node's global names
 * position    line and column from 1, columns in UTF-16 units, as editors count
 *
 * transform           cell → script; what the script hands over
 *   declarations      the names that a cell declares
 *   erasure           types taken out in place, where that makes it JavaScript
 *   references        which identifiers mean the top level
 *   statements        top-level declarations, imports, exports, result → statements of a script
 *   loops             top-level loops at a module's speed
 *   earlier-cells     what is remembered from cell to cell
 *   helpers           what the type stripper's output calls
 *   edits, nodes      text changes that know where they came from; the syntax tree
 * warm-up-cell        what is transformed and checked before there are cells
 * module-transform    local file → function
 * positions           script → cell or file
 * expression          one expression without its types
 * error-flow          what becomes of what is thrown at a place: caught there, or carried off by a promise
 * completeness        may Enter run it?
 * syntax-errors       the parser's words
 * nesting             what the parser can't be given
 * line-index          offset → line and column
 * types               what the room promises
 *
 * service/client      the thread's life: questions, restart, which cells are settled
 *   thread, messages  the thread; what passes between the two
 *   cell-types        check, declare, complete, inspect
 *   living-program    TypeScript's language service, its program and checker, which cells come and go in
 *   cell-file         a cell as TypeScript sees it
 *   earlier-names     which earlier cell's declaration a name means; how a cell gets to see it
 *   declared-cells    the cells that ran, and which of them are needed still
 *   diagnostics, completion, inspection, documentation   TypeScript's answers in our words
 *   service-host, packages                what TypeScript sees of the disk
 *   compiler, compiler-internals          TypeScript itself, and what its declarations leave out
 */
export * from "./types.js";
export { createTransform, transform, type Transform, type TransformOptions } from "./transform.js";
export {
  commonJsParameters,
  moduleParameters,
  transformModule,
  type ModuleTransformResult,
  type StaticImport,
  type TransformedModule,
} from "./module-transform.js";
export { warmUpCell } from "./warm-up-cell.js";
export { isComplete, type Completeness } from "./completeness.js";
export { originalPosition, readPositions } from "./positions.js";
export { stripExpression } from "./expression.js";
export { findErrorFlows, type ErrorFlow, type ErrorFlows } from "./error-flow.js";
export type { Position } from "./line-index.js";
export { startLanguageService, type LanguageServiceOptions } from "./service/client.js";
