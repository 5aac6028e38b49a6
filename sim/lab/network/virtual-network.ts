import { UsageError } from "../../core/index.js";
import { formatIpv4, LinuxBridge, veth, vlan, Vxlan } from "../../net/index.js";
import { NetworkHost } from "./host.js";

/** How a virtual network's frames are told apart on the wire: by a tag, or as datagrams between the computers. */
export type Carrier = { readonly vlan: number } | { readonly vxlan: number };

/** One computer's part of a virtual network. */
interface Part {
  readonly host: NetworkHost;
  readonly bridge: LinuxBridge;
  readonly vxlan: Vxlan | undefined;
}

/**
 * A network of its own for guests on several computers, over the one that joins these. On each computer a bridge (the virtual
 * switch) joins its guests there and an uplink, which tags frames with a VLAN or carries them by VXLAN.
 */
export class VirtualNetwork {
  readonly name: string;
  readonly carrier: Carrier;
  readonly guests: NetworkHost[] = [];
  readonly #parts = new Map<NetworkHost, Part>();

  constructor(name: string, carrier: Carrier) {
    this.name = name;
    this.carrier = carrier;
  }

  /**
   * Makes a guest on a computer, with an address of this network.
   * @throws UsageError where the computer is on no network
   */
  guest(on: NetworkHost, name: string, address: string): NetworkHost {
    const { bridge } = this.#part(on);
    const guest = new NetworkHost(on.stack.world, name);
    const [outer, inner] = veth(on.stack.world, [`${name}-${this.name}`.slice(0, 15), "eth0"]);
    on.stack.configure(on.stack.addInterface(outer));
    bridge.attach(outer);
    guest.stack.addInterface(inner);
    inner.mtu = bridge.interface.mtu;
    guest.stack.configure(inner, address);
    this.guests.push(guest);
    return guest;
  }

  /** Has a computer be this network's way out: guests' packets leave with its own address (source NAT). */
  gateway(on: NetworkHost, address: string): void {
    const { bridge } = this.#part(on);
    const { stack } = on;
    stack.addAddress(bridge.interface, address);
    stack.forwarding = true;
    stack.iptables(`-t nat -A POSTROUTING -s ${address} ! -o ${bridge.interface.name} -j MASQUERADE`);
    const [own = ""] = address.split("/");
    for (const guest of this.guests) guest.route("default", own);
  }

  #part(on: NetworkHost): Part {
    const there = this.#parts.get(on);
    if (there !== undefined) return there;
    const { stack } = on;
    const uplink = stack.interfaces.find(({ kind }) => kind === "ethernet");
    if (uplink === undefined)
      throw new UsageError(`${on.name} is on no network`, "Link it to a switch, or to another host, first.");
    const bridge = new LinuxBridge(stack.world, `br-${this.name}`.slice(0, 15));
    stack.addInterface(bridge.interface);
    let vxlan: Vxlan | undefined;
    if ("vlan" in this.carrier) {
      const tagged = stack.addInterface(vlan(uplink, this.carrier.vlan));
      stack.configure(tagged);
      bridge.attach(tagged);
    } else {
      const others = [...this.#parts.values()];
      const remotes = others.map(({ host }) => formatIpv4(host.address));
      vxlan = new Vxlan(stack, { vni: this.carrier.vxlan, name: `vx-${this.name}`.slice(0, 15), remotes });
      stack.configure(stack.addInterface(vxlan.interface));
      for (const other of others) other.vxlan?.addRemote(formatIpv4(on.address));
      bridge.attach(vxlan.interface);
      bridge.interface.mtu = vxlan.interface.mtu;
    }
    stack.configure(bridge.interface);
    const part = { host: on, bridge, vxlan };
    this.#parts.set(on, part);
    return part;
  }
}
