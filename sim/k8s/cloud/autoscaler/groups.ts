import type { Nanos } from "../../../core/index.js";
import type { Node } from "../../client/pod-types.js";
import { conditionOf, taintsOf } from "../../controllers/nodes/taints.js";
import { uninitializedKey } from "../../kubelet/node-status.js";
import type { NodeGroup } from "../provider.js";
import type { AutoscalerFlags } from "./flags.js";

/** A group as it is now. */
export interface GroupState {
  readonly group: NodeGroup;
  readonly ready: readonly Node[];
  /** Nodes that have been ready, and are no longer. */
  readonly unready: readonly Node[];
  /** Machines that are no ready nodes yet. */
  readonly upcoming: number;
  readonly inBackoff: boolean;
}

/** Whether pods can be sent to a node. */
const isReadyNode = (node: Node): boolean =>
  conditionOf(node, "Ready")?.status === "True" && !taintsOf(node).some(({ key }) => key === uninitializedKey);

interface Backoff {
  readonly until: Nanos;
  readonly duration: Nanos;
  readonly failed: Nanos;
}

/** What is remembered of groups (cluster-autoscaler, `clusterstate`): what was asked of them, and what failed. */
export class Groups {
  readonly #flags: AutoscalerFlags;
  readonly #now: () => Nanos;
  readonly #backoffs = new Map<string, Backoff>();
  /** When a group was last enlarged, while it isn't that large yet. */
  readonly #asked = new Map<string, Nanos>();
  readonly #wereReady = new Set<string>();
  /** Since when a machine isn't a node. */
  readonly #unregistered = new Map<string, Nanos>();

  constructor(flags: AutoscalerFlags, now: () => Nanos) {
    this.#flags = flags;
    this.#now = now;
  }

  /** Notes that a group was enlarged. */
  asked({ name }: NodeGroup): void {
    this.#asked.set(name, this.#now());
  }

  /** Leaves a group alone for a time that doubles with each failure. */
  failed({ name }: NodeGroup): void {
    const { initialBackoff, maxBackoff, backoffReset } = this.#flags;
    const now = this.#now();
    const before = this.#backoffs.get(name);
    const again = before !== undefined && now - before.failed < backoffReset;
    const duration = again ? (Math.min(maxBackoff, before.duration * 2) as Nanos) : initialBackoff;
    this.#backoffs.set(name, { until: (now + duration) as Nanos, duration, failed: now });
    this.#asked.delete(name);
  }

  state(group: NodeGroup, nodes: readonly Node[]): GroupState {
    const ids = new Set(group.members.map(({ providerID }) => providerID));
    const own = nodes.filter(({ spec }) => spec?.providerID !== undefined && ids.has(spec.providerID));
    const ready = own.filter(isReadyNode);
    for (const { metadata } of ready) this.#wereReady.add(metadata.uid ?? "");
    const unready = own.filter((node) => !isReadyNode(node) && this.#wereReady.has(node.metadata.uid ?? ""));
    const upcoming = Math.max(0, group.target - ready.length - unready.length);
    if (upcoming === 0) {
      this.#asked.delete(group.name);
    }
    const inBackoff = (this.#backoffs.get(group.name)?.until ?? 0) > this.#now();
    return { group, ready, unready, upcoming, inBackoff };
  }

  /** How long ago a group was enlarged that hasn't got what it was to have in time; undefined where none is late. */
  late({ name }: NodeGroup): Nanos | undefined {
    const since = this.#asked.get(name);
    const waited = since === undefined ? 0 : this.#now() - since;
    return waited > this.#flags.maxNodeProvisionTime ? (waited as Nanos) : undefined;
  }

  /** Machines that have been no nodes for too long: the first call that sees one begins its time. */
  neverCame({ members }: NodeGroup, nodes: readonly Node[]): readonly string[] {
    const registered = new Set(nodes.map(({ spec }) => spec?.providerID));
    const now = this.#now();
    return members.flatMap(({ providerID, error }) => {
      if (error !== undefined || registered.has(providerID)) {
        this.#unregistered.delete(providerID);
        return [];
      }
      const since = this.#unregistered.get(providerID) ?? now;
      this.#unregistered.set(providerID, since);
      return now - since > this.#flags.maxNodeProvisionTime ? [providerID] : [];
    });
  }
}
