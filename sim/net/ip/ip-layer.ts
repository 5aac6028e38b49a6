import { ns } from "../../core/index.js";
import type { NetworkInterface } from "../link/interface.js";
import { broadcastIpv4, broadcastMac, broadcastOf, isMulticast, multicastMac, type Ipv4 } from "../packet/address.js";
import { packetLength, Protocol, Unreachable, type Frame, type Packet } from "../packet/packet.js";
import { IpConfiguration } from "./configuration.js";
import type { Errno } from "./errno.js";
import { fragment, Reassembly } from "./fragments.js";
import { Icmp, icmpError, mayRefuse } from "./icmp.js";
import { Neighbours } from "./neighbours.js";
import { Passage, type PacketFilter } from "./passage.js";
import type { Route } from "./routes.js";
import type { IpStack, ProtocolHandler, SendHow } from "./stack.js";

/** What a namespace counted of IP's own decisions (`nstat`, in words). */
export interface IpCounters {
  received: number;
  delivered: number;
  forwarded: number;
  sent: number;
  /** Came for others, and forwarding is off. */
  notForUs: number;
  /** No route, or a route that refuses. */
  noRoute: number;
  expired: number;
}

/** Whether what is sent to `address` is a broadcast on an interface. */
const hears = (on: NetworkInterface, address: Ipv4): boolean =>
  address === broadcastIpv4 || on.addresses.some((own) => broadcastOf(own.address, own.length) === address);

/**
 * IP in one network namespace: what comes in, what is passed on and what is sent (RFC 791, RFC 1122, RFC 1812). What a processor
 * takes for all this is not modelled: packets pass in no time.
 */
export class IpLayer extends IpConfiguration implements IpStack {
  readonly counters: IpCounters = {
    received: 0,
    delivered: 0,
    forwarded: 0,
    sent: 0,
    notForUs: 0,
    noRoute: 0,
    expired: 0,
  };
  protected filter: PacketFilter | undefined = undefined;
  #neighbours: Neighbours | undefined;
  #reassembly: Reassembly | undefined;
  #icmp: Icmp | undefined;
  readonly #handlers: Map<number, ProtocolHandler> = new Map<number, ProtocolHandler>();
  #id = 0;

