import { parse, type Assignment, type Command, type CommandArgument, type Word } from "unbash";
import type { Activity } from "../../core/index.js";
import { builtins, declarations, type Builtin } from "./builtins/index.js";
import { expandAssigned, expandWords } from "./expansion.js";
import { execute, findCommand, runProgram } from "./processes.js";
import { expandRedirects, redirect, redirectFor, restore, type Redirect } from "./redirection.js";
import { ShellError, type Shell, type ShellFunction } from "./state.js";

/** `set -e`: a command that failed where nobody asked ends the shell. */
export function checkStatus(shell: Shell): void {
  if (shell.status !== 0 && shell.tested === 0 && shell.options.has("e")) shell.jump ??= { kind: "exit" };
}

/** Runs a simple command, POSIX 2.9.1. @param last whether the process has nothing else to do */
export function* runSimple(shell: Shell, node: Command, last: boolean): Activity<number> {
  shell.position = node.pos;
  shell.commandEnd = node.end;
  const aliased = aliasOf(shell, node);
  if (aliased !== undefined) return yield* runAlias(shell, node, aliased);
  shell.substitutionStatus = undefined;
  const words = node.name === undefined ? [] : yield* expandWords(shell, argumentsOf(node.name, node.args));
  if (node.name !== undefined && node.args.some(({ type }) => type === "Assignment"))
    words.splice(0, words.length, ...(yield* expandArguments(shell, node.name, node.args)));
  const assignments = node.prefix.filter((one) => one.type === "Assignment");
  const strange = assignments.find(
    ({ append, index, value }) => append || index !== undefined || value.type !== "Word",
  );
  if (strange !== undefined) return yield* refuse(shell, strange);
  const { redirects } = node;
  const [name] = words;
  if (name === undefined) return yield* assignAll(shell, assignments, node);
  shell.position = node.pos;
  const called = shell.functions.get(name);
  const builtin = called === undefined ? builtins.get(name) : undefined;
  let expanded: readonly Redirect[] = [];
  try {
    if (redirects.length > 0) expanded = yield* expandRedirects(shell, redirects);
    const values = new Map<string, string>();
    for (const one of assignments) values.set(one.name, yield* valueOf(shell, one));
    for (const variable of values.keys())
      if (shell.variables.isReadonly(variable)) throw new ShellError(`${variable}: is read only`);
    if (shell.options.has("x")) yield* trace(shell, values, words);
    if (builtin !== undefined) shell.status = yield* runBuiltin(shell, builtin, words, expanded, values);
    else if (called !== undefined) shell.status = yield* runFunction(shell, called, words, expanded, values);
    else shell.status = yield* runExternal(shell, words, expanded, values, last);
  } finally {
    shell.position = node.pos;
  }
  checkStatus(shell);
  return shell.status;
}

const argumentsOf = (name: Word, args: readonly CommandArgument[]): Word[] => [
  name,
  ...args.filter((one) => one.type === "Word"),
];

/** Arguments among which are some like assignments: for `export` and its like they are, for others words. */
function* expandArguments(shell: Shell, name: Word, args: readonly CommandArgument[]): Activity<string[]> {
  const words = yield* expandWords(shell, [name]);
  const declares = declarations.has(words[0] ?? "");
  for (const one of args) {
    if (one.type === "Word") words.push(...(yield* expandWords(shell, [one])));
    else if (one.value.type !== "Word") throw new ShellError('Syntax error: "(" unexpected');
    else if (declares) words.push(`${one.name}=${yield* expandAssigned(shell, one.value)}`);
    else words.push(...(yield* expandWords(shell, [asWord(one, one.value)])));
  }
  return words;
}

/** NAME=… as the word that it is. */
function asWord({ name, pos, end, text, append }: Assignment, value: Word): Word {
  const head = `${name}${append ? "+" : ""}=`;
  const literal = (part: string, plain: string): NonNullable<Word["parts"]>[number] => ({
    type: "Literal",
    pos,
    end,
    value: plain,
    text: part,
  });
  return {
    type: "Word",
    pos,
    end,
    text,
    value: head + value.value,
    parts: [literal(head, head), ...(value.parts ?? [literal(value.text, value.value)])],
  };
}

/** `a+=b`, `a[0]=b`, `a=(b)`: the first two are commands that nobody has, the last is no command at all. */
function* refuse(shell: Shell, { value, text }: Assignment): Activity<number> {
  if (value.type !== "Word") throw new ShellError('Syntax error: "(" unexpected');
  yield* shell.complain(`${text}: not found`);
  shell.status = 127;
  checkStatus(shell);
  return 127;
}

function* valueOf(shell: Shell, { value }: Assignment): Activity<string> {
  return value.type === "Word" ? yield* expandAssigned(shell, value) : "";
}

/** A command without a name: its assignments are the shell's, its redirections do nothing but open files. */
function* assignAll(shell: Shell, assignments: readonly Assignment[], { redirects }: Command): Activity<number> {
  let failed = false;
  if (redirects.length > 0) {
    try {
      yield* restore(shell.sys, yield* redirectFor(shell.sys, yield* expandRedirects(shell, redirects)));
    } catch (error) {
      if (!(error instanceof ShellError)) throw error;
      yield* shell.complain(error.message);
      failed = true;
    }
  }
  const traced = new Map<string, string>();
  for (const one of assignments) {
    const value = yield* valueOf(shell, one);
    shell.assign(one.name, value);
    traced.set(one.name, value);
  }
  if (shell.options.has("x") && traced.size > 0) yield* trace(shell, traced, []);
  shell.status = failed ? 2 : (shell.substitutionStatus ?? 0);
  checkStatus(shell);
  return shell.status;
}

