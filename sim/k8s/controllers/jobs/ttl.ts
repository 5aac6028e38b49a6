import { s, type Activity } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import { seconds } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { isNotFound } from "../../client/failure.js";
import { Controller, secondsAt, type ControllerContext } from "../controller.js";
import { finishedBy, type Job } from "./tally.js";

/** Deletes Jobs some time after their end, with their pods (kubernetes, `pkg/controller/ttlafterfinished`). */
export class TtlAfterFinishedController extends Controller {
  constructor(context: ControllerContext) {
    super("ttl-after-finished-controller", context);
    const concerns = (job: Job): void => {
      if (job.spec.ttlSecondsAfterFinished !== undefined && finishedBy(job) !== undefined) this.queue.add(keyOf(job));
    };
    this.watch("jobs", { added: concerns, updated: concerns });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const cached = this.informers.store("jobs").byKey(key);
    if (cached === undefined) return undefined;
    const left = this.#left(cached);
    if (left === undefined) return undefined;
    if (left > 0) return { after: s(left) };
    const { namespace = "", name = "" } = cached.metadata;
    try {
      // Its time may have been lengthened while the cache was behind.
      const job = yield* this.client.get("jobs", namespace, name);
      const still = this.#left(job);
      if (still === undefined || job.metadata.uid !== cached.metadata.uid) return undefined;
      if (still > 0) return { after: s(still) };
      const { uid = "", resourceVersion = "" } = job.metadata;
      yield* this.client.delete("jobs", namespace, name, { propagationPolicy: "Foreground", uid, resourceVersion });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }

  /** Seconds until a Job is to go; undefined for one that stays. */
  #left(job: Job): number | undefined {
    const { ttlSecondsAfterFinished: ttl } = job.spec;
    const end = finishedBy(job);
    if (ttl === undefined || end === undefined || job.metadata.deletionTimestamp !== undefined) return undefined;
    return secondsAt(end.lastTransitionTime) + ttl - seconds(this.world);
  }
}
