import { UsageError } from "../../core/index.js";
import { formatIpv4, prefix, type Ipv4 } from "../packet/address.js";
import type { Packet } from "../packet/packet.js";
import type { MapField, Target } from "./model.js";

/** What a set's entries are made of (ipset(8)). */
export type SetType = "hash:ip" | "hash:net" | "hash:ip,port" | "hash:ip,port,ip";

export interface SavedSet {
  readonly name: string;
  readonly type: SetType;
  readonly entries: readonly string[];
}

const protocols: Readonly<Record<number, string>> = { 1: "icmp", 6: "tcp", 17: "udp" };

const portOf = (packet: Packet, end: "src" | "dst"): number => {
  const { payload } = packet;
  if (payload.kind !== "tcp" && payload.kind !== "udp") return 0;
  return end === "src" ? payload.sourcePort : payload.destinationPort;
};

/**
 * A set of addresses and ports (ipset(8)), asked by one look-up however many entries it has; one of networks, by one for each length
 * of prefix that occurs. Entries are written as ipset writes them: "10.0.0.1", "10.0.0.1,tcp:80", "10.0.0.0/8".
 */
export class IpSet {
  readonly name: string;
  readonly type: SetType;
  readonly #entries = new Set<string>();
  /** Of networks: how many there are of each length. */
  readonly #lengths = new Map<number, number>();

  constructor(name: string, type: SetType) {
    this.name = name;
    this.type = type;
  }

  get entries(): readonly string[] {
    return [...this.#entries];
  }

  add(entry: string): void {
    const key = this.#normal(entry);
    if (this.#entries.has(key)) return;
    this.#entries.add(key);
    this.#count(key, 1);
  }

  delete(entry: string): void {
    const key = this.#normal(entry);
    if (this.#entries.delete(key)) this.#count(key, -1);
  }

  clear(): void {
    this.#entries.clear();
    this.#lengths.clear();
  }

  /** How many look-ups a question takes. */
  get lookups(): number {
    return this.type === "hash:net" ? this.#lengths.size : 1;
  }

  /** @param directions which end of the packet each part of an entry is compared with */
  has(packet: Packet, directions: readonly ("src" | "dst")[]): boolean {
    const address = (at: number): Ipv4 =>
      (directions[at] ?? directions[0]) === "src" ? packet.source : packet.destination;
    if (this.type === "hash:net") {
      for (const length of this.#lengths.keys()) {
        const mask = length === 0 ? 0 : (-1 << (32 - length)) >>> 0;
        if (this.#entries.has(`${formatIpv4(((address(0) & mask) >>> 0) as Ipv4)}/${length}`)) return true;
      }
      return false;
    }
    const parts = [formatIpv4(address(0))];
    if (this.type !== "hash:ip") {
      parts.push(`${protocols[packet.protocol] ?? packet.protocol}:${portOf(packet, directions[1] ?? "dst")}`);
    }
    if (this.type === "hash:ip,port,ip") parts.push(formatIpv4(address(2)));
    return this.#entries.has(parts.join(","));
  }

  #normal(entry: string): string {
    if (this.type === "hash:net") {
      const { network, length } = prefix(entry);
      return `${formatIpv4(network)}/${length}`;
    }
    const wanted = this.type.split(":")[1]?.split(",").length ?? 1;
    const parts = entry.split(",");
    if (parts.length === wanted && prefix(parts[0] ?? "").length === 32) return parts.join(",");
    throw new UsageError(
      `"${entry}" is no entry of a set ${this.type}`,
      'Entries are as "10.0.0.1" or "10.0.0.1,tcp:80".',
    );
  }

  #count(key: string, change: number): void {
    if (this.type !== "hash:net") return;
    const length = Number(key.split("/")[1]);
    const count = (this.#lengths.get(length) ?? 0) + change;
    if (count === 0) this.#lengths.delete(length);
    else this.#lengths.set(length, count);
  }
}

/** Verdict maps' entries by key. */
export type VerdictMap = Map<string, Target>;

/** Of a packet, one field of a map's key, as entries have it. */
export function mapField(packet: Packet, mark: number, field: MapField): string {
  switch (field) {
    case "source":
    case "destination":
      return formatIpv4(packet[field]);
    case "protocol":
      return protocols[packet.protocol] ?? String(packet.protocol);
    case "sport":
      return String(portOf(packet, "src"));
    case "dport":
      return String(portOf(packet, "dst"));
    case "mark":
      return String(mark);
  }
}
