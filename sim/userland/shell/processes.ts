import type { Activity } from "../../core/index.js";
import { attempt, Errno, type ChildBody } from "../../os/index.js";
import { nextNumber, note, signalText, stateOf, statusOfJob, waitFor, type Job } from "./jobs.js";
import { redirect, type Redirect } from "./redirection.js";
import { ShellError, type Shell } from "./state.js";
import { defaultSignals, endOf } from "./traps.js";

/** How a child of the shell is started. */
export interface Start {
  /** The job's group; undefined for one of its own, where jobs are controlled. */
  readonly group?: number | undefined;
  readonly background?: boolean;
}

/** Starts a child that goes on with `body`; where jobs are controlled, in a group of its own or its pipeline's. */
function* startChild(shell: Shell, { group, background = false }: Start, body: ChildBody): Activity<number> {
  const { terminal } = shell;
  const restore = defaultSignals(shell, background);
  const pid = yield* shell.sys.clone(function* (sys) {
    if (terminal !== undefined) {
      // Parent and child both do it, so that neither has to wait for the other.
      yield* attempt(sys.setpgid(0, group ?? 0));
      if (!background) yield* attempt(sys.ioctl(terminal, "TIOCSPGRP", group ?? (yield* sys.getpid())));
    }
    yield* restore(sys);
    const status = yield* body(sys);
    return typeof status === "number" ? status : 0;
  });
  if (terminal !== undefined) yield* attempt(shell.sys.setpgid(pid, group ?? pid));
  return pid;
}

/** Starts a subshell: `body` runs on a copy of the shell. */
export function* startSubshell(
  shell: Shell,
  start: Start,
  body: (subshell: Shell) => Activity<unknown>,
): Activity<number> {
  const subshell = shell.fork();
  return yield* startChild(shell, start, function* (sys) {
    subshell.sys = sys;
    return yield* runSubshell(subshell, body);
  });
}

/** Runs a subshell to its end, its EXIT trap included. @returns its exit status */
export function* runSubshell(shell: Shell, body: (subshell: Shell) => Activity<unknown>): Activity<number> {
  try {
    yield* body(shell);
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* shell.complain(error.message);
    shell.status = error.status;
  }
  return yield* endOf(shell);
}

/** Makes processes a job of the shell. */
export function addJob(shell: Shell, pids: readonly number[], text: string, background: boolean): Job {
  const [group] = pids;
  const job: Job = {
    number: nextNumber(shell.jobs),
    group: shell.terminal === undefined ? undefined : group,
    processes: pids.map((pid) => ({ pid, status: undefined })),
    text,
    background,
    told: undefined,
  };
  shell.jobs.push(job);
  return job;
}

/** Waits for a job in the foreground, and tells what a signal did to it. @returns its status */
export function* waitForeground(shell: Shell, job: Job): Activity<number> {
  yield* waitFor(shell, job, () => false);
  const { terminal } = shell;
  if (terminal !== undefined) yield* attempt(shell.sys.ioctl(terminal, "TIOCSPGRP", yield* shell.sys.getpgid()));
  const last = job.processes.at(-1)?.status ?? 0;
  if (stateOf(job) === "Stopped") {
    job.background = true;
    job.told = "stopped";
    if (shell.interactive) yield* shell.tell(`\n[${job.number}] + ${signalText(last).padEnd(27)}${job.text}\n`);
    return 128 + (last >> 8);
  }
  shell.jobs = shell.jobs.filter((one) => one !== job);
  const text = signalText(last);
  // SIGINT and SIGPIPE are expected: dash is silent about them.
  if (text !== "" && last !== 2 && last !== 13) yield* shell.tell(`${text}\n`);
  else if (last === 2 && shell.interactive) {
    yield* shell.tell("\n");
    // Whoever typed ^C meant all of the line: the shell does as if it had been interrupted itself.
    shell.jump = { kind: "prompt" };
    shell.status = 130;
  }
  return shell.options.has("pipefail") ? pipeStatus(job) : statusOfJob(job);
}

/** The last status that isn't 0: `set -o pipefail`. */
function pipeStatus(job: Job): number {
  const failed = job.processes.findLast(({ status }) => status !== 0);
  return failed === undefined ? 0 : statusOfJob({ ...job, processes: [failed] });
}

/** Looks which children have ended or stopped, without waiting. */
export function* look(shell: Shell): Activity<undefined> {
  for (;;) {
    const waited = yield* attempt(shell.sys.wait4(-1, 1 | 2));
    if (waited instanceof Errno || waited === undefined) return undefined;
    note(shell.jobs, waited.pid, waited.status);
  }
}

/** Runs a child in the foreground to its end. */
function* runChild(shell: Shell, body: ChildBody): Activity<number> {
  const pid = yield* startChild(shell, {}, body);
  return yield* waitForeground(
    shell,
    addJob(shell, [pid], shell.source.slice(shell.position, shell.commandEnd), false),
  );
}

/** Replaces the process by a program. @returns why that failed, as an exit status */
export function* execute(
  shell: Shell,
  path: string,
  words: readonly string[],
  environment: readonly string[],
): Activity<number> {
  const { sys } = shell;
  const failure = yield* attempt(sys.execve(path, words, environment));
  if (failure instanceof Errno && failure.code === "ENOEXEC") {
    // A file without `#!` is a script for the shell: POSIX, 2.9.1.4.
    const again = yield* attempt(sys.execve("/bin/sh", ["sh", path, ...words.slice(1)], environment));
    if (again instanceof Errno) yield* shell.complain(`${words[0] ?? path}: ${again.message}`);
    return 126;
  }
  const missing = failure instanceof Errno && (failure.code === "ENOENT" || failure.code === "ENOTDIR");
  const why = failure instanceof Errno ? (missing ? "not found" : failure.message) : "";
  yield* shell.complain(`${words[0] ?? path}: ${why}`);
  return missing ? 127 : 126;
}

/** A program's life in a child: redirections, then execve. */
export function* runProgram(
  shell: Shell,
  path: string,
  words: readonly string[],
  environment: readonly string[],
  redirects: readonly Redirect[],
): Activity<number> {
  return yield* runChild(shell, function* (sys) {
    const child = shell.inChild(sys);
    try {
      yield* redirect(sys, redirects);
    } catch (error) {
      if (!(error instanceof ShellError)) throw error;
      yield* child.complain(error.message);
      return error.status;
    }
    return yield* execute(child, path, words, environment);
  });
}

const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Where a command lies, by PATH; undefined where nowhere. */
export function* findCommand(shell: Shell, name: string, path?: string): Activity<string | undefined> {
  if (name.includes("/")) return name;
  const known = path === undefined ? shell.hashed.get(name) : undefined;
  if (known !== undefined) return known;
  let unusable: string | undefined;
  for (const directory of (path ?? shell.variables.get("PATH") ?? defaultPath).split(":")) {
    const candidate = directory === "" ? name : `${directory}/${name}`;
    const about = yield* attempt(shell.sys.stat(candidate));
    if (about instanceof Errno || (about.mode & 0o170000) !== 0o100000) continue;
    if ((about.mode & 0o111) === 0) {
      unusable ??= candidate;
      continue;
    }
    if (path === undefined) shell.hashed.set(name, candidate);
    return candidate;
  }
  return unusable;
}
