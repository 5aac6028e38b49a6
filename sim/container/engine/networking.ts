import type { Activity } from "../../core/index.js";
import type { Sys } from "../../os/index.js";
import type { ConnectOptions, ContainerEnd, Networks } from "../network/networks.js";
import type { NetworkInspect, NetworkOptions } from "../network/network.js";
import { writeText } from "../runtime/files.js";
import type { Container } from "./container.js";
import { conflict } from "./errors.js";
import type { EngineHost } from "./host.js";

/** Whether a container has a place in networks of its own; in modes "none", "host" and "container:NAME" it has none. */
const isConnected = ({ host }: Container): boolean =>
  host.NetworkMode !== "none" && host.NetworkMode !== "host" && !host.NetworkMode.startsWith("container:");

/** The network that a container's mode names. */
export const modeNetwork = (mode: string): string => (mode === "default" ? "bridge" : mode);

function endOf({ id, name, config, host }: Container, pid: number): ContainerEnd {
  const { Hostname: hostname, Domainname: domainname } = config;
  return { id, name, pid, hostname, domainname, extraHosts: host.ExtraHosts, dns: host.Dns };
}

/** Writes what the networks want into the files that lie over /etc/hosts, /etc/hostname and /etc/resolv.conf. */
function* writeFiles(sys: Sys, networks: Networks, end: ContainerEnd, directory: string): Activity<undefined> {
  const { hostname, hosts, resolvConf } = yield* networks.files(sys, end);
  yield* writeText(sys, `${directory}/hostname`, hostname, true);
  yield* writeText(sys, `${directory}/hosts`, hosts, true);
  return yield* writeText(sys, `${directory}/resolv.conf`, resolvConf, true);
}

/**
 * Connects a container that has its namespaces and doesn't run yet to its networks, and publishes its ports.
 * @param sys of a task in the host's network namespace, with all rights, that is the parent of what serves the container
 * @throws NetworkError; the container is in no network then
 */
export function* join(sys: Sys, host: EngineHost, container: Container, pid: number): Activity<undefined> {
  const { networks } = host;
  if (networks === undefined || !isConnected(container)) return undefined;
  const end = endOf(container, pid);
  try {
    for (const [network, options] of container.endpoints) yield* networks.connect(sys, network, end, options);
    const exposed = Object.keys(container.config.ExposedPorts);
    const { PortBindings, PublishAllPorts } = container.host;
    const free = PublishAllPorts ? Object.fromEntries(exposed.map((port) => [port, [{}]])) : {};
    yield* networks.publish(sys, container.id, { ...free, ...PortBindings }, exposed);
    yield* writeFiles(sys, networks, end, host.containerDirectory(container.id));
  } catch (error) {
    yield* networks.release(sys, container.id);
    throw error;
  }
  return undefined;
}

/** Takes a container that has ended, or couldn't begin, out of its networks. */
export function* leave(sys: Sys, { networks }: EngineHost, { id }: Container): Activity<undefined> {
  if (networks !== undefined) yield* networks.release(sys, id);
  return undefined;
}

/** The verbs about networks: `docker network`. Every one throws NetworkError or EngineError, in Docker's words. */
export class Networking {
  readonly #host: EngineHost;
  readonly #find: (name: string) => Container;

  constructor(host: EngineHost, find: (name: string) => Container) {
    this.#host = host;
    this.#find = find;
  }

  get #networks(): Networks {
    const { networks } = this.#host;
    if (networks !== undefined) return networks;
    throw conflict("this engine was made without networks", "Make it with { networks: true }.");
  }

  *create(options: NetworkOptions): Activity<NetworkInspect> {
    const networks = this.#networks;
    const { id, name, driver } = yield* this.#host.serve((sys) => networks.create(sys, options));
    this.#host.events.emit("network", "create", id, { name, type: driver });
    return networks.inspect(id);
  }

  *remove(name: string): Activity<undefined> {
    const networks = this.#networks;
    const gone = yield* this.#host.serve((sys) => networks.remove(sys, name));
    this.#host.events.emit("network", "destroy", gone.id, { name: gone.name, type: gone.driver });
    return undefined;
  }

  /** @returns the names of those that are gone: nobody was in them, and a user had made them */
  *prune(): Activity<string[]> {
    const networks = this.#networks;
    const gone = yield* this.#host.serve((sys) => networks.prune(sys));
    return gone.map(({ name }) => name);
  }

  /** All, by name. */
  list(): NetworkInspect[] {
    return this.#networks.list().map(({ id }) => this.inspect(id));
  }

  inspect(name: string): NetworkInspect {
    return this.#networks.inspect(name);
  }

  /** Puts a container into a further network: at once where it runs, and at each of its starts. */
  *connect(name: string, to: string, options: ConnectOptions = {}): Activity<undefined> {
    const networks = this.#networks;
    const container = this.#find(name);
    const network = networks.find(to);
    if (container.isRunning) {
      const end = endOf(container, container.state.pid);
      const directory = this.#host.containerDirectory(container.id);
      yield* this.#host.serve(function* (sys): Activity<undefined> {
        yield* networks.connect(sys, network.id, end, options);
        return yield* writeFiles(sys, networks, end, directory);
      });
    }
    container.endpoints.set(network.name, options);
    this.#tell("connect", network, container);
    return undefined;
  }

  *disconnect(name: string, from: string): Activity<undefined> {
    const networks = this.#networks;
    const container = this.#find(name);
    const network = networks.find(from);
    if (container.isRunning) yield* this.#host.serve((sys) => networks.disconnect(sys, network.id, container.id));
    container.endpoints.delete(network.name);
    this.#tell("disconnect", network, container);
    return undefined;
  }

  #tell(action: string, { id, name, driver }: ReturnType<Networks["find"]>, container: Container): void {
    this.#host.events.emit("network", action, id, { container: container.id, name, type: driver });
  }
}
