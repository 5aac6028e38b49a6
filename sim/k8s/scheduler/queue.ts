import { minutes, s, type Cancel, type Engine, type Nanos } from "../../core/index.js";
import type { ClusterEvent, Plugin } from "./framework.js";
import type { PodInfo } from "./pod-info.js";

/** kubernetes, `podInitialBackoffSeconds`, `podMaxBackoffSeconds`. */
const firstBackoff = s(1);
const mostBackoff = s(10);
/** After so long a pod is tried again although nothing has happened (`podMaxInUnschedulablePodsDuration`). */
const longest = minutes(5);

/** A pod that waits for a node. */
export interface QueuedPod {
  info: PodInfo;
  /** When it came: among pods of one priority the first is the first. */
  readonly since: Nanos;
  /** Order of arrival, where that is the same. */
  readonly sequence: number;
  attempts: number;
  /** When it was last tried. */
  tried: Nanos;
  /** The plugins that refused it: events that mean nothing to them don't wake it. */
  refusedBy: ReadonlySet<string>;
  /** The plugin's word that keeps it from being queued; else undefined. */
  gate: string | undefined;
}

/** PrioritySort: the higher priority first, then who waits longer. */
const before = (a: QueuedPod, b: QueuedPod): boolean => {
  const byPriority = b.info.priority - a.info.priority;
  return (byPriority || a.since - b.since || a.sequence - b.sequence) < 0;
};

/**
 * Pods that wait (kubernetes, `backend/queue/scheduling_queue.go`): the active ones, a heap; those that back off; and those for
 * which there was no node, until an event may have changed that.
 * Simplification: a back-off ends when it ends, where the real queue looks once a second.
 */
export class SchedulingQueue {
  readonly #engine: Engine;
  readonly #plugins: readonly Plugin[];
  readonly #ready: () => void;
  readonly #heap: QueuedPod[] = [];
  /** Who is in the heap: a pod that is gone is left there, and passed over. */
  readonly #active = new Map<string, QueuedPod>();
  readonly #backoff = new Map<string, { readonly pod: QueuedPod; readonly cancel: Cancel }>();
  readonly #unschedulable = new Map<string, { readonly pod: QueuedPod; readonly cancel: Cancel }>();
  #sequence = 0;

  /** @param ready called when there is an active pod */
  constructor(engine: Engine, plugins: readonly Plugin[], ready: () => void) {
    this.#engine = engine;
    this.#plugins = plugins;
    this.#ready = ready;
  }

