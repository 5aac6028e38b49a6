import type { NetworkInterface } from "../link/interface.js";
import type { Connection } from "../netfilter/connection.js";
import type { Packet } from "../packet/packet.js";

/** Where a packet can be looked at on its way (netfilter's hooks). */
export type Hook = "prerouting" | "input" | "forward" | "output" | "postrouting";

/** A packet on its way through a namespace, with what is known of it there and never sent (Linux's sk_buff). */
export class Passage {
  packet: Packet;
  /** Where it came in; undefined for one that is sent from here. */
  readonly input: NetworkInterface | undefined;
  /** Where it will leave, once that is decided. */
  output: NetworkInterface | undefined;
  mark: number;
  /** The tracked connection that it belongs to. */
  connection: Connection | undefined = undefined;
  /** Whether it goes from the connection's other end to its originator. */
  reply = false;
  /** Whether it is an error about the connection and no packet of it. */
  related = false;

  constructor(packet: Packet, input: NetworkInterface | undefined, output?: NetworkInterface, mark = 0) {
    this.packet = packet;
    this.input = input;
    this.output = output;
    this.mark = mark;
  }
}

/** What looks at packets at the hooks. */
export interface PacketFilter {
  /** @returns whether the packet, which it may have changed, goes on */
  traverse(hook: Hook, passage: Passage): boolean;
}
