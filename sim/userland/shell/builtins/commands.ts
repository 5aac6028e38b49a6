import type { Activity } from "../../../core/index.js";
import { attempt, Errno } from "../../../os/index.js";
import { encodeBytes } from "../../program/encoding.js";
import { format, unescape } from "../../program/printf.js";
import { writeAll } from "../../program/streams.js";
import { evaluateTest, TestError } from "../../program/test-expression.js";
import { decodeBytes, encode } from "../../program/encoding.js";
import { findCommand } from "../processes.js";
import { ShellError, type Shell } from "../state.js";
import { letterOptions, numberOf, quote, type Builtins } from "./builtin.js";

/** Writes, and fails as dash's commands do where that fails. */
function* write(shell: Shell, name: string, bytes: Uint8Array): Activity<number> {
  const failure = yield* attempt(writeAll(shell.sys, 1, bytes));
  if (!(failure instanceof Errno)) return 0;
  yield* shell.complain(`${name}: I/O error`);
  return 1;
}

function* test(shell: Shell, words: readonly string[]): Activity<number> {
  let args = words.slice(1);
  if (words[0] === "[") {
    if (args.at(-1) !== "]") throw new ShellError("[: missing ]");
    args = args.slice(0, -1);
  }
  try {
    return (yield* evaluateTest(shell.sys, args)) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof TestError)) throw error;
    throw new ShellError(`${words[0] ?? ""}: ${error.message}`);
  }
}

