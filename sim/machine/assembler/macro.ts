import type { Cursor } from "./cursor.js";
import { Mistake } from "./problem.js";
import type { Place, Statement } from "./statement.js";

interface Parameter {
  readonly name: string;
  readonly value: string;
  readonly kind: "" | "req" | "vararg";
}

export interface Macro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: readonly Statement[];
}

/** An argument of a macro, as it stands. */
interface Argument {
  readonly text: string;
  readonly at: number;
}

/** Whether a blank between two characters is part of an expression and ends no argument. */
const joins = (before: string, after: string): boolean =>
  /[-+*/%&|^~<>=!(]$/.test(before) || /^[-+*/%&|^<>=!)]/.test(after);

/** Arguments end at commas, and at blanks that stand in no expression, outside strings and brackets. */
export function splitArguments(text: string, at: number): readonly Argument[] {
  const found: Argument[] = [];
  let [start, depth] = [0, 0];
  const end = (stop: number): void => {
    const raw = text.slice(start, stop);
    const leading = raw.length - raw.trimStart().length;
    found.push({ text: raw.trim(), at: at + start + leading });
  };
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === '"') {
      const rest = /^"(?:[^"\\]|\\.)*"?/.exec(text.slice(i))?.[0] ?? character;
      i += rest.length - 1;
    } else if (character === "(") depth++;
    else if (character === ")") depth--;
    else if (character === "," && depth === 0) {
      end(i);
      start = i + 1;
    } else if (/\s/.test(character) && depth === 0) {
      const before = text.slice(start, i).trim();
      const after = text.slice(i).trimStart();
      if (before === "" || after === "" || after.startsWith(",") || joins(before, after)) continue;
      end(i);
      start = i + 1;
    }
  }
  if (text.trim() !== "") end(text.length);
  return found;
}

const unquote = (text: string): string =>
  /^"(?:[^"\\]|\\.)*"$/s.test(text) ? text.slice(1, -1).replaceAll('\\"', '"') : text;

/** `.macro name a, b=1, c:req, rest:vararg`, without its text. */
export function parseMacroHead(cursor: Cursor): Omit<Macro, "body"> {
  const { text: name } = cursor.name("the macro's name");
  cursor.accept(",");
  const { text, at } = cursor.rest();
  const parameters = splitArguments(text, at).map(({ text: parameter, at: where }): Parameter => {
    const parts = /^\\?([A-Za-z_.$][\w.$]*)(?:\s*:\s*(req|vararg))?(?:\s*=\s*(.*))?$/s.exec(parameter);
    if (parts === null) {
      const place = { statement: cursor.statement, at: where, length: Math.max(1, parameter.length) };
      throw new Mistake(
        place,
        `"${parameter}" is no parameter`,
        "Write a name, name=default, name:req or name:vararg.",
      );
    }
    const kind = parts[2] === "req" || parts[2] === "vararg" ? parts[2] : "";
    return { name: parts[1] ?? "", value: unquote(parts[3] ?? ""), kind };
  });
  return { name, parameters };
}

/** The value of each parameter at one use of a macro. */
export function bindArguments({ name, parameters }: Macro, cursor: Cursor, place: Place): ReadonlyMap<string, string> {
  const { text, at } = cursor.rest();
  const values = new Map(parameters.map((parameter) => [parameter.name, parameter.value]));
  const given = splitArguments(text, at);
  const bound = new Set<string>();
  let next = 0;
  for (const argument of given) {
    const where = { statement: cursor.statement, at: argument.at, length: Math.max(1, argument.text.length) };
    const named = /^([A-Za-z_.$][\w.$]*)\s*=(?!=)\s*(.*)$/s.exec(argument.text);
    if (named !== null && values.has(named[1] ?? "")) {
      values.set(named[1] ?? "", unquote(named[2] ?? ""));
      bound.add(named[1] ?? "");
      continue;
    }
    const parameter = parameters[next++];
    if (parameter === undefined) {
      const takes = parameters.length === 0 ? "no arguments" : parameters.map((one) => one.name).join(", ");
      throw new Mistake(where, `${name} has no parameter for this`, `It takes ${takes}.`);
    }
    bound.add(parameter.name);
    if (parameter.kind === "vararg") {
      values.set(parameter.name, text.slice(argument.at - at).trim());
      break;
    }
    if (argument.text !== "") values.set(parameter.name, unquote(argument.text));
  }
  const missing = parameters.find((parameter) => parameter.kind === "req" && !bound.has(parameter.name));
  if (missing !== undefined)
    throw new Mistake(place, `${name} needs "${missing.name}"`, `Give ${missing.name} a value.`);
  return values;
}

/** Puts values in the place of `\name`; `\@` is the number of the expansion, `\()` nothing. */
export function substitute(text: string, values: ReadonlyMap<string, string>, count: number): string {
  return text.replace(
    /\\(?:([A-Za-z_.$][\w.$]*)|(@)|(\(\)))/g,
    (whole, name: string | undefined, at?: string, nothing?: string) => {
      if (at !== undefined) return String(count);
      if (nothing !== undefined) return "";
      for (let length = name?.length ?? 0; length > 0; length--) {
        const value = values.get(name?.slice(0, length) ?? "");
        // `\a.w` with a parameter `a`: names end at dots, too.
        if (value !== undefined && (length === name?.length || /[.$]/.test(name?.[length] ?? ""))) {
          return value + (name?.slice(length) ?? "");
        }
      }
      return whole;
    },
  );
}
