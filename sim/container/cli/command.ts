import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { encode, Output, writeAll } from "../../userland/index.js";
import { CliError, DaemonError, type DockerClient } from "./client.js";
import { describeFlags, parseFlags, type Flag, type Flags } from "./flags.js";

/** One run of a command. */
export class Context {
  readonly client: DockerClient;
  readonly sys: Sys;
  readonly env: readonly string[];
  readonly flags: Flags;
  readonly args: readonly string[];
  /** "docker run", as it was called. */
  readonly called: string;
  readonly out: Output;

  constructor(given: {
    readonly client: DockerClient;
    readonly env: readonly string[];
    readonly flags: Flags;
    readonly called: string;
    readonly args?: readonly string[];
  }) {
    this.client = given.client;
    this.sys = given.client.sys;
    this.env = given.env;
    this.flags = given.flags;
    this.args = given.args ?? given.flags.operands;
    this.called = given.called;
    this.out = new Output(this.sys, 1);
  }

  variable(name: string): string | undefined {
    return this.env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  /** Bytes on standard error, behind what was printed. */
  *tell(text: string | Uint8Array): Activity<undefined> {
    yield* this.out.flush();
    return yield* writeAll(this.sys, 2, typeof text === "string" ? encode(text) : text);
  }

  /** Bytes on standard output, at once. */
  *say(text: string | Uint8Array): Activity<undefined> {
    if (typeof text === "string") this.out.put(text);
    else this.out.putBytes(text);
    return yield* this.out.flush();
  }

  /** Does the same for each of some names and prints each that it is done for. @returns the exit status */
  *each(names: readonly string[], work: (name: string) => Activity<unknown>): Activity<number> {
    const failures: string[] = [];
    for (const name of names)
      try {
        const said = yield* work(name);
        yield* this.say(`${typeof said === "string" ? said : name}\n`);
      } catch (error) {
        if (!(error instanceof CliError)) throw error;
        failures.push(error.message);
      }
    if (failures.length === 0) return 0;
    yield* this.tell(`${failures.join("\n")}\n`);
    return 1;
  }

  /** Asks on standard input. @returns whether the answer is yes */
  *agrees(warning: string): Activity<boolean> {
    if (this.flags.flag("force")) return true;
    yield* this.say(`${warning} [y/N] `);
    const answer = yield* attempt(this.sys.read(0, 4096));
    return !(answer instanceof Errno) && (answer[0] === 121 || answer[0] === 89);
  }
}

/** A command's declaration: its flags, and what it does. */
export interface DockerCommand {
  /** What it is called by, without "docker": "ps", "container ls". */
  readonly paths: readonly string[];
  /** Its synopsis behind that. */
  readonly usage: string;
  readonly about: string;
  readonly flags: readonly Flag[];
  /** How few and many operands it takes. */
  readonly operands: readonly [least: number, most: number];
  /** The first operand ends the flags: what stands behind it is another program's. */
  readonly posix?: boolean;
  run(it: Context): Activity<number | undefined>;
}

/** What the daemon calls 404 said as the CLI says it of a named object. */
export function* known<T>(object: string, name: string, work: Activity<T>): Activity<T> {
  try {
    return yield* work;
  } catch (error) {
    if (error instanceof DaemonError && error.code === 404) throw new MissingError(object, name);
    throw error;
  }
}

/** There is no such object: the CLI's own words, without the daemon's. */
export class MissingError extends CliError {
  constructor(object: string, name: string) {
    super(`Error: No such ${object}: ${name}`);
  }
}

const plural = (count: number): string => `${count} argument${count === 1 ? "" : "s"}`;

/** Why a command can't have so many operands; undefined where it can. */
function whyNot([least, most]: readonly [number, number], count: number): string | undefined {
  if (count >= least && count <= most) return undefined;
  if (most === 0) return "accepts no arguments";
  if (least === most) return `requires exactly ${plural(least)}`;
  if (most === Infinity) return `requires at least ${plural(least)}`;
  if (least === 0) return `requires at most ${plural(most)}`;
  return `requires at least ${least} and at most ${plural(most)}`;
}

const helpFlag: Flag = { name: "help", kind: "bool", help: "Print usage" };

const withOptions = ({ flags, usage }: DockerCommand): string => {
  const options = flags.length === 0 || usage.startsWith("[OPTIONS]") ? "" : "[OPTIONS] ";
  return `${options}${usage}`.trimEnd();
};

/** What `--help` prints. */
function helpOf(command: DockerCommand, called: string): string {
  const aliases = aliasesOf(command, called);
  const flags = command.flags.length === 0 ? "" : `\nOptions:\n${describeFlags(command.flags)}`;
  return `\nUsage:  ${called} ${withOptions(command)}\n\n${command.about}\n${aliases}${flags}`;
}

/** Other words for the same within its group. */
function aliasesOf({ paths }: DockerCommand, called: string): string {
  const path = called.replace(/^docker /, "");
  const group = /^(.*) /.exec(path)?.[1];
  if (group === undefined) return "";
  const own = paths.filter((one) => one.startsWith(`${group} `)).map((one) => one.slice(group.length + 1));
  return own.length < 2 ? "" : `\nAliases:\n  ${own.join(", ")}\n`;
}

/** Reads a command's words and runs it. @throws CliError */
export function* runCommand(
  command: DockerCommand,
  called: string,
  words: readonly string[],
  given: { readonly client: DockerClient; readonly env: readonly string[] },
): Activity<number> {
  let flags: Flags;
  try {
    flags = parseFlags([...command.flags, helpFlag], words, command.posix !== true);
  } catch (error) {
    if (error instanceof CliError) throw new CliError(`${error.message}\nSee '${called} --help'.`, 125);
    throw error;
  }
  const it = new Context({ ...given, flags, called });
  if (flags.flag("help")) {
    yield* it.say(helpOf(command, called));
    return 0;
  }
  const why = whyNot(command.operands, flags.operands.length);
  if (why !== undefined)
    throw new CliError(
      `"${called}" ${why}.\nSee '${called} --help'.\n\nUsage:  ${called} ${withOptions(command)}\n\n${command.about}`,
    );
  try {
    const status = (yield* command.run(it)) ?? 0;
    yield* it.out.flush();
    return status;
  } catch (error) {
    // What came before the mistake is printed before it.
    if (error instanceof CliError) yield* attempt(it.out.flush());
    throw error;
  }
}
