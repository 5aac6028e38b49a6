import type { Activity } from "../../../core/index.js";
import type { Sys } from "../../../os/index.js";
import { concat, decode, encode } from "../../program/encoding.js";

/** A message of PostgreSQL's protocol 3.0: a letter (none at the start-up), and what it holds. */
export interface Message {
  readonly type: string;
  readonly body: Uint8Array;
}

export const int32 = (value: number): Uint8Array => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setInt32(0, value);
  return bytes;
};
export const int16 = (value: number): Uint8Array => Uint8Array.of((value >> 8) & 255, value & 255);
export const text = (value: string): Uint8Array => concat([encode(value), Uint8Array.of(0)]);

export const protocolVersion = 196_608;
export const sslRequest = 80_877_103;

export const readInt32 = (bytes: Uint8Array, at: number): number =>
  new DataView(bytes.buffer, bytes.byteOffset).getInt32(at);

export function message(type: string, ...parts: readonly Uint8Array[]): Uint8Array {
  const length = parts.reduce((sum, part) => sum + part.length, 4);
  return concat([encode(type), int32(length), ...parts]);
}

/** Texts that end with zeros. */
export const textsOf = (bytes: Uint8Array): string[] => decode(bytes).split("\0");

/** Object identifiers of types, pg_type.dat. */
export const typeIds = { boolean: 16, integer: 23, text: 25, numeric: 1700 } as const;

/** Reads messages off a descriptor. */
export class MessageReader {
  readonly #sys: Sys;
  readonly #fd: number;
  #rest: Uint8Array = new Uint8Array(0);

  constructor(sys: Sys, fd: number) {
    this.#sys = sys;
    this.#fd = fd;
  }

  /** @param named whether a letter comes first; @returns undefined at the end */
  *next(named = true): Activity<Message | undefined> {
    const head = named ? 5 : 4;
    if (!(yield* this.#fill(head))) return undefined;
    const length = readInt32(this.#rest, head - 4);
    if (length < 4 || length > 2 ** 28 || !(yield* this.#fill(head - 4 + length))) return undefined;
    const type = named ? String.fromCharCode(this.#rest[0] ?? 0) : "";
    const body = this.#rest.slice(head, head - 4 + length);
    this.#rest = this.#rest.subarray(head - 4 + length);
    return { type, body };
  }

  /** One byte that is no message: what answers an SSLRequest. */
  *byte(): Activity<string> {
    if (!(yield* this.#fill(1))) return "";
    const one = String.fromCharCode(this.#rest[0] ?? 0);
    this.#rest = this.#rest.subarray(1);
    return one;
  }

  *#fill(length: number): Activity<boolean> {
    while (this.#rest.length < length) {
      const bytes = yield* this.#sys.read(this.#fd, 65_536);
      if (bytes.length === 0) return false;
      this.#rest = concat([this.#rest, bytes]);
    }
    return true;
  }
}
