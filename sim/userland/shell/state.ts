import type { CompoundList, ParsedScript, Redirected, CompoundCommand } from "unbash";
import type { Activity } from "../../core/index.js";
import type { Sys } from "../../os/index.js";
import { encode } from "../program/encoding.js";
import { writeAll } from "../program/streams.js";
import type { Job } from "./jobs.js";
import type { Variables } from "./variables.js";

/** An error of the language or of a special built-in: it ends a shell that isn't interactive (POSIX 2.8.1). */
export class ShellError extends Error {
  override readonly name = "ShellError";
  readonly status: number;

  constructor(message: string, status = 2) {
    super(message);
    this.status = status;
  }
}

/** Where control goes instead of to the next command. */
export type Jump =
  | { readonly kind: "break" | "continue"; levels: number }
  // "prompt": ^C leaves all that an interactive shell was about.
  | { readonly kind: "return" | "exit" | "prompt" };

/** How other parts of the shell have commands run: made by `execution`. */
export interface Runner {
  /** Runs text as commands of this shell: eval, `.`, traps. */
  text(shell: Shell, text: string): Activity<number>;
  /** Runs commands in a subshell, and gives what they print (without newlines at the end). */
  output(shell: Shell, script: ParsedScript): Activity<string>;
  readonly builtins: ReadonlyMap<string, { readonly special?: boolean }>;
  /** Runs a function's body. */
  body(shell: Shell, body: FunctionBody): Activity<number>;
  /** Runs a command whose words are expanded: a built-in or a program, not a function. */
  words(shell: Shell, words: readonly string[]): Activity<number>;
}

export type FunctionBody = CompoundCommand | Redirected | CompoundList;

/** A function, and the text that its positions point into. */
export interface ShellFunction {
  readonly body: FunctionBody;
  readonly source: string;
  readonly lineOffset: number;
}

type OptionLetter = "a" | "C" | "e" | "f" | "i" | "m" | "n" | "s" | "u" | "v" | "x" | "b" | "I" | "V" | "E";
export type OptionName = OptionLetter | "pipefail" | "nolog" | "debug";

/** One shell: what a subshell has a copy of. */
export class Shell {
  sys: Sys;
  readonly runner: Runner;
  variables: Variables;
  functions: Map<string, ShellFunction> = new Map();
  aliases: Map<string, string> = new Map();
  options: Set<OptionName> = new Set();
  /** Actions by signal's name without SIG; EXIT too. An empty one ignores. */
  traps: Map<string, string> = new Map();
  /** Signals that came and whose traps wait for the command to end. */
  caught: string[] = [];
  name: string;
  positional: readonly string[];
  status = 0;
  jump: Jump | undefined = undefined;
  loops = 0;
  functionDepth = 0;
  /** Whether `set -e` is without effect here: in a condition. */
  tested = 0;
  /** Of the shell that the user called: $$. */
  readonly pid: number;
  lastBackground: number | undefined = undefined;
  jobs: Job[] = [];
  isSubshell = false;
  /** How processes ended that were waited for by their pid: they may be asked for again. */
  readonly remembered: Map<string, number> = new Map();
  /** It has told that jobs are stopped: the next `exit` is meant. */
  warned = false;
  /** The terminal that jobs are controlled on; undefined without job control. */
  terminal: number | undefined = undefined;
  /** The command that is executed, for LINENO and messages. */
  source = "";
  position = 0;
  commandEnd = 0;
  /** Lines that come before `source` in its file. */
  lineOffset = 0;
  /** Where commands lie, as `hash` tells. */
  hashed: Map<string, string> = new Map();
  optionPlace = { word: 1, letter: 0 };
  /** The status of the last command substitution of an assignment. */
  substitutionStatus: number | undefined = undefined;
  /** Users' home directories, once /etc/passwd was read: for tildes. */
  homes: ReadonlyMap<string, string> = new Map();
  readonly startTime: number;

