import type { Activity } from "../../../core/index.js";
import { attempt, Errno, signalNumbers } from "../../../os/index.js";
import { describe, jobOf, stateOf, statusOfJob, waitFor, type Job } from "../jobs.js";
import { look, waitForeground } from "../processes.js";
import { ShellError, type Shell } from "../state.js";
import { arrange, signalName, signalNumber } from "../traps.js";
import { letterOptions, quote, type Builtins } from "./builtin.js";

/** @throws ShellError where there is none such */
function demandJob(shell: Shell, command: string, text: string | undefined): Job {
  const job = jobOf(shell.jobs, text);
  if (job === undefined)
    throw new ShellError(text === undefined ? `${command}: No current job` : `${command}: No such job: ${text}`);
  return job;
}

function demandControl(shell: Shell, command: string): number {
  if (shell.terminal === undefined) throw new ShellError(`${command}: No current job`);
  return shell.terminal;
}

function markRunning(job: Job): void {
  for (const process of job.processes) if (((process.status ?? 0) & 0xff) === 0x7f) process.status = undefined;
  job.told = "running";
}

function* wait(shell: Shell, words: readonly string[]): Activity<number> {
  const interrupted = (): boolean => shell.caught.length > 0;
  const [, ...wanted] = words;
  if (wanted.length === 0) {
    for (const job of [...shell.jobs])
      if (!(yield* waitFor(shell, job, interrupted))) return 128 + signalNumber(shell.caught[0] ?? "");
    shell.jobs = shell.jobs.filter((job) => stateOf(job) !== "Done");
    return 0;
  }
  let status = 0;
  for (const text of wanted) {
    const job = jobOf(shell.jobs, text);
    if (job === undefined) {
      if (text.startsWith("%")) throw new ShellError(`wait: No such job: ${text}`);
      status = shell.remembered.get(text) ?? 127;
      continue;
    }
    if (!(yield* waitFor(shell, job, interrupted))) return 128 + signalNumber(shell.caught[0] ?? "");
    shell.jobs = shell.jobs.filter((one) => one !== job);
    status = statusOfJob(job);
    for (const { pid } of job.processes) shell.remembered.set(String(pid), status);
  }
  return status;
}

function* foreground(shell: Shell, words: readonly string[]): Activity<number> {
  const terminal = demandControl(shell, "fg");
  let status = 0;
  for (const text of words.length > 1 ? words.slice(1) : [undefined]) {
    const job = demandJob(shell, "fg", text);
    yield* shell.print(`${job.text}\n`);
    markRunning(job);
    job.background = false;
    yield* attempt(shell.sys.ioctl(terminal, "TIOCSPGRP", job.group));
    yield* attempt(shell.sys.kill(-(job.group ?? 0), "SIGCONT"));
    status = yield* waitForeground(shell, job);
  }
  return status;
}

function* background(shell: Shell, words: readonly string[]): Activity<number> {
  demandControl(shell, "bg");
  for (const text of words.length > 1 ? words.slice(1) : [undefined]) {
    const job = demandJob(shell, "bg", text);
    markRunning(job);
    yield* shell.print(`[${job.number}] ${job.text}\n`);
    yield* attempt(shell.sys.kill(-(job.group ?? 0), "SIGCONT"));
  }
  return 0;
}

