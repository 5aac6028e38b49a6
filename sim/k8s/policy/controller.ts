import { Client, type ApiEndpoint } from "../client/client.js";
import { Informer } from "../client/informer.js";
import type { NodeMachine } from "../node/machine.js";
import { RestoredTable } from "../node/restored-table.js";
import { RulesWriter } from "../node/rules-writer.js";
import { networkPolicies, type NetworkPolicy } from "./policy.js";
import { entries, policyRules } from "./rules.js";

/** Has a node's packet filter let through to its pods, and from them, what network policies allow; as kube-router does it. */
export class NetworkPolicyController {
  readonly #pods: Informer<"pods">;
  readonly #namespaces: Informer<"namespaces">;
  readonly #policies: Informer<typeof networkPolicies>;
  readonly #writer: RulesWriter;

  constructor(machine: NodeMachine, endpoint: ApiEndpoint) {
    const user = {
      name: "system:serviceaccount:kube-system:kube-router",
      groups: ["system:serviceaccounts", "system:serviceaccounts:kube-system", "system:authenticated"],
    };
    const client = new Client({ world: machine.kernel.world, endpoint, user });
    this.#pods = new Informer(client, "pods");
    this.#namespaces = new Informer(client, "namespaces");
    this.#policies = new Informer(client, networkPolicies);
    const table = new RestoredTable("filter", entries);
    this.#writer = new RulesWriter(machine, "kube-router", () => {
      const all = [this.#pods, this.#namespaces, this.#policies];
      if (!all.every(({ synced }) => synced.settled)) return undefined;
      const rules = policyRules({
        pods: [...this.#pods.store.values()],
        namespaces: [...this.#namespaces.store.values()],
        // Its own shape is not among those of the kinds that components share.
        policies: [...this.#policies.store.values()] as object[] as NetworkPolicy[],
        node: machine.name,
      });
      return table.requests(rules);
    });
    const changed = (): void => {
      // Where nobody asks for anything, nothing is written.
      if (this.#policies.store.size > 0) this.#writer.changed();
    };
    const always = (): void => {
      this.#writer.changed();
    };
    const handler = { added: changed, updated: changed, deleted: changed };
    this.#pods.handle(handler);
    this.#namespaces.handle(handler);
    this.#policies.handle({ added: always, updated: always, deleted: always });
  }

  /** Ends the process. The rules stay as they are. */
  stop(): void {
    for (const informer of [this.#pods, this.#namespaces, this.#policies]) informer.stop();
    this.#writer.stop();
  }
}
