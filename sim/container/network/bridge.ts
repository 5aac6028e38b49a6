import type { Activity } from "../../core/index.js";
import { broadcastOf, formatIpv4, type Ipv4 } from "../../net/index.js";
import { attempt, netlink, type Sys } from "../../os/index.js";
import { admitBridge, dismissBridge } from "./firewall.js";
import { textOfAddress } from "./ipam.js";
import type { Endpoint, Network } from "./network.js";
import { ask, inNamespace, randomHex } from "./sandbox.js";

/** The bridge on the host: the gateway's address, and the rules. */
export function* raiseBridge(sys: Sys, network: Network): Activity<undefined> {
  const { bridge: name, pool, gateway, options } = network;
  if (pool === undefined || gateway === undefined) return undefined;
  const mtu = Number(options["com.docker.network.driver.mtu"] ?? 1500);
  const random = yield* randomHex(sys, 8);
  const address = `02:42:${random.replaceAll(/(..)(?=.)/g, "$1:")}`;
  yield* ask(
    sys,
    { type: "RTM_NEWLINK", name, kind: "bridge" },
    { type: "RTM_SETLINK", name, set: { address, mtu } },
    {
      type: "RTM_NEWADDR",
      name,
      address: textOfAddress(gateway, pool.subnet),
      broadcast: formatIpv4(broadcastOf(gateway, pool.subnet.length)),
    },
    { type: "RTM_SETLINK", name, set: { up: true } },
  );
  return yield* admitBridge(sys, network);
}

export function* razeBridge(sys: Sys, network: Network): Activity<undefined> {
  yield* dismissBridge(sys, network);
  yield* attempt(netlink(sys, { type: "RTM_DELLINK", name: network.bridge }));
  return undefined;
}

/** Plugs a container's namespace in: a veth whose one end is the bridge's port, and the other an interface with an address. */
export function* plug(sys: Sys, pid: number, endpoint: Endpoint): Activity<undefined> {
  const { network, address, mac, port, interface: name } = endpoint;
  const { pool, bridge, options } = network;
  if (pool === undefined) return undefined;
  const mtu = Number(options["com.docker.network.driver.mtu"] ?? 1500);
  yield* ask(
    sys,
    { type: "RTM_NEWLINK", name: port, kind: "veth", peer: name, peerNet: { pid } },
    { type: "RTM_SETLINK", name: port, set: { mtu, master: bridge, up: true } },
  );
  return yield* inNamespace(sys, pid, () =>
    ask(
      sys,
      { type: "RTM_SETLINK", name: "lo", set: { up: true } },
      { type: "RTM_SETLINK", name, set: { address: mac, mtu } },
      {
        type: "RTM_NEWADDR",
        name,
        address: textOfAddress(address, pool.subnet),
        broadcast: formatIpv4(broadcastOf(address, pool.subnet.length)),
      },
      { type: "RTM_SETLINK", name, set: { up: true } },
    ),
  );
}

/** Both ends of the veth go; where the container's namespace has ended, they have gone with it. */
export function* unplug(sys: Sys, { port }: Endpoint): Activity<undefined> {
  yield* attempt(netlink(sys, { type: "RTM_DELLINK", name: port }));
  return undefined;
}

/** Has a container's packets for elsewhere go by a gateway; undefined where none leads out. */
export function* useGateway(sys: Sys, pid: number, gateway: Ipv4 | undefined): Activity<undefined> {
  return yield* inNamespace(sys, pid, function* () {
    if (gateway === undefined) yield* attempt(netlink(sys, { type: "RTM_DELROUTE", to: "default" }));
    else yield* netlink(sys, { type: "RTM_NEWROUTE", to: "default", via: formatIpv4(gateway), replace: true });
    return undefined;
  });
}
