import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_RDONLY } from "../../../os/index.js";
import { decode } from "../../program/encoding.js";
import { readAll } from "../../program/streams.js";
import { execute, findCommand } from "../processes.js";
import { ShellError, type Shell } from "../state.js";
import { letterOptions, numberOf, quote, type Builtins } from "./builtin.js";

function* leaveLoop(shell: Shell, words: readonly string[]): Activity<number> {
  const [name = "", count = "1"] = words;
  const levels = numberOf(count, name);
  if (levels < 1) throw new ShellError(`${name}: Illegal number: ${count}`);
  if (shell.loops > 0) shell.jump = { kind: name as "break" | "continue", levels: Math.min(levels, shell.loops) };
  return 0;
  yield* shell.print("");
}

/** Commands that say where control goes. */
export const controlBuiltins: Builtins = {
  ":": {
    special: true,
    *run() {
      return 0;
    },
  },
  true: {
    *run() {
      return 0;
    },
  },
  false: {
    *run() {
      return 1;
    },
  },
  break: { special: true, run: leaveLoop },
  continue: { special: true, run: leaveLoop },
  return: {
    special: true,
    *run(shell, words) {
      const status = words[1] === undefined ? shell.status : numberOf(words[1], "return") & 0xff;
      shell.jump = { kind: "return" };
      return status;
    },
  },
  exit: {
    special: true,
    *run(shell, words) {
      const stopped = shell.jobs.some((job) => job.told === "stopped");
      if (shell.interactive && stopped && !shell.warned) {
        shell.warned = true;
        yield* shell.tell("You have stopped jobs.\n");
        return 0;
      }
      const status = words[1] === undefined ? shell.status : numberOf(words[1], "exit") & 0xff;
      shell.jump = { kind: "exit" };
      return status;
    },
  },
  eval: {
    special: true,
    *run(shell, words) {
      const text = words.slice(1).join(" ");
      if (text.trim() === "") return 0;
      return yield* shell.runner.text(shell, text);
    },
  },
  ".": {
    special: true,
    *run(shell, words) {
      const [, name, ...parameters] = words;
      if (name === undefined) throw new ShellError(".: filename argument required");
      const path = name.includes("/") ? name : ((yield* inPath(shell, name)) ?? `./${name}`);
      const fd = yield* attempt(shell.sys.open(path, O_RDONLY));
      if (fd instanceof Errno)
        throw new ShellError(`.: cannot open ${name}: ${fd.code === "ENOENT" ? "No such file" : fd.message}`);
      const bytes = yield* attempt(readAll(shell.sys, fd));
      yield* shell.sys.close(fd);
      if (bytes instanceof Errno) throw new ShellError(`.: ${name}: ${bytes.message}`);
      const { positional } = shell;
      if (parameters.length > 0) shell.positional = parameters;
      shell.status = 0;
      yield* shell.runner.text(shell, decode(bytes));
      if (shell.jump?.kind === "return") shell.jump = undefined;
      shell.positional = positional;
      return shell.status;
    },
  },
  exec: {
    special: true,
    *run(shell, words) {
      const { rest } = letterOptions(words, "");
      const [name] = rest;
      if (name === undefined) return 0;
      const path = yield* findCommand(shell, name);
      let status = 127;
      if (path === undefined) yield* shell.complain(`exec: ${name}: not found`);
      else status = yield* execute(shell, path, rest, shell.variables.environment());
      shell.jump = { kind: "exit" };
      return status;
    },
  },
  command: {
    *run(shell, words) {
      const { options, rest } = letterOptions(words, "pvV");
      const [name] = rest;
      if (name === undefined) return 0;
      if (options.has("v") || options.has("V")) {
        let status = 0;
        for (const one of rest) {
          const found = yield* describeCommand(shell, one, options.has("V"));
          yield* shell.print(found.text);
          if (!found.known) status = 127;
        }
        return status;
      }
      return yield* shell.runner.words(shell, rest);
    },
  },
  type: {
    *run(shell, words) {
      let status = 0;
      for (const name of words.slice(1)) {
        const { known, text } = yield* describeCommand(shell, name, true);
        yield* shell.print(text);
        if (!known) status = 127;
      }
      return status;
    },
  },
};

function* inPath(shell: Shell, name: string): Activity<string | undefined> {
  for (const directory of (shell.variables.get("PATH") ?? "").split(":")) {
    const path = `${directory === "" ? "." : directory}/${name}`;
    const about = yield* attempt(shell.sys.stat(path));
    if (!(about instanceof Errno) && (about.mode & 0o170000) === 0o100000) return path;
  }
  return undefined;
}

const keywords = new Set("! case do done elif else esac fi for if in then until while { }".split(" "));

/** What a name stands for. */
function* describeCommand(
  shell: Shell,
  name: string,
  wordy: boolean,
): Activity<{ readonly known: boolean; readonly text: string }> {
  const found = (text: string): { readonly known: boolean; readonly text: string } => ({
    known: true,
    text: `${wordy ? `${name} is ${text}` : text}\n`,
  });
  if (keywords.has(name)) return found(wordy ? "a shell keyword" : name);
  const alias = shell.aliases.get(name);
  if (alias !== undefined) return found(wordy ? `an alias for ${alias}` : `alias ${name}=${quote(alias)}`);
  if (shell.functions.has(name)) return found(wordy ? "a shell function" : name);
  const builtin = shell.runner.builtins.get(name);
  if (builtin !== undefined)
    return found(wordy ? `a ${builtin.special === true ? "special " : ""}shell builtin` : name);
  const path = yield* findCommand(shell, name);
  const usable = path !== undefined && !((yield* attempt(shell.sys.access(path, 1))) instanceof Errno);
  if (path !== undefined && usable) return found(path);
  return { known: false, text: wordy ? `${name}: not found\n` : "" };
}
