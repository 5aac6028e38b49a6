import type { Activity } from "../../core/index.js";
import { formatIpv4, type Ipv4 } from "../../net/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { readTextIfThere } from "../runtime/files.js";
import { plug, unplug, useGateway } from "./bridge.js";
import { Catalogue } from "./catalogue.js";
import { NetworkError } from "./errors.js";
import {
  hostnameText,
  hostsText,
  resolvConfText,
  upstreamServers,
  type ContainerFiles,
  type FileOptions,
} from "./files.js";
import { openPort, shutPort } from "./firewall.js";
import { macOf, type Pool } from "./ipam.js";
import { endpointSettings, isUserDefined, type Endpoint, type EndpointSettings, type Network } from "./network.js";
import { portMap, Ports, type PortBindings, type PortMap, type PublishedPort } from "./ports.js";
import { startProxy } from "./proxy.js";
import { endServer, serveNames, type NameTable } from "./resolver.js";
import { randomHex } from "./sandbox.js";

/** A container that runs, as networks see it. */
export interface ContainerEnd extends FileOptions {
  readonly id: string;
  readonly name: string;
  /** Of a task in its network namespace, as the caller sees it. */
  readonly pid: number;
}

/** How a container takes part: `docker network connect`. */
export interface ConnectOptions {
  readonly aliases?: readonly string[] | undefined;
  readonly address?: string | undefined;
  readonly mac?: string | undefined;
}

/** What a container that is connected holds on the host. */
interface Sandbox {
  readonly end: ContainerEnd;
  readonly endpoints: Map<string, Endpoint>;
  resolver: number | undefined;
  published: readonly PublishedPort[];
  exposed: readonly string[];
  /** By which endpoint its ports are published now, and who serves the host's own programs. */
  front: { readonly endpoint: Endpoint; readonly proxies: readonly number[] } | undefined;
  nextInterface: number;
}

export interface NetworkSettings {
  readonly Ports: PortMap;
  readonly Networks: Readonly<Record<string, EndpointSettings>>;
}

/**
 * The networks of an engine, and who is in them. Everything is done by system calls of the task that is handed in, which has to
 * be in the host's network namespace with all rights: netlink, setns(2), sockets. What is remembered here is who is where.
 */
export class Networks extends Catalogue {
  readonly #sandboxes = new Map<string, Sandbox>();
  readonly #ports: Ports = new Ports();

  /**
   * Plugs a container into a network: `docker network connect`, and what a start does for each of its networks.
   * @throws NetworkError; nothing has changed then
   */
  *connect(sys: Sys, name: string, end: ContainerEnd, options: ConnectOptions = {}): Activity<EndpointSettings> {
    const network = this.find(name);
    this.#demandConnectable(network, end, options);
    const sandbox = this.#sandboxOf(end);
    const { pool } = network;
    const endpoint = yield* this.#endpoint(sys, network, pool, sandbox, options);
    try {
      if (network.driver === "bridge") yield* plug(sys, end.pid, endpoint);
    } catch (error) {
      if (pool !== undefined) this.ipam.releaseAddress(pool, endpoint.address);
      yield* unplug(sys, endpoint);
      throw error;
    }
    network.endpoints.set(end.id, endpoint);
    sandbox.endpoints.set(network.id, endpoint);
    this.#sandboxes.set(end.id, sandbox);
    if (isUserDefined(network) && sandbox.resolver === undefined) {
      const hostResolvConf = (yield* readTextIfThere(sys, "/etc/resolv.conf")) ?? "";
      sandbox.resolver = yield* serveNames(sys, end.pid, this.#names(sandbox, hostResolvConf));
    }
    yield* this.#settle(sys, sandbox);
    return endpointSettings(endpoint);
  }

  #demandConnectable(network: Network, end: ContainerEnd, options: ConnectOptions): void {
    const { name, pool } = network;
    if (network.driver === "host")
      throw new NetworkError(
        403,
        "container cannot be disconnected from host network or connected to host network",
        "Run it with --network host.",
      );
    if (network.endpoints.has(end.id))
      throw new NetworkError(
        403,
        `endpoint with name ${end.name} already exists in network ${name}`,
        "It is connected.",
      );
    const others = [...(this.#sandboxes.get(end.id)?.endpoints.values() ?? [])];
    if (others.some((one) => one.network.driver === "null") || (network.driver === "null" && others.length > 0))
      throw new NetworkError(
        400,
        "container cannot be connected to multiple networks with one of the networks in private (none) mode",
        "Disconnect it from none first.",
      );
    if (!isUserDefined(network) && (options.aliases?.length ?? 0) > 0)
      throw new NetworkError(
        400,
        "network-scoped alias is supported only for containers in user defined networks",
        "Make a network: docker network create.",
      );
    if (options.address !== undefined && (pool?.chosen !== true || !isUserDefined(network)))
      throw new NetworkError(
        400,
        "user specified IP address is supported only when connecting to networks with user configured subnets",
        "Make a network with --subnet.",
      );
  }

  #sandboxOf(end: ContainerEnd): Sandbox {
    return (
      this.#sandboxes.get(end.id) ?? {
        end,
        endpoints: new Map(),
        resolver: undefined,
        published: [],
        exposed: [],
        front: undefined,
        nextInterface: 0,
      }
    );
  }

