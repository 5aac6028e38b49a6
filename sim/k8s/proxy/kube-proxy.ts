import { s, type Activity, type Cancel, type Nanos } from "../../core/index.js";
import { netlink, type Sys } from "../../os/index.js";
import { Client, type ApiEndpoint } from "../client/client.js";
import { Informer } from "../client/informer.js";
import type { NodeMachine } from "../node/machine.js";
import { baseChains, iptablesRules, jumps } from "./iptables.js";
import { servicePorts } from "./service-port.js";

/** Between two writings of the rules there is at least so much time (`minSyncPeriod`). */
const leastPeriod: Nanos = s(1);

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
  readonly #options: KubeProxyOptions;
  readonly #services: Informer<"services">;
  readonly #slices: Informer<"endpointslices">;
  #chains: ReadonlySet<string> = new Set();
  #prepared = false;
  #last = -Infinity;
  #due: Cancel | undefined;
  #syncing = false;
  #dirty = false;
  /** How often the rules were written. */
  syncs = 0;

  constructor(options: KubeProxyOptions) {
    this.#options = options;
    const { endpoint, machine } = options;
    const { world } = machine.kernel;
    const client = new Client({ world, endpoint, user: { name: "system:kube-proxy", groups: ["system:authenticated"] } });
    this.#services = new Informer(client, "services");
    this.#slices = new Informer(client, "endpointslices");
    const changed = (): void => {
      this.#changed();
    };
    const handler = { added: changed, updated: changed, deleted: changed };
    this.#services.handle(handler);
    this.#slices.handle(handler);
  }

  /** Ends the process. The rules stay as they are. */
  stop(): void {
    this.#services.stop();
    this.#slices.stop();
    this.#due?.();
    this.#due = undefined;
    this.#dirty = false;
  }

  #changed(): void {
    this.#dirty = true;
    if (this.#due !== undefined || this.#syncing) return;
    const { engine } = this.#options.machine.kernel;
    const wait = Math.max(0, this.#last + leastPeriod - engine.now) as Nanos;
    const write = (): void => {
      this.#due = undefined;
      this.#sync();
    };
    this.#due = engine.after(wait, write, { name: "kube-proxy" });
  }

  #sync(): void {
    // With half of what there is, connections would be refused that needn't be.
    if (!this.#services.synced.settled || !this.#slices.synced.settled) return;
    const { machine } = this.#options;
    this.#syncing = true;
    this.#dirty = false;
    this.#last = machine.kernel.engine.now;
    const write = (sys: Sys): Activity<undefined> => this.#write(sys);
    const after = (): void => {
      this.#syncing = false;
      this.syncs++;
      if (this.#dirty) this.#changed();
    };
    machine.start("kube-proxy", function* (sys) {
      try {
        yield* write(sys);
      } finally {
        after();
      }
    });
  }

  *#write(sys: Sys): Activity<undefined> {
    const { machine, clusterCIDR } = this.#options;
    if (!this.#prepared) {
      this.#prepared = true;
      yield* prepare(sys);
    }
    const ports = servicePorts(this.#services.store.values(), this.#slices.store.values(), machine.name);
    const { text, chains } = iptablesRules(ports, clusterCIDR);
    yield* netlink(sys, { type: "NFT_MSG_RESTORE", text, keep: true });
    const now = new Set(chains);
    const gone = [...this.#chains].filter((chain) => !now.has(chain));
    this.#chains = now;
    if (gone.length === 0) return undefined;
    // Emptied first: they may jump to each other.
    const removal = ["*nat", ...gone.map((chain) => `:${chain} - [0:0]`), ...gone.map((chain) => `-X ${chain}`), "COMMIT", ""];
    yield* netlink(sys, { type: "NFT_MSG_RESTORE", text: removal.join("\n"), keep: true });
    return undefined;
  }
}

/** Makes the chains, and what leads into them. */
function* prepare(sys: Sys): Activity<undefined> {
  for (const table of ["filter", "nat"] as const)
    for (const chain of baseChains[table])
      yield* netlink(sys, { type: "NFT_MSG_NEWRULE", line: `-t ${table} -N ${chain}` });
  for (const { table, rule } of jumps)
    yield* netlink(sys, { type: "NFT_MSG_NEWRULE", line: `-t ${table} -I ${rule}` });
  return undefined;
}
