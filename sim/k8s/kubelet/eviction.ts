import { minutes, s, type Cancel, type Nanos, type World } from "../../core/index.js";
import type { EventRecorder } from "../client/event-recorder.js";
import type { Pod } from "../client/pod-types.js";
import { formatQuantity } from "../objects/quantity.js";
import type { KubeObject } from "../objects/value.js";
import { PodInfo, resourcesOf } from "../scheduler/pod-info.js";
import type { Pressures } from "./node-status.js";
import { reserved } from "./node-status.js";
import type { PodWorker } from "./pod-worker.js";
import type { ContainerRuntime } from "./runtime.js";
import { withTag } from "./images.js";

/** How often the node is looked at, and how long a pressure holds behind its end (`monitoringInterval`, `evictionPressureTransitionPeriod`). */
const period = s(10);
const transition = minutes(5);
/** What of the disk images leave free at least (`imagefs.available`). */
const imagesFree = 0.15;

interface Surroundings {
  readonly world: World;
  readonly runtime: ContainerRuntime;
  readonly events: EventRecorder;
  readonly node: () => KubeObject;
  readonly workers: () => Iterable<PodWorker>;
  /** The pressures are others now. */
  readonly changed: () => void;
}

interface Candidate {
  readonly worker: PodWorker;
  readonly priority: number;
  readonly used: number;
  readonly requested: number;
}

const amount = (bytes: number): string => formatQuantity(BigInt(Math.round(bytes)) * 1_000_000_000n, "Ki");

/** Ends pods before the node runs out of memory or disk (kubernetes, `pkg/kubelet/eviction`). */
export class EvictionManager {
  readonly #around: Surroundings;
  /** Since when a pressure has not been seen any more; undefined: never seen. */
  #memorySeen: Nanos | undefined;
  #diskSeen: Nanos | undefined;
  #told: Pressures = { memory: false, disk: false };
  #tick: Cancel;

  constructor(around: Surroundings) {
    this.#around = around;
    this.#tick = this.#next();
  }

  get pressures(): Pressures {
    return this.#told;
  }

  stop(): void {
    this.#tick();
  }

  #next(): Cancel {
    const { engine } = this.#around.world;
    const look = (): void => {
      this.#tick = this.#next();
      this.#look();
    };
    return engine.after(period, look, { name: "eviction manager", background: true });
  }

  #look(): void {
    const { world, runtime, changed } = this.#around;
    const { now } = world.engine;
    const { memoryAvailable, disk } = runtime.stats();
    const memory = memoryAvailable < reserved.memory;
    let full = disk.available < disk.capacity * imagesFree;
    if (memory) this.#memorySeen = now;
    if (full) this.#diskSeen = now;
    const holds = (seen: Nanos | undefined): boolean => seen !== undefined && now - seen < transition;
    const told = { memory: holds(this.#memorySeen), disk: holds(this.#diskSeen) };
    if (told.memory !== this.#told.memory || told.disk !== this.#told.disk) {
      this.#told = told;
      changed();
    }
    if (memory) {
      this.#announce("memory");
      this.#evict("memory", amount(reserved.memory), memoryAvailable);
      return;
    }
    if (!full) return;
    this.#announce("ephemeral-storage");
    this.#removeImages();
    const left = runtime.stats().disk;
    full = left.available < left.capacity * imagesFree;
    if (full) this.#evict("ephemeral-storage", amount(left.capacity * imagesFree), left.available);
  }

  #announce(what: string): void {
    const { events, node } = this.#around;
    events.event(node(), "Warning", "EvictionThresholdMet", `Attempting to reclaim ${what}`);
  }

  /** Images that no pod which is still here is made of go first. */
  #removeImages(): void {
    const { runtime, workers } = this.#around;
    const used = new Set<string>();
    for (const { pod, terminated } of workers()) {
      if (terminated) continue;
      for (const { image = "" } of [...(pod.spec.initContainers ?? []), ...pod.spec.containers])
        used.add(withTag(image));
    }
    for (const { names } of runtime.listImages())
      if (!names.some((name) => used.has(name))) for (const name of names) runtime.removeImage(name);
  }

  /** One pod, at once: whoever uses more than it asked for, of these the least important, of these who is furthest above. */
  #evict(what: "memory" | "ephemeral-storage", threshold: string, available: number): void {
    const { runtime, events, workers } = this.#around;
    const usage = runtime.stats().pods();
    const candidates: Candidate[] = [];
    for (const worker of workers()) {
      const used = usage.get(worker.uid);
      if (worker.terminating || used === undefined) continue;
      const { requests, priority } = new PodInfo(worker.pod);
      let sum = 0;
      for (const each of used.values()) sum += what === "memory" ? each.memory : each.disk;
      const requested = what === "memory" ? requests.memory : (requests.others.get(what) ?? 0);
      // Pods that the node can't do without (kubernetes, `IsCriticalPod`) stay.
      if (priority < 2_000_000_000) candidates.push({ worker, priority, used: sum, requested });
    }
    const above = ({ used, requested }: Candidate): number => (used > requested ? 1 : 0);
    candidates.sort(
      (a, b) => above(b) - above(a) || a.priority - b.priority || b.used - b.requested - (a.used - a.requested),
    );
    const [victim] = candidates;
    if (victim === undefined) return;
    const { worker } = victim;
    const message =
      `The node was low on resource: ${what}. Threshold quantity: ${threshold}, available: ${amount(available)}. ` +
      containersAbove(worker.pod, usage.get(worker.uid) ?? new Map<string, never>(), what);
    events.event(worker.pod, "Warning", "Evicted", message);
    worker.evict({ reason: "Evicted", message }, s(1));
  }
}

/** Which containers use more than they asked for, as the message of an eviction says it. */
function containersAbove(
  pod: Pod,
  used: ReadonlyMap<string, { readonly memory: number; readonly disk: number }>,
  what: "memory" | "ephemeral-storage",
): string {
  return pod.spec.containers
    .map(({ name, resources }) => {
      const now = used.get(name);
      const requests = resourcesOf(resources?.requests ?? {});
      const asked = what === "memory" ? requests.memory : (requests.others.get(what) ?? 0);
      const uses = what === "memory" ? (now?.memory ?? 0) : (now?.disk ?? 0);
      if (uses <= asked) return "";
      return `Container ${name} was using ${amount(uses)}, request is ${asked === 0 ? "0" : amount(asked)}, has larger consumption of ${what}. `;
    })
    .join("");
}
