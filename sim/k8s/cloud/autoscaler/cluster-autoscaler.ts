import { withDefaults, type Activity, type Nanos, type Process, type World } from "../../../core/index.js";
import { Client, type ApiEndpoint } from "../../client/client.js";
import { timeText } from "../../client/clock.js";
import { EventRecorder } from "../../client/event-recorder.js";
import { ApiFailure, isNotFound } from "../../client/failure.js";
import { InformerFactory } from "../../client/informer.js";
import { LeaderElection } from "../../client/leader-election.js";
import type { Node, Pod } from "../../client/pod-types.js";
import { taintsOf } from "../../controllers/nodes/taints.js";
import { formatGoDuration } from "../../kubelet/go-duration.js";
import type { KubeObject } from "../../objects/value.js";
import { PodInfo } from "../../scheduler/pod-info.js";
import { defaultProfile } from "../../scheduler/scheduler.js";
import { asked, type CloudProvider, type NodeGroup } from "../provider.js";
import { candidateKey, toBeDeletedKey } from "../taints.js";
import { defaultAutoscalerFlags, type AutoscalerFlags } from "./flags.js";
import { Groups, type GroupState } from "./groups.js";
import { deleteNode, setTaint } from "./node-deletion.js";
import { blocking, movable, tryWithout, utilizationOf, type Candidate } from "./scale-down.js";
import { addUpcoming, bestOption, estimate, refusalByTemplate, type Option } from "./scale-up.js";
import { Snapshot } from "./snapshot.js";
import { statusText } from "./status.js";

export interface ClusterAutoscalerOptions {
  readonly world: World;
  readonly endpoint: ApiEndpoint;
  readonly cloud: CloudProvider;
  /** Other than the defaults, `defaultAutoscalerFlags`. */
  readonly flags?: Partial<AutoscalerFlags>;
}

const account = "cluster-autoscaler";
const statusName = "cluster-autoscaler-status";
const disabledKey = "cluster-autoscaler.kubernetes.io/scale-down-disabled";
/** Pods of less priority are worth no machine (`--expendable-pods-priority-cutoff`). */
const expendable = -10;

/** Of which group, and whether the node is ready. */
interface GroupCandidate extends Candidate {
  readonly group: NodeGroup;
  readonly ready: boolean;
}

const isUnschedulable = ({ spec, status, metadata }: Pod): boolean =>
  spec.nodeName === undefined &&
  metadata.deletionTimestamp === undefined &&
  (spec.priority ?? 0) >= expendable &&
  status?.conditions?.some(({ type, reason }) => type === "PodScheduled" && reason === "Unschedulable") === true;

/**
 * The cluster autoscaler of 1.32: enlarges a group of a cloud's machines when pods find no node that a machine of it would have room for, and
 * takes away nodes whose pods have room elsewhere. It tries both out with the scheduler's own filters, every 10 s.
 */
