import type { Activity } from "../../core/index.js";
import { prefix, type Ipv4 } from "../../net/index.js";
import { netlink, type Sys } from "../../os/index.js";
import { writeText } from "../runtime/files.js";
import { timestamp } from "../timestamp.js";
import { raiseBridge, razeBridge } from "./bridge.js";
import { NetworkError } from "./errors.js";
import { raiseFirewall } from "./firewall.js";
import { Ipam, type Pool } from "./ipam.js";
import {
  inspectNetwork,
  isUserDefined,
  predefined,
  type DriverName,
  type Network,
  type NetworkInspect,
  type NetworkOptions,
} from "./network.js";
import { randomHex } from "./sandbox.js";

/** What docker0 is told: libnetwork's options of the default bridge. */
const defaultBridge: Readonly<Record<string, string>> = {
  "com.docker.network.bridge.default_bridge": "true",
  "com.docker.network.bridge.enable_icc": "true",
  "com.docker.network.bridge.enable_ip_masquerade": "true",
  "com.docker.network.bridge.host_binding_ipv4": "0.0.0.0",
  "com.docker.network.bridge.name": "docker0",
  "com.docker.network.driver.mtu": "1500",
};

const missing = (name: string): NetworkError =>
  new NetworkError(404, `network ${name} not found`, "docker network ls shows those that there are.");

/** The networks that there are: made, found, shown, removed. */
export class Catalogue {
  readonly #networks = new Map<string, Network>();
  readonly ipam: Ipam = new Ipam();

  /** Brings up docker0, with the rules that all networks share. @param pool docker0's own (`bip`), else the first that is free */
  *start(sys: Sys, subnet?: string): Activity<undefined> {
    yield* writeText(sys, "/proc/sys/net/ipv4/ip_forward", "1");
    yield* raiseFirewall(sys);
    yield* this.#make(sys, { name: "none", driver: "null" });
    yield* this.#make(sys, { name: "host", driver: "host" });
    yield* this.#make(sys, { name: "bridge", options: defaultBridge, ipam: { subnet } });
    return undefined;
  }

  /** Those that there are, by name. */
  list(): readonly Network[] {
    return [...this.#networks.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  /** By name, id or the beginning of an id. @throws NetworkError */
  find(name: string): Network {
    const all = this.list();
    const exact = all.find((one) => one.name === name || one.id === name);
    if (exact !== undefined) return exact;
    const begun = all.filter(({ id }) => name !== "" && id.startsWith(name));
    if (begun.length > 1)
      throw new NetworkError(
        400,
        `network ${name} is ambiguous (${begun.length} matches found based on ID prefix)`,
        "Give more of the id, or the name.",
      );
    const [only] = begun;
    if (only === undefined) throw missing(name);
    return only;
  }

  inspect(name: string): NetworkInspect {
    return inspectNetwork(this.find(name));
  }

  /** `docker network create`. @throws NetworkError */
  *create(sys: Sys, options: NetworkOptions): Activity<Network> {
    const { name, driver = "bridge" } = options;
    if (predefined.has(name))
      throw new NetworkError(403, `operation is not permitted on predefined ${name} network`, "Choose another name.");
    if (!/^[A-Za-z0-9][\w.-]*$/.test(name))
      throw new NetworkError(
        400,
        `invalid network name "${name}": only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`,
        "Choose a name of letters, digits, _, . and -.",
      );
    if (driver === "host" || driver === "null")
      throw new NetworkError(403, `only one instance of "${driver}" network is allowed`, "It is there already.");
    if (driver !== "bridge")
      throw new NetworkError(
        404,
        `could not find plugin ${driver} in v1 plugin registry: plugin not found`,
        "There are the drivers bridge, host and null: overlay, macvlan and ipvlan are absent.",
      );
    if ([...this.#networks.values()].some((one) => one.name === name))
      throw new NetworkError(
        409,
        `network with name ${name} already exists`,
        "Choose another name, or remove that one.",
      );
    return yield* this.#make(sys, options);
  }

  *#make(sys: Sys, options: NetworkOptions): Activity<Network> {
    const { name, driver = "bridge", ipam = {}, options: given = {} } = options;
    const id = yield* randomHex(sys, 64);
    let pool: Pool | undefined;
    let gateway: Ipv4 | undefined;
    const bridge = given["com.docker.network.bridge.name"] ?? `br-${id.slice(0, 12)}`;
    if (driver === "bridge") {
      const links = yield* netlink(sys, { type: "RTM_GETLINK" });
      if (links.some((link) => link.name === bridge))
        throw new NetworkError(409, `networks have same bridge name ${bridge}`, "Choose another name for the bridge.");
      const routes = yield* netlink(sys, { type: "RTM_GETROUTE" });
      const known = routes.filter(({ to, kind }) => to !== "default" && kind === "unicast").map(({ to }) => prefix(to));
      pool = this.ipam.requestPool(ipam, known);
      try {
        gateway = this.ipam.requestAddress(pool, ipam.gateway, name);
      } catch (error) {
        this.ipam.releasePool(pool);
        throw error;
      }
    }
    const network: Network = {
      id,
      name,
      driver: driver as DriverName,
      created: timestamp(yield* sys.clock_gettime("CLOCK_REALTIME")),
      internal: options.internal ?? false,
      attachable: options.attachable ?? false,
      options: given,
      labels: options.labels ?? {},
      pool,
      request: ipam,
      gateway,
      bridge,
      endpoints: new Map(),
    };
    if (driver === "bridge") yield* raiseBridge(sys, network);
    this.#networks.set(id, network);
    return network;
  }

  /** `docker network rm`. @throws NetworkError */
  *remove(sys: Sys, name: string): Activity<Network> {
    const network = this.find(name);
    if (predefined.has(network.name))
      throw new NetworkError(
        403,
        `${network.name} is a pre-defined network and cannot be removed`,
        "Remove networks that you made.",
      );
    if (network.endpoints.size > 0)
      throw new NetworkError(
        403,
        `error while removing network: network ${network.name} id ${network.id} has active endpoints`,
        "Stop its containers, or disconnect them.",
      );
    yield* razeBridge(sys, network);
    if (network.pool !== undefined) this.ipam.releasePool(network.pool);
    this.#networks.delete(network.id);
    return network;
  }

  /** `docker network prune`: removes those that a user made and nobody is in. @param keeps those that aren't to go */
  *prune(sys: Sys, keeps: (network: Network) => boolean = () => false): Activity<readonly Network[]> {
    const gone = this.list().filter((one) => isUserDefined(one) && one.endpoints.size === 0 && !keeps(one));
    for (const { id } of gone) yield* this.remove(sys, id);
    return gone;
  }
}
