/**
 * lesson: what an engine does, in the open.
 *
 * Glossary
 *   translation  guest instructions beside the WebAssembly that stands for them
 *   counter      a figure that a run gave, with what exactly it counts
 *
 * translation  a block as instructions, meanings and WebAssembly text
 * guest        what lessons see of a machine
 * counter      figures, and how they are shown
 */
export type { Counter } from "./counter.js";
export { translationAt, type TranslatedLine, type Translation } from "./translation.js";