export class ClusterAutoscaler {
  readonly #world: World;
  readonly #client: Client;
  readonly #cloud: CloudProvider;
  readonly #flags: AutoscalerFlags;
  readonly #election: LeaderElection;
  readonly #groups: Groups;
  readonly #events: EventRecorder;
  readonly #deletions = new Map<string, Process<void>>();
  /** Since when a node could go. */
  readonly #unneeded = new Map<string, Nanos>();
  #informers: InformerFactory | undefined;
  #loop: Process<void> | undefined;
  #lastAdded = Number.NEGATIVE_INFINITY;
  #lastFailed = Number.NEGATIVE_INFINITY;
  #told = "";
  /** What its own events are about. */
  #status: KubeObject = {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name: statusName, namespace: "kube-system" },
  };

  /** @throws UsageError for a flag that isn't there */
  constructor({ world, endpoint, cloud, flags = {} }: ClusterAutoscalerOptions) {
    this.#world = world;
    this.#cloud = cloud;
    this.#flags = withDefaults<AutoscalerFlags>("cluster-autoscaler", flags, defaultAutoscalerFlags);
    const user = { name: `system:serviceaccount:kube-system:${account}`, groups: ["system:authenticated"] };
    this.#client = new Client({ world, endpoint, user });
    this.#events = new EventRecorder(this.#client, account);
    this.#groups = new Groups(this.#flags, () => world.engine.now);
    this.#election = new LeaderElection(this.#client, {
      ...{ name: account, identity: account },
      started: () => {
        this.#begin();
      },
      stopped: () => {
        this.#end();
      },
    });
  }

  stop(): void {
    this.#election.stop();
    this.#end();
  }

  #begin(): void {
    const informers = new InformerFactory(this.#client);
    this.#informers = informers;
    const plugins = defaultProfile(informers);
    for (const kind of ["nodes", "namespaces", "poddisruptionbudgets"] as const) informers.for(kind);
    // Whoever waits for pods to settle waits for the next look.
    const { engine } = this.#world;
    const wait = (pod: Pod, old?: Pod): void => {
      if (!isUnschedulable(pod) || (old !== undefined && isUnschedulable(old))) return;
      engine.after(this.#flags.scanInterval, () => undefined, { name: "look at unschedulable pods" });
    };
    informers.for("pods").handle({ added: wait, updated: wait });
    this.#loop = engine.spawn(this.#run(informers, plugins), { name: account, background: true });
  }

  #end(): void {
    this.#loop?.cancel();
    for (const deletion of this.#deletions.values()) deletion.cancel();
    this.#deletions.clear();
    this.#informers?.stop();
  }

  *#run(informers: InformerFactory, plugins: ReturnType<typeof defaultProfile>): Activity<void> {
    yield* informers.synced();
    for (;;) {
      try {
        yield* this.#look(informers, plugins);
      } catch (error) {
        // The next look sees it anew.
        if (!(error instanceof ApiFailure)) throw error;
      }
      yield* this.#world.engine.delay(this.#flags.scanInterval, { background: true });
    }
  }

  *#look(informers: InformerFactory, plugins: ReturnType<typeof defaultProfile>): Activity<void> {
    const nodes = [...informers.store("nodes").values()];
    const pods = [...informers.store("pods").values()];
    yield* this.#giveUp(nodes);
    const states = this.#cloud.groups.map((group) => this.#groups.state(group, nodes));
    // Nodes that aren't ready take no pod; those that are to come do.
    const usable = nodes.filter((node) => states.some(({ ready }) => ready.includes(node)) || !isRented(node));
    const namespaces = informers.store("namespaces").values();
    const active = pods.filter(({ status }) => status?.phase !== "Succeeded" && status?.phase !== "Failed");
    const snapshot = new Snapshot(plugins, usable, active, namespaces);
    const upcoming = states.flatMap(({ group, upcoming: count }) => addUpcoming(snapshot, group, count));
    const waiting = active
      .filter(isUnschedulable)
      .map((pod) => new PodInfo(pod))
      .sort((a, b) => b.priority - a.priority)
      .filter((pod) => snapshot.place(pod) === undefined);
    const added =
      waiting.length > 0 && (yield* this.#scaleUp(snapshot, states, waiting, nodes.length + upcoming.length));
    const candidates = this.#flags.scaleDown ? this.#candidates(snapshot, states, active, informers) : [];
    yield* this.#follow(nodes, candidates);
    if (!added) this.#scaleDown(candidates);
    yield* this.#tell(states, candidates);
  }

  /** Notes what a cloud hasn't brought, and gives back what never became a node. */
  *#giveUp(nodes: readonly Node[]): Activity<void> {
    for (const group of this.#cloud.groups) {
      const broken = group.members.filter(({ error }) => error !== undefined);
      const [first] = broken;
      if (first?.error !== undefined) {
        const { code, message } = first.error;
        this.#own("Warning", "FailedToScaleUpGroup", `Scale-up failed for group ${group.name}: ${code}: ${message}`);
        this.#groups.failed(group);
      }
      const late = this.#groups.late(group);
      if (late !== undefined) {
        const after = formatGoDuration(late);
        this.#own(
          "Warning",
          "ScaleUpTimedOut",
          `Nodes added to group ${group.name} failed to register within ${after}`,
        );
        this.#groups.failed(group);
      }
      const gone = [...broken.map(({ providerID }) => providerID), ...this.#groups.neverCame(group, nodes)];
      const most = Math.max(0, group.target - group.min);
      if (gone.length > 0 && most > 0) yield* asked(group.remove(gone.slice(0, most)));
    }
  }

  *#scaleUp(
    snapshot: Snapshot,
    states: readonly GroupState[],
    pods: readonly PodInfo[],
    count: number,
  ): Activity<boolean> {
    const { maxNodesTotal, expander } = this.#flags;
    const room = maxNodesTotal === 0 ? Number.POSITIVE_INFINITY : maxNodesTotal - count;
    const refused = new Map<PodInfo, string[]>(pods.map((pod) => [pod, []]));
    const options = states.flatMap(({ group, inBackoff }): Option[] => {
      const skipped = inBackoff
        ? "in backoff after failed scale-up"
        : group.target >= group.max
          ? "max node group size reached"
          : undefined;
      const fitting = pods.filter((pod) => {
        const reasons = skipped === undefined ? refusalByTemplate(snapshot, group, pod) : [skipped];
        refused.get(pod)?.push(...(reasons ?? []));
        return reasons === undefined;
      });
      if (fitting.length === 0 || room <= 0) return [];
      const option = estimate(snapshot, group, fitting, Math.min(room, group.max - group.target));
      return option.count === 0 ? [] : [option];
    });
    const best = bestOption(options, expander, (among) => this.#world.rng.stream(account).uint32() % among);
    if (best === undefined) {
      for (const [{ pod }, reasons] of refused) {
        const text = room <= 0 ? "max total nodes in cluster reached" : counted(reasons);
        this.#events.event(pod, "Normal", "NotTriggerScaleUp", `pod didn't trigger scale-up: ${text}`);
      }
      return false;
    }
    return yield* this.#enlarge(best);
  }

  *#enlarge({ group, count, pods }: Option): Activity<boolean> {
    const { name, target, max } = group;
    const size = target + count;
    this.#own(
      "Normal",
      "ScaledUpGroup",
      `Scale-up: setting group ${name} size to ${size} instead of ${target} (max: ${max})`,
    );
    try {
      yield* asked(group.increase(count));
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.#own("Warning", "FailedToScaleUpGroup", `Scale-up failed for group ${name}: ${error.message}`);
      this.#groups.failed(group);
      return false;
    }
    this.#world.trace.emit("autoscaler.up", name, { from: target, to: size });
    this.#lastAdded = this.#world.engine.now;
    this.#groups.asked(group);
    for (const { pod } of pods)
      this.#events.event(
        pod,
        "Normal",
        "TriggeredScaleUp",
        `pod triggered scale-up: [{${name} ${target}->${size} (max: ${max})}]`,
      );
    return true;
  }

  /** Nodes that could go now, all of them together. */
  #candidates(
    snapshot: Snapshot,
    states: readonly GroupState[],
    pods: readonly Pod[],
    informers: InformerFactory,
  ): readonly GroupCandidate[] {
    const budgets = [...informers.store("poddisruptionbudgets").values()];
    const flags = this.#flags;
    const found: GroupCandidate[] = [];
    for (const { group, ready, unready, upcoming } of states) {
      // Deletions that are under way count still.
      const going = [...ready, ...unready].filter(({ metadata }) => this.#deletions.has(metadata.name ?? "")).length;
      let spare = group.target - upcoming - group.min - going;
      for (const node of [...unready, ...ready]) {
        const { name = "", annotations } = node.metadata;
        if (spare <= 0 || this.#deletions.has(name) || annotations?.[disabledKey] === "true") continue;
        const isReady = ready.includes(node);
        const info = snapshot.node(name);
        const all = pods.filter(({ spec }) => spec.nodeName === name);
        const moved = movable(all);
        const utilization = info === undefined ? 0 : utilizationOf(info);
        if (isReady && utilization >= flags.utilizationThreshold) continue;
        if (moved.some((pod) => blocking(pod, budgets, flags) !== undefined)) continue;
        const candidate = { node, utilization, pods: moved, group, ready: isReady };
        if (isReady && !tryWithout(snapshot, candidate, all)) continue;
        spare--;
        found.push(candidate);
      }
    }
    return found;
  }

  /** Remembers since when nodes could go, and says so on them: the scheduler then prefers others. */
  *#follow(nodes: readonly Node[], candidates: readonly Candidate[]): Activity<void> {
    const client = this.#client.background;
    const could = new Set(candidates.map(({ node }) => node.metadata.name ?? ""));
    for (const name of this.#unneeded.keys()) if (!could.has(name)) this.#unneeded.delete(name);
    for (const name of could) if (!this.#unneeded.has(name)) this.#unneeded.set(name, this.#world.engine.now);
    for (const node of nodes) {
      const { name = "" } = node.metadata;
      const has = taintsOf(node).some(({ key }) => key === candidateKey);
      if (has === could.has(name) || taintsOf(node).some(({ key }) => key === toBeDeletedKey)) continue;
      const value = String(Math.floor(this.#world.engine.now / 1e9));
      const taint = { key: candidateKey, value, effect: "PreferNoSchedule" };
      yield* setTaint(client, name, candidateKey, has ? undefined : taint);
    }
  }

  #scaleDown(candidates: readonly GroupCandidate[]): void {
    const { now } = this.#world.engine;
    const { delayAfterAdd, delayAfterFailure, unneededTime, unreadyTime, emptyAtOnce } = this.#flags;
    if (now - this.#lastAdded < delayAfterAdd || now - this.#lastFailed < delayAfterFailure) return;
    const due = candidates.filter(
      ({ node, ready }) =>
        now - (this.#unneeded.get(node.metadata.name ?? "") ?? now) >= (ready ? unneededTime : unreadyTime),
    );
    const empty = due.filter(({ pods }) => pods.length === 0).slice(0, emptyAtOnce);
    const [full] = due.filter(({ pods }) => pods.length > 0);
    const chosen = empty.length > 0 ? empty : full === undefined || this.#deletions.size > 0 ? [] : [full];
    for (const candidate of chosen) this.#remove(candidate);
  }

  #remove(candidate: GroupCandidate): void {
    const { node, pods, utilization, group } = candidate;
    const { name = "" } = node.metadata;
    const names = pods.map(({ metadata }) => metadata.name ?? "").join(",");
    if (pods.length === 0) this.#own("Normal", "ScaleDownEmpty", `Scale-down: removing empty node "${name}"`);
    else {
      const text = `utilization: ${utilization}, pods to reschedule: ${names}`;
      this.#own("Normal", "ScaleDown", `Scale-down: removing node ${name}, ${text}`);
    }
    this.#unneeded.delete(name);
    this.#world.trace.emit("autoscaler.down", group.name, { node: name, pods: pods.length });
    const { engine } = this.#world;
    const deletion = engine.spawn(this.#removing(candidate), { name: `scale-down of ${name}` });
    this.#deletions.set(name, deletion);
    deletion.onSettled(() => this.#deletions.delete(name));
  }

  *#removing(candidate: GroupCandidate): Activity<void> {
    try {
      yield* deleteNode(candidate, candidate.group, this.#client, this.#events, this.#flags.drainTime);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.#lastFailed = this.#world.engine.now;
    }
  }

  /** Writes the ConfigMap where it would say something else. */
  *#tell(states: readonly GroupState[], candidates: readonly { readonly group: NodeGroup }[]): Activity<void> {
    const counts = new Map<string, number>();
    for (const { group } of candidates) counts.set(group.name, (counts.get(group.name) ?? 0) + 1);
    const text = statusText(states, counts);
    if (text === this.#told) return;
    const client = this.#client.background;
    const data = { status: `time: "${timeText(this.#world)}"\n${text}` };
    const namespace = "kube-system";
    try {
      this.#status = yield* client.patch("configmaps", namespace, statusName, { data });
    } catch (error) {
      if (!isNotFound(error)) throw error;
      this.#status = yield* client.create("configmaps", namespace, { metadata: { name: statusName, namespace }, data });
    }
    this.#told = text;
  }

  #own(type: "Normal" | "Warning", reason: string, message: string): void {
    this.#events.event(this.#status, type, reason, message);
  }
}

const isRented = ({ spec }: Node): boolean => spec?.providerID !== undefined;

/** Reasons with how many groups gave each. */
function counted(reasons: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const reason of reasons) counts.set(reason, (counts.get(reason) ?? 0) + 1);
  return [...counts].map(([reason, count]) => `${count} ${reason}`).join(", ");
}

/** What an autoscaler may do (cluster-autoscaler's chart, `clusterrole.yaml`). */
export const autoscalerManifest: string = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: ${account}}
rules:
  - {apiGroups: [""], resources: [nodes], verbs: [get, list, watch, update, patch]}
  - {apiGroups: [""], resources: [pods, namespaces, persistentvolumes, persistentvolumeclaims], verbs: [get, list, watch]}
  - {apiGroups: [""], resources: [pods/eviction], verbs: [create]}
  - {apiGroups: [""], resources: [configmaps], verbs: [get, create, update, patch]}
  - {apiGroups: [""], resources: [events], verbs: [create, update, patch]}
  - {apiGroups: [policy], resources: [poddisruptionbudgets], verbs: [get, list, watch]}
  - {apiGroups: [storage.k8s.io], resources: [storageclasses, csinodes], verbs: [get, list, watch]}
  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: ${account}}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${account}}
subjects: [{kind: ServiceAccount, name: ${account}, namespace: kube-system}]
`;
