import type { Activity } from "../../core/index.js";
import { isErrno, type Errno } from "../ip/errno.js";
import { noData } from "../packet/packet.js";
import { concat, textOf, type Headers } from "./message.js";

/** Why a message could not be read: the connection's error, its end in the middle, or what is no HTTP. */
export type HttpError = Errno | "EPROTO";

/** What stands before a message's body. */
export interface Head {
  readonly start: string;
  readonly headers: Headers;
}

/** Where bytes come from: a connection. None are its end. */
export interface ByteSource {
  receive(): Activity<Uint8Array | Errno>;
}

/** The longest head that is read, as nginx and Node have about it. */
const longestHead = 16_384;
/** The longest body. */
const longestBody = 1 << 30;

/** Reads HTTP/1.1 messages off a connection, one after the other (RFC 9112). */
export class HttpReader {
  readonly #socket: ByteSource;
  #rest: Uint8Array = noData;

  constructor(socket: ByteSource) {
    this.#socket = socket;
  }

  /** The next message's head; undefined where the connection ended before one began. */
  *head(): Activity<Head | HttpError | undefined> {
    for (;;) {
      const end = headEnd(this.#rest);
      if (end >= 0) {
        const text = textOf(this.#rest.subarray(0, end));
        this.#rest = this.#rest.subarray(end + 4);
        return parseHead(text);
      }
      if (this.#rest.length > longestHead) return "EPROTO";
      const more = yield* this.#more();
      if (isErrno(more)) return more;
      if (!more) return this.#rest.length === 0 ? undefined : "EPROTO";
    }
  }

  /** What has been read off the connection and belongs to no message yet; it is the caller's then: of one that was upgraded. */
  take(): Uint8Array {
    const rest = this.#rest;
    this.#rest = noData;
    return rest;
  }

  /** The body that a head announces (RFC 9112, 6.3). @param untilEnd whether one without a length ends with the connection */
  *body(headers: Headers, untilEnd: boolean): Activity<Uint8Array | HttpError> {
    if (headers["transfer-encoding"]?.toLowerCase().endsWith("chunked") === true) return yield* this.#chunked();
    const length = headers["content-length"];
    if (length === undefined) return untilEnd ? yield* this.#untilEnd() : noData;
    if (!/^\d+$/.test(length) || Number(length) > longestBody) return "EPROTO";
    return yield* this.#exactly(Number(length));
  }

  *#chunked(): Activity<Uint8Array | HttpError> {
    const parts: Uint8Array[] = [];
    for (;;) {
      const line = yield* this.#line();
      if (isErrno(line)) return line;
      const [, digits] = /^([\da-f]{1,8})(?:;.*)?$/i.exec(line.text) ?? [];
      if (digits === undefined) return "EPROTO";
      const length = Number.parseInt(digits, 16);
      if (length === 0) break;
      const part = yield* this.#exactly(length);
      if (isErrno(part)) return part;
      parts.push(part);
      const end = yield* this.#line();
      if (isErrno(end)) return end;
      if (end.text !== "") return "EPROTO";
    }
    // Trailers are read over.
    for (;;) {
      const line = yield* this.#line();
      if (isErrno(line)) return line;
      if (line.text === "") return concat(parts);
    }
  }

  *#line(): Activity<{ readonly text: string } | HttpError> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const text = textOf(this.#rest.subarray(0, end)).replace(/\r$/, "");
        this.#rest = this.#rest.subarray(end + 1);
        return { text };
      }
      if (this.#rest.length > longestHead) return "EPROTO";
      const more = yield* this.#more();
      if (isErrno(more)) return more;
      if (!more) return "EPROTO";
    }
  }

  *#exactly(length: number): Activity<Uint8Array | HttpError> {
    const parts = [this.#rest.subarray(0, length)];
    let left = length - this.#rest.length;
    this.#rest = this.#rest.subarray(Math.min(length, this.#rest.length));
    while (left > 0) {
      const got = yield* this.#socket.receive();
      if (isErrno(got)) return got;
      if (got.length === 0) return "EPROTO";
      parts.push(got.subarray(0, left));
      if (got.length > left) this.#rest = got.subarray(left);
      left -= got.length;
    }
    return concat(parts);
  }

  *#untilEnd(): Activity<Uint8Array | HttpError> {
    const parts = [this.#rest];
    this.#rest = noData;
    for (;;) {
      const got = yield* this.#socket.receive();
      if (isErrno(got)) return got;
      if (got.length === 0) return concat(parts);
      parts.push(got);
    }
  }

  /** @returns whether there was more */
  *#more(): Activity<boolean | Errno> {
    const got = yield* this.#socket.receive();
    if (isErrno(got)) return got;
    this.#rest = this.#rest.length === 0 ? got : concat([this.#rest, got]);
    return got.length > 0;
  }
}

/** Where a head ends: at an empty line. */
function headEnd(bytes: Uint8Array): number {
  for (let at = bytes.indexOf(13); at >= 0 && at + 3 < bytes.length; at = bytes.indexOf(13, at + 1)) {
    if (bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  }
  return -1;
}

function parseHead(text: string): Head | "EPROTO" {
  const [start = "", ...lines] = text.split("\r\n");
  const headers: Record<string, string> = {};
  for (const line of lines) {
    const [, name, value = ""] = /^([\w!#$%&'*+.^`|~-]+):[ \t]*(.*?)[ \t]*$/.exec(line) ?? [];
    if (name === undefined) return "EPROTO";
    const key = name.toLowerCase();
    headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
  }
  return { start, headers };
}
