import {
  parse,
  type DoubleQuotedChild,
  type HereDoc,
  type ParameterExpansionPart,
  type ParameterOperation,
  type Word,
  type WordPart,
} from "unbash";
import type { Activity } from "../../core/index.js";
import { byteLength } from "../program/encoding.js";
import { evaluate } from "./arithmetic.js";
import { FieldBuilder } from "./fields.js";
import { expandPathname } from "./pathname.js";
import { isPattern, remove } from "./pattern.js";
import { ShellError, type Shell } from "./state.js";
import { expandTilde, expandTildes } from "./tilde.js";

/** Where a part stands: in quotes; or in the word behind an operator, whose own text is split as an expansion is. */
type Place = "word" | "operand" | "quotes";

/** The words of a command as fields: all expansions, POSIX 2.6. */
export function* expandWords(shell: Shell, words: readonly Word[]): Activity<string[]> {
  const all: string[] = [];
  for (const word of words) {
    if (word.parts === undefined) all.push(plainWord(shell, word));
    else yield* expandWord(shell, word, all);
  }
  return all;
}

const plainWord = (shell: Shell, { text, value }: Word): string =>
  text.startsWith("~") ? expandTilde(shell, text, value) : value;

function* expandWord(shell: Shell, word: Word, into: string[]): Activity<undefined> {
  const builder = new FieldBuilder(shell.fieldSeparators);
  yield* expandParts(shell, builder, word, "word");
  for (const { text, pattern } of builder.finish()) {
    if (!isPattern(pattern) || shell.options.has("f")) into.push(text);
    else {
      const paths = yield* expandPathname(shell.sys, pattern);
      if (paths.length === 0) into.push(text);
      else into.push(...paths);
    }
  }
  return undefined;
}

/** A word that stays one: neither split nor a pattern. */
export function* expandString(shell: Shell, word: Word): Activity<string> {
  if (word.parts === undefined) return plainWord(shell, word);
  return (yield* single(shell, word)).text;
}

/** The right side of an assignment: tildes behind colons too. */
export function* expandAssigned(shell: Shell, word: Word): Activity<string> {
  if (word.parts === undefined)
    return word.text.includes("~") ? expandTildes(shell, word.text, word.value) : word.value;
  return (yield* single(shell, word, true)).text;
}

/** A word as a pattern: what was quoted is escaped. */
export function* expandPattern(shell: Shell, word: Word): Activity<string> {
  return (yield* single(shell, word)).pattern;
}

function* single(
  shell: Shell,
  word: Word,
  assigned = false,
): Activity<{ readonly text: string; readonly pattern: string }> {
  const builder = new FieldBuilder(undefined);
  yield* expandParts(shell, builder, word, "word", assigned);
  return builder.finish()[0] ?? { text: "", pattern: "" };
}

