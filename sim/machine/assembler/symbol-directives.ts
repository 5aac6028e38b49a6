import type { State } from "./state.js";
import { count, each, stringBytes } from "./arguments.js";
import type { Cursor, Token } from "./cursor.js";
import type { Directive } from "./directive.js";
import { parseExpression } from "./expression.js";
import { Mistake } from "./problem.js";

const binding =
  (kind: "global" | "local" | "weak"): Directive =>
  ({ symbols }, cursor) => {
    each(cursor, () => {
      symbols.mention(cursor.name("a symbol").text).binding = kind;
    });
  };

const assign =
  (again: boolean): Directive =>
  (state, cursor) => {
    const { text, place } = cursor.name("a symbol");
    cursor.expect(",", "Write a name, a comma and its value.");
    state.symbols.assign(text, parseExpression(cursor, state), place, again);
    cursor.end("Write one expression.");
  };

/** `.type name, @function`. */
function type({ symbols }: State, cursor: Cursor): void {
  const symbol = symbols.mention(cursor.name("a symbol").text);
  cursor.accept(",");
  if (!cursor.accept("@")) cursor.accept("%");
  symbol.type = cursor.name("a type").text.replace(/^STT_/, "").toLowerCase();
}

function size(state: State, cursor: Cursor): void {
  const symbol = state.symbols.mention(cursor.name("a symbol").text);
  cursor.expect(",", "Write a symbol, a comma and its size.");
  symbol.size = parseExpression(cursor, state);
}

/** `.comm name, bytes, alignment`: room among the zeros, for linkers to share. */
const room =
  (kind: "common" | "local"): Directive =>
  (state, cursor) => {
    const { text: name, place } = cursor.name("a symbol");
    cursor.expect(",", "Write a symbol, a comma and its size.");
    const bytes = count(state, cursor);
    const boundary = cursor.accept(",") ? Math.max(1, count(state, cursor)) : naturalBoundary(bytes);
    if (kind === "local") state.room(name, place, bytes, boundary);
    else {
      state.symbols.mention(name).binding = "global";
      state.commons.push({ name, place, bytes, boundary });
    }
  };

/** That of the largest number that could lie there. */
const naturalBoundary = (bytes: number): number => [8, 4, 2].find((size) => bytes >= size) ?? 1;

/** For linkers, debuggers and printed listings: it changes no byte of the program. */
const nothing: Directive = (_, cursor) => {
  cursor.rest();
};

function error(_: State, cursor: Cursor, word: Token): void {
  const text = cursor.done ? ".err" : String.fromCharCode(...stringBytes(cursor));
  throw new Mistake(word.place, text, "The source itself says that this is wrong.");
}

export const symbolDirectives: Readonly<Record<string, Directive>> = {
  ".globl": binding("global"),
  ".global": binding("global"),
  ".local": binding("local"),
  ".weak": binding("weak"),
  ".equ": assign(true),
  ".set": assign(true),
  ".equiv": assign(false),
  ".type": type,
  ".size": size,
  ".comm": room("common"),
  ".lcomm": room("local"),
  ".common": room("common"),
  ".error": error,
  ".err": error,
  ".end": ({ input }) => {
    input.stop();
  },
  ...Object.fromEntries(
    [
      ".file .ident .loc .attribute .hidden .internal .protected .extern .addrsig .addrsig_sym .title .version .print .warning",
      ".cfi_startproc .cfi_endproc .cfi_sections .cfi_def_cfa .cfi_def_cfa_offset .cfi_def_cfa_register .cfi_offset",
      ".cfi_restore .cfi_adjust_cfa_offset .cfi_remember_state .cfi_restore_state .cfi_undefined .cfi_return_column",
    ]
      .join(" ")
      .split(" ")
      .map((name) => [name, nothing]),
  ),
};
