import { s, type Cancel, type Nanos, type Row } from "../../core/index.js";
import type { NetworkInterface } from "../link/interface.js";
import { broadcastMac, formatIpv4, formatMac, noMac, type Ipv4, type Mac } from "../packet/address.js";
import { packetLength, Unreachable, type Arp, type Packet } from "../packet/packet.js";
import type { IpStack } from "./stack.js";

/** RFC 4861, 7.3.2, which Linux follows for ARP, too; PERMANENT is set by hand. */
export type NeighbourState = "INCOMPLETE" | "REACHABLE" | "STALE" | "DELAY" | "PROBE" | "FAILED" | "PERMANENT";

interface Neighbour {
  readonly address: Ipv4;
  readonly interface: NetworkInterface;
  mac: Mac;
  state: NeighbourState;
  /** When it was last known to be reachable. */
  confirmed: number;
  /** Requests since the last answer. */
  probes: number;
  waiting: Packet[];
  cancel: Cancel | undefined;
}

/** Linux's defaults (arp(7)); base_reachable_time is not randomised here. */
const reachableTime = s(30);
const delayFirstProbe = s(5);
const retransmitTime = s(1);
const solicits = 3;
/** Bytes of packets that wait for an address (unres_qlen_bytes). */
const waitingBytes = 212_992;

export interface NeighbourEntry {
  readonly address: Ipv4;
  readonly interface: string;
  readonly mac: Mac;
  readonly state: NeighbourState;
  /** Nanoseconds since it was confirmed. */
  readonly age: number;
}

/** Which Ethernet address an IP address has on a link: the neighbour table, filled by ARP (RFC 826). */
export class Neighbours {
  readonly #stack: IpStack;
  readonly #entries = new Map<NetworkInterface, Map<Ipv4, Neighbour>>();

  constructor(stack: IpStack) {
    this.#stack = stack;
  }

  /** Sends a packet to a neighbour, as soon as its Ethernet address is known. */
  send(out: NetworkInterface, nextHop: Ipv4, packet: Packet): void {
    const entry = this.#entry(out, nextHop);
    switch (this.#stateOf(entry)) {
      case "STALE":
        this.#delay(entry);
        break;
      case "FAILED":
        entry.state = "INCOMPLETE";
        entry.probes = 0;
        this.#queue(entry, packet);
        this.#solicit(entry);
        return;
      case "INCOMPLETE":
        this.#queue(entry, packet);
        return;
      case "REACHABLE":
      case "DELAY":
      case "PROBE":
      case "PERMANENT":
        break;
    }
    out.send({ destination: entry.mac, source: out.mac, vlan: 0, payload: packet });
  }

  /** Sets an address for good: `ip neigh add … nud permanent`. */
  set(out: NetworkInterface, address: Ipv4, mac: Mac): void {
    const entry = this.#entry(out, address);
    entry.state = "PERMANENT";
    this.#learn(entry, mac, "PERMANENT");
  }

  receive(input: NetworkInterface, arp: Arp): void {
    const { senderIp, senderMac, targetIp } = arp;
    const known = this.#entries.get(input)?.get(senderIp);
    if (arp.operation === "reply") {
      if (known !== undefined) this.#learn(known, senderMac, "REACHABLE");
      return;
    }
    if (!this.#stack.isLocal(targetIp) && !this.#stack.answersFor(targetIp, input)) {
      if (known !== undefined && known.mac !== senderMac) this.#learn(known, senderMac, "STALE");
      return;
    }
    // A probe for a free address (RFC 5227) comes from nobody.
    if (senderIp !== 0) this.#learn(known ?? this.#entry(input, senderIp), senderMac, "STALE");
    const payload: Arp = {
      kind: "arp",
      operation: "reply",
      senderMac: input.mac,
      senderIp: targetIp,
      targetMac: senderMac,
      targetIp: senderIp,
    };
    input.send({ destination: senderMac, source: input.mac, vlan: 0, payload });
  }

