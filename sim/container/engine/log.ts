import { concatBytes, encodeUtf8, Signal, type Activity } from "../../core/index.js";
import { textOf } from "../../net/index.js";
import { O_APPEND, O_CREAT, O_WRONLY, type Sys } from "../../os/index.js";
import { Field, parseJson } from "../json.js";
import { readTextIfThere } from "../runtime/files.js";
import { timestamp } from "../timestamp.js";
import { timeOf } from "./clock.js";
import { writeAll, type Chunk, type StreamName } from "./streams.js";

/** A line of a container's log; without its newline where the process wrote none yet when it was cut. */
export interface LogEntry {
  readonly stream: StreamName;
  readonly text: string;
  /** RFC 3339 with nanoseconds. */
  readonly time: string;
}

export interface LogOptions {
  readonly stdout?: boolean;
  readonly stderr?: boolean;
  /** So many lines from the end; all where absent. */
  readonly tail?: number | undefined;
  /** Nanoseconds since 1970. */
  readonly since?: number;
  readonly until?: number;
}

/** Longer lines are cut into pieces: loggerutils' buffer in moby. */
const longestLine = 16_384;
const newline = 10;

/**
 * A container's output as Docker's driver json-file keeps it: a JSON object for each line, `{"log":"…\n","stream":"stdout",
 * "time":"…"}`.
 */
export class JsonFileLog {
  readonly path: string;
  readonly #partial = new Map<StreamName, Uint8Array>();
  #grown = new Signal<void>("log");

  constructor(path: string) {
    this.path = path;
  }

  /** Fires when there is more. */
  get grown(): Signal<void> {
    return this.#grown;
  }

  *open(sys: Sys): Activity<number> {
    return yield* sys.open(this.path, O_WRONLY | O_CREAT | O_APPEND, 0o640);
  }

  /** Writes the lines that are whole now. */
  *append(sys: Sys, fd: number, { stream, bytes }: Chunk): Activity<undefined> {
    let rest = concatBytes([this.#partial.get(stream) ?? new Uint8Array(0), bytes]);
    let text = "";
    const time = timestamp(yield* timeOf(sys));
    while (rest.length > 0) {
      const at = rest.indexOf(newline);
      if (at < 0 && rest.length < longestLine) break;
      const end = at < 0 || at >= longestLine ? longestLine : at + 1;
      text += line(rest.subarray(0, end), stream, time);
      rest = rest.subarray(end);
    }
    this.#partial.set(stream, rest);
    return yield* this.#write(sys, fd, text);
  }

  /** Writes what has no newline: the process has ended. */
  *finish(sys: Sys, fd: number): Activity<undefined> {
    const time = timestamp(yield* timeOf(sys));
    let text = "";
    for (const [stream, rest] of this.#partial) if (rest.length > 0) text += line(rest, stream, time);
    this.#partial.clear();
    return yield* this.#write(sys, fd, text);
  }

  /** Every entry that there is. */
  *read(sys: Sys): Activity<LogEntry[]> {
    const text = (yield* readTextIfThere(sys, this.path)) ?? "";
    return text
      .split("\n")
      .filter((one) => one !== "")
      .map(parseEntry);
  }

  /** Somebody who waits for more looks again: there is more, or there won't be. */
  tell(): void {
    const before = this.#grown;
    this.#grown = new Signal<void>("log");
    before.fire();
  }

  *#write(sys: Sys, fd: number, text: string): Activity<undefined> {
    if (text === "") return undefined;
    yield* writeAll(sys, fd, encodeUtf8(text));
    this.tell();
    return undefined;
  }
}

const line = (bytes: Uint8Array, stream: StreamName, time: string): string =>
  `${JSON.stringify({ log: textOf(bytes), stream, time })}\n`;

function parseEntry(text: string): LogEntry {
  const field = new Field(parseJson(encodeUtf8(text), "a log's line"), "log");
  const stream = field.at("stream").text();
  return {
    stream: stream === "stderr" ? "stderr" : "stdout",
    text: field.at("log").text(),
    time: field.at("time").text(),
  };
}

/** Which entries `docker logs` shows. */
export function selected(entries: readonly LogEntry[], options: LogOptions): LogEntry[] {
  const { stdout = true, stderr = true, tail } = options;
  const wanted = entries.filter(({ stream, time }) => {
    if (!(stream === "stdout" ? stdout : stderr)) return false;
    return within(time, options);
  });
  return tail === undefined ? wanted : tail <= 0 ? [] : wanted.slice(-tail);
}

function within(time: string, { since, until }: LogOptions): boolean {
  // Times of one form and zone compare as texts once their fractions are equally long.
  const padded = (one: string): string => {
    const [whole = "", fraction = ""] = one.replace("Z", "").split(".");
    return `${whole}.${fraction.padEnd(9, "0")}`;
  };
  const at = padded(time);
  if (since !== undefined && at < padded(timestamp(since))) return false;
  return until === undefined || at <= padded(timestamp(until));
}
