import { s, type World } from "../../core/index.js";
import { decodePayload } from "../packet/decode.js";
import { encodePayload } from "../packet/encode.js";
import { packetLength, type Packet } from "../packet/packet.js";

/** Cuts a packet into those that fit an MTU (RFC 791, 3.2); itself where it fits. */
export function fragment(packet: Packet, mtu: number): readonly Packet[] {
  if (packetLength(packet) <= mtu) return [packet];
  const { payload } = packet;
  const [first, last] = payload.kind === "fragment" ? [payload.offset, !payload.more] : [0, true];
  const data = payload.kind === "fragment" ? payload.data : encodePayload(packet);
  const step = (mtu - 20) & ~7;
  const pieces: Packet[] = [];
  for (let at = 0; at < data.length; at += step) {
    const more = at + step < data.length || !last;
    pieces.push({
      ...packet,
      payload: { kind: "fragment", offset: first + at, more, data: data.subarray(at, at + step) },
    });
  }
  return pieces;
}

interface Partial {
  readonly since: number;
  readonly pieces: Map<number, Uint8Array>;
  /** Bytes of the whole, once the last piece has come. */
  length: number | undefined;
}

/** How long pieces wait for the others: ipfrag_time. */
const patience = s(30);
/** Packets that wait for pieces at most; the oldest goes. */
const most = 256;

/** Puts fragments together. Pieces that overlap others are no reason to be clever: the packet is dropped (RFC 5722's way). */
export class Reassembly {
  readonly #world: World;
  readonly #partial = new Map<string, Partial>();

  constructor(world: World) {
    this.#world = world;
  }

  /** The whole packet, if this was its last missing piece; undefined where others are missing. */
  add(packet: Packet): Packet | undefined {
    const { payload } = packet;
    if (payload.kind !== "fragment") return packet;
    const key = `${packet.source}>${packet.destination}/${packet.protocol}/${packet.id}`;
    const { now } = this.#world.engine;
    let partial = this.#partial.get(key);
    if (partial === undefined || now - partial.since > patience) {
      partial = { since: now, pieces: new Map(), length: undefined };
      this.#partial.delete(key);
      this.#partial.set(key, partial);
      this.#forget();
    }
    partial.pieces.set(payload.offset, payload.data);
    if (!payload.more) partial.length = payload.offset + payload.data.length;
    if (partial.length === undefined) return undefined;
    const held = [...partial.pieces.values()].reduce((sum, piece) => sum + piece.length, 0);
    if (held < partial.length) return undefined;
    this.#partial.delete(key);
    const data = joined(partial.pieces, partial.length);
    const whole = data === undefined ? undefined : decodePayload(data, packet.protocol, packet);
    return whole === undefined ? undefined : { ...packet, payload: whole };
  }

  #forget(): void {
    for (const key of this.#partial.keys()) {
      if (this.#partial.size <= most) return;
      this.#partial.delete(key);
    }
  }
}

/** The pieces as one; undefined where they overlap or leave a hole. */
function joined(pieces: ReadonlyMap<number, Uint8Array>, length: number): Uint8Array | undefined {
  const data = new Uint8Array(length);
  let at = 0;
  for (const [offset, piece] of [...pieces].sort(([a], [b]) => a - b)) {
    if (offset !== at) return undefined;
    data.set(piece, at);
    at += piece.length;
  }
  return data;
}
