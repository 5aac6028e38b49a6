import { encodeFrame } from "./encode.js";
import type { Frame } from "./packet.js";

/**
 * Frames as a capture file that tcpdump and Wireshark read: pcap with nanoseconds (magic a1b23c4d, link type Ethernet), see
 * draft-ietf-opsawg-pcap, 4. Time 0 is the world's beginning.
 */
export function pcap(frames: readonly { readonly time: number; readonly frame: Frame }[]): Uint8Array<ArrayBuffer> {
  const encoded = frames.map(({ time, frame }) => ({ time, bytes: encodeFrame(frame) }));
  const file = new Uint8Array(encoded.reduce((length, { bytes }) => length + 16 + bytes.length, 24));
  const view = new DataView(file.buffer);
  const header = [0xa1b23c4d, 0x0002_0004, 0, 0, 262_144, 1];
  header.forEach((word, place) => {
    view.setUint32(4 * place, word);
  });
  let at = 24;
  for (const { time, bytes } of encoded) {
    view.setUint32(at, Math.floor(time / 1e9));
    view.setUint32(at + 4, time % 1e9);
    view.setUint32(at + 8, bytes.length);
    view.setUint32(at + 12, bytes.length);
    file.set(bytes, at + 16);
    at += 16 + bytes.length;
  }
  return file;
}
