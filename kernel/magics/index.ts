/**
 * magics: commands to the kernel that stand in a cell and are no TypeScript.
 *
 * magic         a command by name; the registry is a list of them, as data
 * line magic    `%name args`, on a line before the cell's code; the code runs after it
 * cell magic    `%%name args`, the first line; the rest of the cell, its *body*, is the magic's
 * question      `name?` or `?name`, a cell by itself: the documentation of a name, in the pager; `name??` its source too
 * context       what a magic can do to the session; the session supplies it
 * ending        how a cell ended
 *
 * A room brings magics of its own without the session knowing it: `defineMagic` of "virtlab" (kernel/api) takes their
 * description and what carries them out, which runs where cells run and so reaches their worlds. What "virtlab" brings
 * itself is there before the first import: an unknown magic, and `%lsmagic`, load it.
 *
 * magic          the types: what a magic is, and what it is given
 * magics         the registry: runs, completes and hides a cell's commands
 * command        how they are written
 * built-in       the list of ours: typecheck, timing (time, bench), capture, markup (html, markdown, svg), listing
 * usage-ending   a UsageError as a cell's end
 */
export type { Ending, Magic, MagicContext, Output } from "./magic.js";
export { createMagics, type Magics } from "./magics.js";
export { builtIn } from "./built-in.js";
