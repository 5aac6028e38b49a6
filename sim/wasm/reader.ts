import { UsageError } from "../core/index.js";
import type { BlockType, ValueType } from "./code.js";

/** Bytes of a module, from the first to the last. Numbers of 64 bits are the only ones that don't fit into a `number`. */
export class Reader {
  readonly #bytes: Uint8Array;
  at: number;
  readonly end: number;

  constructor(bytes: Uint8Array, from: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.at = from;
    this.end = end;
  }

  get ended(): boolean {
    return this.at >= this.end;
  }

  byte(): number {
    const byte = this.at < this.end ? this.#bytes[this.at++] : undefined;
    if (byte === undefined) throw unreadable("it is cut off", this.at);
    return byte;
  }

  /** Unsigned LEB128 of 32 bits. */
  unsigned(): number {
    return Number(BigInt.asUintN(32, this.#leb().value));
  }

  /** Signed LEB128 of up to 64 bits. */
  signed(): bigint {
    const { value, bits, negative } = this.#leb();
    return negative ? value - (1n << BigInt(bits)) : value;
  }

  /** The bits of a float of 64, lowest first. */
  bits64(): bigint {
    let bits = 0n;
    for (let shift = 0n; shift < 64n; shift += 8n) bits |= BigInt(this.byte()) << shift;
    return bits;
  }

  name(): string {
    const length = this.unsigned();
    return Array.from({ length }, () => String.fromCharCode(this.byte())).join("");
  }

  valueType(): ValueType {
    const type = this.blockType();
    if (type === "none") throw unreadable("a value has no type", this.at);
    return type;
  }

  blockType(): BlockType {
    const type = types.get(this.byte());
    if (type === undefined) throw unreadable("it has a type that is not known here", this.at - 1);
    return type;
  }

  vector<T>(entry: (index: number) => T): T[] {
    const length = this.unsigned();
    return Array.from({ length }, (_, index) => entry(index));
  }

  /** As many bytes, to be read apart. */
  part(length: number): Reader {
    const from = this.at;
    this.at += length;
    if (this.at > this.end) throw unreadable("it is cut off", from);
    return new Reader(this.#bytes, from, this.at);
  }

  #leb(): { readonly value: bigint; readonly bits: number; readonly negative: boolean } {
    let value = 0n;
    for (let bits = 0; ;) {
      const byte = this.byte();
      value |= BigInt(byte & 0x7f) << BigInt(bits);
      bits += 7;
      if (byte < 0x80) return { value, bits, negative: (byte & 0x40) !== 0 };
      if (bits > 63) throw unreadable("a number has no end", this.at);
    }
  }
}

const types: ReadonlyMap<number, BlockType> = new Map([
  [0x7f, "i32"],
  [0x7e, "i64"],
  [0x7d, "f32"],
  [0x7c, "f64"],
  [0x40, "none"],
]);

export function unreadable(why: string, at: number): UsageError {
  return new UsageError(`byte ${at} of this module cannot be shown: ${why}`, "Give a module that WasmModule encoded.");
}
