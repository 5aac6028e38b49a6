import { UsageError, type World } from "../../core/index.js";
import type { InterfaceOwner, NetworkInterface } from "../link/interface.js";
import { loopback } from "../link/kinds.js";
import {
  anyIpv4,
  broadcastIpv4,
  formatIpv4,
  interfaceAddress,
  ipv4,
  isLoopback,
  isMulticast,
  networkOf,
  prefix,
  within,
  type InterfaceAddress,
  type Ipv4,
  type Prefix,
} from "../packet/address.js";
import type { Frame } from "../packet/packet.js";
import type { Errno } from "./errno.js";
import { Routes, type Route, type RouteType } from "./routes.js";
import type { SendHow } from "./stack.js";

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

/**
 * What a namespace is told by `ip link`, `ip address` and `ip route`, and what follows from it. An address belongs to the namespace
 * and not to an interface, as in Linux (the weak end system model, RFC 1122, 3.3.4.2).
 */
export abstract class IpConfiguration implements InterfaceOwner {
  readonly world: World;
  readonly name: string;
  readonly lo: NetworkInterface;
  readonly routes: Routes = new Routes();
  /** Whether packets for others are passed on (net.ipv4.ip_forward). */
  forwarding = false;
  readonly #interfaces = new Map<string, NetworkInterface>();
  #locals: Map<Ipv4, number> | undefined;
  #index = 0;

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

  abstract receiveFrame(from: NetworkInterface, frame: Frame): void;

  /** An interface went down: what was known of its link holds no more. */
  protected abstract wentDown(gone: NetworkInterface): void;

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
    if (added.owner instanceof IpConfiguration) added.owner.removeInterface(added);
    added.name = name;
    added.owner = this;
    added.index = ++this.#index;
    this.#interfaces.set(name, added);
    return added;
  }

  /** @throws UsageError for a name that is taken here */
  renameInterface(renamed: NetworkInterface, name: string): void {
    if (this.#interfaces.has(name)) {
      throw new UsageError(`${this.name} has an interface "${name}" already`, "Give another name.");
    }
    this.#interfaces.delete(renamed.name);
    renamed.name = name;
    this.#interfaces.set(name, renamed);
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
      this.wentDown(changed);
    }
  }

  /** @throws UsageError where the interface has the address already */
  addAddress(to: NetworkInterface, text: string | InterfaceAddress): void {
    const added = interfaceAddress(text);
    if (to.has(added.address)) {
      throw new UsageError(`${to.name} has the address ${formatIpv4(added.address)} already`, "Give another address.");
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
    if (gateway !== undefined && out === undefined) out = this.lookup(gateway, {})?.interface;
    if (type === "unicast" && out === undefined) {
      const wrong =
        gateway === undefined
          ? "a route needs a router or an interface"
          : `no way leads to the router ${formatIpv4(gateway)}`;
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
    return this.lookup(destination, how);
  }

  sourceFor(destination: Ipv4, how: SendHow = {}): Ipv4 | Errno {
    if (this.isLocal(destination)) return destination;
    const route = this.lookup(destination, how);
    if (route === undefined || route.type === "unreachable")
      return route === undefined ? "ENETUNREACH" : "EHOSTUNREACH";
    if (route.type === "prohibit") return "EACCES";
    if (route.interface === undefined) return "EINVAL";
    return route.source ?? this.addressOn(route.interface, route.gateway ?? destination) ?? anyIpv4;
  }

  mtuTo(destination: Ipv4): number {
    if (this.isLocal(destination)) return this.lo.mtu;
    return this.lookup(destination, {})?.interface?.mtu ?? 1500;
  }

  addressOn(out: NetworkInterface, peer: Ipv4): Ipv4 | undefined {
    const near = out.addresses.find(({ address, length }) => within(peer, { network: address, length }));
    if (near !== undefined || out.addresses.length > 0) return (near ?? out.addresses[0])?.address;
    // An interface without addresses borrows one of another (RFC 1812, 2.2.7).
    return this.interfaces.find((other) => other !== this.lo && other.addresses.length > 0)?.addresses[0]?.address;
  }

  answersFor(address: Ipv4, on: NetworkInterface): boolean {
    if (!on.proxyArp) return false;
    const route = this.lookup(address, {});
    return route?.type === "unicast" && route.interface !== on;
  }

  /** The way to a destination; an own address is reached by lo. */
  protected lookup(
    destination: Ipv4,
    how: SendHow & { readonly source?: Ipv4; readonly input?: string },
  ): Route | undefined {
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
