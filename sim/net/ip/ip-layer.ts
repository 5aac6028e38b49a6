import { ns, UsageError, type World } from "../../core/index.js";
import type { InterfaceOwner, NetworkInterface } from "../link/interface.js";
import { loopback } from "../link/kinds.js";
import {
  anyIpv4,
  broadcastIpv4,
  broadcastMac,
  broadcastOf,
  interfaceAddress,
  ipv4,
  isLoopback,
  isMulticast,
  multicastMac,
  networkOf,
  prefix,
  within,
  type InterfaceAddress,
  type Ipv4,
  type Prefix,
} from "../packet/address.js";
import { packetLength, Protocol, Unreachable, type Frame, type Packet } from "../packet/packet.js";
import type { Errno } from "./errno.js";
import { fragment, Reassembly } from "./fragments.js";
import { Icmp, icmpError, mayRefuse } from "./icmp.js";
import { Neighbours } from "./neighbours.js";
import { Passage, type PacketFilter } from "./passage.js";
import { Routes, type Route, type RouteType } from "./routes.js";
import type { IpStack, ProtocolHandler, SendHow } from "./stack.js";

/** A route as it is asked for: `{ to: "default", via: "10.0.0.1" }`, `{ to: "10.1.0.0/16", dev: "eth1" }`. */
export interface RouteRequest {
  readonly to: string | Prefix;
  readonly via?: string | Ipv4 | undefined;
  readonly dev?: string | undefined;
  readonly src?: string | Ipv4 | undefined;
  readonly metric?: number | undefined;
  readonly type?: RouteType | undefined;
  readonly table?: number | undefined;
}

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
 * IP in one network namespace: interfaces, addresses, routes and neighbours, what comes in, what is passed on and what is sent
 * (RFC 791, RFC 1122, RFC 1812). An address belongs to the namespace and not to an interface, as in Linux (the weak end system
 * model). What a processor takes for all this is not modelled: packets pass in no time.
 */
