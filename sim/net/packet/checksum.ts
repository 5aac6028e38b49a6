import type { Packet } from "./packet.js";

/** The Internet's checksum (RFC 1071) of bytes `from` up to `to`, to be put where zero stands now. */
export function checksum(bytes: Uint8Array, from: number, to: number, start = 0): number {
  let sum = start;
  for (let at = from; at + 1 < to; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  if ((to - from) % 2 === 1) sum += (bytes[to - 1] ?? 0) << 8;
  while (sum > 0xffff) sum = (sum % 0x10000) + Math.floor(sum / 0x10000);
  return ~sum & 0xffff;
}

/** What TCP and UDP sum up beside their own bytes (RFC 9293, 3.1). */
export function pseudoHeader(packet: Pick<Packet, "source" | "destination">, protocol: number, length: number): number {
  const { source, destination } = packet;
  return (source >>> 16) + (source & 0xffff) + (destination >>> 16) + (destination & 0xffff) + protocol + length;
}
