import type { Ipv4, Mac } from "./address.js";
import { checksum, pseudoHeader } from "./checksum.js";
import { Protocol, type Arp, type Frame, type Packet, type Payload, type Tcp, type TcpOptions } from "./packet.js";

const u8 = (bytes: Uint8Array, at: number): number => bytes[at] ?? 0;
const u16 = (bytes: Uint8Array, at: number): number => (u8(bytes, at) << 8) | u8(bytes, at + 1);
const u32 = (bytes: Uint8Array, at: number): number => ((u16(bytes, at) << 16) | u16(bytes, at + 2)) >>> 0;
const macAt = (bytes: Uint8Array, at: number): Mac => (u16(bytes, at) * 2 ** 32 + u32(bytes, at + 2)) as Mac;
const ipAt = (bytes: Uint8Array, at: number): Ipv4 => u32(bytes, at) as Ipv4;

/**
 * A frame from its bytes, which anyone may have written. Undefined where a length or checksum of a protocol that is read here is
 * wrong, as a network card or a kernel drops such a frame without a word. Padding behind a packet is left out.
 */
export function decodeFrame(bytes: Uint8Array): Frame | undefined {
  if (bytes.length < 14) return undefined;
  const tagged = u16(bytes, 12) === 0x8100;
  if (tagged && bytes.length < 18) return undefined;
  const etherType = u16(bytes, tagged ? 16 : 12);
  const data = bytes.subarray(tagged ? 18 : 14);
  const payload =
    etherType === 0x0800
      ? decodePacket(data)
      : etherType === 0x0806
        ? decodeArp(data)
        : ({ kind: "other", etherType, data } as const);
  if (payload === undefined) return undefined;
  return { destination: macAt(bytes, 0), source: macAt(bytes, 6), vlan: tagged ? u16(bytes, 14) & 0xfff : 0, payload };
}

function decodeArp(bytes: Uint8Array): Arp | undefined {
  const operation = u16(bytes, 6);
  if (bytes.length < 28 || u32(bytes, 0) !== 0x0001_0800 || u16(bytes, 4) !== 0x0604) return undefined;
  if (operation !== 1 && operation !== 2) return undefined;
  return {
    kind: "arp",
    operation: operation === 1 ? "request" : "reply",
    senderMac: macAt(bytes, 8),
    senderIp: ipAt(bytes, 14),
    targetMac: macAt(bytes, 18),
    targetIp: ipAt(bytes, 24),
  };
}

/** @param quotation whether it is what an ICMP error quotes: cut short, so that what checks the whole is not looked at */
function decodePacket(bytes: Uint8Array, quotation = false): Packet | undefined {
  const headerLength = (u8(bytes, 0) & 15) * 4;
  const length = u16(bytes, 2);
  if (bytes.length < 20 || u8(bytes, 0) >> 4 !== 4 || headerLength < 20 || length < headerLength) return undefined;
  if (headerLength > bytes.length || (!quotation && length > bytes.length)) return undefined;
  if (checksum(bytes, 0, headerLength) !== 0) return undefined;
  const flags = u16(bytes, 6);
  const protocol = u8(bytes, 9);
  const addresses = { source: ipAt(bytes, 12), destination: ipAt(bytes, 16) };
  const data = bytes.subarray(headerLength, Math.min(length, bytes.length));
  const offset = (flags & 0x1fff) * 8;
  const more = (flags & 0x2000) !== 0;
  const payload: Payload | undefined =
    offset > 0 || more ? { kind: "fragment", offset, more, data } : decodePayload(data, protocol, addresses, quotation);
  if (payload === undefined) return undefined;
  return {
    kind: "ipv4",
    ...addresses,
    tos: u8(bytes, 1),
    id: u16(bytes, 4),
    dontFragment: (flags & 0x4000) !== 0,
    ttl: u8(bytes, 8),
    protocol,
    payload,
  };
}

/** What a packet carries, from its bytes; undefined where it is damaged. */
export function decodePayload(
  bytes: Uint8Array,
  protocol: number,
  addresses: Pick<Packet, "source" | "destination">,
  quotation = false,
): Payload | undefined {
  const whole = (): boolean =>
    quotation || checksum(bytes, 0, bytes.length, pseudoHeader(addresses, protocol, bytes.length)) === 0;
  switch (protocol) {
    case Protocol.tcp:
      if (bytes.length < (quotation ? 8 : 20) || !whole()) return undefined;
      return decodeTcp(bytes, quotation);
    case Protocol.udp:
      if (bytes.length < 8 || (!quotation && u16(bytes, 4) !== bytes.length)) return undefined;
      if (u16(bytes, 6) !== 0 && !whole()) return undefined;
      return { kind: "udp", sourcePort: u16(bytes, 0), destinationPort: u16(bytes, 2), data: bytes.subarray(8) };
    case Protocol.icmp:
      if (bytes.length < 8 || (!quotation && checksum(bytes, 0, bytes.length) !== 0)) return undefined;
      return decodeIcmp(bytes);
    default:
      return { kind: "other", data: bytes };
  }
}

function decodeIcmp(bytes: Uint8Array): Payload | undefined {
  const type = u8(bytes, 0);
  if (type === 0 || type === 8) {
    return {
      kind: "echo",
      reply: type === 0,
      identifier: u16(bytes, 4),
      sequence: u16(bytes, 6),
      data: bytes.subarray(8),
    };
  }
  if (type !== 3 && type !== 11) return { kind: "other", data: bytes };
  const about = decodePacket(bytes.subarray(8), true);
  if (about === undefined) return undefined;
  return { kind: "icmp-error", type, code: u8(bytes, 1), mtu: type === 3 ? u16(bytes, 6) : 0, about };
}

function decodeTcp(bytes: Uint8Array, quotation: boolean): Tcp | undefined {
  const start = quotation ? bytes.length : (u8(bytes, 12) >> 4) * 4;
  if (!quotation && (start < 20 || start > bytes.length)) return undefined;
  return {
    kind: "tcp",
    sourcePort: u16(bytes, 0),
    destinationPort: u16(bytes, 2),
    sequence: u32(bytes, 4),
    acknowledgement: u32(bytes, 8),
    flags: u8(bytes, 13) & 0x3f,
    window: u16(bytes, 14),
    options: start > 20 ? decodeOptions(bytes.subarray(20, start)) : undefined,
    data: bytes.subarray(start),
  };
}

/** What is not known is left out; what is cut short ends the list. */
function decodeOptions(bytes: Uint8Array): TcpOptions {
  let options: TcpOptions = {};
  let at = 0;
  while (at < bytes.length) {
    const kind = u8(bytes, at);
    if (kind === 0) break;
    if (kind === 1) {
      at++;
      continue;
    }
    const length = u8(bytes, at + 1);
    if (length < 2 || at + length > bytes.length) break;
    if (kind === 2 && length === 4) options = { ...options, maximumSegment: u16(bytes, at + 2) };
    else if (kind === 3 && length === 3) options = { ...options, windowScale: Math.min(14, u8(bytes, at + 2)) };
    else if (kind === 4) options = { ...options, sackPermitted: true };
    else if (kind === 5) {
      const sack: (readonly [number, number])[] = [];
      for (let pair = at + 2; pair + 8 <= at + length; pair += 8) sack.push([u32(bytes, pair), u32(bytes, pair + 4)]);
      options = { ...options, sack };
    }
    at += length;
  }
  return options;
}
