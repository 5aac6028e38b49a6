import { Client, type ApiEndpoint } from "../client/client.js";
import { Informer } from "../client/informer.js";
import type { NodeMachine } from "../node/machine.js";
import { RulesWriter } from "../node/rules-writer.js";
import { iptablesMode } from "./iptables.js";
import { ipvsMode } from "./ipvs.js";
import type { ProxyMode, ProxyModeName } from "./mode.js";
import { nftablesMode } from "./nftables.js";
import { servicePorts } from "./service-port.js";

export interface KubeProxyOptions {
  readonly machine: NodeMachine;
  readonly endpoint: ApiEndpoint;
  readonly clusterCIDR: string;
  /** Default `iptables`. */
  readonly mode?: ProxyModeName | undefined;
}

/** Each mode, for a cluster's pods. */
export const proxyModes: Readonly<Record<ProxyModeName, (clusterCIDR: string) => ProxyMode>> = {
  iptables: iptablesMode,
  nftables: nftablesMode,
  ipvs: ipvsMode,
};

/**
 * kube-proxy of Kubernetes 1.32: has a node's packet filter lead connections to services' addresses to endpoints. It is on
 * no packet's way itself.
 */
export class KubeProxy {
  readonly #services: Informer<"services">;
  readonly #slices: Informer<"endpointslices">;
  readonly #writer: RulesWriter;

  constructor({ machine, endpoint, clusterCIDR, mode = "iptables" }: KubeProxyOptions) {
    const { world } = machine.kernel;
    const user = { name: "system:kube-proxy", groups: ["system:authenticated"] };
    const client = new Client({ world, endpoint, user });
    this.#services = new Informer(client, "services");
    this.#slices = new Informer(client, "endpointslices");
    const proxy = proxyModes[mode](clusterCIDR);
    this.#writer = new RulesWriter(machine, "kube-proxy", () => {
      // With half of what there is, connections would be refused that needn't be.
      if (!this.#services.synced.settled || !this.#slices.synced.settled) return undefined;
      const ports = servicePorts(this.#services.store.values(), this.#slices.store.values(), machine.name);
      return proxy.requests(ports, [machine.address]);
    });
    const changed = (): void => {
      this.#writer.changed();
    };
    const handler = { added: changed, updated: changed, deleted: changed };
    this.#services.handle(handler);
    this.#slices.handle(handler);
  }

  /** Ends the process. The rules stay as they are. */
  stop(): void {
    this.#services.stop();
    this.#slices.stop();
    this.#writer.stop();
  }
}
