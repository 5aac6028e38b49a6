import { UsageError } from "../../core/index.js";
import {
  dummy,
  LinuxBridge,
  mac,
  veth,
  vlan,
  Vxlan,
  type BridgePort,
  type InterfaceOwner,
  type Ipv4,
  type NetworkInterface,
  type NetworkNamespace,
} from "../../net/index.js";
import { E } from "../errno.js";

/** What `ip link add` makes: IFLA_INFO_KIND and its data. */
export type LinkKind =
  | { readonly kind: "veth"; readonly peer: string; readonly peerNet?: NetworkNamespace }
  | { readonly kind: "bridge" }
  | { readonly kind: "dummy" }
  | { readonly kind: "vlan"; readonly link: string; readonly id: number }
  | {
      readonly kind: "vxlan";
      readonly id: number;
      readonly local?: string;
      readonly remote?: string;
      readonly port?: number;
    };

/** What `ip link set` changes. */
export interface LinkChanges {
  readonly up?: boolean;
  readonly mtu?: number;
  readonly address?: string;
  /** The bridge that it becomes a port of; "" takes it out (nomaster). */
  readonly master?: string;
  /** Another name. */
  readonly rename?: string;
  /** Of a bridge's port: whether frames may leave where they came in. */
  readonly hairpin?: boolean;
}

/** IFNAMSIZ without its zero. */
const longestName = 15;

const peers = new WeakMap<NetworkInterface, NetworkInterface>();
const bridges = new WeakMap<NetworkInterface, LinuxBridge>();
const ports = new WeakMap<NetworkInterface, { readonly bridge: LinuxBridge; readonly port: BridgePort }>();
const parents = new WeakMap<NetworkInterface, { readonly parent: NetworkInterface; readonly id: number }>();

/** The other end of a veth. */
export const peerOf = (link: NetworkInterface): NetworkInterface | undefined => peers.get(link);

/** What lies below a VLAN's interface. */
export const parentOf = (link: NetworkInterface): NetworkInterface | undefined => parents.get(link)?.parent;

/** Those that were up since they came into their namespace. */
const opened = new WeakSet<NetworkInterface>();

export const wasUp = (link: NetworkInterface): boolean => link.up || opened.has(link);

export type OperState = "UNKNOWN" | "DOWN" | "LOWERLAYERDOWN" | "UP";

/** rfc2863_policy() and default_operstate(): a bridge without a port that works has no carrier, nor has a veth whose peer is down. */
export function operState(link: NetworkInterface): OperState {
  if (!link.up) return link.kind === "vlan" && parentOf(link)?.up === false ? "LOWERLAYERDOWN" : "DOWN";
  switch (link.kind) {
    case "loopback":
    case "dummy":
    case "vxlan":
      return "UNKNOWN";
    case "veth":
      return peerOf(link)?.up === true ? "UP" : "LOWERLAYERDOWN";
    case "vlan":
      return parentOf(link)?.up === true ? "UP" : "LOWERLAYERDOWN";
    case "bridge":
      return bridges.get(link)?.ports.some((port) => operState(port) === "UP") === true ? "UP" : "DOWN";
    case "ethernet":
      return link.driver === undefined ? "DOWN" : "UP";
  }
}

/** sim/net tells a student what is wrong; a program gets an errno. */
function orInvalid<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    if (error instanceof UsageError) throw E.EINVAL;
    throw error;
  }
}

/** A namespace's interfaces as rtnetlink(7) makes, changes and removes them. */
export class Links {
  readonly #net: NetworkNamespace;
  /** Stands before what a bridge does with a port's frames: their cost. */
  readonly #bridging: (pass: () => void) => void;
  readonly #broadcasts = new WeakMap<NetworkInterface, Map<Ipv4, Ipv4>>();
  #filtersBridges = false;
  /** Numbers of other namespaces, given when one is first spoken of (peernet2id_alloc). */
  readonly #ids: Map<InterfaceOwner | undefined, number> = new Map();

  constructor(net: NetworkNamespace, bridging: (pass: () => void) => void) {
    this.#net = net;
    this.#bridging = bridging;
  }

  /** Whether what stays on a bridge passes the packet filter, too (net.bridge.bridge-nf-call-iptables). */
  get filtersBridges(): boolean {
    return this.#filtersBridges;
  }

  set filtersBridges(on: boolean) {
    this.#filtersBridges = on;
    for (const link of this.#net.interfaces) {
      const bridge = bridges.get(link);
      if (bridge === undefined) continue;
      if (on) this.#net.filterBridge(bridge);
      else bridge.bridge.interpose = undefined;
    }
  }

  /** @throws ENODEV */
  find(name: string): NetworkInterface {
    const found = this.#net.find(name);
    if (found === undefined) throw E.ENODEV;
    return found;
  }

  /** IFA_BROADCAST of an address that an interface has. */
  broadcastOf(link: NetworkInterface, address: Ipv4): Ipv4 | undefined {
    return this.#broadcasts.get(link)?.get(address);
  }

  setBroadcast(link: NetworkInterface, address: Ipv4, broadcast: Ipv4 | undefined): void {
    const known = this.#broadcasts.get(link) ?? new Map<Ipv4, Ipv4>();
    this.#broadcasts.set(link, known);
    if (broadcast === undefined) known.delete(address);
    else known.set(address, broadcast);
  }

