import { UsageError, type GroupView, type Persist, type TableView, type Viewable, type World } from "../core/index.js";
import type { RouteRequest } from "./ip/configuration.js";
import { filterBridge } from "./ip/bridge-filter.js";
import { IpLayer } from "./ip/ip-layer.js";
import type { PacketFilter } from "./ip/passage.js";
import type { LinuxBridge } from "./link/linux-bridge.js";
import { neighbourRow, type NeighbourEntry } from "./ip/neighbours.js";
import { mainTable, routeRow, type PolicyRule, type RouteType } from "./ip/routes.js";
import type { NetworkInterface } from "./link/interface.js";
import { iptables } from "./netfilter/command.js";
import { Netfilter, type NetfilterState } from "./netfilter/netfilter.js";
import { formatAddress, formatIpv4, formatMac, formatPrefix, type Ipv4, type Mac } from "./packet/address.js";
import { Protocol } from "./packet/packet.js";
import { EchoSocket } from "./socket/echo.js";
import { UdpSocket, UdpStack } from "./socket/udp.js";
import { TcpSocket } from "./tcp/socket.js";
import { TcpStack } from "./tcp/stack.js";

export interface NamespaceOptions {
  /** Whether lo is up from the start, with 127.0.0.1/8. A namespace that Linux makes has it down. Default true. */
  readonly loopback: boolean;
}

/** A namespace's tables as plain data. Interfaces are named, not made; sockets and what is under way are left out. */
export interface NamespaceState {
  readonly forwarding: boolean;
  readonly interfaces: readonly {
    readonly name: string;
    readonly mac: number;
    readonly mtu: number;
    readonly up: boolean;
    readonly addresses: readonly string[];
  }[];
  readonly routes: readonly {
    readonly table: number;
    readonly to: string;
    readonly type: RouteType;
    readonly via: string | null;
    readonly dev: string | null;
    readonly src: string | null;
    readonly metric: number;
  }[];
  readonly rules: readonly PolicyRule[];
  readonly neighbours: readonly NeighbourEntry[];
  readonly netfilter: NetfilterState | null;
}

/**
 * A network namespace: a whole network stack of its own, with interfaces, addresses, routes, neighbours, packet filter, connections
 * and sockets. What it doesn't use yet takes no memory.
 */
export class NetworkNamespace extends IpLayer implements Viewable, Persist<NamespaceState> {
  #netfilter: Netfilter | undefined;
  #tcp: TcpStack | undefined;
  #udp: UdpStack | undefined;

  constructor(world: World, name: string, { loopback = true }: Partial<NamespaceOptions> = {}) {
    super(world, name);
    if (!loopback) return;
    this.addAddress(this.lo, { address: 0x7f00_0001 as Ipv4, length: 8 });
    this.setUp(this.lo);
  }

  /** Packet filter, translation and connection tracking: made, and asked about every packet, from the first use on. */
  get netfilter(): Netfilter {
    this.#netfilter ??= new Netfilter(this);
    this.filter = this.#netfilter;
    return this.#netfilter;
  }

