import { ms, UsageError, type World } from "../../core/index.js";
import {
  Bridge,
  Cable,
  DnsServer,
  dummy,
  ethernet,
  formatIpv4,
  HttpServer,
  ipv4,
  NetworkNamespace,
  textResponse,
  Zone,
  type FrameLink,
  type Handler,
  type Ipv4,
} from "../../net/index.js";
import { attempt, netlink, O_CREAT, O_EXCL, O_WRONLY, type Kernel } from "../../os/index.js";
import { encodeUtf8 } from "../../core/index.js";
import { packageRepository } from "../hub/packages/repository.js";

/** A host's access: 100 Mbit/s, 5 ms to whoever answers. Declared, not measured. */
const access = { rate: 100e6, delay: ms(5) };

/** Where hosts are: a provider's shared addresses (RFC 6598), beside everything that Docker and Kubernetes give away. */
const hosts = { gateway: "100.64.0.1", length: 10, first: "100.64.0.2" };
/** The name servers that engines give to containers where their host has none of its own. */
const nameServers = ["8.8.8.8", "8.8.4.4"];
/** Every web site's address (TEST-NET-3, RFC 5737): the name in the request tells them apart. */
const webAddress = "203.0.113.80";

/** The name of the repositories that images are set up for. */
export const repositoryName = "packages.virtlab";

/**
 * What is beyond a host's own network: a provider's switch and router, name servers, and web sites, the packages' repositories among them. It is
 * one network namespace, so that packets, lookups and connections are real; what answers is a handler.
 */
export class Internet {
  readonly stack: NetworkNamespace;
  /** What its name servers know. */
  readonly names: Zone;
  readonly #world: World;
  readonly #switch: Bridge;
  readonly #sites = new Map<string, Handler>();
  readonly #connected = new WeakSet<Kernel>();
  #next: number = ipv4(hosts.first);

  constructor(world: World) {
    this.#world = world;
    this.#switch = new Bridge(world, { name: "provider" });
    const stack = new NetworkNamespace(world, "internet");
    this.stack = stack;
    const router = stack.addInterface(ethernet(world, "eth0"));
    router.plug(this.#plug("router"));
    stack.configure(router, `${hosts.gateway}/${hosts.length}`);
    const own = stack.addInterface(dummy(world, "servers"));
    stack.configure(own, ...[...nameServers, webAddress].map((address) => `${address}/32`));
    this.names = new Zone("");
    // One for each address: a datagram's answer has to come from where it was asked.
    for (const address of nameServers) new DnsServer(stack, { zones: [this.names], address });
    new HttpServer(stack, { port: 80, handler: (request, from) => this.#answer(request, from) });
    this.serve(repositoryName, packageRepository());
  }

  /** Has a web site answer under a name, at port 80. It takes the place of one that is there. */
  serve(name: string, handler: Handler): this {
    const key = name.toLowerCase();
    if (!this.#sites.has(key)) this.names.host(key, webAddress);
    this.#sites.set(key, handler);
    return this;
  }

  /**
   * Connects a host: a card eth0 with an address, a route to everywhere, and the name servers where it has none. What is connected stays as it is.
   * @returns its address
   * @throws UsageError for a host without a network
   */
  connect(kernel: Kernel): Ipv4 | undefined {
    if (this.#connected.has(kernel)) return undefined;
    const { net } = kernel.namespaces;
    if (!net.present) throw new UsageError("this kernel has no network", "Make it with { network: true }.");
    this.#connected.add(kernel);
    const address = this.#next++ as Ipv4;
    const text = formatIpv4(address);
    const { name } = kernel.plug({ link: this.#plug(text) });
    kernel.run(function* (sys) {
      yield* netlink(sys, { type: "RTM_NEWADDR", name, address: `${text}/${hosts.length}` });
      yield* netlink(sys, { type: "RTM_SETLINK", name, set: { up: true } });
      yield* netlink(sys, { type: "RTM_NEWROUTE", to: "default", via: hosts.gateway });
      const file = yield* attempt(sys.open("/etc/resolv.conf", O_WRONLY | O_CREAT | O_EXCL, 0o644));
      if (typeof file !== "number") return;
      yield* sys.write(file, encodeUtf8(nameServers.map((one) => `nameserver ${one}\n`).join("")));
      yield* sys.close(file);
    });
    return address;
  }

  #answer(request: Parameters<Handler>[0], from: Parameters<Handler>[1]): ReturnType<Handler> {
    const name = (request.headers["host"] ?? "").replace(/:\d+$/, "").toLowerCase();
    const site = this.#sites.get(name);
    return site === undefined ? textResponse("no such site\n", 404) : site(request, from);
  }

  /** A cable to the provider's switch. */
  #plug(name: string): FrameLink {
    const cable = new Cable(this.#world, { name, ...access });
    const port = this.#switch.addPort(name, (frame) => {
      send(frame);
    });
    const send = cable.plug((frame) => {
      this.#switch.input(port, frame);
    });
    return cable;
  }
}

const worlds = new WeakMap<World["engine"], Internet>();

/** A world's internet, the same at each call. */
export function internetOf(world: World): Internet {
  let made = worlds.get(world.engine);
  if (made === undefined) worlds.set(world.engine, (made = new Internet(world)));
  return made;
}
