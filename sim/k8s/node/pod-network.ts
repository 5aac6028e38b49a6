import type { Activity } from "../../core/index.js";
import { ask, inNamespace, writeText } from "../../container/index.js";
import { attempt, netlink, type Sys } from "../../os/index.js";
import { AddressPool } from "../kubelet/address-pool.js";
import { RuntimeFailure } from "../kubelet/runtime.js";

export interface PodNetworkOptions {
  /** The range of this node's pods: `10.244.1.0/24`. */
  readonly podCIDR: string;
  /** All pods' ranges: what goes there keeps its source's address. */
  readonly clusterCIDR: string;
}

interface Plugged {
  readonly address: string;
  readonly port: string;
}

const bridge = "cni0";

/**
 * The network of a node's pods, as the CNI plugins bridge, host-local and portmap make it for kubenet and flannel's host-gw: a bridge
 * that is the pods' gateway, a veth and an address for each pod, and a route to each other node's range by that node. Addresses are
 * translated only on the way out of the cluster.
 */
export class PodNetwork {
  readonly #options: PodNetworkOptions;
  readonly #pool: AddressPool;
  readonly #gateway: string;
  readonly #plugged = new Map<string, Plugged>();
  #ports = 0;

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    this.#pool = new AddressPool(options.podCIDR);
    // The range's first address; the pool leaves it out.
    this.#gateway = options.podCIDR.replace(/\d+\/\d+$/, "1");
  }

  get #length(): string {
    return this.#options.podCIDR.split("/")[1] ?? "24";
  }

  /** Makes the bridge, and what lets packets through and out. */
  *start(sys: Sys): Activity<undefined> {
    const { podCIDR, clusterCIDR } = this.#options;
    for (const name of ["ipv4/ip_forward", "bridge/bridge-nf-call-iptables"])
      yield* writeText(sys, `/proc/sys/net/${name}`, "1");
    yield* ask(
      sys,
      { type: "RTM_NEWLINK", name: bridge, kind: "bridge" },
      { type: "RTM_NEWADDR", name: bridge, address: `${this.#gateway}/${this.#length}` },
      { type: "RTM_SETLINK", name: bridge, set: { up: true } },
    );
    const lines = [
      "*nat",
      ":FLANNEL-POSTRTG - [0:0]",
      '-A POSTROUTING -m comment --comment "flanneld masq" -j FLANNEL-POSTRTG',
      // Marked: kube-proxy's to translate.
      "-A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN",
      `-A FLANNEL-POSTRTG -s ${podCIDR} -d ${clusterCIDR} -j RETURN`,
      `-A FLANNEL-POSTRTG -s ${clusterCIDR} -d ${podCIDR} -j RETURN`,
      `-A FLANNEL-POSTRTG ! -s ${clusterCIDR} -d ${podCIDR} -j RETURN`,
      `-A FLANNEL-POSTRTG -s ${clusterCIDR} ! -d 224.0.0.0/4 -j MASQUERADE --random-fully`,
      `-A FLANNEL-POSTRTG ! -s ${clusterCIDR} -d ${clusterCIDR} -j MASQUERADE --random-fully`,
      "COMMIT",
    ];
    yield* netlink(sys, { type: "NFT_MSG_RESTORE", text: `${lines.join("\n")}\n`, keep: true });
    return undefined;
  }

  /** Leads what is for another node's pods to that node. */
  *route(sys: Sys, podCIDR: string, via: string): Activity<undefined> {
    return yield* ask(sys, { type: "RTM_NEWROUTE", to: podCIDR, via, replace: true });
  }

  /**
   * ADD: gives a pod's network namespace an interface.
   * @param pid of a process in it
   * @returns the pod's address
   * @throws RuntimeFailure where there is none left
   */
  *add(sys: Sys, sandbox: string, pid: number): Activity<string> {
    const address = this.#pool.take();
    if (address === undefined) {
      const { podCIDR } = this.#options;
      throw new RuntimeFailure(
        `plugin type="bridge" failed (add): failed to allocate for range 0: no IP addresses available in range set: ${podCIDR}`,
      );
    }
    const port = `veth${(++this.#ports).toString(16).padStart(8, "0")}`;
    this.#plugged.set(sandbox, { address, port });
    yield* ask(
      sys,
      { type: "RTM_NEWLINK", name: port, kind: "veth", peer: "eth0", peerNet: { pid } },
      // A pod may call itself by a service: then its packets come back to where they came from.
      { type: "RTM_SETLINK", name: port, set: { master: bridge, hairpin: true, up: true } },
    );
    yield* inNamespace(sys, pid, () =>
      ask(
        sys,
        { type: "RTM_SETLINK", name: "lo", set: { up: true } },
        { type: "RTM_NEWADDR", name: "eth0", address: `${address}/${this.#length}` },
        { type: "RTM_SETLINK", name: "eth0", set: { up: true } },
        { type: "RTM_NEWROUTE", to: "default", via: this.#gateway },
      ),
    );
    return address;
  }

  /** DEL: takes the interface away, where its namespace has not ended and taken it along, and gives the address back. */
  *remove(sys: Sys, sandbox: string): Activity<undefined> {
    const plugged = this.#plugged.get(sandbox);
    if (plugged === undefined) return undefined;
    this.#plugged.delete(sandbox);
    yield* attempt(netlink(sys, { type: "RTM_DELLINK", name: plugged.port }));
    this.#pool.give(plugged.address);
    return undefined;
  }
}