  /** The number of a namespace that was spoken of. */
  knownId(other: InterfaceOwner): number | undefined {
    return this.#ids.get(other);
  }

  /** The number by which this namespace knows another: ip-netns(8). */
  idOf(other: InterfaceOwner | undefined): number {
    const known = this.#ids.get(other) ?? this.#ids.size;
    this.#ids.set(other, known);
    return known;
  }

  /** @throws EEXIST for a name that is taken; EINVAL; ENODEV for what it is to lie on */
  add(name: string, made: LinkKind): NetworkInterface {
    const net = this.#net;
    demandName(net, name);
    const { world } = net;
    switch (made.kind) {
      case "veth": {
        const there = made.peerNet ?? net;
        demandName(there, made.peer);
        if (there === net && name === made.peer) throw E.EEXIST;
        const [one, other] = veth(world, [name, made.peer]);
        peers.set(one, other);
        peers.set(other, one);
        there.addInterface(other);
        return net.addInterface(one);
      }
      case "bridge": {
        const bridge = new LinuxBridge(world, name);
        bridges.set(bridge.interface, bridge);
        if (this.#filtersBridges) net.filterBridge(bridge);
        return net.addInterface(bridge.interface);
      }
      case "dummy":
        return net.addInterface(dummy(world, name));
      case "vlan": {
        const parent = this.find(made.link);
        if (parent.vlans?.has(made.id) === true) throw E.EEXIST;
        const link = orInvalid(() => vlan(parent, made.id, name));
        parents.set(link, { parent, id: made.id });
        return net.addInterface(link);
      }
      case "vxlan": {
        const { id: vni, local, remote, port } = made;
        const remotes = remote === undefined ? [] : [remote];
        const vxlan = orInvalid(() => new Vxlan(net, { vni, name, local, remotes, port }));
        return net.addInterface(vxlan.interface);
      }
    }
  }

  /** @throws EOPNOTSUPP for lo and for cards, which can't be removed */
  delete(name: string): void {
    const link = this.find(name);
    if (link.kind === "loopback" || link.kind === "ethernet") throw E.EOPNOTSUPP;
    this.remove(link);
  }

  /** An interface is gone; a veth takes its peer along. */
  remove(link: NetworkInterface): void {
    detach(link);
    const bridge = bridges.get(link);
    for (const port of bridge?.ports ?? []) detach(port);
    const below = parents.get(link);
    below?.parent.vlans?.delete(below.id);
    // Whoever has it is a namespace as this one is.
    for (const above of [...(link.vlans?.values() ?? [])]) this.remove(above);
    (link.owner as NetworkNamespace | undefined)?.removeInterface(link);
    const peer = peers.get(link);
    if (peer === undefined) return;
    peers.delete(link);
    peers.delete(peer);
    detach(peer);
    peer.driver = undefined;
    link.driver = undefined;
    (peer.owner as NetworkNamespace | undefined)?.removeInterface(peer);
  }

  /** Takes an interface in from another namespace, down and without addresses. @throws EEXIST; EINVAL for lo */
  take(link: NetworkInterface, name: string = link.name): void {
    if (link.kind === "loopback" || link.kind === "bridge") throw E.EINVAL;
    if (this.#net.find(name) !== undefined) throw E.EEXIST;
    detach(link);
    opened.delete(link);
    this.#net.addInterface(link, name);
  }

  /** @throws ENODEV, EEXIST, EINVAL, EBUSY, ELOOP */
  change(name: string, { up, mtu, address, master, rename, hairpin }: LinkChanges): void {
    const net = this.#net;
    const link = this.find(name);
    if (mtu !== undefined) {
      if (!(mtu >= 68 && mtu <= 65_536)) throw E.EINVAL;
      link.mtu = mtu;
    }
    if (address !== undefined) link.mac = orInvalid(() => mac(address));
    if (rename !== undefined && rename !== name) {
      demandName(net, rename);
      net.renameInterface(link, rename);
    }
    if (master !== undefined) {
      detach(link);
      if (master !== "") this.#attach(link, this.find(master));
    }
    if (hairpin !== undefined) {
      const port = ports.get(link)?.port;
      if (port === undefined) throw E.EINVAL;
      port.hairpin = hairpin;
    }
    if (up === undefined) return;
    if (up && link === net.lo && link.addresses.length === 0) net.addAddress(link, "127.0.0.1/8");
    if (up) opened.add(link);
    net.setUp(link, up);
  }

  #attach(link: NetworkInterface, to: NetworkInterface): void {
    const bridge = bridges.get(to);
    if (bridge === undefined) throw E.EINVAL;
    if (link.kind === "loopback") throw E.EINVAL;
    if (bridges.has(link)) throw E.ELOOP;
    const port = bridge.attach(link);
    ports.set(link, { bridge, port });
    const { handler } = link;
    if (handler === undefined) return;
    link.handler = (frame) => {
      this.#bridging(() => {
        handler(frame);
      });
    };
  }
}

/** @throws EEXIST, EINVAL */
function demandName(net: NetworkNamespace, name: string): void {
  if (name === "" || name === "." || name === ".." || name.length > longestName || /[\s/:]/.test(name)) throw E.EINVAL;
  if (net.find(name) !== undefined) throw E.EEXIST;
}

function detach(link: NetworkInterface): void {
  ports.get(link)?.bridge.detach(link);
  ports.delete(link);
}
