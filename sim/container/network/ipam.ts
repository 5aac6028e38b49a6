import {
  broadcastOf,
  formatIpv4,
  formatPrefix,
  networkOf,
  parseIpv4,
  within,
  type Ipv4,
  type Prefix,
} from "../../net/index.js";
import { NetworkError } from "./errors.js";

/** Addresses of one network: where they come from, and which are taken. */
export interface Pool {
  readonly subnet: Prefix;
  /** What addresses are chosen from; one that is asked for may lie outside. */
  readonly range: Prefix;
  /** Whether a user named the subnet: only then may an address be asked for. */
  readonly chosen: boolean;
  readonly taken: Set<Ipv4>;
}

/** What `docker network create` says of addresses. */
export interface PoolRequest {
  /** "10.1.0.0/16" */
  readonly subnet?: string | undefined;
  /** A part of the subnet that addresses are chosen from. */
  readonly range?: string | undefined;
  readonly gateway?: string | undefined;
  /** Addresses that are others' (--aux-address). */
  readonly reserved?: readonly string[] | undefined;
}

/** Docker's default-address-pools: 172.17.0.0/16 to 172.31.0.0/16, then sixteen of 192.168.0.0/16 with 20 bits. */
const defaults: readonly Prefix[] = [
  ...Array.from({ length: 15 }, (_, at) => ({ network: at, length: 16 })).map(({ network, length }) => ({
    network: (0xac11_0000 + network * 0x1_0000) as Ipv4,
    length,
  })),
  ...Array.from({ length: 16 }, (_, at) => ({ network: (0xc0a8_0000 + at * 0x1000) as Ipv4, length: 20 })),
];

const overlap = (a: Prefix, b: Prefix): boolean => within(a.network, b) || within(b.network, a);

/** @throws NetworkError for what is no network's address */
function parseSubnet(text: string, what: string): Prefix {
  const [host = "", tail = ""] = text.split("/");
  const address = parseIpv4(host);
  const length = Number(tail);
  if (address === undefined || !/^\d{1,2}$/.test(tail) || length > 32)
    throw new NetworkError(400, `invalid ${what} ${text}: invalid CIDR block notation`, 'Write it as "10.1.0.0/16".');
  const network = networkOf(address, length);
  if (network !== address) {
    const meant = formatPrefix({ network, length });
    throw new NetworkError(
      400,
      `invalid network config:\ninvalid ${what} ${text}: it should be ${meant}`,
      `Write ${meant}.`,
    );
  }
  return { network, length };
}

/** @throws NetworkError for what is no address */
function parseAddress(text: string, what: string): Ipv4 {
  const address = parseIpv4(text);
  if (address === undefined) throw new NetworkError(400, `invalid ${what} address: ${text}`, 'Write it as "10.1.0.5".');
  return address;
}

/** libnetwork's ipam: pools that don't overlap, and in each the lowest address that is free. */
export class Ipam {
  readonly #pools = new Set<Pool>();

  /**
   * A pool for a new network. Without a subnet it is the first default pool that overlaps neither another network nor a route of
   * the host.
   * @throws NetworkError
   */
  requestPool({ subnet, range, reserved = [] }: PoolRequest, routes: readonly Prefix[]): Pool {
    if (subnet === undefined && range !== undefined)
      throw new NetworkError(400, `no matching subnet for range ${range}`, "Give --subnet as well.");
    const others = [...this.#pools].map((pool) => pool.subnet);
    let found: Prefix | undefined;
    if (subnet !== undefined) {
      found = parseSubnet(subnet, "subnet");
      if (others.some((other) => overlap(other, found as Prefix)))
        throw new NetworkError(
          403,
          "invalid pool request: Pool overlaps with other one on this address space",
          "Choose a subnet that no other network has: docker network inspect shows them.",
        );
    } else found = defaults.find((one) => ![...others, ...routes].some((other) => overlap(other, one)));
    if (found === undefined)
      throw new NetworkError(
        500,
        "all predefined address pools have been fully subnetted",
        "Remove networks that nobody uses (docker network prune), or give --subnet.",
      );
    const part = range === undefined ? found : parseSubnet(range, "ip-range");
    if (!within(part.network, found) || part.length < found.length)
      throw new NetworkError(
        400,
        `no matching subnet for range ${range ?? ""}`,
        `Choose a part of ${formatPrefix(found)}.`,
      );
    // A network's own address and its broadcast address are nobody's, but where it has no others (RFC 3021).
    const ends = found.length >= 31 ? [] : [found.network, broadcastOf(found.network, found.length)];
    const pool: Pool = { subnet: found, range: part, chosen: subnet !== undefined, taken: new Set(ends) };
    for (const address of reserved) pool.taken.add(parseAddress(address, "auxiliary"));
    this.#pools.add(pool);
    return pool;
  }

  releasePool(pool: Pool): void {
    this.#pools.delete(pool);
  }

  /** @param owner named where there is none left @throws NetworkError for one that is taken, or lies elsewhere */
  requestAddress(pool: Pool, wanted: string | undefined, owner: string): Ipv4 {
    const { subnet, range, taken } = pool;
    if (wanted !== undefined) {
      const address = parseAddress(wanted, "IPv4");
      if (!within(address, subnet))
        throw new NetworkError(
          400,
          `no configured subnet contains IP address ${wanted}`,
          `Choose one of ${formatPrefix(subnet)}.`,
        );
      if (taken.has(address))
        throw new NetworkError(403, "Address already in use", "Choose another, or leave it to Docker.");
      taken.add(address);
      return address;
    }
    const size = 2 ** (32 - range.length);
    for (let at = 0; at < size; at++) {
      const address = (range.network + at) as Ipv4;
      if (taken.has(address)) continue;
      taken.add(address);
      return address;
    }
    throw new NetworkError(
      500,
      `no available IPv4 addresses on this network's address pools: ${owner}`,
      `All of ${formatPrefix(range)} are taken: disconnect somebody, or make a larger network.`,
    );
  }

  releaseAddress(pool: Pool, address: Ipv4): void {
    pool.taken.delete(address);
  }
}

/** The Ethernet address of an endpoint: 02:42 and its IPv4 address, so that it is the same each time. */
export const macOf = (address: Ipv4): string =>
  ["02", "42", ...[24, 16, 8, 0].map((shift) => ((address >>> shift) & 255).toString(16).padStart(2, "0"))].join(":");

export const textOfAddress = (address: Ipv4, { length }: Prefix): string => `${formatIpv4(address)}/${length}`;
