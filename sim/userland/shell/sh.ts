import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_CLOEXEC, O_RDONLY, type Program, type Sys } from "../../os/index.js";
import { decode, encode } from "../program/encoding.js";
import { readAll, writeAll } from "../program/streams.js";
import { setOptions } from "./builtins/variables.js";
import { runner, runText } from "./execution.js";
import { runInteractively } from "./interactive.js";
import { ScriptReader } from "./script-reader.js";
import { ShellError, Shell } from "./state.js";
import { endOf } from "./traps.js";
import { Variables } from "./variables.js";

/** What a shell's script is, by its command line. */
interface Invocation {
  readonly command: string | undefined;
  readonly file: string | undefined;
}

function readCommandLine(shell: Shell, argv: readonly string[]): Invocation {
  const words = argv.slice(1);
  let command = false;
  const options: string[] = [];
  while (words.length > 0 && /^[-+]./.test(words[0] ?? "") && words[0] !== "--") {
    const word = words.shift() ?? "";
    const letters = word.slice(1).replace(/[cl]/g, "");
    if (word.startsWith("-") && word.includes("c")) command = true;
    if (letters === "") continue;
    options.push(word.slice(0, 1) + letters);
    if (letters.endsWith("o")) options.push(words.shift() ?? "");
  }
  if (words[0] === "--" || words[0] === "-") words.shift();
  setOptions(shell, options);
  if (command) {
    const [text, name, ...rest] = words;
    if (text === undefined) throw new ShellError("-c requires an argument");
    if (name !== undefined) shell.name = name;
    shell.positional = rest;
    return { command: text, file: undefined };
  }
  if (shell.options.has("s") || words.length === 0) {
    shell.positional = words;
    return { command: undefined, file: undefined };
  }
  const [file = "", ...rest] = words;
  shell.name = file;
  shell.positional = rest;
  return { command: undefined, file };
}

function* isTerminal(sys: Sys, fd: number): Activity<boolean> {
  return !((yield* attempt(sys.ioctl(fd, "TCGETS"))) instanceof Errno);
}

function* main(sys: Sys, argv: readonly string[], env: readonly string[]): Activity<number> {
  const shell = new Shell(sys, runner, Variables.from(env), yield* sys.getpid(), argv[0] ?? "sh");
  try {
    const { command, file } = readCommandLine(shell, argv);
    yield* prepare(shell);
    if (command !== undefined) yield* runText(shell, command, true);
    else if (file !== undefined) yield* runFile(shell, file);
    else if (shell.interactive || ((yield* isTerminal(sys, 0)) && (yield* isTerminal(sys, 2))))
      return yield* runInteractively(shell);
    else yield* runInput(shell);
  } catch (error) {
    if (!(error instanceof ShellError)) throw error;
    yield* shell.complain(error.message);
    shell.status = error.status;
  }
  return yield* endOf(shell);
}

/** Variables that every shell sets. */
function* prepare(shell: Shell): Activity<undefined> {
  const { sys, variables } = shell;
  variables.set("IFS", " \t\n");
  variables.set("OPTIND", "1");
  variables.set("PPID", String(yield* sys.getppid()));
  if (variables.get("PATH") === undefined)
    variables.set("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
  variables.set("PS1", variables.get("PS1") ?? ((yield* sys.geteuid()) === 0 ? "# " : "$ "));
  variables.set("PS2", variables.get("PS2") ?? "> ");
  variables.set("PS4", variables.get("PS4") ?? "+ ");
  const here = yield* attempt(sys.getcwd());
  if (!(here instanceof Errno)) variables.set("PWD", here);
  const fd = yield* attempt(sys.open("/etc/passwd", O_RDONLY));
  if (fd instanceof Errno) return undefined;
  const users = decode(yield* readAll(sys, fd)).split("\n");
  yield* sys.close(fd);
  shell.homes = new Map(users.map((line) => line.split(":")).map((fields) => [fields[0] ?? "", fields[5] ?? ""]));
  return undefined;
}

function* runFile(shell: Shell, file: string): Activity<undefined> {
  const { sys } = shell;
  const fd = yield* attempt(sys.open(file, O_RDONLY | O_CLOEXEC));
  if (fd instanceof Errno) {
    yield* writeAll(
      sys,
      2,
      encode(`sh: 0: cannot open ${file}: ${fd.code === "ENOENT" ? "No such file" : fd.message}\n`),
    );
    shell.status = fd.code === "ENOENT" ? 127 : 126;
    return undefined;
  }
  const bytes = yield* readAll(sys, fd);
  yield* sys.close(fd);
  yield* runText(shell, decode(bytes));
  return undefined;
}

/** Commands from standard input, as they come. */
function* runInput(shell: Shell): Activity<undefined> {
  const reader = new ScriptReader(shell);
  for (;;) {
    const text = yield* reader.next();
    if (text === undefined) return undefined;
    yield* runText(shell, text);
    if (shell.jump?.kind === "exit") return undefined;
    shell.jump = undefined;
  }
}

/** sh: a POSIX shell, as dash is one. */
export const sh: Program<Sys> = { name: "sh", memory: 1_500_000, main };