/** The directory that a path leads to without looking at links: `cd -L`. */
function logical(base: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

function* changeDirectory(shell: Shell, words: readonly string[]): Activity<number> {
  const { options, rest } = letterOptions(words, "LP");
  let [target] = rest;
  if (target === undefined) target = shell.variables.get("HOME") ?? "";
  let shows = false;
  if (target === "-") {
    target = shell.variables.get("OLDPWD") ?? "";
    shows = true;
  }
  if (target === "") return 0;
  const old = shell.variables.get("PWD") ?? (yield* shell.sys.getcwd());
  const candidates = [target];
  if (!/^\.{0,2}(?:\/|$)/.test(target)) {
    const paths = (shell.variables.get("CDPATH") ?? "").split(":").filter((one) => one !== "");
    candidates.unshift(...paths.map((path) => `${path}/${target}`));
  }
  for (const candidate of candidates) {
    const path = options.has("P") ? candidate : logical(old, candidate);
    if ((yield* attempt(shell.sys.chdir(path))) instanceof Errno) continue;
    const now = options.has("P") ? yield* shell.sys.getcwd() : path;
    shell.assign("OLDPWD", old);
    shell.assign("PWD", now);
    if (shows || candidate !== target) yield* shell.print(`${now}\n`);
    return 0;
  }
  throw new ShellError(`cd: can't cd to ${target}`);
}

function* umask(shell: Shell, words: readonly string[]): Activity<number> {
  const { options, rest } = letterOptions(words, "S");
  const now = yield* shell.sys.umask(0);
  yield* shell.sys.umask(now);
  const [mode] = rest;
  if (mode === undefined) {
    const allowed = (shift: number): string =>
      Array.from("rwx")
        .filter((_, bit) => ((~now >> shift) & 7 & (4 >> bit)) !== 0)
        .join("");
    const text = options.has("S")
      ? `u=${allowed(6)},g=${allowed(3)},o=${allowed(0)}`
      : now.toString(8).padStart(4, "0");
    yield* shell.print(`${text}\n`);
    return 0;
  }
  if (/^[0-7]+$/.test(mode)) yield* shell.sys.umask(Number.parseInt(mode, 8));
  else {
    let granted = ~now & 0o777;
    for (const clause of mode.split(",")) {
      const [, who = "", operator, bits = ""] = /^([ugoa]*)([-+=])([rwx]*)$/.exec(clause) ?? [];
      if (operator === undefined) throw new ShellError(`umask: Illegal mode: ${mode}`);
      const value = (bits.includes("r") ? 4 : 0) | (bits.includes("w") ? 2 : 0) | (bits.includes("x") ? 1 : 0);
      for (const [letter, shift] of [
        ["u", 6],
        ["g", 3],
        ["o", 0],
      ] as const) {
        if (who !== "" && !who.includes("a") && !who.includes(letter)) continue;
        if (operator === "=") granted = (granted & ~(7 << shift)) | (value << shift);
        else if (operator === "+") granted |= value << shift;
        else granted &= ~(value << shift);
      }
    }
    yield* shell.sys.umask(~granted & 0o777);
  }
  return 0;
}

/** Of `ulimit -a`, by option: what the kernel knows, and in which unit; what it doesn't is as without limits and can't be set. */
const limits = {
  t: { name: "time(seconds)", usual: "unlimited" },
  f: { name: "file(blocks)", key: "fileSize", unit: 512 },
  d: { name: "data(kbytes)", usual: "unlimited" },
  s: { name: "stack(kbytes)", usual: "8192" },
  p: { name: "process", key: "processes", unit: 1 },
  n: { name: "nofiles", key: "files", unit: 1 },
  v: { name: "vmemory(kbytes)", key: "addressSpace", unit: 1024 },
} as const;

function* ulimit(shell: Shell, words: readonly string[]): Activity<number> {
  const { options, rest } = letterOptions(words, "HSacdfglmnpstvrw");
  const [value] = rest;
  const now = yield* shell.sys.prlimit64(0);
  const shown = (limit: (typeof limits)[keyof typeof limits]): string => {
    if (!("key" in limit)) return limit.usual;
    const most = now[limit.key];
    return Number.isFinite(most) ? String(Math.floor(most / limit.unit)) : "unlimited";
  };
  if (options.has("a")) {
    yield* shell.print(
      Object.values(limits)
        .map((limit) => `${limit.name.padEnd(20)} ${shown(limit)}\n`)
        .join(""),
    );
    return 0;
  }
  const asked = Object.entries(limits).find(([letter]) => options.has(letter))?.[1];
  const others = [...options.keys()].some((letter) => letter !== "H" && letter !== "S");
  const limit = asked ?? (others ? limits.t : limits.f);
  if (value === undefined) yield* shell.print(`${shown(limit)}\n`);
  else {
    if (!("key" in limit)) throw new ShellError("ulimit: error setting limit (Function not implemented)");
    const most = value === "unlimited" ? Infinity : numberOf(value, "ulimit") * limit.unit;
    const done = yield* attempt(shell.sys.prlimit64(0, { [limit.key]: most }));
    if (done instanceof Errno) throw new ShellError(`ulimit: error setting limit (${done.message})`);
  }
  return 0;
}

/** Commands that are built in because they are about the shell's own process, or are used all the time. */
export const commandBuiltins: Builtins = {
  echo: {
    *run(shell, words) {
      const bare = words[1] === "-n";
      const text = decodeBytes(encode(words.slice(bare ? 2 : 1).join(" ")));
      const { text: out, stopped } = unescape(text, "\\0ooo");
      return yield* write(shell, "echo", encodeBytes(out + (bare || stopped ? "" : "\n")));
    },
  },
  printf: {
    *run(shell, words) {
      const [pattern, ...given] = words.slice(words[1] === "--" ? 2 : 1);
      if (pattern === undefined) throw new ShellError("printf: usage: printf format [arg ...]");
      const { text, errors } = format(pattern, given);
      const status = yield* write(shell, "printf", encodeBytes(text));
      for (const error of errors) yield* shell.complain(`printf: ${error}`);
      return errors.length > 0 ? 1 : status;
    },
  },
  test: { run: test },
  "[": { run: test },
  cd: { run: changeDirectory },
  chdir: { run: changeDirectory },
  pwd: {
    *run(shell, words) {
      const { options } = letterOptions(words, "LP");
      const kept = shell.variables.get("PWD");
      const path = kept === undefined || options.has("P") ? yield* attempt(shell.sys.getcwd()) : kept;
      if (path instanceof Errno) throw new ShellError(`pwd: ${path.message}`);
      yield* shell.print(`${path}\n`);
      return 0;
    },
  },
  umask: { run: umask },
  ulimit: { run: ulimit },
  hash: {
    *run(shell, words) {
      const { options, rest } = letterOptions(words, "rv");
      if (options.has("r")) shell.hashed.clear();
      else if (rest.length === 0) yield* shell.print([...shell.hashed.values()].map((path) => `${path}\n`).join(""));
      let status = 0;
      for (const name of rest)
        if ((yield* findCommand(shell, name)) === undefined) {
          yield* shell.complain(`hash: ${name}: not found`);
          status = 1;
        }
      return status;
    },
  },
  alias: {
    *run(shell, words) {
      let status = 0;
      const shown = words.length === 1 ? [...shell.aliases.keys()].sort() : words.slice(1);
      for (const word of shown) {
        const end = word.indexOf("=", 1);
        if (end > 0) {
          shell.aliases.set(word.slice(0, end), word.slice(end + 1));
          continue;
        }
        const value = shell.aliases.get(word);
        if (value === undefined) {
          yield* shell.complain(`alias: ${word} not found`);
          status = 1;
        } else yield* shell.print(`${word}=${quote(value)}\n`);
      }
      return status;
    },
  },
  unalias: {
    *run(shell, words) {
      const { options, rest } = letterOptions(words, "a");
      if (options.has("a")) shell.aliases.clear();
      let status = 0;
      for (const name of rest)
        if (!shell.aliases.delete(name)) {
          yield* shell.complain(`unalias: ${name} not found`);
          status = 1;
        }
      return status;
    },
  },
};
