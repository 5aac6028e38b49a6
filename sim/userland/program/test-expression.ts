import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";

/** An expression that test(1) can't make sense of. */
export class TestError extends Error {
  override readonly name = "TestError";
}

const types: Readonly<Record<string, number>> = {
  "-b": 0o060000,
  "-c": 0o020000,
  "-d": 0o040000,
  "-f": 0o100000,
  "-p": 0o010000,
  "-S": 0o140000,
};
const unary = new Set(Array.from("abcdefghknoprstuwxzGLNOS").map((letter) => `-${letter}`));
const binary = new Set(["=", "==", "!=", "<", ">", "-eq", "-ne", "-lt", "-le", "-gt", "-ge", "-nt", "-ot", "-ef"]);

/** The value of a test(1) expression, POSIX's rules by the number of arguments first. @throws TestError */
export function* evaluateTest(sys: Sys, args: readonly string[]): Activity<boolean> {
  const [first = "", second = "", third = "", fourth = ""] = args;
  switch (args.length) {
    case 0:
      return false;
    case 1:
      return first !== "";
    case 2:
      if (first === "!") return second === "";
      if (unary.has(first)) return yield* testOne(sys, first, second);
      break;
    case 3:
      if (binary.has(second)) return yield* testTwo(sys, first, second, third);
      if (second === "-a") return first !== "" && third !== "";
      if (second === "-o") return first !== "" || third !== "";
      if (first === "!") return !(yield* evaluateTest(sys, args.slice(1)));
      if (first === "(" && third === ")") return second !== "";
      break;
    case 4:
      if (first === "!") return !(yield* evaluateTest(sys, args.slice(1)));
      if (first === "(" && fourth === ")") return yield* evaluateTest(sys, args.slice(1, 3));
      break;
  }
  const parser = new Parser(sys, args);
  const value = yield* parser.or();
  if (parser.at < args.length) throw new TestError(`${args[parser.at] ?? ""}: unexpected operator`);
  return value;
}

class Parser {
  readonly #sys: Sys;
  readonly #args: readonly string[];
  at = 0;

  constructor(sys: Sys, args: readonly string[]) {
    this.#sys = sys;
    this.#args = args;
  }

  *or(): Activity<boolean> {
    let value = yield* this.#and();
    while (this.#args[this.at] === "-o") {
      this.at++;
      const right = yield* this.#and();
      value ||= right;
    }
    return value;
  }

  *#and(): Activity<boolean> {
    let value = yield* this.#not();
    while (this.#args[this.at] === "-a") {
      this.at++;
      const right = yield* this.#not();
      value &&= right;
    }
    return value;
  }

  *#not(): Activity<boolean> {
    if (this.#args[this.at] !== "!") return yield* this.#primary();
    this.at++;
    return !(yield* this.#not());
  }

  *#primary(): Activity<boolean> {
    const first = this.#args[this.at];
    const second = this.#args[this.at + 1];
    const third = this.#args[this.at + 2];
    if (first === undefined) throw new TestError("argument expected");
    if (second !== undefined && third !== undefined && binary.has(second)) {
      this.at += 3;
      return yield* testTwo(this.#sys, first, second, third);
    }
    if (first === "(") {
      this.at++;
      const value = yield* this.or();
      if (this.#args[this.at] !== ")") throw new TestError("closing paren expected");
      this.at++;
      return value;
    }
    if (unary.has(first) && second !== undefined) {
      this.at += 2;
      return yield* testOne(this.#sys, first, second);
    }
    this.at++;
    return first !== "";
  }
}

function* testOne(sys: Sys, operator: string, operand: string): Activity<boolean> {
  switch (operator) {
    case "-n":
      return operand !== "";
    case "-z":
      return operand === "";
    case "-t":
      return !((yield* attempt(sys.ioctl(integer(operand), "TCGETS"))) instanceof Errno);
    case "-r":
    case "-w":
    case "-x": {
      const mode = operator === "-r" ? 4 : operator === "-w" ? 2 : 1;
      return !((yield* attempt(sys.access(operand, mode))) instanceof Errno);
    }
    default:
      break;
  }
  const isLink = operator === "-h" || operator === "-L";
  const about = yield* attempt(isLink ? sys.lstat(operand) : sys.stat(operand));
  if (about instanceof Errno) return false;
  const type = about.mode & 0o170000;
  switch (operator) {
    case "-h":
    case "-L":
      return type === 0o120000;
    case "-s":
      return about.size > 0;
    case "-u":
      return (about.mode & 0o4000) !== 0;
    case "-g":
      return (about.mode & 0o2000) !== 0;
    case "-k":
      return (about.mode & 0o1000) !== 0;
    case "-O":
      return about.uid === (yield* sys.geteuid());
    case "-G":
      return about.gid === (yield* sys.getegid());
    case "-N":
      return about.mtime > about.atime;
    default: {
      const wanted = types[operator];
      return wanted === undefined || type === wanted;
    }
  }
}

function integer(text: string): number {
  if (!/^\s*[-+]?\d+\s*$/.test(text)) throw new TestError(`Illegal number: ${text}`);
  return Number(text);
}

function* testTwo(sys: Sys, left: string, operator: string, right: string): Activity<boolean> {
  switch (operator) {
    case "=":
    case "==":
      return left === right;
    case "!=":
      return left !== right;
    case "<":
      return left < right;
    case ">":
      return left > right;
    case "-eq":
      return integer(left) === integer(right);
    case "-ne":
      return integer(left) !== integer(right);
    case "-lt":
      return integer(left) < integer(right);
    case "-le":
      return integer(left) <= integer(right);
    case "-gt":
      return integer(left) > integer(right);
    case "-ge":
      return integer(left) >= integer(right);
    default: {
      const [one, other] = [yield* attempt(sys.stat(left)), yield* attempt(sys.stat(right))];
      if (operator === "-ef")
        return !(one instanceof Errno) && !(other instanceof Errno) && one.dev === other.dev && one.ino === other.ino;
      // A file that isn't there is older than any that is.
      const times = [one, other].map((about) => (about instanceof Errno ? -Infinity : about.mtime));
      const [a = 0, b = 0] = times;
      return operator === "-nt" ? a > b : a < b;
    }
  }
}
