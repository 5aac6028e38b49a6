import type { InterfaceAddress, Mac } from "../packet/address.js";
import { frameLength, type Frame } from "../packet/packet.js";
import type { FrameLink, SendFrame } from "./link.js";

export type InterfaceKind = "loopback" | "ethernet" | "veth" | "bridge" | "vlan" | "vxlan" | "dummy";

/** Who is given what an interface receives: the network namespace that it is in. */
export interface InterfaceOwner {
  readonly name: string;
  receiveFrame(from: NetworkInterface, frame: Frame): void;
}

/** A frame that passed an interface. */
export interface Tapped {
  readonly interface: NetworkInterface;
  readonly direction: "in" | "out";
  readonly frame: Frame;
}

/** What an interface counts, as `ip -s link` prints it. */
export interface InterfaceStatistics {
  rxPackets: number;
  rxBytes: number;
  rxDropped: number;
  txPackets: number;
  txBytes: number;
  txDropped: number;
}

const noAddresses: readonly InterfaceAddress[] = [];

/**
 * A network interface (Linux's net_device): a name in a namespace, an Ethernet address, and a driver that takes frames away. What
 * kind it is lies in its driver alone.
 */
export class NetworkInterface {
  name: string;
  readonly kind: InterfaceKind;
  mac: Mac;
  /** The greatest IP packet, in bytes. */
  mtu: number;
  /** Its number within the namespace; 0 while it is in none. */
  index = 0;
  up = false;
  owner: InterfaceOwner | undefined = undefined;
  addresses: readonly InterfaceAddress[] = noAddresses;
  /** Whether it answers ARP for addresses that it has a route to (RFC 1027). */
  proxyArp = false;
  /** Takes frames away; without one they are dropped. */
  driver: SendFrame | undefined = undefined;
  /** Takes what it receives in place of its namespace: the bridge that it is a port of. */
  handler: ((frame: Frame) => void) | undefined = undefined;
  /** The bridge that it is a port of, by name. */
  master: string | undefined = undefined;
  /** Those who hear frames of each virtual LAN that come here tagged. */
  vlans: Map<number, NetworkInterface> | undefined = undefined;
  /** Those who look at what passes: captures. */
  taps: ((tapped: Tapped) => void)[] | undefined = undefined;
  readonly statistics: InterfaceStatistics = {
    rxPackets: 0,
    rxBytes: 0,
    rxDropped: 0,
    txPackets: 0,
    txBytes: 0,
    txDropped: 0,
  };

  constructor(name: string, kind: InterfaceKind, mac: Mac, mtu = 1500) {
    this.name = name;
    this.kind = kind;
    this.mac = mac;
    this.mtu = mtu;
  }

  /** Plugs it into a cable, a medium or a machine's link. */
  plug(link: FrameLink): void {
    this.driver = link.plug((frame) => {
      this.receive(frame);
    });
  }

  send(frame: Frame): void {
    const { statistics, taps } = this;
    if (!this.up || this.driver === undefined) {
      statistics.txDropped++;
      return;
    }
    statistics.txPackets++;
    statistics.txBytes += frameLength(frame);
    if (taps !== undefined) for (const tap of taps) tap({ interface: this, direction: "out", frame });
    this.driver(frame);
  }

  /** A frame has come from its link. */
  receive(frame: Frame): void {
    const { statistics, taps } = this;
    if (!this.up) {
      statistics.rxDropped++;
      return;
    }
    statistics.rxPackets++;
    statistics.rxBytes += frameLength(frame);
    if (taps !== undefined) for (const tap of taps) tap({ interface: this, direction: "in", frame });
    const vlan = frame.vlan === 0 ? undefined : this.vlans?.get(frame.vlan);
    if (vlan !== undefined) vlan.receive({ ...frame, vlan: 0 });
    else if (this.handler !== undefined) this.handler(frame);
    else if (frame.vlan === 0) this.owner?.receiveFrame(this, frame);
    else statistics.rxDropped++;
  }

  /** Whether `address` is its own. */
  has(address: number): boolean {
    return this.addresses.some((own) => own.address === address);
  }
}
