import { s, UsageError, type Activity, type Nanos, type Process, type TableView } from "../../core/index.js";
import { isErrno } from "../ip/errno.js";
import type { NetworkInterface } from "../link/interface.js";
import type { NetworkNamespace } from "../namespace.js";
import {
  anyIpv4,
  broadcastIpv4,
  formatIpv4,
  formatMac,
  ipv4,
  netmask,
  type Ipv4,
  type Mac,
} from "../packet/address.js";
import type { UdpSocket } from "../socket/udp.js";
import { decodeDhcp, encodeDhcp, type DhcpMessage } from "./message.js";

export interface DhcpServerOptions {
  /** The interface whose network it serves; its first address is the server's. */
  readonly interface: string;
  /** The first and the last address that it gives. */
  readonly range: readonly [string, string];
  readonly router?: string | undefined;
  readonly nameServers?: readonly string[];
  readonly domain?: string | undefined;
  /** How long an address is given for. Default one hour. */
  readonly lease?: Nanos;
  /** Addresses that are kept for Ethernet addresses. */
  readonly reserved?: ReadonlyMap<Mac, string>;
}

export interface Lease {
  readonly client: Mac;
  readonly address: Ipv4;
  readonly hostName: string | undefined;
  readonly until: number;
}

/** A DHCP server (RFC 2131) for one network. It doesn't probe an address before it gives it. */
export class DhcpServer {
  readonly #namespace: NetworkNamespace;
  readonly #options: DhcpServerOptions;
  readonly #on: NetworkInterface;
  readonly #socket: UdpSocket;
  readonly #process: Process<void>;
  readonly #leases = new Map<Mac, Lease>();

  /** Begins to serve. @throws UsageError where the interface has no address, or the port is taken */
  constructor(namespace: NetworkNamespace, options: DhcpServerOptions) {
    this.#namespace = namespace;
    this.#options = options;
    this.#on = namespace.interface(options.interface);
    if (this.#on.addresses.length === 0) {
      throw new UsageError(`${options.interface} has no address`, "Give it one of the network that it serves, first.");
    }
    this.#socket = namespace.udpSocket();
    this.#socket.device = this.#on;
    this.#socket.reuseAddress = true;
    const failed = this.#socket.bind(anyIpv4, 67);
    if (failed !== undefined)
      throw new UsageError(`${namespace.name} cannot serve DHCP: ${failed}`, "Stop who has port 67.");
    this.#process = namespace.world.engine.spawn(this.#serve(), {
      name: `DHCP of ${namespace.name}`,
      background: true,
    });
  }

  get leases(): readonly Lease[] {
    const { now } = this.#namespace.world.engine;
    return [...this.#leases.values()].filter(({ until }) => until > now);
  }

  stop(): void {
    this.#process.cancel();
    this.#socket.close();
  }

  view(): TableView {
    const rows = this.leases.map(({ client, address, hostName, until }) => ({
      client: formatMac(client),
      address: formatIpv4(address),
      hostName: hostName ?? null,
      left: Math.round((until - this.#namespace.world.engine.now) / 1e9),
    }));
    const columns = [
      { key: "client" },
      { key: "address" },
      { key: "hostName", label: "host" },
      { key: "left", unit: "s" },
    ];
    return { as: "table", title: `Addresses that ${this.#namespace.name} has given`, columns, rows };
  }

  *#serve(): Activity<void> {
    for (;;) {
      const got = yield* this.#socket.receive();
      if (isErrno(got)) return;
      const message = decodeDhcp(got.data);
      const answer = message === undefined ? undefined : this.#answer(message);
      if (answer !== undefined) this.#socket.send(encodeDhcp(answer), broadcastIpv4, 68);
    }
  }

  #answer(message: DhcpMessage): DhcpMessage | undefined {
    const { client, type } = message;
    const own = this.#on.addresses[0];
    if (own === undefined) return undefined;
    const { lease = s(3600), router, nameServers = [], domain } = this.#options;
    const reply = (kind: "OFFER" | "ACK" | "NAK", yourAddress: Ipv4): DhcpMessage => ({
      type: kind,
      transaction: message.transaction,
      client,
      clientAddress: message.clientAddress,
      yourAddress,
      server: own.address,
      mask: netmask(own.length),
      routers: router === undefined ? [] : [ipv4(router)],
      nameServers: nameServers.map(ipv4),
      domain,
      lease: Math.round(lease / 1e9),
    });
    if (type === "RELEASE") this.#leases.delete(client);
    if (type === "DISCOVER") {
      const address = this.#choose(client);
      return address === undefined ? undefined : reply("OFFER", address);
    }
    if (type !== "REQUEST" || (message.server !== undefined && message.server !== own.address)) return undefined;
    const wanted = message.requested ?? message.clientAddress;
    if (wanted !== this.#choose(client, wanted)) return reply("NAK", anyIpv4);
    const until = this.#namespace.world.engine.now + lease;
    this.#leases.set(client, { client, address: wanted, hostName: message.hostName, until });
    return reply("ACK", wanted);
  }

  /** The address that is kept for a client, that it has, that it wants, or the first that is free. */
  #choose(client: Mac, wanted?: Ipv4): Ipv4 | undefined {
    const reserved = this.#options.reserved?.get(client);
    if (reserved !== undefined) return ipv4(reserved);
    const { now } = this.#namespace.world.engine;
    const had = this.#leases.get(client);
    if (had !== undefined && had.until > now) return had.address;
    const kept = [...(this.#options.reserved?.values() ?? [])].map(ipv4);
    const taken = new Set([...this.leases.map(({ address }) => address), ...kept]);
    const [first, last] = this.#options.range.map(ipv4) as [Ipv4, Ipv4];
    const free = (address: Ipv4): boolean => address >= first && address <= last && !taken.has(address);
    if (wanted !== undefined && free(wanted)) return wanted;
    for (let address = first; address <= last; address++) if (free(address)) return address;
    return undefined;
  }
}
