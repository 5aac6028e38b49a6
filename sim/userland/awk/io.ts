import type { Activity } from "../../core/index.js";
import {
  attempt,
  describeStatus,
  Errno,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_RDONLY,
  O_TRUNC,
  O_WRONLY,
  type Sys,
} from "../../os/index.js";
import { posixExpression } from "../commands/basic-expressions.js";
import { decode, decodeBytes, encode, encodeBytes } from "../program/encoding.js";
import { Output } from "../program/streams.js";

const chunk = 65_536;

/** Records of an open file, as RS parts them; their text is bytes, one character each. */
export class Records {
  readonly fd: number;
  /** The command that writes here. */
  readonly pid: number | undefined;
  readonly #sys: Sys;
  #text = "";
  #ended = false;

  constructor(sys: Sys, fd: number, pid?: number) {
    this.#sys = sys;
    this.fd = fd;
    this.pid = pid;
  }

  /** The next record; undefined at the end. @param separator RS: one character, "" for paragraphs, else an expression */
  *next(separator: string): Activity<string | undefined> {
    const paragraphs = separator === "";
    if (paragraphs) yield* this.#skipNewlines();
    for (;;) {
      const found = paragraphs ? find(this.#text, /\n\n+/) : this.#find(separator);
      // An expression may match more than what has come yet.
      const whole = found !== undefined && (separator.length === 1 || found.end < this.#text.length || this.#ended);
      if (whole) {
        const record = this.#text.slice(0, found.start);
        this.#text = this.#text.slice(found.end);
        return record;
      }
      if (this.#ended) {
        if (this.#text === "") return undefined;
        const record = paragraphs ? this.#text.replace(/\n$/, "") : this.#text;
        this.#text = "";
        return record;
      }
      yield* this.#more();
    }
  }

  #find(separator: string): { readonly start: number; readonly end: number } | undefined {
    if (separator.length > 1) return find(this.#text, posixExpression(separator, true));
    const start = this.#text.indexOf(separator);
    return start < 0 ? undefined : { start, end: start + 1 };
  }

  *#skipNewlines(): Activity<undefined> {
    for (;;) {
      this.#text = this.#text.replace(/^\n+/, "");
      if (this.#text !== "" || this.#ended) return undefined;
      yield* this.#more();
    }
  }

  *#more(): Activity<undefined> {
    const bytes = yield* this.#sys.read(this.fd, chunk);
    if (bytes.length === 0) this.#ended = true;
    else this.#text += decodeBytes(bytes);
    return undefined;
  }
}

function find(text: string, expression: RegExp): { readonly start: number; readonly end: number } | undefined {
  const found = expression.exec(text);
  return found === null || found[0] === "" ? undefined : { start: found.index, end: found.index + found[0].length };
}

interface Writer {
  readonly output: Output;
  readonly fd: number;
  readonly pid: number | undefined;
}

/** What a program has open: each file and command once, by its name, until it is closed. */
export class Streams {
  readonly standard: Output;
  readonly #sys: Sys;
  readonly #env: readonly string[];
  readonly #writers = new Map<string, Writer>();
  readonly #readers = new Map<string, Records>();

  constructor(sys: Sys, env: readonly string[], standard: Output) {
    this.#sys = sys;
    this.#env = env;
    this.standard = standard;
  }

  /** Where a redirected print goes. @throws Errno */
  *writer(operator: ">" | ">>" | "|", name: string): Activity<Output> {
    if (name === "/dev/stdout" || name === "-") return this.standard;
    const known = this.#writers.get(name);
    if (known !== undefined) return known.output;
    let made: Writer;
    if (operator === "|") {
      yield* this.flush();
      const [reader, writer] = yield* this.#sys.pipe2(O_CLOEXEC);
      const pid = yield* this.#spawn(name, reader, 0);
      yield* this.#sys.close(reader);
      made = { output: new Output(this.#sys, writer), fd: writer, pid };
    } else if (name === "/dev/stderr") made = { output: new Output(this.#sys, 2), fd: 2, pid: undefined };
    else {
      const how = O_WRONLY | O_CREAT | O_CLOEXEC | (operator === ">" ? O_TRUNC : O_APPEND);
      const fd = yield* this.#sys.open(nameOf(name), how, 0o666);
      made = { output: new Output(this.#sys, fd), fd, pid: undefined };
    }
    this.#writers.set(name, made);
    return made.output;
  }

  /** What getline reads; undefined where the file can't be opened. */
  *reader(from: "file" | "command", name: string): Activity<Records | undefined> {
    const known = this.#readers.get(name);
    if (known !== undefined) return known;
    let made: Records;
    if (from === "command") {
      yield* this.flush();
      const [reader, writer] = yield* this.#sys.pipe2(O_CLOEXEC);
      const pid = yield* this.#spawn(name, writer, 1);
      yield* this.#sys.close(writer);
      made = new Records(this.#sys, reader, pid);
    } else {
      const fd = name === "-" ? 0 : yield* attempt(this.#sys.open(nameOf(name), O_RDONLY | O_CLOEXEC));
      if (fd instanceof Errno) return undefined;
      made = new Records(this.#sys, fd);
    }
    this.#readers.set(name, made);
    return made;
  }

  /** close(): its status, or -1 for what isn't open. */
  *close(name: string): Activity<number> {
    const writer = this.#writers.get(name);
    const reader = this.#readers.get(name);
    this.#writers.delete(name);
    this.#readers.delete(name);
    let status = -1;
    if (writer !== undefined) {
      yield* writer.output.flush();
      if (writer.fd > 2) yield* this.#sys.close(writer.fd);
      status = writer.pid === undefined ? 0 : yield* this.#wait(writer.pid);
    }
    if (reader !== undefined) {
      if (reader.fd > 2) yield* this.#sys.close(reader.fd);
      status = reader.pid === undefined ? 0 : yield* this.#wait(reader.pid);
    }
    return status;
  }

  *closeAll(): Activity<undefined> {
    yield* this.standard.flush();
    for (const name of [...this.#writers.keys(), ...this.#readers.keys()]) yield* this.close(name);
    return undefined;
  }

  *flush(): Activity<undefined> {
    yield* this.standard.flush();
    for (const { output } of this.#writers.values()) yield* output.flush();
    return undefined;
  }

  /** fflush() of one. @returns 0, or -1 for what isn't open to write */
  *flushOne(name: string): Activity<number> {
    const writer = this.#writers.get(name);
    if (writer === undefined) return -1;
    yield* writer.output.flush();
    return 0;
  }

  /** system(): the command's exit status; 256 and the signal's number where one ended it, as mawk has it. */
  *system(command: string): Activity<number> {
    yield* this.flush();
    return yield* this.#wait(yield* this.#spawn(command));
  }

  *#wait(pid: number): Activity<number> {
    const waited = yield* this.#sys.wait4(pid);
    const how = describeStatus(waited?.status ?? 0);
    return "exited" in how ? how.exited : 256 + how.signal;
  }

  /** `sh -c COMMAND`, with a descriptor in the place of one of the standard ones. */
  *#spawn(command: string, fd?: number, as?: number): Activity<number> {
    const argv = ["sh", "-c", nameOf(command)];
    const env = this.#env;
    return yield* this.#sys.clone(function* (child) {
      if (fd !== undefined && as !== undefined) yield* child.dup2(fd, as);
      yield* child.execve("/bin/sh", argv, env);
    });
  }
}

/** Bytes, one character each, as text for system calls. */
const nameOf = (bytes: string): string => decode(encodeBytes(bytes));

/** Text of the command line and the environment as bytes, one character each. */
export const bytesText = (text: string): string => decodeBytes(encode(text));
