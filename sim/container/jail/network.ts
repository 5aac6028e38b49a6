import { fail } from "./errno.js";
import type { Prison } from "./prison.js";
import type { Privilege } from "./privileges.js";

export type Family = "AF_UNIX" | "AF_INET" | "AF_ROUTE" | "AF_KEY";
export type SocketType = "SOCK_STREAM" | "SOCK_DGRAM" | "SOCK_RAW";

/** A process, as far as the network asks. */
interface SocketOwner {
  readonly pid: number;
  readonly prison: Prison;
  demand(privilege: Privilege): void;
}

/** An interface with its addresses: one stack for the host and all jails. */
export interface Interface {
  readonly name: string;
  readonly addresses: string[];
}

export class Socket {
  readonly family: Family;
  readonly type: SocketType;
  readonly owner: SocketOwner;
  local: { readonly address: string; readonly port: number } | undefined;
  listening = false;

  constructor(owner: SocketOwner, family: Family, type: SocketType) {
    this.owner = owner;
    this.family = family;
    this.type = type;
  }
}

const any = "0.0.0.0";
const loopback = "127.0.0.1";

/** Whether a prison has an address: prison_check_ip4. */
const owns = ({ prison }: SocketOwner, address: string): boolean =>
  prison.ip4 === undefined || prison.ip4.includes(address);

/**
 * The address that a jail's process really binds, prison_local_ip4: with one address "any" is that one, and the loopback is its first.
 * @throws EADDRNOTAVAIL for an address that isn't the jail's
 */
function localAddress(process: SocketOwner, address: string): string {
  const { ip4 } = process.prison;
  const [first] = ip4 ?? [];
  if (ip4 === undefined || first === undefined) return address;
  if (address === any) return ip4.length === 1 ? first : address;
  if (address === loopback && !ip4.includes(loopback)) return first;
  if (!ip4.includes(address)) fail("EADDRNOTAVAIL");
  return address;
}

/** The one network stack. */
export class Network {
  readonly interfaces: Interface[] = [{ name: "lo0", addresses: [loopback] }];
  readonly sockets: Set<Socket> = new Set();

  /** @throws EAFNOSUPPORT for a family that the jail hasn't; EPERM for a raw socket without the privilege */
  socket(process: SocketOwner, family: Family, type: SocketType): Socket {
    const { prison } = process;
    if (family === "AF_INET" && prison.ip4?.length === 0) fail("EAFNOSUPPORT");
    // Beside these, protocols know nothing of jails: prison_check_af.
    const known = ["AF_UNIX", "AF_INET", "AF_ROUTE"].includes(family);
    if (!known && prison.parent !== undefined && !prison.allows("allow.socket_af")) fail("EAFNOSUPPORT");
    if (family === "AF_INET" && type === "SOCK_RAW") process.demand("NETINET_RAW");
    const made = new Socket(process, family, type);
    this.sockets.add(made);
    return made;
  }

  bind(process: SocketOwner, socket: Socket, address: string, port: number): void {
    const local = localAddress(process, address);
    const there = this.interfaces.some(({ addresses }) => addresses.includes(local));
    if (local !== any && !there) fail("EADDRNOTAVAIL");
    if (port < 1024) process.demand("NETINET_RESERVEDPORT");
    for (const other of this.sockets) {
      if (other === socket || other.local?.port !== port || other.type !== socket.type) continue;
      // "Any" of the host's leaves a jail's own address free, and the other way round: the narrower binding wins.
      if (other.local.address === local) fail("EADDRINUSE");
    }
    socket.local = { address: local, port };
  }

  /** Who listens at an address, as in_pcblookup finds it: the narrowest binding, and of jails those that have the address. */
  listener(process: SocketOwner, address: string, port: number): Socket {
    const { ip4 } = process.prison;
    // The loopback of a jail is its first address: prison_remote_ip4.
    const to = address === loopback && ip4 !== undefined && !ip4.includes(loopback) ? (ip4[0] ?? address) : address;
    const all = [...this.sockets].filter((one) => one.listening && one.local?.port === port && owns(one.owner, to));
    return (
      all.find((one) => one.local?.address === to) ??
      all.find((one) => one.local?.address === any) ??
      fail("ECONNREFUSED")
    );
  }

  /** The addresses that a process sees: prison_if leaves out what isn't its jail's. */
  visible(process: SocketOwner): Interface[] {
    return this.interfaces
      .map(({ name, addresses }) => ({ name, addresses: addresses.filter((one) => owns(process, one)) }))
      .filter(({ addresses }) => process.prison.ip4 === undefined || addresses.length > 0);
  }
}
