import type { World } from "../../core/index.js";
import type { NetworkInterface } from "../link/interface.js";
import type { Ipv4 } from "../packet/address.js";
import type { IcmpError, Packet } from "../packet/packet.js";
import type { Errno } from "./errno.js";
import type { Passage } from "./passage.js";

/** How a packet is to be sent, beyond what it says itself. */
export interface SendHow {
  /** The interface that it must leave by (SO_BINDTODEVICE). */
  readonly interface?: NetworkInterface | undefined;
  readonly mark?: number | undefined;
}

/** What a transport protocol does with what comes for it. */
export interface ProtocolHandler {
  receive(packet: Packet, input: NetworkInterface | undefined): void;
  /** An ICMP error came about a packet that was sent from here. */
  error(error: IcmpError, from: Ipv4): void;
}

/** What ICMP, neighbours, filters and sockets see of the namespace that they are in. */
export interface IpStack {
  readonly world: World;
  readonly name: string;
  /** Whether packets sent to `address` are for this namespace. */
  isLocal(address: Ipv4): boolean;
  /** The source address that a packet to `destination` gets; an error where no route leads there. */
  sourceFor(destination: Ipv4, how?: SendHow): Ipv4 | Errno;
  /** The MTU of the way's first link. */
  mtuTo(destination: Ipv4): number;
  /** The address that `out` has for talking to `peer`: one in its network, else its first. */
  addressOn(out: NetworkInterface, peer: Ipv4): Ipv4 | undefined;
  /** Sends a packet of its own. @returns why that was impossible */
  send(packet: Packet, how?: SendHow): Errno | undefined;
  /** Hands an incoming packet, whose destination has been changed, to wherever that is. */
  reroute(passage: Passage): void;
  /** Answers a packet with an ICMP error, where RFC 1122 (3.2.2) allows it. */
  refuse(packet: Packet, type: 3 | 11, code: number, mtu?: number): void;
  /** Whether an interface answers ARP for an address that isn't its own. */
  answersFor(address: Ipv4, on: NetworkInterface): boolean;
  /** A number for a packet's `id`. */
  nextId(): number;
}
