import type {
  Chain,
  InterfaceKind,
  InterfaceStatistics,
  IpvsScheduler,
  RouteType,
  SetType,
  TableName,
  Target,
} from "../../net/index.js";
import type { LinkChanges, LinkKind, OperState } from "./links.js";

/** The network namespace of a task (IFLA_NET_NS_PID), or of an opened file of /proc/PID/ns (IFLA_NET_NS_FD). */
export type NetworkOf = { readonly pid: number } | { readonly fd: number };

/** A link to make: as `LinkKind`, with namespaces named as a program can. */
type NewLink =
  | (Exclude<LinkKind, { readonly kind: "veth" }> & { readonly name: string; readonly net?: NetworkOf })
  | {
      readonly kind: "veth";
      readonly name: string;
      readonly peer: string;
      readonly peerNet?: NetworkOf;
      readonly net?: NetworkOf;
    };

/** What may be asked. Addresses are as `ip` writes them: "10.0.0.2/24", "default". */
export type NetlinkRequest =
  | ({ readonly type: "RTM_NEWLINK" } & NewLink)
  | { readonly type: "RTM_SETLINK"; readonly name: string; readonly net?: NetworkOf; readonly set?: LinkChanges }
  | { readonly type: "RTM_DELLINK"; readonly name: string }
  | { readonly type: "RTM_GETLINK" }
  | { readonly type: "RTM_GETADDR" }
  /** The number by which this namespace knows another; -1 for one that it has no number for. */
  | { readonly type: "RTM_GETNSID"; readonly net: NetworkOf }
  /** IFA_BROADCAST is kept and shown; packets to the network's last address are broadcasts in any case. */
  | { readonly type: "RTM_NEWADDR"; readonly name: string; readonly address: string; readonly broadcast?: string }
  | { readonly type: "RTM_DELADDR"; readonly name: string; readonly address: string }
  | {
      readonly type: "RTM_NEWROUTE";
      readonly to: string;
      readonly via?: string;
      readonly dev?: string;
      readonly src?: string;
      readonly metric?: number;
      readonly kind?: RouteType;
      readonly table?: number;
      /** NLM_F_REPLACE. */
      readonly replace?: boolean;
    }
  | {
      readonly type: "RTM_DELROUTE";
      readonly to: string;
      readonly via?: string;
      readonly dev?: string;
      readonly metric?: number;
      readonly table?: number;
    }
  /** With `get` the route that a packet there would take, else all of a table. */
  | { readonly type: "RTM_GETROUTE"; readonly table?: number; readonly get?: string }
  | { readonly type: "RTM_GETNEIGH" }
  | { readonly type: "RTM_NEWNEIGH"; readonly name: string; readonly address: string; readonly mac: string }
  | { readonly type: "RTM_DELNEIGH"; readonly name: string; readonly address: string }
  /** What `ss` asks. */
  | { readonly type: "SOCK_DIAG_BY_FAMILY" }
  /** A line of iptables(8), or the input of iptables-restore(8): Linux's own takes and gives whole tables as bytes. */
  | { readonly type: "NFT_MSG_NEWRULE"; readonly line: string }
  | { readonly type: "NFT_MSG_RESTORE"; readonly text: string; readonly keep?: boolean }
  /** What `nft` says of a verdict map: entries that come or change, and keys that go. */
  | {
      readonly type: "NFT_MSG_NEWSETELEM";
      readonly map: string;
      readonly entries: readonly (readonly [key: string, target: Target])[];
    }
  | { readonly type: "NFT_MSG_DELSETELEM"; readonly map: string; readonly keys: readonly string[] }
  /** What `ipset` says: a set, made where it isn't there, with entries that come and go. */
  | {
      readonly type: "IPSET_CMD_ADD";
      readonly set: string;
      readonly kind: SetType;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  /** What `ipvsadm` says: a virtual server at "10.96.0.1:443", made where it isn't there, with real ones that come and go; or its end. */
  | {
      readonly type: "IPVS_CMD_SET_SERVICE";
      readonly protocol: "tcp" | "udp";
      readonly at: string;
      readonly scheduler: IpvsScheduler;
      readonly add: readonly string[];
      readonly remove: readonly string[];
    }
  | { readonly type: "IPVS_CMD_DEL_SERVICE"; readonly protocol: "tcp" | "udp"; readonly at: string }
  /** A table's chains and rules with what they counted; a table that nobody touched has its built-in chains. */
  | { readonly type: "NFT_MSG_GETRULE"; readonly table: TableName };

/** A link as `ip -d -s link` and `ip address` show it. */
export interface LinkRow {
  readonly index: number;
  readonly name: string;
  readonly kind: InterfaceKind;
  readonly up: boolean;
  readonly mtu: number;
  readonly mac: string;
  readonly addresses: readonly string[];
  readonly master: string | undefined;
  /** The index of a veth's other end, or of what it lies on: the 5 of "eth0@if5". */
  readonly link: number | undefined;
  /** Its name, where that is in the same namespace: the "eth0" of "eth0.5@eth0". */
  readonly linkName: string | undefined;
  /** The number by which this namespace knows the one that `link` is in, where that is another: ip-netns(8). */
  readonly netnsid: number | undefined;
  /** RFC 2863's state, Documentation/networking/operstates.rst. */
  readonly operstate: OperState;
  /** Its queueing discipline: none before it was first up, none for what has no queue, else Debian's default. */
  readonly qdisc: "noop" | "noqueue" | "fq_codel";
  readonly statistics: Readonly<InterfaceStatistics>;
}

/** An address as `ip address` shows it. */
export interface AddressRow {
  readonly dev: string;
  readonly address: string;
  readonly length: number;
  readonly broadcast: string | undefined;
  readonly scope: "global" | "host";
  /** Whether the interface has another one in the same network before it (IFA_F_SECONDARY). */
  readonly secondary: boolean;
}

/** A route as `ip route` shows it. */
export interface RouteRow {
  readonly to: string;
  readonly kind: RouteType;
  readonly via: string | undefined;
  readonly dev: string | undefined;
  readonly src: string | undefined;
  readonly metric: number;
  /** Whether it came with an interface's address (proto kernel scope link). */
  readonly connected: boolean;
}

/** A neighbour as `ip neigh` shows it. */
export interface NeighbourRow {
  readonly address: string;
  readonly dev: string;
  readonly mac: string | undefined;
  readonly state: string;
}

/** A socket as `ss` shows it. */
export interface SocketRow {
  readonly protocol: "tcp" | "udp";
  readonly state: string;
  readonly local: string;
  readonly localPort: number;
  readonly remote: string;
  readonly remotePort: number;
  /** Bytes that wait to be read, and to be acknowledged; of a listener, connections that wait, and how many may. */
  readonly receiveQueue: number;
  readonly sendQueue: number;
}

interface Replies {
  readonly RTM_GETLINK: readonly LinkRow[];
  readonly RTM_GETADDR: readonly AddressRow[];
  readonly RTM_GETNSID: number;
  readonly RTM_GETROUTE: readonly RouteRow[];
  readonly RTM_GETNEIGH: readonly NeighbourRow[];
  readonly SOCK_DIAG_BY_FAMILY: readonly SocketRow[];
  readonly NFT_MSG_NEWRULE: string;
  readonly NFT_MSG_GETRULE: readonly Chain[];
}

/** What an answer holds, by the request's type; nothing where something was to be changed. */
export type NetlinkReply<K extends NetlinkRequest["type"]> = K extends keyof Replies ? Replies[K] : undefined;
