import { UsageError, type World } from "../../core/index.js";
import { NetworkInterface } from "../link/interface.js";
import { newMac } from "../link/kinds.js";
import { formatIpv4, ipv4, isGroup, type Ipv4, type Mac } from "../packet/address.js";
import { decodeFrame } from "../packet/decode.js";
import { encodeFrame } from "../packet/encode.js";
import type { Frame } from "../packet/packet.js";
import type { UdpSocket } from "../socket/udp.js";

/** The port that IANA gave VXLAN (RFC 7348, 4.1); Linux's own default is an older one, 8472. */
const vxlanPort = 4789;
/** What an encapsulation takes: Ethernet, IPv4, UDP and VXLAN headers. */
const overhead = 14 + 20 + 8 + 8;

export interface VxlanOptions {
  /** The number of the virtual network: 24 bits. */
  readonly vni: number;
  readonly name: string;
  /** The own end of the tunnels; chosen by the route where absent. */
  readonly local?: string | undefined;
  /** The other ends that all get what is for a group, or for an unknown address. */
  readonly remotes: readonly string[];
  readonly port?: number | undefined;
  /** Whether ends are learned from what comes (default), or only set. */
  readonly learning?: boolean | undefined;
}

/** What a VXLAN needs of the namespace that its tunnels end in. */
interface Underlay {
  readonly world: World;
  readonly name: string;
  udpSocket(): UdpSocket;
}

/** The virtual networks that end at one port of a namespace. */
interface Ends {
  readonly socket: UdpSocket;
  readonly networks: Map<number, Vxlan>;
}

const endsOf = new WeakMap<Underlay, Map<number, Ends>>();

/**
 * An Ethernet carried in UDP over an IP network (RFC 7348): frames of one virtual network reach only those who have its number. The
 * real header and the whole inner frame are on the wire. Datagrams go by one source port, and not by one for each inner flow.
 */
export class Vxlan {
  readonly interface: NetworkInterface;
  readonly options: VxlanOptions;
  readonly #world: World;
  readonly #socket: UdpSocket;
  readonly #remotes: Ipv4[];
  /** Behind which end an address is. */
  readonly #learned = new Map<Mac, Ipv4>();

  /** @throws UsageError for a number that is none or taken */
  constructor(underlay: Underlay, options: VxlanOptions) {
    const { vni, name, port = vxlanPort } = options;
    if (!(Number.isInteger(vni) && vni >= 0 && vni < 2 ** 24)) {
      throw new UsageError(`${vni} is no number of a VXLAN`, "Give a whole number below 2^24 (RFC 7348, 5).");
    }
    this.options = options;
    this.#world = underlay.world;
    this.#remotes = options.remotes.map(ipv4);
    const { socket, networks } = openEnds(underlay, port, options.local);
    if (networks.has(vni)) throw new UsageError(`${underlay.name} has VXLAN ${vni} already`, "Give another number.");
    networks.set(vni, this);
    this.#socket = socket;
    this.interface = new NetworkInterface(name, "vxlan", newMac(underlay.world), 1500 - overhead);
    this.interface.driver = (frame) => {
      this.#transmit(frame);
    };
  }

  /** Behind which ends addresses are. */
  get learned(): ReadonlyMap<Mac, Ipv4> {
    return this.#learned;
  }

  /** Another end that gets what is for all: `bridge fdb append 00:00:00:00:00:00 … dst`. */
  addRemote(address: string): void {
    const added = ipv4(address);
    if (!this.#remotes.includes(added)) this.#remotes.push(added);
  }

  /** Says behind which end an address is: `bridge fdb add`. */
  setAddress(mac: Mac, remote: string): void {
    this.#learned.set(mac, ipv4(remote));
  }

  /** A datagram of this network has come. */
  arrived(frame: Frame, from: Ipv4): void {
    if (this.options.learning !== false && !isGroup(frame.source)) this.#learned.set(frame.source, from);
    this.interface.receive(frame);
  }

  #transmit(frame: Frame): void {
    const { vni, port = vxlanPort } = this.options;
    const inner = encodeFrame(frame);
    const data = new Uint8Array(8 + inner.length);
    // The flag says that a number is there.
    data[0] = 8;
    new DataView(data.buffer).setUint32(4, vni * 256);
    data.set(inner, 8);
    const known = isGroup(frame.destination) ? undefined : this.#learned.get(frame.destination);
    for (const remote of known === undefined ? this.#remotes : [known]) {
      const failed = this.#socket.send(data, remote, port);
      if (failed === undefined) continue;
      this.interface.statistics.txDropped++;
      this.#world.trace.emit("net.vxlan-drop", this.interface.name, { remote: formatIpv4(remote), error: failed });
    }
  }
}

/** The socket of a port, shared by all virtual networks there: what comes is told apart by number. */
function openEnds(underlay: Underlay, port: number, local: string | undefined): Ends {
  let ports = endsOf.get(underlay);
  if (ports === undefined) endsOf.set(underlay, (ports = new Map<number, Ends>()));
  const there = ports.get(port);
  if (there !== undefined) return there;
  const socket = underlay.udpSocket();
  const failed = socket.bind(local, port);
  if (failed !== undefined) {
    throw new UsageError(
      `${underlay.name} cannot receive VXLAN at port ${port}: ${failed}`,
      "Give a local address, or another port.",
    );
  }
  const networks = new Map<number, Vxlan>();
  const ends: Ends = { socket, networks };
  ports.set(port, ends);
  const listen = (): void => {
    socket.changed.onSettled(() => {
      for (let got = socket.tryReceive(); typeof got !== "string"; got = socket.tryReceive()) {
        if (got.data.length < 8 || ((got.data[0] ?? 0) & 8) === 0) continue;
        const vni = ((got.data[4] ?? 0) << 16) | ((got.data[5] ?? 0) << 8) | (got.data[6] ?? 0);
        const frame = decodeFrame(got.data.subarray(8));
        if (frame !== undefined) networks.get(vni)?.arrived(frame, got.address);
      }
      listen();
    });
  };
  listen();
  return ends;
}
