import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_RDONLY, type Program, type Sys } from "../../os/index.js";
import { decode, encode } from "./encoding.js";
import { describeOptions, OptionError, parseOptions, type Option } from "./options.js";
import { Output, readAll, writeAll } from "./streams.js";

/** A command's declaration: its options, and what it does. */
export interface Command {
  readonly name: string;
  /** Its synopses, as `--help` begins: what comes behind the name. */
  readonly usage: readonly string[];
  readonly about: string;
  readonly options: readonly Option[];
  /** Options end at the first operand: for commands that run other commands. */
  readonly posix?: boolean;
  /** Exit status of a mistake on the command line; 1 where absent. */
  readonly usageStatus?: number;
  /** How few and many operands it takes. */
  readonly operands?: readonly [number, number];
  /** Rewrites old forms of the command line: `head -5`. */
  readonly rewrite?: (words: readonly string[]) => readonly string[];
  /** Bytes that it has touched: its code and data. */
  readonly memory?: number;
  run(invocation: Invocation): Activity<number | undefined>;
}

/** Ends a command with a message and a status. */
export class Failure extends Error {
  override readonly name = "Failure";
  readonly status: number;

  constructor(message: string, status = 1) {
    super(message);
    this.status = status;
  }
}

/** Ends a command whose command line is wrong: beside the message it says where help is. */
export class UsageFailure extends Error {
  override readonly name = "UsageFailure";
}

/** One run of a command. */
export class Invocation {
  readonly sys: Sys;
  /** Without directories. */
  readonly name: string;
  /** As it was called: what messages begin with. */
  readonly called: string;
  readonly env: readonly string[];
  readonly options: readonly { readonly name: string; readonly value: string | undefined }[];
  readonly operands: readonly string[];
  readonly out: Output;
  /** What it exits with where `run` doesn't say. */
  status = 0;

  constructor(
    sys: Sys,
    called: string,
    env: readonly string[],
    options: readonly { readonly name: string; readonly value: string | undefined }[],
    operands: readonly string[],
  ) {
    this.sys = sys;
    this.called = called;
    this.name = called.replace(/^.*\//, "");
    this.env = env;
    this.options = options;
    this.operands = operands;
    this.out = new Output(sys, 1);
  }

  has(...names: readonly string[]): boolean {
    return this.options.some(({ name }) => names.includes(name));
  }

  /** The last value given. */
  value(name: string): string | undefined {
    return this.options.findLast((option) => option.name === name)?.value;
  }

  values(name: string): readonly string[] {
    return this.options.filter((option) => option.name === name).map(({ value }) => value ?? "");
  }

  /** Which of some options was given last. */
  last(...names: readonly string[]): string | undefined {
    return this.options.findLast(({ name }) => names.includes(name))?.name;
  }

  variable(name: string): string | undefined {
    return this.env.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
  }

  /** A message on standard error; the command goes on, and fails at its end. */
  *complain(message: string, status = 1): Activity<undefined> {
    this.status = Math.max(this.status, status);
    yield* this.out.flush();
    yield* writeAll(this.sys, 2, encode(`${this.called}: ${message}\n`));
    return undefined;
  }

  /** A line on standard error that changes nothing. */
  *tell(line: string): Activity<undefined> {
    yield* this.out.flush();
    yield* writeAll(this.sys, 2, encode(`${line}\n`));
    return undefined;
  }

  /** Opens a file to read, "-" being standard input. @returns undefined where it can't, having said so */
  *open(
    path: string,
    say: (path: string, why: string) => string = (one, why) => `${one}: ${why}`,
  ): Activity<number | undefined> {
    if (path === "-") return 0;
    const fd = yield* attempt(this.sys.open(path, O_RDONLY));
    if (!(fd instanceof Errno)) return fd;
    yield* this.complain(say(path, fd.message));
    return undefined;
  }

  *close(fd: number): Activity<undefined> {
    if (fd > 2) yield* this.sys.close(fd);
    return undefined;
  }

  /** A file's whole content; undefined where it can't be read, having said so. */
  *read(path: string): Activity<Uint8Array | undefined> {
    const fd = yield* this.open(path);
    if (fd === undefined) return undefined;
    const bytes = yield* attempt(readAll(this.sys, fd));
    yield* this.close(fd);
    if (!(bytes instanceof Errno)) return bytes;
    yield* this.complain(`${path}: ${bytes.message}`);
    return undefined;
  }

  /** The same as text. */
  *readText(path: string): Activity<string | undefined> {
    const bytes = yield* this.read(path);
    return bytes === undefined ? undefined : decode(bytes);
  }
}

const helpOption: Option = { long: "help", help: "display this help and exit" };
const versionOption: Option = { long: "version", help: "output version information and exit" };

/** A command as a program. */
export function program(command: Command): Program<Sys> {
  const table = [...command.options, helpOption, versionOption];
  return {
    name: command.name,
    memory: command.memory ?? 900_000,
    *main(sys, argv, env) {
      const name = argv[0] ?? command.name;
      const say = (text: string): Activity<undefined> => writeAll(sys, 2, encode(text));
      const usageError = function* (message: string): Activity<number> {
        yield* say(`${name}: ${message}\nTry '${name} --help' for more information.\n`);
        return command.usageStatus ?? 1;
      };
      try {
        const words = argv.slice(1);
        const parsed = parseOptions(table, command.rewrite?.(words) ?? words, command.posix !== true);
        const { options, operands } = parsed;
        const asked = options.find((option) => option.name === "help" || option.name === "version");
        if (asked !== undefined) {
          const synopsis = command.usage
            .map((one, at) => `${at === 0 ? "Usage:" : "  or: "} ${name} ${one}\n`)
            .join("");
          const text =
            asked.name === "help"
              ? `${synopsis}${command.about}\n\n${describeOptions(table)}`
              : `${command.name} (virtlab)\n`;
          yield* writeAll(sys, 1, encode(text));
          return 0;
        }
        const [least = 0, most = Infinity] = command.operands ?? [];
        const tooMany = operands[most];
        if (operands.length < least)
          return yield* usageError(
            operands.length === 0 ? "missing operand" : `missing operand after '${operands.at(-1) ?? ""}'`,
          );
        if (tooMany !== undefined) return yield* usageError(`extra operand '${tooMany}'`);
        return yield* runCommand(command, new Invocation(sys, name, env, options, operands), usageError);
      } catch (error) {
        if (error instanceof OptionError) return yield* usageError(error.message);
        throw error;
      }
    },
  };
}

function* runCommand(
  command: Command,
  invocation: Invocation,
  usageError: (message: string) => Activity<number>,
): Activity<number> {
  let status: number;
  try {
    status = (yield* command.run(invocation)) ?? invocation.status;
  } catch (error) {
    if (error instanceof UsageFailure) return yield* usageError(error.message);
    if (error instanceof Errno) {
      // What a command doesn't expect: mostly an output that takes no more.
      const writing = ["ENOSPC", "EDQUOT", "EPIPE", "EFBIG", "EIO"].includes(error.code);
      invocation.out.drop();
      yield* invocation.complain(`${writing ? "write error: " : ""}${error.message}`);
      return command.usageStatus ?? 1;
    }
    if (!(error instanceof Failure)) throw error;
    yield* invocation.complain(error.message);
    status = error.status;
  }
  const failure = yield* attempt(invocation.out.flush());
  if (!(failure instanceof Errno)) return status;
  yield* writeAll(invocation.sys, 2, encode(`${invocation.called}: write error: ${failure.message}\n`));
  return command.usageStatus ?? 1;
}
