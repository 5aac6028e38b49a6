import type { Activity, Nanos } from "../../core/index.js";
import { attempt, Errno, O_CREAT, O_TRUNC, O_WRONLY } from "../../os/index.js";
import { Failure, UsageFailure, type Command, type Invocation } from "../program/command.js";
import { decode, encode } from "../program/encoding.js";
import { readAll, writeAll } from "../program/streams.js";
import { replace, visible } from "./sed-text.js";
import { parseSed, type Address, type SedCommand } from "./sed-script.js";

/** The lines of some files, with their ends; of each file whether it has one. */
interface Source {
  readonly lines: readonly string[];
  readonly ended: boolean;
}

/** What one command of a script takes, an estimate: it is looked up, and mostly matched against a short pattern space. */
const commandWork = 100 as Nanos;

/** sed at work on one stream of lines. */
class Editor {
  readonly #it: Invocation;
  readonly #script: readonly SedCommand[];
  readonly #labels: ReadonlyMap<string, number>;
  readonly #source: Source;
  readonly #quiet: boolean;
  readonly #files = new Map<string, number>();
  readonly #put: (text: string) => void;
  #space = "";
  #hold = "";
  #line = 0;
  #last: RegExp | undefined;
  #substituted = false;
  #appended: string[] = [];
  status: number | undefined;

  constructor(
    it: Invocation,
    script: readonly SedCommand[],
    source: Source,
    quiet: boolean,
    put: (text: string) => void,
  ) {
    this.#it = it;
    this.#script = script;
    this.#source = source;
    this.#quiet = quiet;
    this.#put = put;
    this.#labels = new Map(script.flatMap(({ name, text }, at) => (name === ":" ? [[text, at] as const] : [])));
    for (const { name, text } of script)
      if ((name === "b" || name === "t" || name === "T") && text !== "" && !this.#labels.has(text))
        throw new Failure(`-e expression #1, char ${text.length}: can't find label for jump to \`${text}'`);
  }

  get #isLast(): boolean {
    return this.#line >= this.#source.lines.length;
  }

