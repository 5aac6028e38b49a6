import { concat, decode, encode } from "../../program/encoding.js";

export type Value = string | string[] | Map<string, string> | Set<string>;

export interface Entry {
  value: Value;
  /** In milliseconds since 1970. */
  expires: number | undefined;
}

/** Opcodes and types of an RDB file of version 11: src/rdb.h of Redis 7. */
const op = { auxiliary: 0xfa, expiry: 0xfc, database: 0xfe, end: 0xff } as const;
const type = { string: 0, list: 1, set: 2, hash: 4 } as const;
const head = "REDIS0011";

function lengthBytes(length: number): Uint8Array {
  if (length < 64) return Uint8Array.of(length);
  if (length < 16_384) return Uint8Array.of(0x40 | (length >> 8), length & 255);
  return Uint8Array.of(0x80, (length >>> 24) & 255, (length >>> 16) & 255, (length >>> 8) & 255, length & 255);
}

const text = (value: string): Uint8Array => {
  const bytes = encode(value);
  return concat([lengthBytes(bytes.length), bytes]);
};

function entryBytes(key: string, { value, expires }: Entry): Uint8Array[] {
  const parts: Uint8Array[] = [];
  if (expires !== undefined) {
    const time = new Uint8Array(9);
    time[0] = op.expiry;
    new DataView(time.buffer).setBigUint64(1, BigInt(Math.floor(expires)), true);
    parts.push(time);
  }
  const add = (kind: number, items: readonly string[], count: number): void => {
    parts.push(Uint8Array.of(kind), text(key), lengthBytes(count), ...items.map(text));
  };
  if (typeof value === "string") parts.push(Uint8Array.of(type.string), text(key), text(value));
  else if (Array.isArray(value)) add(type.list, value, value.length);
  else if (value instanceof Set) add(type.set, [...value], value.size);
  else add(type.hash, [...value].flat(), value.size);
  return parts;
}

/** A dump as Redis writes it: strings plain, no compression, no checksum (as with `rdbchecksum no`). */
export function writeDump(entries: ReadonlyMap<string, Entry>): Uint8Array {
  const aux = concat([Uint8Array.of(op.auxiliary), text("redis-ver"), text("7.4.1")]);
  const body = [...entries].flatMap(([key, entry]) => entryBytes(key, entry));
  return concat([encode(head), aux, Uint8Array.of(op.database, 0), ...body, Uint8Array.of(op.end), new Uint8Array(8)]);
}

/** @throws RangeError for what is no dump of this kind */
export function readDump(bytes: Uint8Array): Map<string, Entry> {
  if (decode(bytes.subarray(0, head.length)) !== head)
    throw new RangeError("Wrong signature trying to load DB from file");
  const entries = new Map<string, Entry>();
  let at = head.length;
  const byte = (): number => {
    const one = bytes[at++];
    if (one === undefined) throw new RangeError("Short read or OOM loading DB. Unrecoverable error, aborting now.");
    return one;
  };
  const length = (): number => {
    const first = byte();
    if (first < 64) return first;
    if (first < 128) return ((first & 63) << 8) | byte();
    if (first === 0x80) return byte() * 2 ** 24 + ((byte() << 16) | (byte() << 8) | byte());
    throw new RangeError("Unknown RDB encoding type");
  };
  const word = (): string => {
    const size = length();
    at += size;
    if (at > bytes.length) throw new RangeError("Short read or OOM loading DB. Unrecoverable error, aborting now.");
    return decode(bytes.subarray(at - size, at));
  };
  let expires: number | undefined;
  for (;;) {
    const kind = byte();
    if (kind === op.end) return entries;
    if (kind === op.auxiliary) {
      word();
      word();
    } else if (kind === op.database) length();
    else if (kind === op.expiry) {
      expires = Number(new DataView(bytes.buffer, bytes.byteOffset + at, 8).getBigUint64(0, true));
      at += 8;
    } else {
      const key = word();
      const many = (count: number): string[] => Array.from({ length: count }, word);
      let value: Value;
      if (kind === type.string) value = word();
      else if (kind === type.list) value = many(length());
      else if (kind === type.set) value = new Set(many(length()));
      else if (kind === type.hash) value = new Map(Array.from({ length: length() }, () => [word(), word()]));
      else throw new RangeError(`Unknown RDB object type ${kind}`);
      entries.set(key, { value, expires });
      expires = undefined;
    }
  }
}
