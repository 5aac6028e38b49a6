import type { State } from "./state.js";
import { constant } from "./arguments.js";
import type { Cursor, Token } from "./cursor.js";
import type { Directive } from "./directive.js";
import { Mistake } from "./problem.js";

type Test = (state: State, cursor: Cursor) => boolean;

const begin =
  (test: Test): Directive =>
  (state, cursor) => {
    state.conditions.begin(() => test(state, cursor));
  };

const compared =
  (holds: (value: bigint) => boolean): Test =>
  (state, cursor) => {
    const { value } = constant(state, cursor);
    cursor.end("Write one expression.");
    return holds(value);
  };

const known: Test = ({ symbols }, cursor) => symbols.defined(cursor.name("a symbol").text) !== undefined;

/** Two words, as they stand. */
const same: Test = (_, cursor) => {
  const [left = "", right = ""] = cursor
    .rest()
    .text.split(",", 2)
    .map((word) => word.trim().replace(/^'(.*)'$/s, "$1"));
  return left === right;
};
const blank: Test = (_, cursor) => cursor.rest().text.trim() === "";
const not =
  (test: Test): Test =>
  (state, cursor) =>
    !test(state, cursor);

function orphan({ text, place }: Token): Mistake {
  return new Mistake(place, `${text} has no .if`, "Write .if before it, or take it out.");
}

export const conditionDirectives: Readonly<Record<string, Directive>> = {
  ".if": begin(compared((value) => value !== 0n)),
  ".ifne": begin(compared((value) => value !== 0n)),
  ".ifeq": begin(compared((value) => value === 0n)),
  ".iflt": begin(compared((value) => value < 0n)),
  ".ifle": begin(compared((value) => value <= 0n)),
  ".ifgt": begin(compared((value) => value > 0n)),
  ".ifge": begin(compared((value) => value >= 0n)),
  ".ifdef": begin(known),
  ".ifndef": begin(not(known)),
  ".ifnotdef": begin(not(known)),
  ".ifc": begin(same),
  ".ifnc": begin(not(same)),
  ".ifb": begin(blank),
  ".ifnb": begin(not(blank)),
  ".elseif": (state, cursor, word) => {
    const test = compared((value) => value !== 0n);
    if (!state.conditions.elseIf(() => test(state, cursor))) throw orphan(word);
  },
  ".else": ({ conditions }, _, word) => {
    if (!conditions.otherwise()) throw orphan(word);
  },
  ".endif": ({ conditions }, _, word) => {
    if (!conditions.end()) throw orphan(word);
  },
};
