import {
  type AndOr,
  type Case,
  type CommandNode,
  type CompoundList,
  type For,
  type If,
  type ParsedScript,
  type Pipeline,
  type PipelineNode,
  type Redirected,
  type Statement,
  type While,
} from "unbash";
import type { Activity } from "../../core/index.js";
import { O_RDONLY } from "../../os/index.js";
import { decode } from "../program/encoding.js";
import { readAll } from "../program/streams.js";
import { expandPattern, expandString, expandWords } from "./expansion.js";
import { builtins } from "./builtins/index.js";
import { addJob, runSubshell, startSubshell, waitForeground } from "./processes.js";
import { matches } from "./pattern.js";
import { expandRedirects, redirect, redirectFor, restore } from "./redirection.js";
import { checkStatus, hasTraps, runSimple, runWords } from "./simple-command.js";
import { ShellError, type FunctionBody, type Runner, type Shell } from "./state.js";
import { unitsOf } from "./syntax.js";
import { runTraps } from "./traps.js";
import { workOf } from "./work.js";

/** Runs commands one after the other. `last`: nothing comes behind them, and the process may be given up for the last. */
function* runStatements(shell: Shell, statements: readonly Statement[], last = false): Activity<number> {
  let status = 0;
  const final = statements.length - 1;
  if (shell.options.has("n") && !shell.interactive) return 0;
  for (const [at, statement] of statements.entries()) {
    status = yield* runStatement(shell, statement, last && at === final);
    if (shell.caught.length > 0) yield* runTraps(shell);
    if (shell.jump !== undefined || shell.options.has("n")) break;
  }
  return status;
}

function* runStatement(shell: Shell, { command, background, pos, end }: Statement, last: boolean): Activity<number> {
  if (background !== true) return yield* runAndOr(shell, command, last);
  const pid = yield* startSubshell(shell, { background: true }, function* (subshell) {
    // Without job control it reads nothing of what the shell would read.
    if (shell.terminal === undefined)
      yield* redirect(subshell.sys, [{ kind: "open", fd: 0, path: "/dev/null", flags: O_RDONLY }]);
    if (command.type !== "Redirected") return yield* runAndOr(subshell, command, true);
    // For good: the job holds nothing open of what the shell has there.
    yield* redirect(subshell.sys, yield* expandRedirects(subshell, command.redirects));
    return yield* runCommand(subshell, command.command, true);
  });
  shell.lastBackground = pid;
  const job = addJob(shell, [pid], shell.source.slice(pos, end).replace(/\s*&$/, ""), true);
  if (shell.interactive) yield* shell.tell(`[${job.number}] ${pid}\n`);
  shell.status = 0;
  return 0;
}

function* runAndOr(shell: Shell, node: PipelineNode | AndOr, last: boolean): Activity<number> {
  if (node.type !== "AndOr") return yield* runPipeline(shell, node, last);
  let status = 0;
  for (const [at, command] of node.commands.entries()) {
    const operator = node.operators[at - 1];
    if (operator === "&&" ? status !== 0 : operator === "||" && status === 0) continue;
    const final = at === node.commands.length - 1;
    if (!final) shell.tested++;
    try {
      status = yield* runPipeline(shell, command, last && final);
    } finally {
      if (!final) shell.tested--;
    }
    if (shell.jump !== undefined) break;
  }
  return status;
}

function* runPipeline(shell: Shell, node: PipelineNode, last: boolean): Activity<number> {
  if (node.type !== "Pipeline") return yield* runCommand(shell, node, last);
  const negations = node.prefixes.filter(({ type }) => type === "Negation").length;
  const timed = node.prefixes.some(({ type }) => type === "Time");
  const begin = timed ? yield* shell.sys.clock_gettime("CLOCK_MONOTONIC") : 0;
  const before = timed ? yield* shell.sys.times() : undefined;
  if (negations > 0) shell.tested++;
  let status: number;
  try {
    const [only] = node.commands;
    status =
      only !== undefined && node.commands.length === 1
        ? yield* runCommand(shell, only, false)
        : yield* runPiped(shell, node);
  } finally {
    if (negations > 0) shell.tested--;
  }
  if (before !== undefined) {
    const taken = ((yield* shell.sys.clock_gettime("CLOCK_MONOTONIC")) - begin) / 1e9;
    const after = yield* shell.sys.times();
    const user = after.user + after.childrenUser - before.user - before.childrenUser;
    const system = after.system + after.childrenSystem - before.system - before.childrenSystem;
    const line = (name: string, seconds: number): string =>
      `${name}\t${Math.floor(seconds / 60)}m${(seconds % 60).toFixed(3)}s\n`;
    yield* shell.tell(`\n${line("real", taken)}${line("user", user / 1e9)}${line("sys", system / 1e9)}`);
  }
  if (negations % 2 === 1 && shell.jump === undefined) status = status === 0 ? 1 : 0;
  shell.status = status;
  if (negations === 0 && node.commands.length > 1) checkStatus(shell);
  return status;
}