  constructor(sys: Sys, runner: Runner, variables: Variables, pid: number, name: string, startTime = 0) {
    this.sys = sys;
    this.runner = runner;
    this.variables = variables;
    this.pid = pid;
    this.name = name;
    this.positional = [];
    this.startTime = startTime;
  }

  get interactive(): boolean {
    return this.options.has("i");
  }

  /** The state that a subshell begins with. It gets its system calls when it runs: `sys`. */
  fork(): Shell {
    const copy = new Shell(this.sys, this.runner, this.variables.copy(), this.pid, this.name, this.startTime);
    copy.functions = new Map(this.functions);
    copy.aliases = new Map(this.aliases);
    copy.options = new Set(this.options);
    // What is trapped is so no more, what is ignored remains (POSIX 2.12).
    copy.traps = new Map([...this.traps].filter(([, action]) => action === ""));
    copy.positional = this.positional;
    copy.status = this.status;
    copy.loops = this.loops;
    copy.functionDepth = this.functionDepth;
    copy.tested = this.tested;
    copy.lastBackground = this.lastBackground;
    copy.isSubshell = true;
    copy.source = this.source;
    copy.position = this.position;
    copy.lineOffset = this.lineOffset;
    copy.hashed = new Map(this.hashed);
    copy.homes = this.homes;
    copy.optionPlace = { ...this.optionPlace };
    copy.options.delete("m");
    copy.options.delete("i");
    return copy;
  }

  get line(): number {
    let line = 1 + this.lineOffset;
    for (let at = this.source.indexOf("\n"); at >= 0 && at < this.position; at = this.source.indexOf("\n", at + 1))
      line++;
    return line;
  }

  *print(text: string): Activity<undefined> {
    if (text !== "") yield* writeAll(this.sys, 1, encode(text));
    return undefined;
  }

  /** This shell as a child has it that will soon be another program: with the child's system calls. */
  inChild(sys: Sys): Shell {
    const child = this.fork();
    child.sys = sys;
    return child;
  }

  *tell(text: string): Activity<undefined> {
    yield* writeAll(this.sys, 2, encode(text));
    return undefined;
  }

  /** A line on standard error, as dash begins it. */
  *complain(message: string): Activity<undefined> {
    yield* writeAll(this.sys, 2, encode(`${this.name}: ${this.interactive ? "" : `${this.line}: `}${message}\n`));
    return undefined;
  }

  /** @throws ShellError where it is read-only */
  assign(name: string, value: string): void {
    if (this.variables.isReadonly(name)) throw new ShellError(`${name}: is read only`);
    this.variables.set(name, value);
    if (this.options.has("a")) this.variables.mark(name, "exported");
    if (name === "PATH") this.hashed.clear();
    if (name === "OPTIND") this.optionPlace = { word: Number(value), letter: 0 };
  }

  unset(name: string): void {
    if (this.variables.isReadonly(name)) throw new ShellError(`${name}: is read only`);
    this.variables.unset(name);
    if (name === "PATH") this.hashed.clear();
  }

  /** A parameter's value, by name, number or special character; undefined where unset. `@` and `*` are for expansions. */
  parameter(name: string): string | undefined {
    if (/^\d/.test(name)) return name === "0" ? this.name : this.positional[Number(name) - 1];
    switch (name) {
      case "?":
        return String(this.status);
      case "#":
        return String(this.positional.length);
      case "$":
        return String(this.pid);
      case "!":
        return this.lastBackground === undefined ? undefined : String(this.lastBackground);
      case "-":
        return Array.from("ubaCEVvxsnmiIfe")
          .filter((letter) => (this.options as Set<string>).has(letter))
          .join("");
      case "LINENO":
        return String(this.line);
      default:
        return this.variables.get(name);
    }
  }

  get fieldSeparators(): string {
    return this.variables.get("IFS") ?? " \t\n";
  }
}
