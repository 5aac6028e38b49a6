import { UsageError, type Activity } from "../../core/index.js";
import { attempt, Errno, netlink, type Sys } from "../../os/index.js";
import { ask, inNamespace, randomHex } from "../network/sandbox.js";
import type { NetworkSettings } from "./configuration.js";

/** The addresses of the namespace that the caller is in, loopback's left out. */
export function* addressesOf(sys: Sys): Activity<string[]> {
  const rows = yield* netlink(sys, { type: "RTM_GETADDR" });
  return rows.filter(({ scope }) => scope !== "host").map(({ address }) => address);
}

function* gatewayOf(sys: Sys, { gateway, link }: NetworkSettings): Activity<string | undefined> {
  if (gateway !== "auto") return gateway;
  const rows = yield* netlink(sys, { type: "RTM_GETADDR" });
  const found = rows.find(({ dev }) => dev === link)?.address;
  if (found === undefined)
    throw new UsageError(
      `lxc.net: ipv4.gateway = auto, and ${link ?? "no bridge"} has no address`,
      "Give the bridge an address, or write one.",
    );
  return found;
}

/** Plugs a container's network in while its first process waits: veths from a bridge, their inner ends with names and addresses. */
export function* plugNetworks(sys: Sys, pid: number, networks: readonly NetworkSettings[]): Activity<undefined> {
  for (const [number, network] of networks.entries()) {
    if (network.type !== "veth") continue;
    const links = yield* netlink(sys, { type: "RTM_GETLINK" });
    if (network.link !== undefined && !links.some(({ name }) => name === network.link))
      throw new UsageError(
        `lxc.net.${number}.link = ${network.link}: there is no such bridge`,
        `Make it: ip link add ${network.link} type bridge.`,
      );
    const outer = network.pair ?? `veth${yield* randomHex(sys, 6)}`;
    const name = network.name ?? `eth${number}`;
    const address = network.hwaddr ?? `00:16:3e:${(yield* randomHex(sys, 6)).replaceAll(/(..)(?=.)/g, "$1:")}`;
    const gateway = yield* gatewayOf(sys, network);
    yield* ask(
      sys,
      { type: "RTM_NEWLINK", name: outer, kind: "veth", peer: name, peerNet: { pid } },
      {
        type: "RTM_SETLINK",
        name: outer,
        set: { ...(network.link !== undefined && { master: network.link }), up: true },
      },
    );
    yield* inNamespace(sys, pid, function* () {
      yield* ask(sys, {
        type: "RTM_SETLINK",
        name,
        set: { address, ...(network.mtu !== undefined && { mtu: network.mtu }) },
      });
      for (const one of network.addresses) yield* ask(sys, { type: "RTM_NEWADDR", name, address: one });
      if (network.up) yield* ask(sys, { type: "RTM_SETLINK", name, set: { up: true } });
      if (gateway !== undefined) yield* ask(sys, { type: "RTM_NEWROUTE", to: "default", via: gateway });
      return undefined;
    });
  }
  return undefined;
}

/** Makes lxcbr0 as the service lxc-net does; leaves one that is there. */
export function* raiseBridge(sys: Sys): Activity<undefined> {
  const made = yield* attempt(netlink(sys, { type: "RTM_NEWLINK", name: "lxcbr0", kind: "bridge" }));
  if (made instanceof Errno) {
    // A machine without a network has no bridge either.
    if (["EEXIST", "EAFNOSUPPORT", "EPROTONOSUPPORT"].includes(made.code)) return undefined;
    throw made;
  }
  return yield* ask(
    sys,
    { type: "RTM_NEWADDR", name: "lxcbr0", address: "10.0.3.1/24" },
    { type: "RTM_SETLINK", name: "lxcbr0", set: { up: true } },
  );
}
