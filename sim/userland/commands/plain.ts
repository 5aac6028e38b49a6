import type { Activity } from "../../core/index.js";
import { attempt, Errno, type Program, type Sys } from "../../os/index.js";
import { Failure, program, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { evaluateExpr } from "./expr.js";
import { decodeBytes, encode, encodeBytes } from "../program/encoding.js";
import { format, unescape } from "../program/printf.js";
import { writeAll } from "../program/streams.js";
import { evaluateTest, TestError } from "../program/test-expression.js";

/** Commands that print what they are given, or only end. */
const commands: readonly Command[] = [
  {
    name: "basename",
    usage: ["NAME [SUFFIX]", "OPTION... NAME..."],
    about: "Print NAME with any leading directory components removed.",
    options: [
      { short: "a", long: "multiple", help: "support multiple arguments and treat each as a NAME" },
      { short: "s", long: "suffix", argument: "SUFFIX", help: "remove a trailing SUFFIX; implies -a" },
      { short: "z", long: "zero", help: "end each output line with NUL, not newline" },
    ],
    operands: [1, Infinity],
    *run(it) {
      const suffix = it.value("s");
      const many = it.has("a") || suffix !== undefined;
      if (!many && it.operands.length > 2) throw new UsageFailure(`extra operand '${it.operands[2] ?? ""}'`);
      for (const name of many ? it.operands : it.operands.slice(0, 1)) {
        const base = name.replace(/(.)\/+$/, "$1").replace(/^.*\/(?=.)/, "");
        const end = suffix ?? (many ? undefined : it.operands[1]) ?? "";
        it.out.put(
          (end !== "" && base !== end && base.endsWith(end) ? base.slice(0, -end.length) : base) +
            (it.has("z") ? "\0" : "\n"),
        );
      }
      yield* it.out.drain();
      return 0;
    },
  },
  {
    name: "dirname",
    usage: ["[OPTION] NAME..."],
    about: "Output each NAME with its last non-slash component and trailing slashes removed.",
    options: [{ short: "z", long: "zero", help: "end each output line with NUL, not newline" }],
    operands: [1, Infinity],
    *run(it) {
      for (const name of it.operands) {
        const stem = name.replace(/\/+$/, "");
        const cut = stem.lastIndexOf("/");
        const directory =
          stem === "" && name !== "" ? "/" : cut < 0 ? "." : stem.slice(0, cut).replace(/\/+$/, "") || "/";
        it.out.put(directory + (it.has("z") ? "\0" : "\n"));
      }
      yield* it.out.drain();
      return 0;
    },
  },
  {
    name: "seq",
    usage: ["[OPTION]... LAST", "[OPTION]... FIRST LAST", "[OPTION]... FIRST INCREMENT LAST"],
    about: "Print numbers from FIRST to LAST, in steps of INCREMENT.",
    options: [
      { short: "f", long: "format", argument: "FORMAT", help: "use printf style floating-point FORMAT" },
      { short: "s", long: "separator", argument: "STRING", help: "use STRING to separate numbers (default: \\n)" },
      { short: "w", long: "equal-width", help: "equalize width by padding with leading zeroes" },
    ],
    posix: true,
    operands: [1, 3],
    rewrite: (words) => {
      const at = words.findIndex((word) => /^-?[\d.]/.test(word));
      return at < 0 ? words : [...words.slice(0, at), "--", ...words.slice(at)];
    },
    run: sequence,
  },
  {
    name: "yes",
    usage: ["[STRING]..."],
    about: "Repeatedly output a line with all specified STRING(s), or 'y'.",
    options: [],
    *run(it) {
      const line = `${it.operands.length === 0 ? "y" : it.operands.join(" ")}\n`;
      const bytes = encode(line.repeat(Math.max(1, Math.floor(8192 / line.length))));
      for (;;) yield* writeAll(it.sys, 1, bytes);
    },
  },
  {
    name: "sleep",
    usage: ["NUMBER[SUFFIX]..."],
    about: "Pause for NUMBER seconds. SUFFIX may be s, m, h or d.",
    options: [],
    operands: [1, Infinity],
    *run(it) {
      let seconds = 0;
      for (const text of it.operands) {
        const [, number, unit = "s"] = /^(\d+\.?\d*|\.\d+|infinity)([smhd]?)$/.exec(text) ?? [];
        if (number === undefined) throw new UsageFailure(`invalid time interval '${text}'`);
        seconds += Number(number === "infinity" ? Infinity : number) * ({ s: 1, m: 60, h: 3600, d: 86400 }[unit] ?? 1);
      }
      if (seconds === Infinity) yield* it.sys.pause();
      yield* it.sys.nanosleep(Math.round(seconds * 1e9) as Parameters<Sys["nanosleep"]>[0]);
      return 0;
    },
  },
];

function* sequence(it: Invocation): Activity<number> {
  const numbers = it.operands.map((text) => {
    if (!/^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i.test(text))
      throw new UsageFailure(`invalid floating point argument: '${text}'`);
    return Number(text);
  });
  const places = Math.max(...it.operands.slice(0, -1).map((text) => text.split(".")[1]?.length ?? 0), 0);
  const [first, step, last] =
    numbers.length === 1
      ? [1, 1, numbers[0] ?? 0]
      : numbers.length === 2
        ? [numbers[0] ?? 0, 1, numbers[1] ?? 0]
        : [numbers[0] ?? 0, numbers[1] ?? 0, numbers[2] ?? 0];
  if (step === 0) throw new UsageFailure(`invalid Zero increment value: '${it.operands[1] ?? ""}'`);
  const pattern = it.value("f");
  const separator = it.value("s") ?? "\n";
  const show = (value: number): string =>
    pattern === undefined ? value.toFixed(places) : format(pattern, [String(value)]).text;
  const width = it.has("w") ? Math.max(show(first).length, show(last).length) : 0;
  const pad = (text: string): string =>
    text.startsWith("-") ? `-${text.slice(1).padStart(width - 1, "0")}` : text.padStart(width, "0");
  let any = false;
  for (let count = 0; ; count++) {
    const value = first + count * step;
    if (step > 0 ? value > last + 1e-12 * Math.abs(last) : value < last) break;
    it.out.put((any ? separator : "") + pad(show(value)));
    any = true;
    yield* it.out.drain();
  }
  if (any) it.out.put("\n");
  return 0;
}

/** Commands without options of GNU's kind. */
const bare: readonly Program<Sys>[] = [
  {
    name: "true",
    memory: 200_000,
    *main() {
      return 0;
    },
  },
  {
    name: "false",
    memory: 200_000,
    *main() {
      return 1;
    },
  },
  {
    name: "echo",
    memory: 700_000,
    *main(sys, argv) {
      const words = argv.slice(1);
      let newline = true;
      let escapes = false;
      while (/^-[neE]+$/.test(words[0] ?? "")) {
        for (const letter of (words.shift() ?? "").slice(1)) {
          if (letter === "n") newline = false;
          else escapes = letter === "e";
        }
      }
      const text = decodeBytes(encode(words.join(" ")));
      const { text: out, stopped } = escapes ? unescape(text, "\\0ooo") : { text, stopped: false };
      yield* writeAll(sys, 1, encodeBytes(out + (newline && !stopped ? "\n" : "")));
      return 0;
    },
  },
  {
    name: "printf",
    memory: 700_000,
    *main(sys, argv) {
      const [pattern, ...given] = argv.slice(1);
      if (pattern === undefined) {
        yield* writeAll(sys, 2, encode("printf: missing operand\nTry 'printf --help' for more information.\n"));
        return 1;
      }
      const { text, errors } = format(pattern, given);
      for (const error of errors) {
        const why = error
          .replace(/^(.*): (expected|not)/, "'$1': $2")
          .replace("expected numeric", "expected a numeric")
          .replace("not completely", "value not completely");
        yield* writeAll(sys, 2, encode(`${argv[0] ?? "printf"}: ${why}\n`));
      }
      yield* writeAll(sys, 1, encodeBytes(text));
      return errors.length > 0 ? 1 : 0;
    },
  },
  ...["test", "["].map((name): Program<Sys> => ({
    name,
    memory: 700_000,
    *main(sys, argv) {
      const args = argv.slice(1);
      const complain = function* (message: string): Activity<number> {
        yield* writeAll(sys, 2, encode(`${name}: ${message}\n`));
        return 2;
      };
      if (name === "[" && args.pop() !== "]") return yield* complain("missing ']'");
      try {
        return (yield* evaluateTest(sys, args)) ? 0 : 1;
      } catch (error) {
        if (!(error instanceof TestError)) throw error;
        return yield* complain(error.message.replace(/^Illegal number: (.*)$/, "invalid integer '$1'"));
      }
    },
  })),
  {
    name: "expr",
    memory: 700_000,
    *main(sys, argv) {
      const complain = function* (message: string, status: number): Activity<number> {
        yield* writeAll(sys, 2, encode(`expr: ${message}\n`));
        return status;
      };
      if (argv.length === 1) return yield* complain("missing operand\nTry 'expr --help' for more information.", 2);
      try {
        const value = evaluateExpr(argv.slice(1));
        const failure = yield* attempt(writeAll(sys, 1, encode(`${value}\n`)));
        if (failure instanceof Errno) return 3;
        return value === "" || /^-?0+$/.test(value) ? 1 : 0;
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        return yield* complain(error.message, error.status);
      }
    },
  },
];

export const plainCommands: readonly Program<Sys>[] = [...commands.map(program), ...bare];
