import type { LinuxBridge } from "../link/linux-bridge.js";
import type { BridgePort } from "../link/bridge.js";
import { isGroup } from "../packet/address.js";
import type { Frame } from "../packet/packet.js";
import { Passage, type PacketFilter } from "./passage.js";

/** What the filter of a bridge's frames needs of the namespace that it is in. */
interface Filtering {
  /** Undefined while nobody filters there. */
  bridgeFilter(): PacketFilter | undefined;
  reroute(passage: Passage): void;
}

/**
 * Has packets that go from port to port pass their namespace's filter, as `br_netfilter` does (net.bridge.bridge-nf-call-iptables):
 * so a service's translation is undone also where both ends are on one bridge. A packet whose destination is translated is routed,
 * which costs it a hop; in Linux it stays on the bridge where that leads back to it.
 */
export function filterBridge({ bridge, interface: own }: LinuxBridge, namespace: Filtering): void {
  bridge.interpose = (frame: Frame, from: BridgePort): Frame | undefined => {
    const filter = namespace.bridgeFilter();
    const { payload: packet, destination } = frame;
    if (filter === undefined || packet.kind !== "ipv4" || isGroup(destination) || from.name === own.name) return frame;
    if (packet.payload.kind === "fragment") return frame;
    const passage = new Passage(packet, own);
    if (!filter.traverse("prerouting", passage)) return undefined;
    if (destination === own.mac || passage.packet.destination !== packet.destination) {
      namespace.reroute(passage);
      return undefined;
    }
    passage.output = own;
    if (!filter.traverse("forward", passage) || !filter.traverse("postrouting", passage)) return undefined;
    return { ...frame, payload: passage.packet };
  };
}
