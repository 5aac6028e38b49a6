import { Client, type ApiEndpoint } from "../client/client.js";
import { Informer } from "../client/informer.js";
import type { Node } from "../client/pod-types.js";
import type { NodeMachine } from "./machine.js";

/**
 * Keeps a node's routes to the others' pods: by each node's own address, as flannel's backend host-gw does it in a network that all nodes
 * share.
 */
export class PodRoutes {
  readonly #machine: NodeMachine;
  readonly #nodes: Informer<"nodes">;
  readonly #routes = new Map<string, string>();

  constructor(machine: NodeMachine, endpoint: ApiEndpoint) {
    this.#machine = machine;
    const user = {
      name: "system:serviceaccount:kube-system:flannel",
      groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
    };
    this.#nodes = new Informer(new Client({ world: machine.kernel.world, endpoint, user }), "nodes");
    const lead = (node: Node): void => {
      this.#lead(node);
    };
    this.#nodes.handle({ added: lead, updated: lead });
  }

  stop(): void {
    this.#nodes.stop();
  }

  #lead({ metadata: { name = "" }, spec, status }: Node): void {
    const podCIDR = spec?.podCIDR;
    const via = status?.addresses?.find(({ type }) => type === "InternalIP")?.address;
    if (name === this.#machine.name || podCIDR === undefined || via === undefined) return;
    if (this.#routes.get(podCIDR) === via) return;
    this.#routes.set(podCIDR, via);
    const { network } = this.#machine;
    this.#machine.start("flanneld", (sys) => network.route(sys, podCIDR, via));
  }
}
