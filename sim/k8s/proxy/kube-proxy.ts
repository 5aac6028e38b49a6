import { Client, type ApiEndpoint } from "../client/client.js";
import { Informer } from "../client/informer.js";
import type { NodeMachine } from "../node/machine.js";
import { RulesWriter } from "../node/rules-writer.js";
import { baseChains, iptablesRules, jumps } from "./iptables.js";
import { servicePorts } from "./service-port.js";

export interface KubeProxyOptions {
  readonly machine: NodeMachine;
  readonly endpoint: ApiEndpoint;
  readonly clusterCIDR: string;
}

/**
 * kube-proxy of Kubernetes 1.32 in mode iptables: has a node's packet filter lead connections to services' addresses to endpoints. It is on
 * no packet's way itself.
 */
export class KubeProxy {
  readonly #services: Informer<"services">;
  readonly #slices: Informer<"endpointslices">;
  readonly #writer: RulesWriter;

  constructor({ machine, endpoint, clusterCIDR }: KubeProxyOptions) {
    const { world } = machine.kernel;
    const user = { name: "system:kube-proxy", groups: ["system:authenticated"] };
    const client = new Client({ world, endpoint, user });
    this.#services = new Informer(client, "services");
    this.#slices = new Informer(client, "endpointslices");
    this.#writer = new RulesWriter(machine, {
      ...{ name: "kube-proxy", table: "nat" },
      prepare: [
        ...(["filter", "nat"] as const).flatMap((table) => baseChains[table].map((chain) => `-t ${table} -N ${chain}`)),
        ...jumps.map(({ table, rule }) => `-t ${table} -I ${rule}`),
      ],
      rules: () => {
        // With half of what there is, connections would be refused that needn't be.
        if (!this.#services.synced.settled || !this.#slices.synced.settled) return undefined;
        const ports = servicePorts(this.#services.store.values(), this.#slices.store.values(), machine.name);
        return iptablesRules(ports, clusterCIDR);
      },
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
