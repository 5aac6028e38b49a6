import { ns, UsageError, type Nanos, type World } from "../../core/index.js";
import { noMac, type Mac } from "../packet/address.js";
import type { Frame } from "../packet/packet.js";
import { NetworkInterface } from "./interface.js";

/**
 * A new Ethernet address: random and locally administered, as Linux gives to a virtual interface (eth_hw_addr_random).
 */
export function newMac(world: World): Mac {
  const rng = world.rng.stream("net.mac");
  const first = (rng.integer(256) & 0xfc) | 0x02;
  return (first * 2 ** 40 + rng.integer(256) * 2 ** 32 + rng.uint32()) as Mac;
}

/** A network card: what it is plugged into decides where its frames go. */
export const ethernet = (world: World, name: string): NetworkInterface =>
  new NetworkInterface(name, "ethernet", newMac(world));

/** The loopback interface; its namespace gives back what is sent into it. */
export const loopback = (): NetworkInterface => new NetworkInterface("lo", "loopback", noMac, 65_536);

/** An interface that drops what is sent into it: a place for addresses (kube-ipvs0, a router's own). */
export function dummy(world: World, name: string): NetworkInterface {
  const made = new NetworkInterface(name, "dummy", newMac(world));
  made.driver = () => undefined;
  return made;
}

/**
 * A veth pair (veth(4)): what goes into one comes out of the other, in an event of its own. The processor's time for it is not
 * modelled here; `latency` stands for it where it matters.
 */
export function veth(
  world: World,
  names: readonly [string, string],
  latency: Nanos = ns(0),
): readonly [NetworkInterface, NetworkInterface] {
  const one = new NetworkInterface(names[0], "veth", newMac(world));
  const other = new NetworkInterface(names[1], "veth", newMac(world));
  const { engine } = world;
  const into = (peer: NetworkInterface) => (frame: Frame, ahead?: number) => {
    engine.after((latency + (ahead ?? 0)) as Nanos, () => {
      peer.receive(frame);
    });
  };
  one.driver = into(other);
  other.driver = into(one);
  return [one, other];
}

/**
 * A virtual LAN's interface on another (IEEE 802.1Q): it tags what it sends, and hears what comes with its tag.
 * @throws UsageError for a number that is no VLAN's, or taken
 */
export function vlan(parent: NetworkInterface, id: number, name = `${parent.name}.${id}`): NetworkInterface {
  if (!(Number.isInteger(id) && id >= 1 && id <= 4094)) {
    throw new UsageError(`${id} is no number of a VLAN`, "Give a whole number from 1 to 4094 (IEEE 802.1Q, 9.6).");
  }
  parent.vlans ??= new Map();
  if (parent.vlans.has(id)) throw new UsageError(`${parent.name} has VLAN ${id} already`, "Give another number.");
  const made = new NetworkInterface(name, "vlan", parent.mac, parent.mtu);
  made.driver = (frame) => {
    parent.send({ ...frame, vlan: id });
  };
  parent.vlans.set(id, made);
  return made;
}