  get neighbours(): Neighbours {
    return (this.#neighbours ??= new Neighbours(this));
  }

  get icmp(): Icmp {
    return (this.#icmp ??= new Icmp(this, this.#handlers));
  }

  /** Registers who takes packets of a protocol. */
  protected handle(protocol: number, handler: ProtocolHandler): void {
    this.#handlers.set(protocol, handler);
  }

  protected override wentDown(gone: NetworkInterface): void {
    this.#neighbours?.flush(gone);
  }

  nextId(): number {
    this.#id = (this.#id + 1) & 0xffff;
    return this.#id;
  }

  send(packet: Packet, how: SendHow = {}): Errno | undefined {
    this.counters.sent++;
    const passage = new Passage(packet, undefined, undefined, how.mark);
    let route = this.lookup(packet.destination, { ...how, source: packet.source });
    if (route?.type !== "unicast") return this.#refusal(route);
    passage.output = route.interface;
    if (this.filter !== undefined) {
      const { mark } = passage;
      if (!this.filter.traverse("output", passage)) return "EPERM";
      const changed = passage.packet;
      if (changed.destination !== packet.destination || passage.mark !== mark) {
        route = this.lookup(changed.destination, { ...how, source: changed.source, mark: passage.mark });
        if (route?.type !== "unicast") return this.#refusal(route);
        passage.output = route.interface;
      }
    }
    return this.#finish(passage, route);
  }

  refuse(packet: Packet, type: 3 | 11, code: number, mtu = 0): void {
    if (!mayRefuse(packet) || this.interfaces.some((one) => hears(one, packet.destination))) return;
    const from = this.isLocal(packet.source) ? packet.source : this.sourceFor(packet.source);
    if (typeof from === "number") this.send(icmpError(from, packet, { type, code, mtu }, this.nextId()));
  }

  receiveFrame(from: NetworkInterface, { destination, payload }: Frame): void {
    if (payload.kind === "arp") this.neighbours.receive(from, payload);
    else if (payload.kind === "ipv4") {
      // What a bridge floods, or a hub, is for others: heard, but not listened to.
      if (destination === from.mac || destination === broadcastMac || isMulticast(payload.destination)) {
        this.receivePacket(payload, from);
      }
    }
  }

  /** A packet has come in. @param before what it was to a filter on the way out, where it never left the namespace */
  receivePacket(packet: Packet, from: NetworkInterface, before?: Passage): void {
    this.counters.received++;
    // Filters look at whole packets.
    const whole = this.filter === undefined ? packet : this.#whole(packet);
    if (whole === undefined) return;
    const passage = new Passage(whole, from);
    if (before !== undefined) {
      passage.connection = before.connection;
      passage.reply = before.reply;
      passage.mark = before.mark;
    }
    if (this.filter === undefined || this.filter.traverse("prerouting", passage)) this.reroute(passage);
  }

  reroute(passage: Passage): void {
    const { destination } = passage.packet;
    const { input } = passage;
    if (this.isLocal(destination) || isMulticast(destination)) this.#deliver(passage);
    else if (input === undefined) this.send(passage.packet, { mark: passage.mark });
    else if (hears(input, destination)) this.#deliver(passage);
    else if (this.forwarding) this.#forward(passage, input);
    else this.counters.notForUs++;
  }

  #deliver(passage: Passage): void {
    const whole = this.#whole(passage.packet);
    if (whole === undefined) return;
    passage.packet = whole;
    if (this.filter !== undefined && !this.filter.traverse("input", passage)) return;
    const { packet, input } = passage;
    const handler = packet.protocol === Protocol.icmp ? this.icmp : this.#handlers.get(packet.protocol);
    this.counters.delivered++;
    if (handler === undefined) this.refuse(packet, 3, Unreachable.protocol);
    else handler.receive(packet, input);
  }

  #forward(passage: Passage, input: NetworkInterface): void {
    const { packet } = passage;
    if (packet.ttl <= 1) {
      this.counters.expired++;
      this.refuse(packet, 11, 0);
      return;
    }
    const { source, destination } = packet;
    const route = this.lookup(destination, { source, mark: passage.mark, input: input.name });
    if (route?.type !== "unicast" || route.interface === undefined) {
      this.counters.noRoute++;
      if (route?.type !== "blackhole") {
        const { network, host, administrativelyProhibited } = Unreachable;
        const code = route === undefined ? network : route.type === "prohibit" ? administrativelyProhibited : host;
        this.refuse(packet, 3, code);
      }
      return;
    }
    if (packet.dontFragment && packetLength(packet) > route.interface.mtu) {
      this.refuse(packet, 3, Unreachable.fragmentationNeeded, route.interface.mtu);
      return;
    }
    passage.packet = { ...packet, ttl: packet.ttl - 1 };
    passage.output = route.interface;
    if (this.filter !== undefined && !this.filter.traverse("forward", passage)) return;
    this.counters.forwarded++;
    this.#finish(passage, route);
  }

  /** The last steps of all that leaves, or is for itself. */
  #finish(passage: Passage, { interface: out, gateway }: Route): Errno | undefined {
    if (this.filter !== undefined && !this.filter.traverse("postrouting", passage)) return "EPERM";
    const { packet } = passage;
    if (out === undefined) return "EINVAL";
    if (out === this.lo) {
      this.#loop(passage);
      return undefined;
    }
    if (packetLength(packet) <= out.mtu) this.#emit(packet, out, gateway);
    else if (packet.dontFragment) return "EMSGSIZE";
    else for (const piece of fragment(packet, out.mtu)) this.#emit(piece, out, gateway);
    return undefined;
  }

  #emit(packet: Packet, out: NetworkInterface, gateway: Ipv4 | undefined): void {
    const { destination } = packet;
    const to = (mac: Frame["destination"]): void => {
      out.send({ destination: mac, source: out.mac, vlan: 0, payload: packet });
    };
    if (isMulticast(destination)) to(multicastMac(destination));
    else if (hears(out, destination)) to(broadcastMac);
    else this.neighbours.send(out, gateway ?? destination, packet);
  }

  /** What is sent to an own address comes back by lo, in an event of its own. */
  #loop(passage: Passage): void {
    const { lo } = this;
    const frame: Frame = { destination: lo.mac, source: lo.mac, vlan: 0, payload: passage.packet };
    lo.send(frame);
    this.world.engine.after(ns(0), () => {
      if (lo.up) this.receivePacket(passage.packet, lo, passage);
    });
  }

  #whole(packet: Packet): Packet | undefined {
    return packet.payload.kind === "fragment" ? (this.#reassembly ??= new Reassembly(this.world)).add(packet) : packet;
  }

  #refusal(route: Route | undefined): Errno {
    this.counters.noRoute++;
    if (route === undefined) return "ENETUNREACH";
    return route.type === "prohibit" ? "EACCES" : route.type === "blackhole" ? "EINVAL" : "EHOSTUNREACH";
  }
}
