import { checksum, pseudoHeader } from "./checksum.js";
import {
  frameLength,
  packetLength,
  payloadLength,
  Protocol,
  quoted,
  tcpOptionsLength,
  type Arp,
  type Frame,
  type Packet,
  type Payload,
  type Tcp,
} from "./packet.js";

/** Bytes being written, from `at` on, most significant first. */
class Writer {
  readonly bytes: Uint8Array<ArrayBuffer>;
  at = 0;
  readonly #view: DataView;

  constructor(length: number) {
    this.bytes = new Uint8Array(length);
    this.#view = new DataView(this.bytes.buffer);
  }

  u8(value: number): void {
    this.#view.setUint8(this.at++, value);
  }

  u16(value: number): void {
    this.#view.setUint16(this.at, value);
    this.at += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.at, value);
    this.at += 4;
  }

  mac(value: number): void {
    this.u16(Math.floor(value / 2 ** 32));
    this.u32(value % 2 ** 32);
  }

  data(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.at);
    this.at += bytes.length;
  }

  patch(at: number, value: number): void {
    this.#view.setUint16(at, value);
  }
}

/** A frame's bytes, as a network card hands them over (Ethernet II; IEEE 802.1Q where tagged). */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const writer = new Writer(frameLength(frame));
  writer.mac(frame.destination);
  writer.mac(frame.source);
  if (frame.vlan !== 0) {
    writer.u16(0x8100);
    writer.u16(frame.vlan);
  }
  const { payload } = frame;
  switch (payload.kind) {
    case "arp":
      writeArp(writer, payload);
      break;
    case "ipv4":
      writer.u16(0x0800);
      writePacket(writer, payload);
      break;
    case "other":
      writer.u16(payload.etherType);
      writer.data(payload.data);
      break;
  }
  return writer.bytes;
}

/** The bytes of what a packet carries: what is cut where the packet is fragmented. */
export function encodePayload(packet: Packet): Uint8Array<ArrayBuffer> {
  const writer = new Writer(payloadLength(packet.payload));
  writePayload(writer, packet, packet.payload);
  return writer.bytes;
}

function writeArp(writer: Writer, arp: Arp): void {
  writer.u16(0x0806);
  writer.u16(1);
  writer.u16(0x0800);
  writer.u8(6);
  writer.u8(4);
  writer.u16(arp.operation === "request" ? 1 : 2);
  writer.mac(arp.senderMac);
  writer.u32(arp.senderIp);
  writer.mac(arp.targetMac);
  writer.u32(arp.targetIp);
}

function writePacket(writer: Writer, packet: Packet): void {
  const { at } = writer;
  const { payload } = packet;
  writer.u8(0x45);
  writer.u8(packet.tos);
  writer.u16(packetLength(packet));
  writer.u16(packet.id);
  const fragment = payload.kind === "fragment" ? (payload.more ? 0x2000 : 0) | (payload.offset >> 3) : 0;
  writer.u16((packet.dontFragment ? 0x4000 : 0) | fragment);
  writer.u8(packet.ttl);
  writer.u8(packet.protocol);
  writer.u16(0);
  writer.u32(packet.source);
  writer.u32(packet.destination);
  writer.patch(at + 10, checksum(writer.bytes, at, writer.at));
  writePayload(writer, packet, payload);
}

function writePayload(writer: Writer, packet: Packet, payload: Payload): void {
  const { at } = writer;
  switch (payload.kind) {
    case "tcp":
      writeTcp(writer, payload);
      writer.patch(at + 16, checksum(writer.bytes, at, writer.at, pseudoHeader(packet, Protocol.tcp, writer.at - at)));
      break;
    case "udp": {
      writer.u16(payload.sourcePort);
      writer.u16(payload.destinationPort);
      writer.u16(8 + payload.data.length);
      writer.u16(0);
      writer.data(payload.data);
      const sum = checksum(writer.bytes, at, writer.at, pseudoHeader(packet, Protocol.udp, writer.at - at));
      // Zero would say that there is none.
      writer.patch(at + 6, sum === 0 ? 0xffff : sum);
      break;
    }
    case "echo":
      writer.u8(payload.reply ? 0 : 8);
      writer.u8(0);
      writer.u16(0);
      writer.u16(payload.identifier);
      writer.u16(payload.sequence);
      writer.data(payload.data);
      writer.patch(at + 2, checksum(writer.bytes, at, writer.at));
      break;
    case "icmp-error": {
      writer.u8(payload.type);
      writer.u8(payload.code);
      writer.u32(0);
      writer.u16(payload.mtu);
      const { about } = payload;
      const whole = new Writer(packetLength(about));
      writePacket(whole, about);
      writer.data(whole.bytes.subarray(0, 20 + quoted));
      writer.patch(at + 2, checksum(writer.bytes, at, writer.at));
      break;
    }
    case "fragment":
    case "other":
      writer.data(payload.data);
      break;
  }
}

function writeTcp(writer: Writer, tcp: Tcp): void {
  const { options } = tcp;
  const optionsLength = tcpOptionsLength(options);
  const end = writer.at + 20 + optionsLength;
  writer.u16(tcp.sourcePort);
  writer.u16(tcp.destinationPort);
  writer.u32(tcp.sequence);
  writer.u32(tcp.acknowledgement);
  writer.u8((20 + optionsLength) << 2);
  writer.u8(tcp.flags);
  writer.u16(tcp.window);
  writer.u16(0);
  writer.u16(0);
  if (options?.maximumSegment !== undefined) {
    writer.u16(0x0204);
    writer.u16(options.maximumSegment);
  }
  if (options?.windowScale !== undefined) {
    writer.u16(0x0303);
    writer.u8(options.windowScale);
  }
  if (options?.sackPermitted === true) writer.u16(0x0402);
  if (options?.sack !== undefined && options.sack.length > 0) {
    writer.u8(5);
    writer.u8(2 + 8 * options.sack.length);
    for (const [from, to] of options.sack) {
      writer.u32(from);
      writer.u32(to);
    }
  }
  while (writer.at < end) writer.u8(1);
  writer.data(tcp.data);
}