export class IpLayer implements IpStack, InterfaceOwner {
  readonly world: World;
  readonly name: string;
  readonly lo: NetworkInterface;
  readonly routes: Routes = new Routes();
  /** Whether packets for others are passed on (net.ipv4.ip_forward). */
  forwarding = false;
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
  readonly #interfaces = new Map<string, NetworkInterface>();
  #locals: Map<Ipv4, number> | undefined;
  #neighbours: Neighbours | undefined;
  #reassembly: Reassembly | undefined;
  #icmp: Icmp | undefined;
  readonly #handlers: Map<number, ProtocolHandler> = new Map<number, ProtocolHandler>();
  #index = 0;
  #id = 0;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    const lo = loopback();
    lo.driver = () => undefined;
    this.lo = this.addInterface(lo);
  }

  get interfaces(): readonly NetworkInterface[] {
    return [...this.#interfaces.values()];
  }

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

  /** @throws UsageError naming those that there are, where there is none of that name */
  interface(name: string): NetworkInterface {
    const found = this.#interfaces.get(name);
    if (found !== undefined) return found;
    const names = [...this.#interfaces.keys()].join(", ");
    throw new UsageError(`${this.name} has no interface "${name}"`, `It has: ${names}.`);
  }

  find(name: string): NetworkInterface | undefined {
    return this.#interfaces.get(name);
  }

  /**
   * Takes an interface in, from another namespace where it is in one; then it loses its addresses and is down, as in Linux.
   * @throws UsageError for a name that is taken here
   */
  addInterface<I extends NetworkInterface>(added: I, name: string = added.name): I {
    if (this.#interfaces.has(name)) {
      throw new UsageError(`${this.name} has an interface "${name}" already`, "Give another name.");
    }
    if (added.owner instanceof IpLayer) added.owner.removeInterface(added);
    added.name = name;
    added.owner = this;
    added.index = ++this.#index;
    this.#interfaces.set(name, added);
    return added;
  }

  removeInterface(removed: NetworkInterface): void {
    if (this.#interfaces.get(removed.name) !== removed) return;
    this.setUp(removed, false);
    for (const address of removed.addresses) this.removeAddress(removed, address);
    this.#interfaces.delete(removed.name);
    removed.owner = undefined;
  }

  /** Up, routes to the networks of its addresses appear; down, all routes by it go. */
  setUp(changed: NetworkInterface, up = true): void {
    if (changed.up === up) return;
    changed.up = up;
    if (up) {
      for (const address of changed.addresses) this.#connect(changed, address);
    } else {
      this.routes.removeInterface(changed);
      this.#neighbours?.flush(changed);
    }
  }

  /** @throws UsageError where the interface has the address already */
  addAddress(to: NetworkInterface, text: string | InterfaceAddress): void {
    const added = interfaceAddress(text);
    if (to.has(added.address)) {
      throw new UsageError(`${to.name} has the address ${String(text)} already`, "Give another address.");
    }
    to.addresses = [...to.addresses, added];
    const locals = (this.#locals ??= new Map<Ipv4, number>());
    locals.set(added.address, (locals.get(added.address) ?? 0) + 1);
    if (to.up) this.#connect(to, added);
  }

  removeAddress(from: NetworkInterface, text: string | InterfaceAddress): void {
    const { address, length } = interfaceAddress(text);
    if (!from.has(address)) return;
    from.addresses = from.addresses.filter((own) => own.address !== address);
    const left = (this.#locals?.get(address) ?? 1) - 1;
    if (left === 0) this.#locals?.delete(address);
    else this.#locals?.set(address, left);
    const connected = (route: Route): boolean =>
      route.interface === from && route.source === address && route.destination.length === length;
    this.routes.remove(connected);
  }

  /**
   * Adds a route, or replaces the one to the same network with the same metric.
   * @throws UsageError where its router, or its interface, is not to be reached
   */
  addRoute({ to, via, dev, src, metric = 0, type = "unicast", table }: RouteRequest): void {
    const gateway = via === undefined ? undefined : ipv4(via);
    let out = dev === undefined ? undefined : this.interface(dev);
    if (gateway !== undefined && out === undefined) out = this.#lookup(gateway, {})?.interface;
    if (type === "unicast" && out === undefined) {
      const wrong =
        via === undefined ? "a route needs a router or an interface" : `no way leads to the router ${String(via)}`;
      throw new UsageError(wrong, 'Give a router on a network that is connected: { to: "default", via: "10.0.0.1" }.');
    }
    const source = src === undefined ? undefined : ipv4(src);
    this.routes.replace({ destination: prefix(to), type, gateway, interface: out, source, metric }, table);
  }

  isLocal(address: Ipv4): boolean {
    return this.#locals?.has(address) === true || (isLoopback(address) && this.lo.up);
  }

  /** The route that a packet to `destination` would take, as `ip route get` shows it. */
  routeTo(destination: Ipv4, how: SendHow & { readonly source?: Ipv4 } = {}): Route | undefined {
    return this.#lookup(destination, how);
  }

  sourceFor(destination: Ipv4, how: SendHow = {}): Ipv4 | Errno {
    if (this.isLocal(destination)) return destination;
    const route = this.#lookup(destination, how);
    if (route === undefined || route.type === "unreachable")
      return route === undefined ? "ENETUNREACH" : "EHOSTUNREACH";
    if (route.type === "prohibit") return "EACCES";
    if (route.interface === undefined) return "EINVAL";
    return route.source ?? this.addressOn(route.interface, route.gateway ?? destination) ?? anyIpv4;
  }

  mtuTo(destination: Ipv4): number {
    if (this.isLocal(destination)) return this.lo.mtu;
    return this.#lookup(destination, {})?.interface?.mtu ?? 1500;
  }

  addressOn(out: NetworkInterface, peer: Ipv4): Ipv4 | undefined {
    const near = out.addresses.find(({ address, length }) => within(peer, { network: address, length }));
    if (near !== undefined || out.addresses.length > 0) return (near ?? out.addresses[0])?.address;
    // An interface without addresses borrows one of another (RFC 1812, 2.2.7).
    return this.interfaces.find((other) => other !== this.lo && other.addresses.length > 0)?.addresses[0]?.address;
  }

  answersFor(address: Ipv4, on: NetworkInterface): boolean {
    if (!on.proxyArp) return false;
    const route = this.#lookup(address, {});
    return route?.type === "unicast" && route.interface !== on;
  }

  nextId(): number {
    this.#id = (this.#id + 1) & 0xffff;
    return this.#id;
  }

  send(packet: Packet, how: SendHow = {}): Errno | undefined {
    this.counters.sent++;
    const passage = new Passage(packet, undefined, undefined, how.mark);
    let route = this.#lookup(packet.destination, { ...how, source: packet.source });
    if (route?.type !== "unicast") return this.#refusal(route);
    passage.output = route.interface;
    if (this.filter !== undefined) {
      const { mark } = passage;
      if (!this.filter.traverse("output", passage)) return "EPERM";
      const changed = passage.packet;
      if (changed.destination !== packet.destination || passage.mark !== mark) {
        route = this.#lookup(changed.destination, { ...how, source: changed.source, mark: passage.mark });
        if (route?.type !== "unicast") return this.#refusal(route);
        passage.output = route.interface;
      }
    }
    return this.#finish(passage, route);
  }

  refuse(packet: Packet, type: 3 | 11, code: number, mtu = 0): void {
    if (!mayRefuse(packet)) return;
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
    const route = this.#lookup(destination, { source, mark: passage.mark, input: input.name });
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

  #lookup(destination: Ipv4, how: SendHow & { readonly source?: Ipv4; readonly input?: string }): Route | undefined {
    if (this.isLocal(destination)) return this.#toItself(destination);
    const { source = anyIpv4, mark = 0, input, interface: output } = how;
    const route = this.routes.find({ destination, source, mark, input, output });
    if (route !== undefined || output === undefined || (destination !== broadcastIpv4 && !isMulticast(destination)))
      return route;
    // A broadcast on a given interface needs no route: how DHCP begins.
    return { ...this.#toItself(destination), interface: output };
  }

  #toItself(address: Ipv4): Route {
    const destination = { network: address, length: 32 };
    return { destination, type: "unicast", gateway: undefined, interface: this.lo, source: undefined, metric: 0 };
  }

  #refusal(route: Route | undefined): Errno {
    this.counters.noRoute++;
    if (route === undefined) return "ENETUNREACH";
    return route.type === "prohibit" ? "EACCES" : route.type === "blackhole" ? "EINVAL" : "EHOSTUNREACH";
  }

  #connect(to: NetworkInterface, { address, length }: InterfaceAddress): void {
    if (to === this.lo || length === 32) return;
    const destination = { network: networkOf(address, length), length };
    this.routes.add({
      destination,
      type: "unicast",
      gateway: undefined,
      interface: to,
      source: address,
      metric: 0,
    });
  }
}
