import { parse } from "unbash";
import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CLOEXEC, O_RDWR } from "../../os/index.js";
import { expandString } from "./expansion.js";
import { runText } from "./execution.js";
import { describe, stateOf } from "./jobs.js";
import { look } from "./processes.js";
import { ScriptReader } from "./script-reader.js";
import { ShellError, type Shell } from "./state.js";
import { arrange, endOf, interactiveSignals, runTraps } from "./traps.js";

/** A prompt: expanded as in quotes. */
function* prompt(shell: Shell, name: "PS1" | "PS2"): Activity<string> {
  const text = shell.variables.get(name) ?? "";
  if (!/[$`\\]/.test(text)) return text;
  const command = parse(`: "${text.replaceAll('"', '\\"')}"`).commands[0]?.command;
  const word = command?.type === "Command" ? command.suffix[0] : undefined;
  return word?.type === "Word" ? yield* expandString(shell, word) : text;
}

/** Tells of jobs in the background that have ended since. */
function* tellJobs(shell: Shell): Activity<undefined> {
  if (shell.jobs.length === 0) return undefined;
  yield* look(shell);
  for (const job of [...shell.jobs]) {
    const state = stateOf(job);
    if (state === "Running" || (state === "Stopped" && job.told === "stopped")) continue;
    job.told = "stopped";
    yield* shell.tell(describe(job, shell.jobs));
    if (state === "Done") shell.jobs = shell.jobs.filter((one) => one !== job);
  }
  return undefined;
}

/** Job control: the shell's own group in the foreground of its terminal. */
function* takeTerminal(shell: Shell): Activity<undefined> {
  const { sys } = shell;
  const tty = yield* attempt(sys.open("/dev/tty", O_RDWR | O_CLOEXEC));
  if (tty instanceof Errno) {
    yield* shell.tell("sh: 0: can't access tty; job control turned off\n");
    return undefined;
  }
  const kept = yield* sys.fcntl(tty, "F_DUPFD_CLOEXEC", 10);
  yield* sys.close(tty);
  shell.terminal = kept;
  shell.options.add("m");
  yield* attempt(sys.setpgid(0, 0));
  yield* attempt(sys.ioctl(kept, "TIOCSPGRP", yield* sys.getpgid()));
  return undefined;
}

/** Nothing is left of what the last line was about. */
function settle(shell: Shell): void {
  shell.loops = shell.tested = 0;
  shell.jump = undefined;
}

/** A shell that somebody talks to. @returns its exit status */
export function* runInteractively(shell: Shell): Activity<number> {
  shell.options.add("i");
  yield* takeTerminal(shell);
  for (const name of interactiveSignals) yield* arrange(shell, name);
  const reader = new ScriptReader(shell);
  const ask = function* (first: boolean): Activity<undefined> {
    if (first) yield* tellJobs(shell);
    yield* shell.tell(yield* prompt(shell, first ? "PS1" : "PS2"));
    return undefined;
  };
  const interrupted = (): boolean => shell.caught.includes("INT");
  for (;;) {
    const text = yield* reader.next(ask, interrupted);
    if (text === undefined) {
      yield* shell.tell("\n");
      return yield* endOf(shell);
    }
    yield* runTraps(shell);
    if (shell.jump?.kind === "prompt") settle(shell);
    try {
      if (text.trim() !== "") yield* runText(shell, text);
    } catch (error) {
      if (!(error instanceof ShellError)) throw error;
      yield* shell.complain(error.message);
      shell.status = error.status;
    }
    if (shell.jump?.kind === "exit") return yield* endOf(shell);
    settle(shell);
  }
}