function* trace(shell: Shell, values: ReadonlyMap<string, string>, words: readonly string[]): Activity<undefined> {
  const all = [...[...values].map(([name, value]) => `${name}=${value}`), ...words];
  yield* shell.tell(`${shell.variables.get("PS4") ?? "+ "}${all.join(" ")}\n`);
  return undefined;
}

function* runBuiltin(
  shell: Shell,
  builtin: Builtin,
  words: readonly string[],
  redirects: readonly Redirect[],
  values: ReadonlyMap<string, string>,
): Activity<number> {
  const { special = false, run } = builtin;
  if (words[0] === "exec") {
    for (const [name, value] of values) shell.assign(name, value);
    yield* redirect(shell.sys, redirects);
    return yield* run(shell, words);
  }
  let saved;
  try {
    saved = redirects.length === 0 ? [] : yield* redirectFor(shell.sys, redirects);
  } catch (error) {
    if (!(error instanceof ShellError) || special) throw error;
    yield* shell.complain(error.message);
    return error.status;
  }
  // What is assigned before a special built-in stays (POSIX 2.14).
  let undo: (() => void) | undefined;
  if (special) for (const [name, value] of values) shell.assign(name, value);
  else if (values.size > 0) undo = shell.variables.assignFor(values);
  try {
    return yield* run(shell, words);
  } catch (error) {
    if (!(error instanceof ShellError) || special) throw error;
    yield* shell.complain(error.message);
    return error.status;
  } finally {
    undo?.();
    yield* restore(shell.sys, saved);
  }
}

function* runFunction(
  shell: Shell,
  { body, source, lineOffset }: ShellFunction,
  words: readonly string[],
  redirects: readonly Redirect[],
  values: ReadonlyMap<string, string>,
): Activity<number> {
  const { variables, positional, loops, source: outer, lineOffset: outerOffset, optionPlace } = shell;
  let saved;
  try {
    saved = redirects.length === 0 ? [] : yield* redirectFor(shell.sys, redirects);
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* shell.complain(error.message);
    return error.status;
  }
  const undo = values.size > 0 ? variables.assignFor(values) : undefined;
  variables.enterFunction();
  shell.positional = words.slice(1);
  shell.functionDepth++;
  shell.loops = 0;
  shell.optionPlace = { word: 1, letter: 0 };
  Object.assign(shell, { source, lineOffset });
  try {
    yield* shell.runner.body(shell, body);
    if (shell.jump?.kind === "return") shell.jump = undefined;
    return shell.status;
  } finally {
    Object.assign(shell, { positional, loops, source: outer, lineOffset: outerOffset, optionPlace });
    shell.functionDepth--;
    variables.leaveFunction();
    undo?.();
    yield* restore(shell.sys, saved);
  }
}

/** Whether something is to be done at a signal, or at the shell's end. */
export const hasTraps = (shell: Shell): boolean => [...shell.traps.values()].some((action) => action !== "");

function* runExternal(
  shell: Shell,
  words: readonly string[],
  redirects: readonly Redirect[],
  values: ReadonlyMap<string, string>,
  last: boolean,
): Activity<number> {
  const [name = ""] = words;
  const path = yield* findCommand(shell, name, values.get("PATH"));
  if (path === undefined) {
    return yield* notFound(shell, name, redirects);
  }
  const undo = values.size > 0 ? shell.variables.assignFor(values) : undefined;
  const environment = shell.variables.environment();
  undo?.();
  if (last && !hasTraps(shell) && shell.jobs.length === 0 && !shell.interactive) {
    yield* redirect(shell.sys, redirects);
    return yield* execute(shell, path, words, environment);
  }
  return yield* runProgram(shell, path, words, environment, redirects);
}

function* notFound(shell: Shell, name: string, redirects: readonly Redirect[]): Activity<number> {
  try {
    const saved = redirects.length === 0 ? [] : yield* redirectFor(shell.sys, redirects);
    yield* shell.complain(`${name}: not found`);
    yield* restore(shell.sys, saved);
    return 127;
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* shell.complain(error.message);
    return error.status;
  }
}

/** A command whose words are expanded, as `command` and `exec` have it: no functions, no aliases. */
export function* runWords(shell: Shell, words: readonly string[]): Activity<number> {
  const builtin = builtins.get(words[0] ?? "");
  if (builtin === undefined) return yield* runExternal(shell, words, [], new Map(), false);
  try {
    return yield* builtin.run(shell, words);
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* shell.complain(error.message);
    return error.status;
  }
}

function aliasOf(shell: Shell, { name }: Command): string | undefined {
  if (shell.aliases.size === 0 || name === undefined || name.text !== name.value) return undefined;
  return shell.aliases.get(name.value);
}

/** The command is read again with its alias in its name's place; the alias itself isn't expanded again. */
function* runAlias(shell: Shell, { name, pos, end }: Command, value: string): Activity<number> {
  const text = value + shell.source.slice(name?.end ?? pos, end);
  const { aliases } = shell;
  shell.aliases = new Map([...aliases].filter(([one]) => one !== name?.value));
  try {
    if (parse(text).errors !== undefined) throw new ShellError("Syntax error: bad alias");
    return yield* shell.runner.text(shell, text);
  } finally {
    const added = [...shell.aliases].filter(([one]) => !aliases.has(one));
    shell.aliases = new Map([...aliases, ...added]);
  }
}