  get counts(): { readonly active: number; readonly backoff: number; readonly unschedulable: number } {
    return { active: this.#active.size, backoff: this.#backoff.size, unschedulable: this.#unschedulable.size };
  }

  /** Takes a pod in, or what it is now. */
  put(info: PodInfo): void {
    const { key } = info;
    const active = this.#active.get(key);
    const waiting = active ?? this.#backoff.get(key)?.pod;
    if (waiting !== undefined && waiting.info.priority === info.priority) {
      waiting.info = info;
      return;
    }
    const known = waiting ?? this.#unschedulable.get(key)?.pod;
    this.remove(key);
    const now = this.#engine.now;
    const pod: QueuedPod = known ?? {
      info,
      since: now,
      sequence: this.#sequence++,
      attempts: 0,
      tried: now,
      refusedBy: new Set(),
      gate: undefined,
    };
    pod.info = info;
    this.#requeue(pod);
  }

  /** A pod's status has changed alone: nothing that lets it be scheduled. */
  refresh(info: PodInfo): void {
    const { key } = info;
    const pod = this.#active.get(key) ?? this.#backoff.get(key)?.pod ?? this.#unschedulable.get(key)?.pod;
    if (pod !== undefined) pod.info = info;
  }

  remove(key: string): void {
    this.#active.delete(key);
    this.#backoff.get(key)?.cancel();
    this.#backoff.delete(key);
    this.#unschedulable.get(key)?.cancel();
    this.#unschedulable.delete(key);
  }

  /** The next pod to be tried. */
  pop(): QueuedPod | undefined {
    for (let top = this.#shift(); top !== undefined; top = this.#shift()) {
      if (this.#active.get(top.info.key) !== top) continue;
      this.#active.delete(top.info.key);
      top.attempts++;
      top.tried = this.#engine.now;
      return top;
    }
    return undefined;
  }

  /** There was no node for a pod: it waits for an event that one of the plugins that refused it cares for. */
  wait(pod: QueuedPod, refusedBy: ReadonlySet<string>): void {
    pod.refusedBy = refusedBy;
    this.#park(pod);
  }

  /** A pod failed for another reason than its nodes: it is tried again after its back-off. */
  retry(pod: QueuedPod): void {
    pod.refusedBy = new Set();
    this.#requeue(pod);
  }

  /** Something has happened: those whom it may help are tried again, not before their back-off is over. */
  wake(event: ClusterEvent): void {
    for (const { pod, cancel } of [...this.#unschedulable.values()]) {
      if (pod.gate !== undefined || !this.#helps(pod, event)) continue;
      cancel();
      this.#unschedulable.delete(pod.info.key);
      this.#requeue(pod);
    }
  }

  /** Forgets everything. */
  stop(): void {
    for (const key of [...this.#active.keys(), ...this.#backoff.keys(), ...this.#unschedulable.keys()])
      this.remove(key);
    this.#heap.length = 0;
  }

  #helps({ info, refusedBy }: QueuedPod, event: ClusterEvent): boolean {
    if (refusedBy.size === 0) return true;
    return this.#plugins.some((plugin) => refusedBy.has(plugin.name) && (plugin.wakes?.(info, event) ?? true));
  }

  #requeue(pod: QueuedPod): void {
    pod.gate = undefined;
    for (const plugin of this.#plugins) pod.gate ??= plugin.preEnqueue?.(pod.info);
    if (pod.gate !== undefined) {
      this.#park(pod);
      return;
    }
    const left = pod.attempts === 0 ? 0 : pod.tried + backoffOf(pod.attempts) - this.#engine.now;
    if (left <= 0) {
      this.#activate(pod);
      return;
    }
    const { key } = pod.info;
    const over = (): void => {
      this.#backoff.delete(key);
      this.#activate(pod);
    };
    const cancel = this.#engine.after(left as Nanos, over, { name: `back-off ${key}` });
    this.#backoff.set(key, { pod, cancel });
  }

  #park(pod: QueuedPod): void {
    const { key } = pod.info;
    const flush = (): void => {
      this.#unschedulable.delete(key);
      this.#requeue(pod);
    };
    const cancel = this.#engine.after(longest, flush, { name: `flush ${key}`, background: true });
    this.#unschedulable.set(key, { pod, cancel });
  }

  #activate(pod: QueuedPod): void {
    this.#active.set(pod.info.key, pod);
    const heap = this.#heap;
    let at = heap.length;
    heap.push(pod);
    while (at > 0) {
      const above = (at - 1) >>> 1;
      const parent = heap[above];
      if (parent === undefined || !before(pod, parent)) break;
      heap[at] = parent;
      at = above;
    }
    heap[at] = pod;
    this.#ready();
  }

  #shift(): QueuedPod | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (top === undefined || last === undefined || heap.length === 0) return top;
    let at = 0;
    for (;;) {
      const left = 2 * at + 1;
      const [a, b] = [heap[left], heap[left + 1]];
      const child = b !== undefined && a !== undefined && before(b, a) ? left + 1 : left;
      const smaller = heap[child];
      if (smaller === undefined || !before(smaller, last)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
    return top;
  }
}

/** A second, doubled with each further attempt, up to ten. */
const backoffOf = (attempts: number): number => Math.min(mostBackoff, firstBackoff * 2 ** Math.min(attempts - 1, 10));