  /** An interface is gone or down. */
  flush(gone: NetworkInterface): void {
    for (const entry of this.#entries.get(gone)?.values() ?? []) entry.cancel?.();
    this.#entries.delete(gone);
  }

  /** Forgets one: `ip neigh del`. @returns whether it was known */
  remove(out: NetworkInterface, address: Ipv4): boolean {
    const entry = this.#entries.get(out)?.get(address);
    entry?.cancel?.();
    return this.#entries.get(out)?.delete(address) === true;
  }

  list(): readonly NeighbourEntry[] {
    const { now } = this.#stack.world.engine;
    return [...this.#entries.values()].flatMap((entries) =>
      [...entries.values()].map((entry) => ({
        address: entry.address,
        interface: entry.interface.name,
        mac: entry.mac,
        state: this.#stateOf(entry),
        age: now - entry.confirmed,
      })),
    );
  }

  /** Puts an entry back as it was; one that was being asked for begins anew with the next packet. */
  restore(out: NetworkInterface, { address, mac, state, age }: NeighbourEntry): void {
    const entry = this.#entry(out, address);
    entry.mac = mac;
    entry.confirmed = this.#stack.world.engine.now - age;
    const asking = state === "INCOMPLETE" || state === "FAILED";
    entry.state = asking ? "FAILED" : state === "DELAY" || state === "PROBE" ? "STALE" : state;
  }

  #entry(out: NetworkInterface, address: Ipv4): Neighbour {
    let entries = this.#entries.get(out);
    if (entries === undefined) this.#entries.set(out, (entries = new Map<Ipv4, Neighbour>()));
    let entry = entries.get(address);
    if (entry === undefined) {
      const blank = { mac: noMac, state: "FAILED", confirmed: 0, probes: 0, waiting: [], cancel: undefined } as const;
      entry = { address, interface: out, ...blank, waiting: [] };
      entries.set(address, entry);
    }
    return entry;
  }

  /** What is confirmed grows stale by itself: no timer is needed for it. */
  #stateOf(entry: Neighbour): NeighbourState {
    const age = this.#stack.world.engine.now - entry.confirmed;
    if (entry.state === "REACHABLE" && age > reachableTime) entry.state = "STALE";
    return entry.state;
  }

  #learn(entry: Neighbour, mac: Mac, state: "REACHABLE" | "STALE" | "PERMANENT"): void {
    if (entry.state === "PERMANENT" && state !== "PERMANENT") return;
    // A request says where its sender is, and not that it hears us.
    const keeps = state === "STALE" && entry.mac === mac && this.#stateOf(entry) === "REACHABLE";
    entry.mac = mac;
    if (!keeps) entry.state = state;
    if (state === "REACHABLE") entry.confirmed = this.#stack.world.engine.now;
    entry.cancel?.();
    entry.cancel = undefined;
    entry.probes = 0;
    const waiting = entry.waiting;
    entry.waiting = [];
    for (const packet of waiting) this.send(entry.interface, entry.address, packet);
  }

  #queue(entry: Neighbour, packet: Packet): void {
    entry.waiting.push(packet);
    let bytes = entry.waiting.reduce((sum, waiting) => sum + packetLength(waiting), 0);
    while (bytes > waitingBytes) {
      const oldest = entry.waiting.shift();
      bytes -= oldest === undefined ? bytes : packetLength(oldest);
    }
  }

  /** It is used though it is stale: whoever confirms it meanwhile spares the probe. */
  #delay(entry: Neighbour): void {
    entry.state = "DELAY";
    this.#later(entry, delayFirstProbe, true, () => {
      entry.state = "PROBE";
      entry.probes = 0;
      this.#solicit(entry);
    });
  }

  /** Asks, everybody where nothing is known and else the neighbour alone, and gives up after three requests. */
  #solicit(entry: Neighbour): void {
    const { interface: out, address, state } = entry;
    if (entry.probes++ >= solicits) {
      this.#fail(entry);
      return;
    }
    const probing = state === "PROBE";
    const peer = entry.waiting[0]?.source;
    const own = peer !== undefined && this.#stack.isLocal(peer) ? peer : this.#stack.addressOn(out, address);
    const payload: Arp = {
      kind: "arp",
      operation: "request",
      senderMac: out.mac,
      senderIp: own ?? (0 as Ipv4),
      targetMac: noMac,
      targetIp: address,
    };
    this.#later(entry, retransmitTime, probing, () => {
      this.#solicit(entry);
    });
    out.send({ destination: probing ? entry.mac : broadcastMac, source: out.mac, vlan: 0, payload });
  }

  #fail(entry: Neighbour): void {
    const { waiting } = entry;
    entry.state = "FAILED";
    entry.waiting = [];
    entry.cancel = undefined;
    for (const packet of waiting) this.#stack.refuse(packet, 3, Unreachable.host);
  }

  #later(entry: Neighbour, time: Nanos, background: boolean, action: () => void): void {
    entry.cancel?.();
    entry.cancel = this.#stack.world.engine.after(time, action, { name: "ARP", background });
  }
}

/** An entry as `ip neigh` has it, in columns. */
export const neighbourRow = ({ address, interface: dev, mac, state }: NeighbourEntry): Row => ({
  address: formatIpv4(address),
  dev,
  mac: mac === noMac ? null : formatMac(mac),
  state,
});