export function* expandHereDocument(shell: Shell, { body, operator, delimiter }: HereDoc): Activity<string> {
  const strip = operator === "<<-";
  if (body.parts === undefined) {
    const text = strip ? body.text.replace(/^\t+/gm, "") : body.text;
    return delimiter?.quoted === true
      ? text
      : text.replace(/\\([\\$`\n])/g, (_all, one: string) => (one === "\n" ? "" : one));
  }
  const builder = new FieldBuilder(undefined);
  let starts = true;
  for (const part of body.parts) {
    if (part.type === "Literal" && strip) {
      const text = part.value.replace(/\n\t+/g, "\n");
      builder.quoted(starts ? text.replace(/^\t+/, "") : text);
      starts = text.endsWith("\n");
    } else {
      yield* expandPart(shell, builder, part, "quotes");
      starts = false;
    }
  }
  return builder.finish()[0]?.text ?? "";
}

function* expandParts(
  shell: Shell,
  builder: FieldBuilder,
  word: Word,
  place: Place,
  assigned = false,
): Activity<undefined> {
  if (word.parts === undefined) {
    literal(shell, builder, word, place, word.text.startsWith("~"), assigned);
    return undefined;
  }
  for (const [at, part] of word.parts.entries()) {
    if (part.type === "Literal") literal(shell, builder, part, place, at === 0, assigned);
    else yield* expandPart(shell, builder, part, place);
  }
  return undefined;
}

/** A word's own text. */
function literal(
  shell: Shell,
  builder: FieldBuilder,
  { text, value }: { readonly text: string; readonly value: string },
  place: Place,
  first: boolean,
  assigned: boolean,
): void {
  if (place === "quotes") builder.quoted(value);
  else if (assigned && text.includes("~")) builder.quoted(expandTildes(shell, text, value, first));
  else if (first && text.startsWith("~")) builder.quoted(expandTilde(shell, text, value));
  else if (place === "operand" && text === value) builder.expanded(value);
  else builder.quoted(value);
}

function* expandPart(shell: Shell, builder: FieldBuilder, part: WordPart, place: Place): Activity<undefined> {
  const quoted = place === "quotes";
  const give = (text: string): void => {
    if (quoted) builder.quoted(text);
    else builder.expanded(text);
  };
  switch (part.type) {
    case "Literal":
      literal(shell, builder, part, place, false, false);
      break;
    case "SingleQuoted":
    case "AnsiCQuoted":
      builder.quoted(part.value);
      break;
    case "DoubleQuoted":
      yield* doubleQuoted(shell, builder, part.parts);
      break;
    case "LocaleString":
      builder.quoted("$");
      yield* doubleQuoted(shell, builder, part.parts);
      break;
    case "SimpleExpansion":
      parameter(shell, builder, part.text.slice(1), quoted);
      break;
    case "ParameterExpansion":
      yield* parameterExpansion(shell, builder, part, quoted);
      break;
    case "CommandExpansion":
      if (part.script !== undefined) give(yield* shell.runner.output(shell, part.script));
      break;
    case "ArithmeticExpansion":
      give(yield* expandArithmetic(shell, part.text.slice(3, -2)));
      break;
    case "Glob":
      if (quoted) builder.quoted(part.text);
      else if (part.kind === "bracket") yield* bracket(shell, builder, part.parts);
      else builder.add(part.text, part.text);
      break;
    case "BraceExpansion":
      // Braces have no meaning in a POSIX shell.
      if (part.parts === undefined) builder.quoted(part.text);
      else {
        builder.quoted("{");
        for (const one of part.parts) yield* expandPart(shell, builder, one, place);
        builder.quoted("}");
      }
      break;
    case "ExtendedGlob":
    case "ProcessSubstitution":
      throw new ShellError('Syntax error: "(" unexpected');
  }
  return undefined;
}

function* bracket(shell: Shell, builder: FieldBuilder, parts: readonly WordPart[]): Activity<undefined> {
  builder.add("[", "[");
  for (const part of parts) {
    if (part.type === "Literal") builder.add(part.value, part.text);
    else yield* expandPart(shell, builder, part, "word");
  }
  builder.add("]", "]");
  return undefined;
}

function* doubleQuoted(shell: Shell, builder: FieldBuilder, parts: readonly DoubleQuotedChild[]): Activity<undefined> {
  // "$@" without parameters is no field; anything else in quotes is one, be it empty.
  const isAll = (part: DoubleQuotedChild): boolean =>
    part.type === "SimpleExpansion"
      ? part.text === "$@"
      : part.type === "ParameterExpansion" && part.parameter === "@" && part.prefix === undefined;
  if (parts.length === 0 || !parts.every(isAll)) builder.exist();
  for (const part of parts) yield* expandPart(shell, builder, part, "quotes");
  return undefined;
}

function parameter(shell: Shell, builder: FieldBuilder, name: string, quoted: boolean): void {
  if (name === "@" || name === "*") {
    all(shell, builder, name, quoted);
    return;
  }
  const value = valueOf(shell, name);
  if (value === undefined) return;
  if (quoted) builder.quoted(value);
  else builder.expanded(value);
}

/** $@ and $*: fields of their own, but "$*" and what isn't split are joined. */
function all(shell: Shell, builder: FieldBuilder, name: string, quoted: boolean): void {
  const { positional } = shell;
  if (!builder.splits || (quoted && name === "*")) {
    const separators = shell.variables.get("IFS");
    const joined = positional.join(name === "@" || separators === undefined ? " " : separators.slice(0, 1));
    if (quoted) builder.quoted(joined);
    else builder.expanded(joined);
    return;
  }
  for (const [at, value] of positional.entries()) {
    if (at > 0) builder.end();
    if (quoted) {
      builder.exist();
      builder.quoted(value);
    } else builder.expanded(value);
  }
}

/** @throws ShellError for an unset one where `set -u` forbids it */
function valueOf(shell: Shell, name: string): string | undefined {
  const value = shell.parameter(name);
  if (value === undefined && shell.options.has("u")) throw new ShellError(`${name}: parameter not set`);
  return value;
}

const joinedAll = (shell: Shell): string | undefined =>
  shell.positional.length === 0 ? undefined : shell.positional.join(" ");

function* parameterExpansion(
  shell: Shell,
  builder: FieldBuilder,
  part: ParameterExpansionPart,
  quoted: boolean,
): Activity<undefined> {
  const { parameter: name, operation, prefix, index } = part;
  if (prefix === "!" || index !== undefined || !/^(?:[A-Za-z_]\w*|\d+|[-@*#?$!])$/.test(name))
    throw new ShellError("Bad substitution");
  const isAll = name === "@" || name === "*";
  if (prefix === "#") {
    if (operation !== undefined) throw new ShellError("Bad substitution");
    const length = isAll ? shell.positional.length : byteLength(valueOf(shell, name) ?? "");
    builder[quoted ? "quoted" : "expanded"](String(length));
    return undefined;
  }
  if (operation === undefined) {
    parameter(shell, builder, name, quoted);
    return undefined;
  }
  const value = isAll ? joinedAll(shell) : shell.parameter(name);
  yield* applyOperation(shell, builder, name, value, operation, quoted);
  return undefined;
}

function* applyOperation(
  shell: Shell,
  builder: FieldBuilder,
  name: string,
  value: string | undefined,
  operation: ParameterOperation,
  quoted: boolean,
): Activity<undefined> {
  switch (operation.type) {
    case "Default": {
      const { operator, operand } = operation;
      const missing = value === undefined || (operator.startsWith(":") && value === "");
      const kind = operator.slice(-1);
      if (kind === "+" ? missing : !missing) {
        if (kind !== "+") parameter(shell, builder, name, quoted);
        return undefined;
      }
      if (kind === "?") {
        const message = yield* expandString(shell, operand);
        const usual = operator === ":?" ? "parameter not set or null" : "parameter not set";
        throw new ShellError(`${name}: ${message === "" ? usual : message}`);
      }
      if (kind !== "=") {
        yield* expandParts(shell, builder, operand, quoted ? "quotes" : "operand");
        return undefined;
      }
      if (!/^[A-Za-z_]/.test(name)) throw new ShellError(`${name}: bad variable name`);
      const assigned = new FieldBuilder(undefined);
      yield* expandParts(shell, assigned, operand, quoted ? "quotes" : "word");
      shell.assign(name, assigned.finish()[0]?.text ?? "");
      parameter(shell, builder, name, quoted);
      return undefined;
    }
    case "Remove": {
      const pattern = yield* expandPattern(shell, operation.operand);
      const text = remove(valueOf(shell, name) ?? value ?? "", pattern, operation.operator);
      if (quoted) builder.quoted(text);
      else builder.expanded(text);
      return undefined;
    }
    case "Replace":
    case "Slice":
    case "CaseModification":
    case "Transform":
    case "Names":
    case "Unknown":
      throw new ShellError("Bad substitution");
  }
}

const contents = new Map<string, readonly DoubleQuotedChild[] | undefined>();
const remembered = 1000;

/** What is between $(( and )) is expanded as if it were quoted, and evaluated. */
function* expandArithmetic(shell: Shell, content: string): Activity<string> {
  let text = content;
  if (/[$`"\\]/.test(content)) {
    let parts = contents.get(content);
    if (parts === undefined) {
      const quotesGone = /[(`]/.test(content) ? content : content.replaceAll('"', "");
      const command = parse(`: "${quotesGone}"`).commands[0]?.command;
      const word = command?.type === "Command" ? command.suffix[0] : undefined;
      const inner = word?.type === "Word" ? word.parts?.[0] : undefined;
      parts = inner?.type === "DoubleQuoted" ? inner.parts : [];
      if (contents.size >= remembered) contents.clear();
      contents.set(content, parts);
    }
    const builder = new FieldBuilder(undefined);
    for (const part of parts) yield* expandPart(shell, builder, part, "quotes");
    text = builder.finish()[0]?.text ?? "";
  }
  return evaluate(text, {
    get: (name) => valueOf(shell, name),
    set: (name, value) => {
      shell.assign(name, value);
    },
  });
}
