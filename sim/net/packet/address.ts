import { UsageError } from "../../core/index.js";

declare const kind: unique symbol;

/** An Ethernet address: 48 bits as a number. */
export type Mac = number & { readonly [kind]: "mac" };
/** An IPv4 address: 32 bits as a number from 0, so that it is compared, masked and looked up as one. */
export type Ipv4 = number & { readonly [kind]: "ipv4" };

/** A network: all addresses whose first `length` bits are those of `network`. */
export interface Prefix {
  readonly network: Ipv4;
  readonly length: number;
}

/** An address as an interface has it: with the length of the network that it lies in. */
export interface InterfaceAddress {
  readonly address: Ipv4;
  readonly length: number;
}

export const broadcastMac: Mac = 0xffff_ffff_ffff as Mac;
export const noMac: Mac = 0 as Mac;
/** 0.0.0.0 (RFC 1122, 3.2.1.3): "this host", and in sockets any. */
export const anyIpv4: Ipv4 = 0 as Ipv4;
export const broadcastIpv4: Ipv4 = 0xffff_ffff as Ipv4;
export const loopbackIpv4: Ipv4 = 0x7f00_0001 as Ipv4;
const everywhere: Prefix = { network: anyIpv4, length: 0 };

/** `parseIpv4("10.0.0.1")`; undefined for what is no address in dotted decimal. */
export function parseIpv4(text: string): Ipv4 | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (parts === null) return undefined;
  let value = 0;
  for (const part of parts.slice(1)) {
    if (Number(part) > 255) return undefined;
    value = value * 256 + Number(part);
  }
  return value as Ipv4;
}

/** @throws UsageError for what is no address */
export function ipv4(text: string | Ipv4): Ipv4 {
  if (typeof text === "number") return text;
  const address = parseIpv4(text);
  if (address !== undefined) return address;
  throw new UsageError(`"${text}" is no IPv4 address`, 'Give four numbers from 0 to 255: "10.0.0.1".');
}

export const formatIpv4 = (address: Ipv4): string =>
  `${address >>> 24}.${(address >>> 16) & 255}.${(address >>> 8) & 255}.${address & 255}`;

/** The bits of a prefix of that length: 24 → 255.255.255.0. */
export const netmask = (length: number): Ipv4 => (length === 0 ? 0 : (-1 << (32 - length)) >>> 0) as Ipv4;

export const networkOf = (address: Ipv4, length: number): Ipv4 => ((address & netmask(length)) >>> 0) as Ipv4;

/** The address that all hosts of a network hear; the network's only ones where it has no room for one (RFC 3021). */
export const broadcastOf = (address: Ipv4, length: number): Ipv4 =>
  (length >= 31 ? broadcastIpv4 : (address | ~netmask(length)) >>> 0) as Ipv4;

export const within = (address: Ipv4, { network, length }: Prefix): boolean =>
  ((address ^ network) & netmask(length)) === 0;

/** 224.0.0.0/4 (RFC 1112). */
export const isMulticast = (address: Ipv4): boolean => address >>> 28 === 14;
export const isLoopback = (address: Ipv4): boolean => address >>> 24 === 127;

/**
 * An address with a length: `interfaceAddress("10.0.0.1/24")`; without one, a single host's (32).
 * @throws UsageError for what is none
 */
export function interfaceAddress(text: string | InterfaceAddress): InterfaceAddress {
  if (typeof text !== "string") return text;
  const [, head = "", tail = "32"] = /^([^/]*)(?:\/(\d{1,2}))?$/.exec(text) ?? [];
  const address = parseIpv4(head);
  const length = Number(tail);
  if (address !== undefined && length <= 32) return { address, length };
  throw new UsageError(`"${text}" is no address with a length`, 'Give both, as "10.0.0.1/24".');
}

/**
 * A network: `prefix("10.0.0.0/24")`, `prefix("default")`. Bits behind the length are cleared.
 * @throws UsageError for what is none
 */
export function prefix(text: string | Prefix): Prefix {
  if (typeof text !== "string") return text;
  if (text === "default") return everywhere;
  const { address, length } = interfaceAddress(text);
  return { network: networkOf(address, length), length };
}

export const formatPrefix = ({ network, length }: Prefix): string => `${formatIpv4(network)}/${length}`;

export const formatAddress = ({ address, length }: InterfaceAddress): string => `${formatIpv4(address)}/${length}`;

/** @throws UsageError for what is no Ethernet address */
export function mac(text: string | Mac): Mac {
  if (typeof text === "number") return text;
  if (!/^[0-9a-f]{2}([:-][0-9a-f]{2}){5}$/i.test(text)) {
    throw new UsageError(`"${text}" is no Ethernet address`, 'Give six bytes: "02:00:00:00:00:01".');
  }
  return Number.parseInt(text.replaceAll(/[:-]/g, ""), 16) as Mac;
}

export const formatMac = (address: Mac): string =>
  address
    .toString(16)
    .padStart(12, "0")
    .replaceAll(/(..)(?=.)/g, "$1:");

/** Whether it names a group: the lowest bit of the first byte (IEEE 802, 8.2). */
export const isGroup = (address: Mac): boolean => Math.floor(address / 2 ** 40) % 2 === 1;

/** The group's Ethernet address of an IPv4 multicast address (RFC 1112, 6.4). */
export const multicastMac = (group: Ipv4): Mac => (0x0100_5e00_0000 + (group & 0x7f_ffff)) as Mac;
