import type { Ipv4 } from "../packet/address.js";
import { DnsType, Rcode, type DnsData, type DnsMessage, type DnsQuestion, type DnsRecord } from "./message.js";

class Writer {
  readonly bytes: number[] = [];

  u8(value: number): void {
    this.bytes.push(value & 255);
  }

  u16(value: number): void {
    this.bytes.push((value >>> 8) & 255, value & 255);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value & 0xffff);
  }

  text(text: string): void {
    this.u8(text.length);
    for (let at = 0; at < text.length; at++) this.u8(text.charCodeAt(at));
  }

  /** Names are written whole: the compression of RFC 1035, 4.1.4, is read and not used. */
  name(name: string): void {
    if (name !== "") for (const label of name.split(".")) this.text(label.slice(0, 63));
    this.u8(0);
  }
}

/** A message's bytes (RFC 1035, 4). */
export function encodeDns(message: DnsMessage): Uint8Array {
  const writer = new Writer();
  writer.u16(message.id);
  const bit = (set: boolean, place: number): number => (set ? 1 << place : 0);
  const flags =
    bit(message.response, 15) |
    bit(message.authoritative, 10) |
    bit(message.recursionDesired, 8) |
    bit(message.recursionAvailable, 7);
  writer.u16(flags | Rcode[message.rcode]);
  for (const { length } of [message.questions, message.answers, message.authorities]) writer.u16(length);
  writer.u16(0);
  for (const { name, type } of message.questions) {
    writer.name(name);
    writer.u16(DnsType[type]);
    writer.u16(1);
  }
  for (const record of [...message.answers, ...message.authorities]) writeRecord(writer, record);
  return Uint8Array.from(writer.bytes);
}

function writeRecord(writer: Writer, record: DnsRecord): void {
  writer.name(record.name);
  writer.u16(DnsType[record.type]);
  writer.u16(1);
  writer.u32(record.ttl);
  const data = new Writer();
  writeData(data, record);
  writer.u16(data.bytes.length);
  for (const byte of data.bytes) writer.u8(byte);
}

function writeData(data: Writer, record: DnsData): void {
  switch (record.type) {
    case "A":
      data.u32(record.address);
      break;
    case "AAAA":
      for (const group of record.address) data.u16(group);
      break;
    case "NS":
    case "CNAME":
    case "PTR":
      data.name(record.target);
      break;
    case "TXT":
      for (let at = 0; at === 0 || at < record.text.length; at += 255) data.text(record.text.slice(at, at + 255));
      break;
    case "SRV":
      for (const value of [record.priority, record.weight, record.port]) data.u16(value);
      data.name(record.target);
      break;
    case "SOA":
      data.name(record.server);
      data.name(record.mail);
      // Refresh, retry and expiry are between servers of a zone, of which there is one here.
      for (const value of [record.serial, 7200, 1800, 86_400, record.minimum]) data.u32(value);
      break;
  }
}

/** What ends the reading of bytes that are no message. */
class Malformed extends Error {}

class Reader {
  at = 0;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  u8(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw new Malformed("cut short");
    return byte;
  }

  u16(): number {
    return this.u8() * 256 + this.u8();
  }

  u32(): number {
    return this.u16() * 65_536 + this.u16();
  }

  text(): string {
    return Array.from({ length: this.u8() }, () => String.fromCharCode(this.u8())).join("");
  }

  /** A name, following what it shares with names before it. Every pointer goes back, so that it ends. */
  name(): string {
    const labels: string[] = [];
    let back: number | undefined;
    let least = this.at;
    for (;;) {
      const length = this.u8();
      if (length === 0) break;
      if (length >= 0xc0) {
        const to = (length & 0x3f) * 256 + this.u8();
        back ??= this.at;
        if (to >= least) throw new Malformed("a name points forward");
        this.at = least = to;
      } else {
        this.at--;
        labels.push(this.text());
      }
      if (labels.length > 127) throw new Malformed("a name is too long");
    }
    if (back !== undefined) this.at = back;
    return labels.join(".").toLowerCase();
  }
}

const types = new Map<number, DnsType>(Object.entries(DnsType).map(([name, number]) => [number, name as DnsType]));
const rcodes = new Map<number, Rcode>(Object.entries(Rcode).map(([name, number]) => [number, name as Rcode]));

/** A message from its bytes, without records of types that aren't known; undefined for what is none. */
export function decodeDns(bytes: Uint8Array): DnsMessage | undefined {
  try {
    const reader = new Reader(bytes);
    const id = reader.u16();
    const flags = reader.u16();
    const [questions, answers, authorities] = [reader.u16(), reader.u16(), reader.u16()];
    reader.u16();
    const has = (place: number): boolean => ((flags >> place) & 1) === 1;
    return {
      id,
      response: has(15),
      authoritative: has(10),
      recursionDesired: has(8),
      recursionAvailable: has(7),
      rcode: rcodes.get(flags & 15) ?? "NOTIMP",
      questions: several(questions, () => readQuestion(reader)),
      answers: several(answers, () => readRecord(reader)),
      authorities: several(authorities, () => readRecord(reader)),
    };
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
}

const several = <T>(count: number, read: () => T | undefined): T[] => {
  const all: T[] = [];
  for (let at = 0; at < count; at++) {
    const one = read();
    if (one !== undefined) all.push(one);
  }
  return all;
};

function readQuestion(reader: Reader): DnsQuestion | undefined {
  const name = reader.name();
  const type = types.get(reader.u16());
  reader.u16();
  return type === undefined ? undefined : { name, type };
}

function readRecord(reader: Reader): DnsRecord | undefined {
  const name = reader.name();
  const type = types.get(reader.u16());
  reader.u16();
  const ttl = reader.u32();
  const length = reader.u16();
  const end = reader.at + length;
  const data = type === undefined ? undefined : readData(reader, type, end);
  reader.at = end;
  return data === undefined ? undefined : { name, ttl, ...data };
}

function readData(reader: Reader, type: DnsType, end: number): DnsData {
  switch (type) {
    case "A":
      return { type, address: reader.u32() as Ipv4 };
    case "AAAA":
      return { type, address: Array.from({ length: 8 }, () => reader.u16()) };
    case "NS":
    case "CNAME":
    case "PTR":
      return { type, target: reader.name() };
    case "TXT": {
      let text = "";
      while (reader.at < end) text += reader.text();
      return { type, text };
    }
    case "SRV":
      return { type, priority: reader.u16(), weight: reader.u16(), port: reader.u16(), target: reader.name() };
    case "SOA": {
      const [server, mail, serial] = [reader.name(), reader.name(), reader.u32()];
      reader.at += 12;
      return { type, server, mail, serial, minimum: reader.u32() };
    }
  }
}