  get tcp(): TcpStack {
    if (this.#tcp === undefined) this.#makeTransports();
    return this.#tcp as TcpStack;
  }

  get udp(): UdpStack {
    if (this.#udp === undefined) this.#makeTransports();
    return this.#udp as UdpStack;
  }

  /** A TCP socket: `socket(AF_INET, SOCK_STREAM, 0)`. */
  tcpSocket(): TcpSocket {
    return new TcpSocket(this.tcp);
  }

  /** A UDP socket: `socket(AF_INET, SOCK_DGRAM, 0)`. */
  udpSocket(): UdpSocket {
    return new UdpSocket(this.udp);
  }

  echoSocket(): EchoSocket {
    return new EchoSocket(this, this.icmp);
  }

  /** A line of iptables(8). @returns what it prints */
  iptables(line: string): string {
    return iptables(this.netfilter, line);
  }

  /** Has packets that stay on a bridge pass the filter, too (br_netfilter). */
  filterBridge(bridge: LinuxBridge): void {
    filterBridge(bridge, this);
  }

  /** What filters here; undefined while nobody does. */
  bridgeFilter(): PacketFilter | undefined {
    return this.filter;
  }

  /** The interface as `ip link` and `ip address` configure it: brings it up, with addresses. */
  configure(changed: NetworkInterface, ...addresses: readonly string[]): void {
    for (const address of addresses) this.addAddress(changed, address);
    this.setUp(changed);
  }

  override receivePacket(...given: Parameters<IpLayer["receivePacket"]>): void {
    // A packet for a port that nobody listens at is answered by the transport, and so there has to be one.
    if (this.#tcp === undefined) this.#makeTransports();
    super.receivePacket(...given);
  }

  /** `ip address`. */
  addressTable(): TableView {
    const columns = ["index", "name", "kind", "state", "mtu", "mac", "addresses", "master"];
    const rows = this.interfaces.map((one) => ({
      index: one.index,
      name: one.name,
      kind: one.kind,
      state: one.up ? "UP" : "DOWN",
      mtu: one.mtu,
      mac: formatMac(one.mac),
      addresses: one.addresses.map(formatAddress).join(", "),
      master: one.master ?? null,
    }));
    return { as: "table", title: `Interfaces of ${this.name}`, columns: columns.map((key) => ({ key })), rows };
  }

  /** `ip route`. */
  routeTable(table: number = mainTable): TableView {
    const columns = ["destination", "type", "via", "dev", "src", "metric"].map((key) => ({ key }));
    return { as: "table", title: `Routes of ${this.name}`, columns, rows: this.routes.list(table).map(routeRow) };
  }

  /** `ip neigh`. */
  neighbourTable(): TableView {
    const columns = ["address", "dev", "mac", "state"].map((key) => ({ key }));
    return {
      as: "table",
      title: `Neighbours of ${this.name}`,
      columns,
      rows: this.neighbours.list().map(neighbourRow),
    };
  }

  /** `conntrack -L`. */
  connectionTable(): TableView {
    const protocols: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp" };
    const end = (address: Ipv4, port: number): string => `${formatIpv4(address)}:${port}`;
    const rows = (this.#netfilter?.conntrack.list() ?? []).map(
      ({ original, reply, tcp, answered, packets, expires }) => ({
        protocol: protocols[original.protocol] ?? original.protocol,
        state: tcp ?? (answered ? "REPLIED" : "UNREPLIED"),
        original: `${end(original.source, original.sourcePort)} → ${end(original.destination, original.destinationPort)}`,
        reply: `${end(reply.source, reply.sourcePort)} → ${end(reply.destination, reply.destinationPort)}`,
        packets,
        timeout: Math.round((expires - this.world.engine.now) / 1e9),
      }),
    );
    const columns = ["protocol", "state", "original", "reply", "packets"].map((key) => ({ key }));
    return {
      as: "table",
      title: `Connections that ${this.name} tracks`,
      columns: [...columns, { key: "timeout", unit: "s" }],
      rows,
    };
  }

  /** `ss -ta`. */
  socketTable(): TableView {
    const columns = ["state", "local", "remote"].map((key) => ({ key }));
    const end = (address: Ipv4, port: number): string => (port === 0 ? "*" : `${formatIpv4(address)}:${port}`);
    const rows = (this.#tcp?.list() ?? []).map(({ state, ends }) => ({
      state,
      local: end(ends.localAddress, ends.localPort),
      remote: end(ends.remoteAddress, ends.remotePort),
    }));
    return { as: "table", title: `TCP sockets of ${this.name}`, columns, rows };
  }

  view(): GroupView {
    return { as: "group", views: [this.addressTable(), this.routeTable(), this.neighbourTable()] };
  }

  save(): NamespaceState {
    return {
      forwarding: this.forwarding,
      interfaces: this.interfaces.map(({ name, mac, mtu, up, addresses }) => ({
        name,
        mac,
        mtu,
        up,
        addresses: addresses.map(formatAddress),
      })),
      routes: this.routes.tables.flatMap((table) =>
        this.routes.list(table).map(({ destination, type, gateway, interface: out, source, metric }) => ({
          table,
          to: formatPrefix(destination),
          type,
          via: gateway === undefined ? null : formatIpv4(gateway),
          dev: out?.name ?? null,
          src: source === undefined ? null : formatIpv4(source),
          metric,
        })),
      ),
      rules: this.routes.rules,
      neighbours: this.neighbours.list(),
      netfilter: this.#netfilter?.save() ?? null,
    };
  }

  /** @throws UsageError where an interface that the state names is missing */
  restore(state: NamespaceState): void {
    this.forwarding = state.forwarding;
    for (const saved of state.interfaces) {
      const own = this.find(saved.name);
      if (own === undefined) {
        throw new UsageError(`${this.name} has no interface "${saved.name}", which the state names`, "Make it first.");
      }
      this.setUp(own, false);
      for (const address of own.addresses) this.removeAddress(own, address);
      own.mac = saved.mac as Mac;
      own.mtu = saved.mtu;
      for (const address of saved.addresses) this.addAddress(own, address);
      this.setUp(own, saved.up);
    }
    for (const table of this.routes.tables) this.routes.remove(() => true, table);
    for (const { to, via, dev, src, ...route } of state.routes) {
      const request: RouteRequest = {
        ...route,
        to,
        via: via ?? undefined,
        dev: dev ?? undefined,
        src: src ?? undefined,
      };
      this.addRoute(request);
    }
    this.routes.rules = state.rules;
    for (const entry of state.neighbours) this.neighbours.restore(this.interface(entry.interface), entry);
    if (state.netfilter !== null) this.netfilter.restore(state.netfilter);
  }

  #makeTransports(): void {
    this.#tcp = new TcpStack(this);
    this.#udp = new UdpStack(this);
    this.handle(Protocol.tcp, this.#tcp);
    this.handle(Protocol.udp, this.#udp);
  }
}
