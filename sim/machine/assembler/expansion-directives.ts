import type { State } from "./state.js";
import { count } from "./arguments.js";
import type { Cursor } from "./cursor.js";
import type { Directive } from "./directive.js";
import { expandStatements } from "./input.js";
import { parseMacroHead, splitArguments, substitute } from "./macro.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";

const repetitions = [".rept", ".irp", ".irpc"];

/** Reads the block again and again, each time with other words in it. */
function repeat(
  state: State,
  name: string,
  cursor: Cursor,
  place: Place,
  each: readonly ((text: string) => string)[],
): void {
  const body = state.input.block(repetitions, ".endr", place);
  const expansion = { name, call: cursor.statement };
  const statements = each.flatMap((change) => expandStatements(body, expansion, change));
  state.input.push(statements, place, false, state.conditions.depth);
}

/** `.irp name, a, b`: once with each word in the place of `\name`. */
function irp(state: State, cursor: Cursor, place: Place, split: (text: string) => readonly string[]): void {
  const { text: name } = cursor.name("the name that stands for each value");
  cursor.accept(",");
  const values = split(cursor.rest().text);
  const changes = (values.length === 0 ? [""] : values).map(
    (value) => (text: string) => substitute(text, new Map([[name, value]]), state.expansions),
  );
  repeat(state, ".irp", cursor, place, changes);
}

export const expansionDirectives: Readonly<Record<string, Directive>> = {
  ".macro": (state, cursor, { place }) => {
    const body = state.input.block([".macro"], ".endm", place);
    const head = parseMacroHead(cursor);
    if (state.macros.has(head.name)) {
      throw new Mistake(
        place,
        `there is a macro "${head.name}" already`,
        "Give one another name, or write .purgem before.",
      );
    }
    state.macros.set(head.name, { ...head, body });
  },
  ".purgem": ({ macros }, cursor) => {
    macros.delete(cursor.name("a macro's name").text);
  },
  ".exitm": ({ input, conditions }, _, { place }) => {
    const depth = input.exitMacro();
    if (depth === undefined) throw new Mistake(place, ".exitm stands in no macro", "Take it out.");
    conditions.cut(depth);
  },
  ".endm": (_, __, { place }) => {
    throw new Mistake(place, ".endm ends no macro", "Write .macro where it begins.");
  },
  ".endr": (_, __, { place }) => {
    throw new Mistake(place, ".endr ends no repetition", "Write .rept, .irp or .irpc where it begins.");
  },
  ".rept": (state, cursor, { place }) => {
    let times = 0;
    state.attempt(() => {
      times = count(state, cursor);
      cursor.end("Write one number.");
    });
    if (times > 1_000_000) throw new Mistake(place, `${times} times is too often`, "For memory take .space or .fill.");
    repeat(
      state,
      ".rept",
      cursor,
      place,
      new Array<(text: string) => string>(times).fill((text) => text),
    );
  },
  ".irp": (state, cursor, { place }) => {
    irp(state, cursor, place, (text) =>
      splitArguments(text, 0).map((argument) => argument.text.replace(/^"(.*)"$/s, "$1")),
    );
  },
  ".irpc": (state, cursor, { place }) => {
    irp(state, cursor, place, (text) => Array.from(text.trim().replace(/^"(.*)"$/s, "$1")));
  },
};
