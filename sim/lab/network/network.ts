import {
  createWorld,
  UsageError,
  withDefaults,
  type GraphView,
  type Row,
  type TableView,
  type Viewable,
  type World,
} from "../../core/index.js";
import {
  Bridge,
  Cable,
  ethernet,
  formatAddress,
  Medium,
  type FrameLink,
  type LinkOptions,
  type NetworkInterface,
} from "../../net/index.js";
import { Capture } from "./capture.js";
import { NetworkHost } from "./host.js";
import { VirtualNetwork, type Carrier } from "./virtual-network.js";

export interface NetworkOptions {
  /** Whose clock, chance and trace it is on; a world of its own where null. */
  readonly world: World | null;
}

export interface HostOptions {
  /** The address on its first link: "10.0.0.1/24". */
  readonly address: string | null;
  /** The router for all that isn't near. */
  readonly gateway: string | null;
}

export interface SwitchOptions {
  /** Whether it keeps virtual LANs apart; its links then say which. */
  readonly vlanAware: boolean;
}

/** How two are joined: what the cable is like, and what its ends are. */
export interface JoinOptions extends Omit<LinkOptions, "name"> {
  /** Addresses of the two ends, for those that are hosts; of the first alone, where it is a text. */
  readonly address: string | readonly [string | null, string | null] | null;
  readonly mtu: number;
  /** Of a VLAN-aware switch's port: the VLAN of frames without a tag, and those with one. */
  readonly vlan: number;
  readonly trunk: readonly number[];
}

/** A switch by its name. */
export class NetworkSwitch implements Viewable {
  readonly name: string;
  readonly bridge: Bridge;

  constructor(name: string, bridge: Bridge) {
    this.name = name;
    this.bridge = bridge;
  }

  view(): TableView {
    return this.bridge.view();
  }
}

/** A medium by its name: one wire that several hosts share. */
export class NetworkMedium implements Viewable {
  readonly name: string;
  readonly medium: Medium;

  constructor(name: string, medium: Medium) {
    this.name = name;
    this.medium = medium;
  }

  view(): TableView {
    return this.medium.view();
  }
}

export type NetworkNode = NetworkHost | NetworkSwitch | NetworkMedium;

/** Hosts, switches, routers and what joins them. */
export class Network implements Viewable {
  readonly world: World;
  readonly #nodes = new Map<string, NetworkNode>();
  readonly #planned = new Map<NetworkHost, HostOptions>();
  readonly #edges: { readonly from: string; readonly to: string; readonly label: string }[] = [];
  readonly #virtual: VirtualNetwork[] = [];

  constructor({ world }: NetworkOptions) {
    this.world = world ?? createWorld();
  }

