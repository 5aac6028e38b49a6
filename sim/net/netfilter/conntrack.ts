import type { Persist, World } from "../../core/index.js";
import type { Passage } from "../ip/passage.js";
import { Protocol, TcpFlag, type Tcp } from "../packet/packet.js";
import { keyOf, opposite, tupleOf, type Connection, type TrackedTcpState, type Tuple } from "./connection.js";
import type { TrackState } from "./model.js";

const second = 1e9;
/** Seconds, as Linux has them (nf_conntrack_proto_tcp.c, _udp.c, _icmp.c, _generic.c). */
const tcpTimeouts: Readonly<Record<TrackedTcpState, number>> = {
  SYN_SENT: 120,
  SYN_RECV: 60,
  ESTABLISHED: 432_000,
  FIN_WAIT: 120,
  CLOSE_WAIT: 60,
  LAST_ACK: 30,
  TIME_WAIT: 120,
  CLOSE: 10,
};
const timeouts = { udp: 30, udpStream: 120, icmp: 30, other: 600 } as const;
/** nf_conntrack_max of a computer with more than 4 GiB. */
const most = 262_144;

export interface SavedConnection {
  readonly original: Tuple;
  readonly reply: Tuple;
  readonly answered: boolean;
  readonly tcp: TrackedTcpState | null;
  /** Nanoseconds left. */
  readonly left: number;
  readonly mark: number;
  readonly packets: number;
  readonly bytes: number;
}

/** The connections that a namespace has seen (nf_conntrack). Sequence numbers are not followed: any segment of a flow is its. */
export class Conntrack implements Persist<readonly SavedConnection[]> {
  readonly #world: World;
  readonly #byOriginal = new Map<string, Connection>();
  readonly #byReply = new Map<string, Connection>();
  /** At how many the next sweep is due. */
  #sweepAt = 64;
  /** New connections that were dropped because the table was full. */
  dropped = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get size(): number {
    return this.#byOriginal.size;
  }

  /** Finds, or begins, the connection that a packet belongs to. */
  track(passage: Passage): void {
    // A packet that comes back by lo is known already.
    if (passage.connection !== undefined) return;
    const { packet } = passage;
    if (packet.payload.kind === "icmp-error") {
      const about = tupleOf(packet.payload.about);
      if (about === undefined) return;
      passage.related = this.#find(passage, opposite(about)) !== undefined;
      return;
    }
    const tuple = tupleOf(packet);
    if (tuple === undefined) return;
    const connection =
      this.#find(passage, tuple) ?? this.#begin(tuple, packet.payload.kind === "tcp" ? packet.payload : undefined);
    passage.connection = connection;
    if (connection !== undefined) this.#update(connection, passage);
  }

  state({ connection, reply, related }: Passage): TrackState {
    if (connection === undefined) return "INVALID";
    if (related) return "RELATED";
    return reply || connection.answered ? "ESTABLISHED" : "NEW";
  }

