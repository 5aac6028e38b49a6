import { NetworkError } from "./errors.js";

export type PortProtocol = "tcp" | "udp";

/** A container's port at a port of the host. */
export interface PublishedPort {
  readonly containerPort: number;
  readonly protocol: PortProtocol;
  /** "0.0.0.0" for all of the host's addresses. */
  readonly hostIp: string;
  readonly hostPort: number;
}

/** Docker's API: { "80/tcp": [{ HostIp: "", HostPort: "8080" }] }. No HostPort, or 0, is any that is free. */
export type PortBindings = Readonly<
  Record<string, readonly { readonly HostIp?: string | undefined; readonly HostPort?: string | undefined }[]>
>;

/** Docker's API, NetworkSettings.Ports: ports that are exposed and not published have null. */
export type PortMap = Readonly<
  Record<string, readonly { readonly HostIp: string; readonly HostPort: string }[] | null>
>;

/** Where any free port is looked for: net.ipv4.ip_local_port_range. */
const [firstFree, lastFree] = [32_768, 60_999];

/** "80/tcp", "53/udp", "80". @throws NetworkError */
function parsePort(text: string): { readonly port: number; readonly protocol: PortProtocol } {
  const [number = "", protocol = "tcp"] = text.split("/");
  const port = Number(number);
  if (!/^\d+$/.test(number) || port < 1 || port > 65_535)
    throw new NetworkError(400, `invalid port specification: "${text}"`, 'Write a number from 1 to 65535: "80/tcp".');
  if (protocol !== "tcp" && protocol !== "udp")
    throw new NetworkError(400, `invalid proto: ${protocol}`, "Publish tcp or udp: sctp is absent.");
  return { port, protocol };
}

/** Which ports of the host are published, for whom. */
export class Ports {
  readonly #taken: PublishedPort[] = [];

  /** Takes the host's ports for a container's. @throws NetworkError where one is taken; then none is */
  allocate(bindings: PortBindings, container: string): PublishedPort[] {
    const made: PublishedPort[] = [];
    try {
      for (const [key, ends] of Object.entries(bindings)) {
        const { port: containerPort, protocol } = parsePort(key);
        for (const { HostIp = "", HostPort = "" } of ends) {
          const hostIp = HostIp === "" || HostIp === "::" ? "0.0.0.0" : HostIp;
          const hostPort = this.#choose(protocol, hostIp, HostPort, container);
          const taken = { containerPort, protocol, hostIp, hostPort };
          this.#taken.push(taken);
          made.push(taken);
        }
      }
      return made;
    } catch (error) {
      this.release(made);
      throw error;
    }
  }

  release(ports: readonly PublishedPort[]): void {
    for (const port of ports) {
      const at = this.#taken.indexOf(port);
      if (at >= 0) this.#taken.splice(at, 1);
    }
  }

  /** A number, a range "8000-8010" of which the first free one is taken, or nothing for any. */
  #choose(protocol: PortProtocol, hostIp: string, wanted: string, container: string): number {
    const any = wanted === "" || wanted === "0";
    const [from = 0, to = from] = any ? [firstFree, lastFree] : wanted.split("-").map(Number);
    if (!(from >= 1 && to >= from && to <= 65_535))
      throw new NetworkError(400, `invalid hostPort: ${wanted}`, 'Write a port, or a range: "8000-8010".');
    for (let port = from; port <= to; port++) if (this.#isFree(protocol, hostIp, port)) return port;
    const failed = `driver failed programming external connectivity on endpoint ${container}`;
    throw new NetworkError(
      500,
      any || to > from
        ? `${failed}: all ports are allocated`
        : `${failed}: Bind for ${hostIp}:${from} failed: port is already allocated`,
      "Publish another port of the host, or stop who has this one: docker ps shows who.",
    );
  }

  #isFree(protocol: PortProtocol, hostIp: string, port: number): boolean {
    const same = (one: PublishedPort): boolean =>
      one.hostIp === hostIp || one.hostIp === "0.0.0.0" || hostIp === "0.0.0.0";
    return !this.#taken.some((one) => one.hostPort === port && one.protocol === protocol && same(one));
  }
}

/** What a container is told of its ports. */
export function portMap(published: readonly PublishedPort[], exposed: readonly string[]): PortMap {
  const map: Record<string, { readonly HostIp: string; readonly HostPort: string }[] | null> = {};
  for (const key of exposed) map[key] = null;
  for (const { containerPort, protocol, hostIp, hostPort } of published)
    (map[`${containerPort}/${protocol}`] ??= []).push({ HostIp: hostIp, HostPort: String(hostPort) });
  return map;
}