function* kill(shell: Shell, words: readonly string[]): Activity<number> {
  let args = words.slice(1);
  let name: string | undefined = "TERM";
  const [first = ""] = args;
  if (first === "-l") {
    const [, ...numbers] = args;
    if (numbers.length === 0)
      yield* shell.print(
        `${Object.keys(signalNumbers)
          .map((one) => one.slice(3))
          .join("\n")}\n`,
      );
    for (const text of numbers) {
      const number = Number(text);
      const known = signalName(String(number > 128 ? number - 128 : number));
      if (known === undefined) throw new ShellError(`kill: invalid signal number or exit status: ${text}`);
      yield* shell.print(`${known}\n`);
    }
    return 0;
  }
  if (first === "-s") {
    name = signalName(args[1] ?? "");
    args = args.slice(2);
  } else if (/^-./.test(first) && first !== "--") {
    name = signalName(first.slice(1));
    args = args.slice(1);
  }
  if (args[0] === "--") args = args.slice(1);
  if (name === undefined)
    throw new ShellError(`kill: invalid signal number or name: ${first === "-s" ? (words[2] ?? "") : first.slice(1)}`);
  if (args.length === 0)
    throw new ShellError("kill: Usage: kill [-s sigspec | -signum | -sigspec] [pid | job]... or kill -l [exitstatus]");
  let status = 0;
  for (const text of args) {
    let target = Number(text);
    if (text.startsWith("%")) {
      const job = demandJob(shell, "kill", text);
      target = job.group === undefined ? (job.processes[0]?.pid ?? 0) : -job.group;
    } else if (!/^-?\d+$/.test(text)) throw new ShellError(`kill: Illegal number: ${text}`);
    const failure = yield* attempt(shell.sys.kill(target, signalNumber(name)));
    if (failure instanceof Errno) {
      yield* shell.complain(`kill: ${failure.message}`);
      status = 1;
    }
  }
  return status;
}

function* trap(shell: Shell, words: readonly string[]): Activity<number> {
  const rest = words[1] === "--" ? words.slice(2) : words.slice(1);
  if (rest.length === 0) {
    const set = [...shell.traps].sort(([a], [b]) => signalNumber(a) - signalNumber(b));
    yield* shell.print(set.map(([name, action]) => `trap -- ${quote(action)} ${name}\n`).join(""));
    return 0;
  }
  if (rest[0] === "-l") {
    yield* shell.print(
      `${Object.keys(signalNumbers)
        .map((one) => one.slice(3))
        .join("\n")}\n`,
    );
    return 0;
  }
  const [first = ""] = rest;
  const resets = rest.length === 1 || /^\d+$/.test(first) || first === "-";
  const names = rest.length === 1 || (/^\d+$/.test(first) && first !== "-") ? rest : rest.slice(1);
  let status = 0;
  for (const text of names) {
    const name = signalName(text);
    if (name === undefined) {
      yield* shell.complain(`trap: ${text}: bad trap`);
      status = 1;
      continue;
    }
    if (resets) shell.traps.delete(name);
    else shell.traps.set(name, first);
    yield* arrange(shell, name);
  }
  return status;
}

/** Commands about jobs, signals and time. */
export const jobBuiltins: Builtins = {
  jobs: {
    *run(shell, words) {
      const { options, rest } = letterOptions(words, "lp");
      yield* look(shell);
      const wanted = rest.length === 0 ? [...shell.jobs] : rest.map((text) => demandJob(shell, "jobs", text));
      for (const job of wanted.sort((a, b) => b.number - a.number)) {
        yield* shell.print(
          options.has("p") ? `${job.processes[0]?.pid ?? 0}\n` : describe(job, shell.jobs, options.has("l")),
        );
        if (stateOf(job) === "Done") shell.jobs = shell.jobs.filter((one) => one !== job);
      }
      return 0;
    },
  },
  wait: { run: wait },
  fg: { run: foreground },
  bg: { run: background },
  kill: { run: kill },
  trap: { special: true, run: trap },
  times: {
    special: true,
    *run(shell) {
      const { user, system, childrenUser, childrenSystem } = yield* shell.sys.times();
      const time = (nanos: number): string => `${Math.floor(nanos / 6e10)}m${((nanos % 6e10) / 1e9).toFixed(6)}s`;
      const lines = [`${time(user)} ${time(system)}`, `${time(childrenUser)} ${time(childrenSystem)}`];
      yield* shell.print(`${lines.join("\n")}\n`);
      return 0;
    },
  },
};