  /** Its first packet has got through. @returns false where there is no room, or another has its tuple */
  confirm(connection: Connection): boolean {
    if (connection.confirmed) return true;
    if (this.size >= this.#sweepAt) this.#sweep();
    if (this.size >= most) {
      this.dropped++;
      return false;
    }
    const original = keyOf(connection.original);
    const reply = keyOf(connection.reply);
    if (this.#byOriginal.has(original) || this.#byReply.has(reply)) {
      // Of two packets that began it at once, the first decides.
      if (this.#alive(this.#byOriginal.get(original) ?? this.#byReply.get(reply))) return false;
    }
    connection.confirmed = true;
    this.#byOriginal.set(original, connection);
    this.#byReply.set(reply, connection);
    return true;
  }

  /** Whether answers of that form already belong to a connection. */
  taken(reply: Tuple): boolean {
    const key = keyOf(reply);
    return this.#alive(this.#byReply.get(key)) || this.#alive(this.#byOriginal.get(key));
  }

  forget(connection: Connection): void {
    this.#byOriginal.delete(keyOf(connection.original));
    this.#byReply.delete(keyOf(connection.reply));
    connection.ended?.();
    connection.ended = undefined;
  }

  /** Those that live, oldest first. */
  list(): readonly Connection[] {
    this.#sweep();
    return [...this.#byOriginal.values()];
  }

  save(): readonly SavedConnection[] {
    const { now } = this.#world.engine;
    return this.list().map(({ original, reply, answered, tcp, expires, mark, packets, bytes }) => ({
      original,
      reply,
      answered,
      tcp: tcp ?? null,
      left: expires - now,
      mark,
      packets,
      bytes,
    }));
  }

  restore(saved: readonly SavedConnection[]): void {
    for (const connection of this.list()) this.forget(connection);
    for (const { original, reply, answered, tcp, left, mark, packets, bytes } of saved) {
      const expires = this.#world.engine.now + left;
      const blank = this.#blank(original);
      this.confirm({
        ...blank,
        reply,
        answered,
        tcp: tcp ?? undefined,
        expires,
        mark,
        packets,
        bytes,
        sourceNat: true,
        destinationNat: true,
      });
    }
  }

  #find(passage: Passage, tuple: Tuple): Connection | undefined {
    const key = keyOf(tuple);
    const original = this.#byOriginal.get(key);
    const found = original ?? this.#byReply.get(key);
    if (found === undefined) return undefined;
    if (!this.#alive(found)) {
      this.forget(found);
      return undefined;
    }
    passage.connection = found;
    passage.reply = original === undefined;
    return found;
  }

  #alive(connection: Connection | undefined): boolean {
    return connection !== undefined && connection.expires > this.#world.engine.now;
  }

  #blank(original: Tuple): Connection {
    return {
      original,
      reply: opposite(original),
      answered: false,
      confirmed: false,
      tcp: undefined,
      expires: Infinity,
      mark: 0,
      sourceNat: false,
      destinationNat: false,
      packets: 0,
      bytes: 0,
      ended: undefined,
    };
  }

  /** A connection that is seen from its middle on is taken up, too (nf_conntrack_tcp_loose); a reset begins none. */
  #begin(tuple: Tuple, tcp: Tcp | undefined): Connection | undefined {
    if (tcp !== undefined && (tcp.flags & TcpFlag.rst) !== 0) return undefined;
    return this.#blank(tuple);
  }

  #update(connection: Connection, { packet, reply }: Passage): void {
    connection.packets++;
    if (reply) connection.answered = true;
    connection.expires =
      this.#world.engine.now + second * this.#timeout(connection, packet.protocol, packet.payload, reply);
  }

  #timeout(connection: Connection, protocol: number, payload: Passage["packet"]["payload"], reply: boolean): number {
    if (payload.kind === "tcp") {
      connection.tcp = nextState(connection.tcp, payload.flags, reply);
      return tcpTimeouts[connection.tcp];
    }
    if (protocol === Protocol.udp) return connection.answered ? timeouts.udpStream : timeouts.udp;
    return protocol === Protocol.icmp ? timeouts.icmp : timeouts.other;
  }

  #sweep(): void {
    for (const connection of this.#byOriginal.values()) if (!this.#alive(connection)) this.forget(connection);
    this.#sweepAt = Math.max(64, 2 * this.size);
  }
}

/** The state after a segment: the table of nf_conntrack_proto_tcp.c without what is for simultaneous opens. */
function nextState(state: TrackedTcpState | undefined, flags: number, reply: boolean): TrackedTcpState {
  if ((flags & TcpFlag.rst) !== 0) return "CLOSE";
  if ((flags & TcpFlag.syn) !== 0) {
    if (reply) return state === "SYN_SENT" ? "SYN_RECV" : (state ?? "SYN_RECV");
    return state === undefined || state === "TIME_WAIT" || state === "CLOSE" ? "SYN_SENT" : state;
  }
  if ((flags & TcpFlag.fin) !== 0) {
    return state === "FIN_WAIT" || state === "CLOSE_WAIT" ? "LAST_ACK" : state === "LAST_ACK" ? state : "FIN_WAIT";
  }
  switch (state) {
    case undefined:
    case "SYN_RECV":
      return "ESTABLISHED";
    case "FIN_WAIT":
      return "CLOSE_WAIT";
    case "LAST_ACK":
      return "TIME_WAIT";
    case "SYN_SENT":
    case "ESTABLISHED":
    case "CLOSE_WAIT":
    case "TIME_WAIT":
    case "CLOSE":
      return state;
  }
}