  *#endpoint(
    sys: Sys,
    network: Network,
    pool: Pool | undefined,
    sandbox: Sandbox,
    { aliases = [], address: wanted, mac }: ConnectOptions,
  ): Activity<Endpoint> {
    const { id: container, name: containerName, hostname } = sandbox.end;
    const id = yield* randomHex(sys, 64);
    const port = `veth${yield* randomHex(sys, 7)}`;
    const address = pool === undefined ? (0 as Ipv4) : this.ipam.requestAddress(pool, wanted, network.name);
    return {
      id,
      network,
      container,
      containerName,
      address,
      mac: pool === undefined ? "" : (mac ?? macOf(address)),
      interface: pool === undefined ? "" : `eth${sandbox.nextInterface++}`,
      port,
      aliases,
      names: [...new Set([containerName, ...aliases, container.slice(0, 12), hostname])],
    };
  }

  /** `docker network disconnect`. @throws NetworkError where the container isn't in it */
  *disconnect(sys: Sys, name: string, container: string): Activity<undefined> {
    const network = this.find(name);
    if (network.driver === "host")
      throw new NetworkError(
        403,
        "container cannot be disconnected from host network or connected to host network",
        "Run it in another network.",
      );
    const sandbox = this.#sandboxes.get(container);
    const endpoint = network.endpoints.get(container);
    if (sandbox === undefined || endpoint === undefined)
      throw new NetworkError(
        403,
        `container ${container} is not connected to network ${network.name}`,
        "docker network inspect shows who is.",
      );
    yield* this.#leave(sys, sandbox, endpoint);
    yield* this.#settle(sys, sandbox);
    return undefined;
  }

  *#leave(sys: Sys, sandbox: Sandbox, endpoint: Endpoint): Activity<undefined> {
    const { network } = endpoint;
    if (sandbox.front?.endpoint === endpoint) yield* this.#shut(sys, sandbox);
    yield* unplug(sys, endpoint);
    network.endpoints.delete(sandbox.end.id);
    sandbox.endpoints.delete(network.id);
    if (network.pool !== undefined) this.ipam.releaseAddress(network.pool, endpoint.address);
    return undefined;
  }

  /**
   * Publishes ports of a container that is connected. @param exposed those that its image names, "80/tcp"
   * @throws NetworkError where one is taken
   */
  *publish(sys: Sys, id: string, bindings: PortBindings, exposed: readonly string[] = []): Activity<PortMap> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return portMap([], exposed);
    yield* this.#shut(sys, sandbox);
    this.#ports.release(sandbox.published);
    sandbox.published = this.#ports.allocate(bindings, sandbox.end.name);
    sandbox.exposed = exposed;
    try {
      yield* this.#settle(sys, sandbox);
    } catch (error) {
      this.#ports.release(sandbox.published);
      sandbox.published = [];
      throw error;
    }
    return portMap(sandbox.published, exposed);
  }

  /** A container has ended: its addresses and ports are free, its veths and servers go. */
  *release(sys: Sys, id: string): Activity<undefined> {
    const sandbox = this.#sandboxes.get(id);
    if (sandbox === undefined) return undefined;
    for (const endpoint of [...sandbox.endpoints.values()]) yield* this.#leave(sys, sandbox, endpoint);
    this.#ports.release(sandbox.published);
    if (sandbox.resolver !== undefined) yield* endServer(sys, sandbox.resolver);
    this.#sandboxes.delete(id);
    return undefined;
  }

  /** What a container is told of its networks. */
  settings(id: string): NetworkSettings {
    const sandbox = this.#sandboxes.get(id);
    const entries = [...(sandbox?.endpoints.values() ?? [])].map(
      (endpoint) => [endpoint.network.name, endpointSettings(endpoint)] as const,
    );
    return {
      Ports: portMap(sandbox?.front === undefined ? [] : sandbox.published, sandbox?.exposed ?? []),
      Networks: Object.fromEntries(entries),
    };
  }

  /** The files of /etc for a container, as its networks want them now. @param sys whose /etc/resolv.conf is the host's */
  *files(sys: Sys, end: FileOptions & { readonly id: string }): Activity<ContainerFiles> {
    const endpoints = [...(this.#sandboxes.get(end.id)?.endpoints.values() ?? [])];
    const host = (yield* readTextIfThere(sys, "/etc/resolv.conf")) ?? "";
    const addresses = endpoints
      .filter(({ network }) => network.pool !== undefined)
      .map(({ address }) => formatIpv4(address));
    const embedded = endpoints.some(({ network }) => isUserDefined(network));
    return {
      hostname: hostnameText(end),
      hosts: hostsText(end, addresses),
      resolvConf: resolvConfText(end, host, embedded),
    };
  }

  /** By which endpoint a container reaches the rest of the world: that of the first network, by name, that leads out. */
  #way({ endpoints }: Sandbox): Endpoint | undefined {
    return [...endpoints.values()]
      .filter(({ network }) => network.gateway !== undefined && !network.internal)
      .toSorted((a, b) => (a.network.name < b.network.name ? -1 : 1))[0];
  }

  /** Has the container's default route and its published ports go by the endpoint that they are to go by. */
  *#settle(sys: Sys, sandbox: Sandbox): Activity<undefined> {
    const way = this.#way(sandbox);
    const running = !((yield* attempt(sys.stat(`/proc/${sandbox.end.pid}/ns/net`))) instanceof Errno);
    if (running) yield* useGateway(sys, sandbox.end.pid, way?.network.gateway);
    if (sandbox.front?.endpoint === way && sandbox.front !== undefined) return undefined;
    yield* this.#shut(sys, sandbox);
    if (way === undefined || sandbox.published.length === 0) return undefined;
    const proxies: number[] = [];
    sandbox.front = { endpoint: way, proxies };
    try {
      for (const port of sandbox.published) {
        if (port.protocol === "tcp") proxies.push(yield* startProxy(sys, way.address, port, sandbox.end.name));
        yield* openPort(sys, way.network, way.address, port);
      }
    } catch (error) {
      yield* this.#shut(sys, sandbox);
      throw error;
    }
    return undefined;
  }

  *#shut(sys: Sys, sandbox: Sandbox): Activity<undefined> {
    const { front } = sandbox;
    if (front === undefined) return undefined;
    sandbox.front = undefined;
    for (const port of sandbox.published) yield* shutPort(sys, front.endpoint.network, front.endpoint.address, port);
    for (const pid of front.proxies) yield* endServer(sys, pid);
    return undefined;
  }

  /** What a container may know of others: those in the networks that a user made and that it is in. */
  #names({ endpoints, end }: Sandbox, hostResolvConf: string): NameTable {
    const neighbours = (): Endpoint[] =>
      [...endpoints.values()]
        .filter(({ network }) => isUserDefined(network))
        .flatMap(({ network }) => [...network.endpoints.values()]);
    const called = ({ names, network }: Endpoint, name: string): boolean =>
      names.some((one) => [one, `${one}.${network.name}`].some((known) => known.toLowerCase() === name));
    return {
      addressesOf: (name) =>
        neighbours()
          .filter((endpoint) => called(endpoint, name))
          .map(({ address }) => address),
      nameOf: (address) => {
        const found = neighbours().find((one) => one.address === address);
        return found === undefined ? undefined : `${found.containerName}.${found.network.name}`;
      },
      servers: () =>
        [...endpoints.values()].every(({ network }) => network.internal) ? [] : upstreamServers(end, hostResolvConf),
    };
  }
}
