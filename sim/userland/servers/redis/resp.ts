import type { Activity } from "../../../core/index.js";
import { concat, decode, encode } from "../../program/encoding.js";

/** A reply of Redis's protocol, version 2. */
export type Reply =
  | { readonly kind: "status" | "error"; readonly text: string }
  | { readonly kind: "bulk"; readonly text: string }
  | { readonly kind: "integer"; readonly value: number }
  | { readonly kind: "nil" }
  | { readonly kind: "array"; readonly items: readonly Reply[] };

export const status = (text: string): Reply => ({ kind: "status", text });
export const failure = (text: string): Reply => ({ kind: "error", text });
export const integer = (value: number): Reply => ({ kind: "integer", value });
export const nil: Reply = { kind: "nil" };
export const bulk = (text: string | undefined): Reply => (text === undefined ? nil : { kind: "bulk", text });
export const array = (items: readonly Reply[]): Reply => ({ kind: "array", items });
export const ok: Reply = status("OK");

const bulkBytes = (text: string): Uint8Array => {
  const bytes = encode(text);
  return concat([encode(`$${bytes.length}\r\n`), bytes, encode("\r\n")]);
};

export function encodeReply(reply: Reply): Uint8Array {
  switch (reply.kind) {
    case "status":
      return encode(`+${reply.text}\r\n`);
    case "error":
      return encode(`-${reply.text}\r\n`);
    case "integer":
      return encode(`:${reply.value}\r\n`);
    case "nil":
      return encode("$-1\r\n");
    case "bulk":
      return bulkBytes(reply.text);
    case "array":
      return concat([encode(`*${reply.items.length}\r\n`), ...reply.items.map(encodeReply)]);
  }
}

/** A command, as clients send it. */
export const encodeCommand = (words: readonly string[]): Uint8Array =>
  concat([encode(`*${words.length}\r\n`), ...words.map(bulkBytes)]);

/** What is no RESP. */
export class ProtocolError extends Error {
  override readonly name = "ProtocolError";
}

/** Reads a connection: commands (arrays, or lines of words) and replies. */
export class RespReader {
  readonly #receive: () => Activity<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);

  /** @param receive gives bytes; none at the end */
  constructor(receive: () => Activity<Uint8Array>) {
    this.#receive = receive;
  }

  /** Whether a command, or its beginning, has come already. */
  get pending(): boolean {
    return this.#rest.length > 0;
  }

  /** The next command; undefined at the end. @throws ProtocolError */
  *command(): Activity<readonly string[] | undefined> {
    const line = yield* this.#line();
    if (line === undefined) return undefined;
    if (!line.startsWith("*")) return line.split(/\s+/).filter((word) => word !== "");
    const count = Number(line.slice(1));
    if (!(count >= 0) || count > 1_048_576) throw new ProtocolError("Protocol error: invalid multibulk length");
    const words: string[] = [];
    for (let at = 0; at < count; at++) {
      const head = yield* this.#line();
      if (head === undefined) return undefined;
      if (!head.startsWith("$")) throw new ProtocolError(`Protocol error: expected '$', got '${head.slice(0, 1)}'`);
      const text = yield* this.#exactly(Number(head.slice(1)));
      if (text === undefined) return undefined;
      words.push(text);
    }
    return words;
  }

  /** The next reply; undefined at the end. @throws ProtocolError */
  *reply(): Activity<Reply | undefined> {
    const line = yield* this.#line();
    if (line === undefined) return undefined;
    const [kind, text] = [line.slice(0, 1), line.slice(1)];
    if (kind === "+") return status(text);
    if (kind === "-") return failure(text);
    if (kind === ":") return integer(Number(text));
    if (kind === "$") return text === "-1" ? nil : bulk(yield* this.#exactly(Number(text)));
    if (kind !== "*") throw new ProtocolError(`Protocol error, got "${kind}" as reply type byte`);
    const items: Reply[] = [];
    for (let at = 0; at < Number(text); at++) items.push((yield* this.reply()) ?? nil);
    return array(items);
  }

  *#line(): Activity<string | undefined> {
    for (;;) {
      const end = this.#rest.indexOf(10);
      if (end >= 0) {
        const line = decode(this.#rest.subarray(0, end)).replace(/\r$/, "");
        this.#rest = this.#rest.subarray(end + 1);
        return line;
      }
      if (this.#rest.length > 65_536) throw new ProtocolError("Protocol error: too big inline request");
      if (!(yield* this.#more())) return undefined;
    }
  }

  *#exactly(length: number): Activity<string | undefined> {
    if (!(length >= 0) || length > 512 * 2 ** 20) throw new ProtocolError("Protocol error: invalid bulk length");
    while (this.#rest.length < length + 2) if (!(yield* this.#more())) return undefined;
    const text = decode(this.#rest.subarray(0, length));
    this.#rest = this.#rest.subarray(length + 2);
    return text;
  }

  *#more(): Activity<boolean> {
    const bytes = yield* this.#receive();
    this.#rest = concat([this.#rest, bytes]);
    return bytes.length > 0;
  }
}