function* runPiped(shell: Shell, { commands, operators, pos, end }: Pipeline): Activity<number> {
  const { sys } = shell;
  const pids: number[] = [];
  let input: number | undefined;
  for (const [at, command] of commands.entries()) {
    const pipe = at < commands.length - 1 ? yield* sys.pipe2() : undefined;
    const from = input;
    pids.push(
      yield* startSubshell(shell, { group: pids[0] }, function* (subshell) {
        const own = subshell.sys;
        if (from !== undefined) {
          yield* own.dup2(from, 0);
          yield* own.close(from);
        }
        if (pipe !== undefined) {
          yield* own.close(pipe[0]);
          yield* own.dup2(pipe[1], 1);
          if (operators[at] === "|&") yield* own.dup2(1, 2);
          yield* own.close(pipe[1]);
        }
        return yield* runCommand(subshell, command, true);
      }),
    );
    if (from !== undefined) yield* sys.close(from);
    if (pipe !== undefined) yield* sys.close(pipe[1]);
    input = pipe?.[0];
  }
  return yield* waitForeground(shell, addJob(shell, pids, shell.source.slice(pos, end), false));
}

function* runCommand(shell: Shell, node: CommandNode, last: boolean): Activity<number> {
  yield* shell.sys.charge(workOf(node));
  switch (node.type) {
    case "Command":
      return yield* runSimple(shell, node, last);
    case "Redirected":
      return yield* runRedirected(shell, node);
    case "Subshell":
      return yield* runInSubshell(shell, node.body, last);
    case "BraceGroup":
      return yield* runList(shell, node.body);
    case "If":
      return yield* runIf(shell, node);
    case "While":
      return yield* runWhile(shell, node);
    case "For":
      return yield* runFor(shell, node);
    case "Case":
      return yield* runCase(shell, node);
    case "Function":
      if (node.name.parts !== undefined) throw new ShellError("Syntax error: Bad function name");
      shell.functions.set(node.name.value, {
        body: node.body,
        source: shell.source,
        lineOffset: shell.lineOffset,
      });
      shell.status = 0;
      return 0;
    case "TestCommand":
      // `[[` is a word like any other in a POSIX shell.
      shell.position = node.pos;
      yield* shell.complain("[[: not found");
      return finish(shell, 127);
    case "ArithmeticCommand":
    case "ArithmeticFor":
    case "Select":
    case "Coproc":
      shell.position = node.pos;
      throw new ShellError('Syntax error: "(" unexpected');
  }
}

/** Sets $?, and ends the shell where `set -e` says so. */
function finish(shell: Shell, status: number): number {
  shell.status = status;
  checkStatus(shell);
  return status;
}

function* runList(shell: Shell, { commands }: CompoundList): Activity<number> {
  return yield* runStatements(shell, commands);
}

function* runInSubshell(shell: Shell, list: CompoundList, last: boolean): Activity<number> {
  // A shell that is a copy already, with nothing else to do, is the subshell itself, as dash has it: `(…) &` is one process.
  if (last && shell.isSubshell && !hasTraps(shell) && shell.jobs.length === 0)
    return yield* runStatements(shell, list.commands, true);
  const pid = yield* startSubshell(shell, {}, (subshell) => runStatements(subshell, list.commands, true));
  const job = addJob(shell, [pid], shell.source.slice(list.pos, list.end), false);
  return finish(shell, yield* waitForeground(shell, job));
}

function* runRedirected(shell: Shell, { command, redirects }: Redirected): Activity<number> {
  shell.position = command.pos;
  let saved;
  try {
    saved = yield* redirectFor(shell.sys, yield* expandRedirects(shell, redirects));
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* shell.complain(error.message);
    return finish(shell, 2);
  }
  try {
    return yield* runCommand(shell, command, false);
  } finally {
    yield* restore(shell.sys, saved);
  }
}

function* runCondition(shell: Shell, list: CompoundList): Activity<number> {
  shell.tested++;
  try {
    return yield* runList(shell, list);
  } finally {
    shell.tested--;
  }
}

