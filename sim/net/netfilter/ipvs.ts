import { UsageError, type Row } from "../../core/index.js";
import { formatIpv4, ipv4, type Ipv4 } from "../packet/address.js";
import { Protocol, type Packet } from "../packet/packet.js";

/** How a virtual server chooses among its real ones (ipvsadm(8)): in turn, fewest connections for its weight, by the source's hash. */
export type IpvsScheduler = "rr" | "lc" | "sh";

export interface RealServer {
  readonly address: Ipv4;
  readonly port: number;
  weight: number;
  /** Connections that live. */
  active: number;
  /** Connections that it was given. */
  served: number;
}

export interface VirtualServer {
  readonly protocol: "tcp" | "udp";
  readonly address: Ipv4;
  readonly port: number;
  readonly scheduler: IpvsScheduler;
  readonly servers: RealServer[];
  /** Where rr stands. */
  turn: number;
}

/** An address with a port: "10.96.0.10:53". @throws UsageError for what is none */
function endpoint(text: string): { readonly address: Ipv4; readonly port: number } {
  const [address = "", port = ""] = text.split(":");
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65_535) return { address: ipv4(address), port: Number(port) };
  throw new UsageError(`"${text}" is no address with a port`, 'Give both, as "10.96.0.1:443".');
}

const number: Readonly<Record<"tcp" | "udp", number>> = { tcp: Protocol.tcp, udp: Protocol.udp };

/**
 * Virtual servers (IPVS): found by one look-up of protocol, address and port, however many there are. Connections are translated by
 * the namespace's connection tracking; that IPVS keeps a table of its own is left out.
 */
export class Ipvs {
  readonly #servers = new Map<string, VirtualServer>();

  get servers(): readonly VirtualServer[] {
    return [...this.#servers.values()];
  }

  /** `ipvsadm -A -t ADDRESS:PORT -s SCHEDULER`. @throws UsageError where there is one already */
  add(protocol: "tcp" | "udp", at: string, scheduler: IpvsScheduler = "rr"): VirtualServer {
    const { address, port } = endpoint(at);
    const key = this.#key(number[protocol], address, port);
    if (this.#servers.has(key))
      throw new UsageError(`there is a virtual server ${protocol} ${at} already`, "Remove it first.");
    const server: VirtualServer = { protocol, address, port, scheduler, servers: [], turn: 0 };
    this.#servers.set(key, server);
    return server;
  }

  /** `ipvsadm -a … -r ADDRESS:PORT -m -w WEIGHT`. */
  addReal(to: VirtualServer, at: string, weight = 1): RealServer {
    const real: RealServer = { ...endpoint(at), weight, active: 0, served: 0 };
    to.servers.push(real);
    return real;
  }

  /** `ipvsadm -D -t ADDRESS:PORT`. */
  remove({ protocol, address, port }: VirtualServer): void {
    this.#servers.delete(this.#key(number[protocol], address, port));
  }

  /** `ipvsadm -d -t … -r ADDRESS:PORT`: it gets no more connections, and keeps those that it has. */
  removeReal({ servers }: VirtualServer, at: string): void {
    const gone = endpoint(at);
    const place = servers.findIndex(({ address, port }) => address === gone.address && port === gone.port);
    if (place >= 0) servers.splice(place, 1);
  }

  /** The virtual server at "10.96.0.1:443". @throws UsageError for what is no address with a port */
  at(protocol: "tcp" | "udp", at: string): VirtualServer | undefined {
    const { address, port } = endpoint(at);
    return this.#servers.get(this.#key(number[protocol], address, port));
  }

  /** The virtual server that a packet is for. */
  find({ protocol, destination, payload }: Packet): VirtualServer | undefined {
    if (payload.kind !== "tcp" && payload.kind !== "udp") return undefined;
    return this.#servers.get(this.#key(protocol, destination, payload.destinationPort));
  }

  /** The real server for a new connection; undefined where none has any weight. */
  choose(server: VirtualServer, source: Ipv4): RealServer | undefined {
    const able = server.servers.filter(({ weight }) => weight > 0);
    switch (server.scheduler) {
      case "rr":
        return able[server.turn++ % Math.max(1, able.length)];
      case "lc":
        return able.reduce<RealServer | undefined>(
          (best, real) => (best === undefined || real.active / real.weight < best.active / best.weight ? real : best),
          undefined,
        );
      case "sh":
        // Fibonacci hashing, as ip_vs_sh_hashkey does it.
        return able[(Math.imul(source, 2_654_435_761) >>> 16) % Math.max(1, able.length)];
    }
  }

  rows(): readonly Row[] {
    return this.servers.flatMap(({ protocol, address, port, scheduler, servers }) =>
      servers.map((real) => ({
        service: `${protocol} ${formatIpv4(address)}:${port}`,
        scheduler,
        server: `${formatIpv4(real.address)}:${real.port}`,
        weight: real.weight,
        active: real.active,
        served: real.served,
      })),
    );
  }

  #key(protocol: number, address: Ipv4, port: number): string {
    return `${protocol} ${address}:${port}`;
  }
}
