import type { Passage } from "../ip/passage.js";
import { broadcastIpv4, isMulticast, within, type Ipv4 } from "../packet/address.js";
import type { AddressType, Match, Range, TrackState } from "./model.js";

/** What matches ask beyond the packet. */
export interface MatchContext {
  state(passage: Passage): TrackState;
  isLocal(address: Ipv4): boolean;
  inSet(set: string, passage: Passage, directions: readonly ("src" | "dst")[]): boolean;
  random(): number;
  recent(match: Extract<Match, { readonly match: "recent" }>, source: Ipv4): boolean;
  /** How often the rule's other matches held before. */
  nth(): number;
}

/** "eth0", or "veth+" for all that begin so. */
const named = (pattern: string, name: string): boolean =>
  pattern.endsWith("+") ? name.startsWith(pattern.slice(0, -1)) : pattern === name;

const inRanges = (ranges: readonly Range[], value: number): boolean =>
  ranges.some(([from, to]) => value >= from && value <= to);

function isOfType(address: Ipv4, type: AddressType, context: MatchContext): boolean {
  switch (type) {
    case "LOCAL":
      return context.isLocal(address);
    case "BROADCAST":
      return address === broadcastIpv4;
    case "MULTICAST":
      return isMulticast(address);
    case "UNICAST":
      return !context.isLocal(address) && address !== broadcastIpv4 && !isMulticast(address);
  }
}

function holds(match: Match, passage: Passage, context: MatchContext): boolean {
  const { packet } = passage;
  const { payload } = packet;
  switch (match.match) {
    case "source":
    case "destination":
      return within(packet[match.match], match.prefix);
    case "in":
      return passage.input !== undefined && named(match.interface, passage.input.name);
    case "out":
      return passage.output !== undefined && named(match.interface, passage.output.name);
    case "protocol":
      return packet.protocol === match.protocol;
    case "sport":
      return (payload.kind === "tcp" || payload.kind === "udp") && inRanges(match.ports, payload.sourcePort);
    case "dport":
      return (payload.kind === "tcp" || payload.kind === "udp") && inRanges(match.ports, payload.destinationPort);
    case "tcp-flags":
      return payload.kind === "tcp" && (payload.flags & match.mask) === match.set;
    case "icmp-type":
      if (payload.kind === "echo") return match.type === (payload.reply ? 0 : 8);
      return payload.kind === "icmp-error" && match.type === payload.type;
    case "ctstate": {
      const { connection } = passage;
      if (match.states.includes(context.state(passage))) return true;
      if (match.nat === undefined || connection === undefined) return false;
      const { original, reply } = connection;
      return match.nat.some((kind) =>
        kind === "SNAT"
          ? reply.destination !== original.source || reply.destinationPort !== original.sourcePort
          : reply.source !== original.destination || reply.sourcePort !== original.destinationPort,
      );
    }
    case "set":
      return context.inSet(match.set, passage, match.directions);
    case "mark":
      return (passage.mark & match.mask) >>> 0 === match.value;
    case "addrtype":
      return isOfType(match.end === "src" ? packet.source : packet.destination, match.type, context);
    case "random":
      return context.random() < match.probability;
    case "nth":
      return context.nth() % match.every === match.packet;
    case "recent":
      return context.recent(match, packet.source);
    case "comment":
      return true;
  }
}

/** Whether all hold. */
export const matchesAll = (matches: readonly Match[], passage: Passage, context: MatchContext): boolean =>
  matches.every((match) => holds(match, passage, context) !== (match.invert ?? false));