function* runIf(shell: Shell, node: If): Activity<number> {
  const branches = [{ clause: node.clause, then: node.then }, ...node.elif];
  for (const { clause, then } of branches) {
    const status = yield* runCondition(shell, clause);
    if (shell.jump !== undefined) return status;
    if (status === 0) return yield* runList(shell, then);
  }
  if (node.else !== undefined) return yield* runList(shell, node.else);
  shell.status = 0;
  return 0;
}

/** What a loop does about a jump out of its body. @returns whether it ends */
function leaves(shell: Shell): boolean {
  const { jump } = shell;
  if (jump === undefined) return false;
  if (jump.kind !== "break" && jump.kind !== "continue") return true;
  if (jump.levels > 1) {
    jump.levels--;
    return true;
  }
  shell.jump = undefined;
  return jump.kind === "break";
}

/** Whether control goes further than out of loops. */
const leavesAll = ({ jump }: Shell): boolean =>
  jump?.kind === "exit" || jump?.kind === "return" || jump?.kind === "prompt";

function* runWhile(shell: Shell, { kind, clause, body }: While): Activity<number> {
  let status = 0;
  shell.loops++;
  try {
    for (;;) {
      const condition = yield* runCondition(shell, clause);
      if (leaves(shell)) break;
      if ((condition === 0) !== (kind === "while")) break;
      status = yield* runList(shell, body);
      if (leaves(shell)) break;
    }
  } finally {
    shell.loops--;
  }
  if (!leavesAll(shell)) shell.status = status;
  return shell.status;
}

function* runFor(shell: Shell, { name, wordlist, body, pos }: For): Activity<number> {
  shell.position = pos;
  if (!/^[A-Za-z_]\w*$/.test(name.text)) throw new ShellError("Syntax error: Bad for loop variable");
  const values = wordlist === undefined ? shell.positional : yield* expandWords(shell, wordlist);
  let status = 0;
  shell.loops++;
  try {
    for (const value of values) {
      shell.assign(name.value, value);
      status = yield* runList(shell, body);
      if (leaves(shell)) break;
    }
  } finally {
    shell.loops--;
  }
  if (!leavesAll(shell)) shell.status = status;
  return shell.status;
}

function* runCase(shell: Shell, { word, items, pos }: Case): Activity<number> {
  shell.position = pos;
  const text = yield* expandString(shell, word);
  let falls = false;
  shell.status = 0;
  for (const { pattern, body, terminator } of items) {
    let hit = falls;
    for (const one of pattern) {
      if (hit) break;
      hit = matches(yield* expandPattern(shell, one), text);
    }
    if (!hit) continue;
    yield* runList(shell, body);
    if (shell.jump !== undefined || terminator === ";;" || terminator === undefined) break;
    falls = terminator === ";&";
  }
  return shell.status;
}

/** Runs a text as commands of this shell, its lines as they come: what is before an error is done. */
export function* runText(shell: Shell, text: string, last = false): Activity<number> {
  const { source, position, lineOffset } = shell;
  shell.status = text.trim() === "" ? 0 : shell.status;
  try {
    for (const unit of unitsOf(text)) {
      shell.source = text;
      shell.lineOffset = 0;
      if (unit.error !== undefined) {
        shell.position = unit.error.position;
        throw new ShellError(`Syntax error: ${unit.error.message}`);
      }
      yield* runStatements(shell, unit.statements, last);
      if (shell.jump !== undefined) break;
    }
  } finally {
    Object.assign(shell, { source, position, lineOffset });
  }
  return shell.status;
}

function* substitute(shell: Shell, script: ParsedScript): Activity<string> {
  const { sys } = shell;
  const [reader, writer] = yield* sys.pipe2();
  const subshell = shell.fork();
  subshell.tested = 0;
  if (script.source !== undefined) subshell.source = script.source;
  const pid = yield* sys.clone(function* (own) {
    subshell.sys = own;
    yield* own.close(reader);
    yield* own.dup2(writer, 1);
    if (writer !== 1) yield* own.close(writer);
    return yield* runSubshell(subshell, (one) => runStatements(one, script.commands, true));
  });
  yield* sys.close(writer);
  const bytes = yield* readAll(sys, reader);
  yield* sys.close(reader);
  const job = addJob(shell, [pid], "", false);
  const { terminal } = shell;
  shell.terminal = undefined;
  shell.substitutionStatus = yield* waitForeground(shell, job);
  shell.terminal = terminal;
  return decode(bytes.filter((byte) => byte !== 0)).replace(/\n+$/, "");
}

function* runBody(shell: Shell, body: FunctionBody): Activity<number> {
  if (body.type === "CompoundList") return yield* runList(shell, body);
  return yield* runCommand(shell, body, false);
}

export const runner: Runner = { text: runText, output: substitute, body: runBody, words: runWords, builtins };
