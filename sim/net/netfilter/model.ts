import type { Prefix, Ipv4 } from "../packet/address.js";
import type { Hook } from "../ip/passage.js";

export type TableName = "raw" | "mangle" | "nat" | "filter";
export type Verdict = "ACCEPT" | "DROP";
export type TrackState = "NEW" | "ESTABLISHED" | "RELATED" | "INVALID";
/** What an address is to this namespace (iptables-extensions(8), addrtype). */
export type AddressType = "LOCAL" | "UNICAST" | "BROADCAST" | "MULTICAST";

/** From and to, both included. */
export type Range = readonly [number, number];

/** What a packet must be like; `invert` for the opposite. The words are those of iptables-extensions(8). */
export type Match = { readonly invert?: boolean } & (
  | { readonly match: "source" | "destination"; readonly prefix: Prefix }
  | { readonly match: "in" | "out"; readonly interface: string }
  | { readonly match: "protocol"; readonly protocol: number }
  | { readonly match: "sport" | "dport"; readonly ports: readonly Range[] }
  | { readonly match: "tcp-flags"; readonly mask: number; readonly set: number }
  | { readonly match: "icmp-type"; readonly type: number }
  | { readonly match: "ctstate"; readonly states: readonly TrackState[]; readonly nat?: readonly ("SNAT" | "DNAT")[] }
  | { readonly match: "set"; readonly set: string; readonly directions: readonly ("src" | "dst")[] }
  | { readonly match: "mark"; readonly value: number; readonly mask: number }
  | { readonly match: "addrtype"; readonly end: "src" | "dst"; readonly type: AddressType }
  | { readonly match: "random"; readonly probability: number }
  | { readonly match: "nth"; readonly every: number; readonly packet: number }
  /** Whether the source is on a list, on which it was put no more than so many seconds ago; or puts it there. */
  | {
      readonly match: "recent";
      readonly list: string;
      readonly action: "set" | "rcheck" | "update" | "remove";
      readonly seconds?: number;
    }
  | { readonly match: "comment"; readonly comment: string }
);

export type RejectWith =
  | "icmp-net-unreachable"
  | "icmp-host-unreachable"
  | "icmp-proto-unreachable"
  | "icmp-port-unreachable"
  | "icmp-admin-prohibited"
  | "tcp-reset";

/** Where a connection is translated to: an address, a port, or both. */
export interface NatTo {
  readonly address?: Ipv4 | undefined;
  readonly ports?: Range | undefined;
}

/** Of a packet, what a verdict map is keyed by (nft(8), "concatenations"). */
export type MapField = "source" | "destination" | "protocol" | "sport" | "dport" | "mark";

export type Target =
  | { readonly target: "ACCEPT" | "DROP" | "RETURN" | "NONE" }
  | { readonly target: "REJECT"; readonly with: RejectWith }
  | { readonly target: "LOG"; readonly prefix: string }
  | { readonly target: "JUMP" | "GOTO"; readonly chain: string }
  | { readonly target: "DNAT" | "SNAT" | "MASQUERADE" | "REDIRECT"; readonly to: NatTo; readonly random?: boolean }
  | { readonly target: "MARK"; readonly value: number; readonly mask: number }
  /** nftables' `numgen random mod N vmap { 0: goto … }`: one draw says which chain goes on. */
  | { readonly target: "NUMGEN"; readonly chains: readonly string[] }
  /** nftables' `vmap`: one look-up says which target applies; no entry, and the next rule is tried. */
  | { readonly target: "MAP"; readonly key: readonly MapField[]; readonly map: string };

export interface Rule {
  readonly matches: readonly Match[];
  readonly target: Target;
}

/** Which tables there are at each hook, in the order of their priorities (linux/netfilter_ipv4.h); nat stands where it translates. */
export const order: Readonly<Record<Hook, readonly TableName[]>> = {
  prerouting: ["raw", "mangle", "nat"],
  input: ["mangle", "filter", "nat"],
  forward: ["mangle", "filter"],
  output: ["raw", "mangle", "nat", "filter"],
  postrouting: ["mangle", "nat"],
};

export const tableNames: readonly TableName[] = ["raw", "mangle", "nat", "filter"];

const hooks = Object.keys(order) as readonly Hook[];

/** The built-in chains of a table, which the hooks call. */
export const builtIn = (table: TableName): readonly string[] =>
  hooks.filter((hook) => order[hook].includes(table)).map((hook) => hook.toUpperCase());