  #print(text: string): void {
    this.#put(this.#isLast && !this.#source.ended && text === this.#space ? text : `${text}\n`);
  }

  *run(): Activity<undefined> {
    let restart = false;
    while (restart || this.#line < this.#source.lines.length) {
      if (!restart) this.#space = this.#source.lines[this.#line++] ?? "";
      const how = yield* this.#cycle();
      restart = how === "restart";
      if (!this.#quiet && how !== "delete" && how !== "restart" && how !== "stop") this.#print(this.#space);
      for (const text of this.#appended) this.#put(text);
      this.#appended = [];
      yield* this.#it.out.drain();
      if (how === "quit" || how === "stop") return undefined;
    }
    return undefined;
  }

  #matches(address: Address): boolean {
    switch (address.kind) {
      case "line":
        return this.#line === address.line;
      case "step":
        return address.step === 0
          ? this.#line === address.first
          : this.#line >= address.first && (this.#line - address.first) % address.step === 0;
      case "last":
        return this.#isLast;
      case "more":
        return false;
      case "match":
        return this.#test(address.expression);
    }
  }

  #test(given: RegExp | undefined): boolean {
    const expression = given ?? this.#last;
    if (expression === undefined) throw new Failure("-e expression #1, char 0: no previous regular expression");
    this.#last = expression;
    expression.lastIndex = 0;
    return expression.test(this.#space);
  }

  #applies(command: SedCommand): boolean {
    return this.#inRange(command) !== command.negated;
  }

  #inRange(command: SedCommand): boolean {
    const { from, to } = command;
    if (from === undefined) return true;
    if (to === undefined) return this.#matches(from);
    if (command.active) {
      if (
        to.kind === "more"
          ? this.#line >= command.until
          : to.kind === "line"
            ? this.#line >= to.line
            : this.#matches(to)
      )
        command.active = false;
      return to.kind !== "line" || this.#line <= to.line;
    }
    if (!(from.kind === "line" && from.line === 0) && !this.#matches(from)) return false;
    if (to.kind === "more") command.until = this.#line + to.count;
    command.active = to.kind === "line" ? to.line > this.#line : to.kind === "more" ? to.count > 0 : true;
    return true;
  }

  #begin(): void {
    this.#substituted = false;
  }

  *#cycle(): Activity<"end" | "delete" | "restart" | "quit" | "stop"> {
    this.#begin();
    for (let at = 0; at < this.#script.length; at++) {
      const command = this.#script[at];
      if (command === undefined) break;
      yield* this.#it.sys.charge(commandWork);
      if (!this.#applies(command)) {
        if (command.name === "{") at = command.end - 1;
        continue;
      }
      const { name, text } = command;
      switch (name) {
        case "s":
          yield* this.#substitute(command);
          break;
        case "p":
          this.#print(this.#space);
          break;
        case "P":
          this.#put(`${this.#space.split("\n")[0] ?? ""}\n`);
          break;
        case "d":
          return "delete";
        case "D": {
          const end = this.#space.indexOf("\n");
          if (end < 0) return "delete";
          this.#space = this.#space.slice(end + 1);
          return "restart";
        }
        case "n":
        case "N":
          if (this.#isLast) return name === "n" ? "quit" : "end";
          if (name === "n") {
            if (!this.#quiet) this.#print(this.#space);
            this.#space = this.#source.lines[this.#line++] ?? "";
          } else this.#space += `\n${this.#source.lines[this.#line++] ?? ""}`;
          break;
        case "g":
          this.#space = this.#hold;
          break;
        case "G":
          this.#space += `\n${this.#hold}`;
          break;
        case "h":
          this.#hold = this.#space;
          break;
        case "H":
          this.#hold += `\n${this.#space}`;
          break;
        case "x":
          [this.#space, this.#hold] = [this.#hold, this.#space];
          break;
        case "z":
          this.#space = "";
          break;
        case "=":
          this.#put(`${this.#line}\n`);
          break;
        case "l":
          this.#put(`${visible(this.#space)}$\n`);
          break;
        case "a":
          this.#appended.push(`${text}\n`);
          break;
        case "i":
          this.#put(`${text}\n`);
          break;
        case "c":
          if (command.to === undefined || !command.active || command.negated) this.#put(`${text}\n`);
          return "delete";
        case "y": {
          const [from, to] = [Array.from(text), Array.from(command.replacement ?? "")];
          this.#space = Array.from(this.#space)
            .map((one) => to[from.indexOf(one)] ?? one)
            .join("");
          break;
        }
        case "q":
        case "Q":
          this.status = Number(text);
          return name === "q" ? "quit" : "stop";
        case "r": {
          const fd = yield* attempt(this.#it.sys.open(text));
          if (fd instanceof Errno) break;
          this.#appended.push(decode(yield* readAll(this.#it.sys, fd)));
          yield* this.#it.sys.close(fd);
          break;
        }
        case "w":
          yield* this.#writeTo(text);
          break;
        case "b":
        case "t":
        case "T":
          if (name === "t" && !this.#substituted) break;
          if (name === "T" && this.#substituted) break;
          if (name !== "b") this.#substituted = false;
          if (text === "") return "end";
          at = this.#labels.get(text) ?? at;
          break;
      }
    }
    return "end";
  }

  *#writeTo(path: string): Activity<undefined> {
    let fd = this.#files.get(path);
    if (fd === undefined) {
      fd = path === "/dev/stdout" ? 1 : yield* this.#it.sys.open(path, O_WRONLY | O_CREAT | O_TRUNC);
      this.#files.set(path, fd);
    }
    if (fd === 1) this.#put(`${this.#space}\n`);
    else yield* writeAll(this.#it.sys, fd, encode(`${this.#space}\n`));
    return undefined;
  }

  *#substitute({ expression: given, replacement = "", flags }: SedCommand): Activity<undefined> {
    const expression = given ?? this.#last;
    if (expression === undefined) throw new Failure("-e expression #1, char 0: no previous regular expression");
    this.#last = expression;
    expression.lastIndex = 0;
    let out = "";
    let done = 0;
    let seen = 0;
    let changed = false;
    for (;;) {
      const found = expression.exec(this.#space);
      if (found === null) break;
      seen++;
      if (seen >= (flags?.count ?? 1)) {
        out += this.#space.slice(done, found.index) + replace(replacement, found);
        done = found.index + found[0].length;
        changed = true;
        if (flags?.global !== true) break;
      }
      if (found[0] === "") {
        if (expression.lastIndex >= this.#space.length) break;
        expression.lastIndex++;
      } else if (expression.lastIndex < this.#space.length || found[0] === "") continue;
      else break;
    }
    if (!changed) return undefined;
    this.#space = out + this.#space.slice(done);
    this.#substituted = true;
    if (flags?.print === true) this.#print(this.#space);
    if (flags !== undefined && flags.file !== "") yield* this.#writeTo(flags.file);
    return undefined;
  }
}

function sourceOf(texts: readonly string[]): Source {
  const lines: string[] = [];
  let ended = true;
  for (const text of texts) {
    if (text === "") continue;
    ended = text.endsWith("\n");
    for (const line of (ended ? text.slice(0, -1) : text).split("\n")) lines.push(line);
  }
  return { lines, ended };
}

function* run(it: Invocation): Activity<number> {
  const operands = [...it.operands];
  const parts: string[] = [];
  for (const { name, value } of it.options) {
    if (name === "e") parts.push(value ?? "");
    else if (name === "f") {
      const text = yield* it.readText(value ?? "");
      if (text === undefined) return 1;
      parts.push(text.replace(/\n$/, ""));
    }
  }
  if (parts.length === 0) {
    const first = operands.shift();
    if (first === undefined) throw new UsageFailure("no script specified");
    parts.push(first);
  }
  const script = parts.join("\n");
  const quiet = it.has("n") || script.startsWith("#n\n");
  const commands = (): readonly SedCommand[] => parseSed(script, it.has("E", "r"));
  commands();
  const inPlace = it.has("i");
  const texts: string[] = [];
  for (const path of operands.length === 0 ? ["-"] : operands) {
    const fd = yield* it.open(path, (one, why) => `can't read ${one}: ${why}`);
    if (fd === undefined) {
      it.status = 2;
      continue;
    }
    const bytes = yield* attempt(readAll(it.sys, fd));
    yield* it.close(fd);
    if (bytes instanceof Errno) {
      yield* it.complain(
        bytes.code === "EISDIR"
          ? `couldn't edit ${path}: not a regular file`
          : `read error on ${path}: ${bytes.message}`,
        2,
      );
      continue;
    }
    if (!inPlace && !it.has("s")) {
      texts.push(decode(bytes));
      continue;
    }
    let out = "";
    const put = inPlace
      ? (text: string): void => {
          out += text;
        }
      : (text: string): void => {
          it.out.put(text);
        };
    const editor = new Editor(it, commands(), sourceOf([decode(bytes)]), quiet, put);
    yield* editor.run();
    if (!inPlace) continue;
    const target = yield* it.sys.open(path, O_WRONLY | O_TRUNC);
    yield* writeAll(it.sys, target, encode(out));
    yield* it.sys.close(target);
  }
  if (inPlace || it.has("s")) return it.status;
  const editor = new Editor(it, commands(), sourceOf(texts), quiet, (text) => {
    it.out.put(text);
  });
  yield* editor.run();
  return editor.status ?? it.status;
}

export const sed: Command = {
  name: "sed",
  usage: ["[OPTION]... {script-only-if-no-other-script} [input-file]..."],
  about: "Edit a stream of lines.",
  options: [
    { short: "n", long: "quiet", help: "suppress automatic printing of pattern space" },
    { short: "e", long: "expression", argument: "script", help: "add the script to the commands to be executed" },
    { short: "f", long: "file", argument: "script-file", help: "add the contents of script-file to the commands" },
    { short: "E", long: "regexp-extended", help: "use extended regular expressions in the script" },
    { short: "r", help: "the same" },
    { short: "i", long: "in-place", argument: "SUFFIX", optional: true, help: "edit files in place" },
    { short: "s", long: "separate", help: "consider files as separate rather than as one stream" },
    { short: "u", long: "unbuffered", help: "(ignored)" },
  ],
  run,
};
