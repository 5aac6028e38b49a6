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
 *   references        which identifiers mean the top level
 *   statements        top-level declarations, imports, exports, result → statements of a script
 *   loops             top-level loops at a module's speed
 *   earlier-cells     what is remembered from cell to cell
 *   helpers           what the type stripper's output calls
 *   edits, nodes      text changes that know where they came from; the syntax tree
 * module-transform    local file → function
 * positions           script → cell or file
 * expression          one expression without its types
 * guards              where a script catches what is thrown
 * completeness        may Enter run it?
 * syntax-errors       the parser's words
 * nesting             what the parser can't be given
 * line-index          offset → line and column
 * types               what the room promises
 *
 * service/client      the thread's life: questions, restart
 *   thread, messages  the thread; what passes between the two
 *   cell-types        check, declare, complete, inspect over TypeScript's language service
 *   earlier-types     the declarations of all cells that ran; why they are kept so
 *   cell-prelude      what makes them visible to a cell
 *   cell-record       what a cell leaves to later ones
 *   own-names         what a cell declares, value or type
 *   diagnostics, completion, inspection, cell-view   TypeScript's answers in our words
 *   service-host, packages                           what TypeScript sees of the disk
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
export { isComplete, type Completeness } from "./completeness.js";
export { originalPosition, readPositions } from "./positions.js";
export { stripExpression } from "./expression.js";
export { findGuards, type Guards } from "./guards.js";
export type { Position } from "./line-index.js";
export { startLanguageService, type LanguageServiceOptions } from "./service/client.js";
