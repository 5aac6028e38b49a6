import { s, type Activity, type Cancel, type Process } from "../../core/index.js";
import { keyOf, splitKey } from "../client/address.js";
import type { Client } from "../client/client.js";
import { ApiFailure, isConflict, isNotFound } from "../client/failure.js";
import type { Pod, PodStatus } from "../client/pod-types.js";
import { copyOf, equal } from "../objects/value.js";

/** What wasn't told is tried again so much later (kubernetes, `status_manager.go`, syncPeriod). */
const again = s(10);

interface Entry {
  readonly key: string;
  status: PodStatus;
  dirty: boolean;
  /** Nothing of the pod is left, and its object is to go. */
  remove: boolean;
}

/** Tells the API server what pods are like, and that deleted ones are gone (kubernetes, `pkg/kubelet/status`). */
export class StatusManager {
  readonly #client: Client;
  readonly #entries = new Map<string, Entry>();
  readonly #queue = new Set<string>();
  #sender: Process<void> | undefined;
  #retry: Cancel | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** The status that holds of a pod, told or not. */
  get(uid: string): PodStatus | undefined {
    return this.#entries.get(uid)?.status;
  }

  set(pod: Pod, status: PodStatus): void {
    const { uid = "" } = pod.metadata;
    const entry = this.#entries.get(uid);
    if (entry === undefined) {
      // What the API has already needn't be told.
      const dirty = !equal(pod.status, status);
      this.#entries.set(uid, { key: keyOf(pod), status, dirty, remove: false });
      if (dirty) this.#send(uid);
    } else if (!equal(entry.status, status)) {
      entry.status = status;
      entry.dirty = true;
      this.#send(uid);
    }
  }

  /** The pod has left nothing on the node: its object goes, behind its last status. */
  remove(uid: string): void {
    const entry = this.#entries.get(uid);
    if (entry === undefined || entry.remove) return;
    entry.remove = true;
    this.#send(uid);
  }

  /** The pod's object is gone. */
  forget(uid: string): void {
    this.#entries.delete(uid);
    this.#queue.delete(uid);
  }

  stop(): void {
    this.#sender?.cancel();
    this.#retry?.();
    this.#queue.clear();
  }

  #send(uid: string): void {
    this.#queue.add(uid);
    this.#sender ??= this.#client.world.engine.spawn(this.#drain(), { name: "pod statuses" });
  }

  *#drain(): Activity<void> {
    for (const uid of this.#queue) {
      this.#queue.delete(uid);
      const entry = this.#entries.get(uid);
      if (entry === undefined) continue;
      try {
        yield* this.#tell(uid, entry);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        if (isNotFound(error) || isConflict(error)) this.forget(uid);
        else this.#later(uid);
      }
    }
    this.#sender = undefined;
  }

  *#tell(uid: string, entry: Entry): Activity<void> {
    const { namespace, name } = splitKey(entry.key);
    if (entry.dirty) {
      entry.dirty = false;
      try {
        const { status } = entry;
        const told = copyOf(status);
        for (const key of ["reason", "message"]) told[key] ??= null;
        // The uid goes along: a pod of the same name that came in its place is another.
        const patch = { metadata: { uid }, status: told };
        const answer = yield* this.#client.patch("pods", namespace, name, patch, "status");
        // One copy for both where they agree: a node has many pods.
        if (entry.status === status && equal(answer.status, status)) entry.status = answer.status ?? status;
      } catch (error) {
        entry.dirty = true;
        throw error;
      }
    }
    // It may have another status by now: then that is told first.
    const now = this.#entries.get(uid);
    if (now === entry && now.remove && !now.dirty)
      yield* this.#client.delete("pods", namespace, name, { gracePeriodSeconds: 0, uid });
  }

  #later(uid: string): void {
    const { engine } = this.#client.world;
    const retry = (): void => {
      this.#retry = undefined;
      for (const [each, { dirty, remove }] of this.#entries) if (dirty || remove) this.#send(each);
    };
    this.#queue.delete(uid);
    this.#retry ??= engine.after(again, retry, { name: "pod statuses again", background: true });
  }
}