  get hosts(): readonly NetworkHost[] {
    return [...this.#nodes.values()].filter((node) => node instanceof NetworkHost);
  }

  /** A computer. @throws UsageError for a name that is taken */
  host(name: string, options?: Partial<HostOptions>): NetworkHost {
    const planned = withDefaults<HostOptions>("host", options, { address: null, gateway: null });
    const host = this.#add(name, new NetworkHost(this.world, name));
    this.#planned.set(host, planned);
    return host;
  }

  /** A computer that passes on what is for others. */
  router(name: string, options?: Partial<HostOptions>): NetworkHost {
    const host = this.host(name, options);
    host.stack.forwarding = true;
    return host;
  }

  switch(name: string, options?: Partial<SwitchOptions>): NetworkSwitch {
    const settings = withDefaults<SwitchOptions>("switch", options, { vlanAware: false });
    return this.#add(name, new NetworkSwitch(name, new Bridge(this.world, { name, ...settings })));
  }

  /** One wire that all who are linked to it share. */
  medium(name: string, options?: Partial<Omit<LinkOptions, "name">>): NetworkMedium {
    return this.#add(name, new NetworkMedium(name, new Medium(this.world, { ...options, name })));
  }

  /**
   * Joins two by a cable, or one to a medium.
   * @throws UsageError for options that make no sense
   */
  link(one: NetworkNode, other: NetworkNode, options: Partial<JoinOptions> = {}): FrameLink {
    const { address = null, mtu = 1500, vlan = 1, trunk = [], ...cable } = options;
    const medium = [one, other].find((node) => node instanceof NetworkMedium)?.medium;
    const link = medium ?? new Cable(this.world, { ...cable, name: `${one.name}–${other.name}` });
    const addresses = typeof address === "string" || address === null ? [address, null] : address;
    for (const [at, node] of [one, other].entries()) {
      if (node instanceof NetworkHost) this.#plugHost(node, link, addresses[at] ?? null, mtu);
      else if (node instanceof NetworkSwitch) {
        const peer = at === 0 ? other : one;
        const name = `${peer.name}${node.bridge.ports.some((port) => port.name === peer.name) ? ` ${node.bridge.ports.length}` : ""}`;
        const send = link.plug((frame) => {
          node.bridge.input(port, frame);
        });
        const port = node.bridge.addPort(name, send, {
          untagged: trunk.length > 0 && options.vlan === undefined ? 0 : vlan,
          tagged: trunk,
        });
      }
    }
    const tags = trunk.length > 0 ? `trunk ${trunk.join(", ")}` : options.vlan === undefined ? "" : `VLAN ${vlan}`;
    this.#edges.push({ from: one.name, to: other.name, label: tags });
    return link;
  }

  /** A network of its own for guests, over this one: `net.virtual("red", { vlan: 10 })`, `{ vxlan: 10 }`. */
  virtual(name: string, carrier: Carrier): VirtualNetwork {
    const made = new VirtualNetwork(name, carrier);
    this.#virtual.push(made);
    return made;
  }

  /** Captures what passes the interfaces of hosts, or one of them: `net.capture(a)`, `net.capture(a, "eth0")`. */
  capture(at: NetworkHost | readonly NetworkHost[], name?: string): Capture {
    const hosts = at instanceof NetworkHost ? [at] : at;
    const interfaces = hosts.flatMap(({ stack }): readonly NetworkInterface[] =>
      name === undefined ? stack.interfaces.filter(({ kind }) => kind !== "loopback") : [stack.interface(name)],
    );
    return new Capture(this.world, interfaces);
  }

  /** Who answers whom: each host asks each address of all, and whoever is there says its name. */
  whoAnswers(hosts: readonly NetworkHost[]): TableView {
    const addresses = [
      ...new Set(
        hosts.flatMap(({ stack }) =>
          stack.interfaces.filter(({ kind }) => kind !== "loopback").flatMap((one) => one.addresses.map(formatAddress)),
        ),
      ),
    ];
    const rows = hosts.map((host): Row => {
      const answers = addresses.map((address) => [address, host.whoIs(address.split("/")[0] ?? "") ?? null] as const);
      return { from: host.name, ...Object.fromEntries(answers) };
    });
    const columns = [{ key: "from", label: "asked by" }, ...addresses.map((key) => ({ key }))];
    return { as: "table", title: "Who answers at which address?", columns, rows };
  }

  /** What is joined to what. */
  view(): GraphView {
    const nodes = [...this.#nodes.values()].map((node) => ({
      id: node.name,
      label: node instanceof NetworkHost ? `${node.name} ${ownAddresses(node)}`.trim() : node.name,
      role: node instanceof NetworkHost ? ("host" as const) : ("network" as const),
    }));
    const guests = this.#virtual.flatMap(({ guests: all }) =>
      all.map((guest) => ({ id: guest.name, label: `${guest.name} ${ownAddresses(guest)}`, role: "guest" as const })),
    );
    const edges = this.#edges.map(({ from, to, label }) => (label === "" ? { from, to } : { from, to, label }));
    const inside = this.#virtual.flatMap((network) =>
      network.guests.flatMap((guest, at) =>
        network.guests.slice(at + 1).map((peer) => ({ from: guest.name, to: peer.name, label: network.name })),
      ),
    );
    const caption = `${nodes.length} nodes, ${edges.length} links; seed ${this.world.seed}`;
    return {
      as: "graph",
      title: "What is joined to what",
      caption,
      nodes: [...nodes, ...guests],
      edges: [...edges, ...inside],
    };
  }

  #plugHost(host: NetworkHost, link: FrameLink, address: string | null, mtu: number): void {
    const { stack } = host;
    const number = stack.interfaces.filter(({ kind }) => kind === "ethernet").length;
    const plugged = stack.addInterface(ethernet(this.world, `eth${number}`));
    plugged.mtu = mtu;
    plugged.plug(link);
    const planned = number === 0 ? this.#planned.get(host) : undefined;
    const given = address ?? planned?.address ?? null;
    if (given === null) stack.configure(plugged);
    else stack.configure(plugged, given);
    if (typeof planned?.gateway === "string") host.route("default", planned.gateway);
  }

  #add<N extends NetworkNode>(name: string, node: N): N {
    if (this.#nodes.has(name))
      throw new UsageError(`there is a "${name}" on this network already`, "Give another name.");
    this.#nodes.set(name, node);
    return node;
  }
}

const ownAddresses = ({ stack }: NetworkHost): string =>
  stack.interfaces
    .filter(({ kind }) => kind !== "loopback")
    .flatMap(({ addresses }) => addresses.map(formatAddress))
    .join(", ");

/** A network to experiment on, in a world of its own unless one is given. */
export function network(options?: Partial<NetworkOptions>): Network {
  return new Network(withDefaults<NetworkOptions>("network", options, { world: null }));
}
