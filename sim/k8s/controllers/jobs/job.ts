import { s, type Activity } from "../../../core/index.js";
import { keyOf, splitKey } from "../../client/address.js";
import { seconds } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { Expectations } from "../../client/expectations.js";
import { isNotFound, type ApiFailure } from "../../client/failure.js";
import { equal } from "../../objects/value.js";
import { Controller, secondsAt, type ControllerContext } from "../controller.js";
import { claim, controlledBy, controllerOf, indexByController, referred } from "../ownership.js";
import { byAge, hasEnded, type Pod } from "../pods.js";
import { isTerminating } from "../refusals.js";
import { slowStart, together } from "../slow-start.js";
import { recorded, remaining, type BackoffRecord } from "./backoff.js";
import { jobPod } from "./job-pod.js";
import { finished, followed } from "./status.js";
import {
  finishedBy,
  isIndexed,
  isTracked,
  pendingIndexes,
  tally,
  trackingFinalizer,
  verdict,
  wantedActive,
  type Job,
  type JobStatus,
  type Tally,
} from "./tally.js";

/** At most so many pods are made or deleted for one Job before it is looked at again (kubernetes, `MaxPodCreateDeletePerSync`). */
const burst = 500;
/** Changes of pods are gathered so long, since each costs a write of the status (`SyncJobBatchPeriod`). */
const gathering = s(1);
const orphanPrefix = "orphan:";

/** Runs pods until enough of them have succeeded (kubernetes, `pkg/controller/job`; KEP-2307 for how none is lost or counted twice). */
export class JobController extends Controller {
  readonly #expectations: Expectations;
  readonly #backoff = new Map<string, BackoffRecord>();
  /** The revision last written of each Job: an older one in the cache has counts that are no longer true. */
  readonly #written = new Map<string, number>();

  constructor(context: ControllerContext) {
    super("job-controller", context);
    this.#expectations = new Expectations(this.world.engine);
    indexByController(this.informers, "pods");
    this.watchOwn("jobs");
    this.watch("pods", {
      added: (pod) => {
        const owner = this.#owner(pod);
        if (owner !== undefined && pod.metadata.deletionTimestamp === undefined) {
          this.#expectations.creationObserved(keyOf(owner));
        }
        this.#concerns(pod, pod.metadata.deletionTimestamp !== undefined);
      },
      updated: (pod, old) => {
        const ends = hasEnded(pod) !== hasEnded(old);
        if (pod.metadata.deletionTimestamp !== undefined) this.#gone(pod);
        this.#concerns(pod, !ends);
        if (controllerOf(old)?.uid !== controllerOf(pod)?.uid) this.#concerns(old, true);
      },
      deleted: (pod) => {
        this.#gone(pod);
        this.#concerns(pod, true);
      },
    });
  }

  #owner(pod: Pod): Job | undefined {
    return referred(this.informers, "jobs", "Job", pod);
  }

  #gone(pod: Pod): void {
    const owner = this.#owner(pod);
    if (owner !== undefined) this.#expectations.deletionObserved(keyOf(owner), pod.metadata.uid ?? "");
  }

  #concerns(pod: Pod, now: boolean): void {
    const owner = this.#owner(pod);
    if (owner === undefined) {
      // Nobody will count it any more: nothing may hold it.
      if (isTracked(pod)) this.queue.add(`${orphanPrefix}${keyOf(pod)}`);
    } else if (now) this.queue.add(keyOf(owner));
    else this.queue.addAfter(keyOf(owner), gathering);
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    if (key.startsWith(orphanPrefix)) return yield* this.#release(key.slice(orphanPrefix.length));
    const job = this.informers.store("jobs").byKey(key);
    if (job === undefined) {
      this.#expectations.forget(key);
      this.#backoff.delete(key);
      this.#written.delete(key);
      return undefined;
    }
    // The update on its way will call for it again.
    if (Number(job.metadata.resourceVersion) < (this.#written.get(key) ?? 0)) return undefined;
    if (finishedBy(job) !== undefined) {
      // What came late, a pod of a stopped node for instance, is let go.
      yield* this.#untrack(controlledBy(this.informers, "pods", job.metadata.uid ?? "").filter(isTracked));
      return undefined;
    }
    const seen = this.#expectations.satisfied(key);
    const pods = yield* claim(
      this.client,
      this.informers,
      "jobs",
      { ...job, spec: { ...job.spec, selector: job.spec.selector ?? {} } },
      "pods",
    );
    return yield* this.#sync(key, job, pods, seen);
  }

  *#sync(key: string, job: Job, pods: readonly Pod[], seen: boolean): Activity<Again | undefined> {
    const now = seconds(this.world);
    const counts = tally(job, pods);
    const record = recorded(this.#backoff.get(key), counts.fresh, now);
    const decided = verdict(job, counts, now);
    const suspended = job.spec.suspend === true;
    const going = job.metadata.deletionTimestamp !== undefined;
    let failure: ApiFailure | undefined;
    let again: Again | undefined;
    let active = counts.active.length;
    if (seen && (decided !== undefined || suspended) && !going) {
      failure = yield* this.#delete(key, job, counts.active.slice(0, burst));
      if (failure === undefined) active = Math.max(0, active - burst);
    } else if (seen && !going) {
      const wanted = wantedActive(job, counts);
      if (active > wanted) {
        // The youngest lose least.
        const surplus = [...counts.active]
          .sort(byAge)
          .slice(wanted - active)
          .slice(-burst);
        failure = yield* this.#delete(key, job, surplus);
        if (failure === undefined) active -= surplus.length;
      } else {
        const waits = job.spec.backoffLimitPerIndex === undefined ? remaining(record, now) : 0;
        const off = wanted - active - (job.spec.podReplacementPolicy === "Failed" ? counts.terminating : 0);
        if (off > 0 && waits > 0) again = { after: s(waits) };
        else if (off > 0) {
          const made = yield* this.#create(key, job, counts, Math.min(off, burst));
          failure = made.failure;
          active += made.succeeded;
        }
      }
    }
    const terminating = counts.terminating + counts.active.length - Math.min(active, counts.active.length);
    yield* this.#track(key, job, pods, { ...counts, terminating }, active, decided);
    this.#backoff.set(key, record);
    if (failure !== undefined) throw failure;
    const { activeDeadlineSeconds: deadline } = job.spec;
    if (again === undefined && deadline !== undefined && decided === undefined && !suspended) {
      const start = job.status?.startTime === undefined ? now : secondsAt(job.status.startTime);
      again = { after: s(Math.max(0.001, start + deadline - now)) };
    }
    return again;
  }

  /** Notes who has ended, lets them go, and counts those who have gone: in that order, so that a crash between loses nobody. */
  *#track(
    key: string,
    job: Job,
    pods: readonly Pod[],
    counts: Tally,
    active: number,
    decided: ReturnType<typeof verdict>,
  ): Activity<void> {
    const tracked = new Set(pods.filter(isTracked).map(({ metadata }) => metadata.uid ?? ""));
    const next = followed(this.world, job, counts, active, decided, tracked);
    const ends = finished(next);
    if (!equal(next, job.status ?? {})) {
      const written = yield* this.client.updateStatus("jobs", { ...job, status: next });
      this.#written.set(key, Number(written.metadata.resourceVersion));
      this.#tell(job, next, ends);
    }
    // Of a decided Job every pod is counted as it stands.
    const free = pods.filter(
      (pod) =>
        isTracked(pod) &&
        (hasEnded(pod) ||
          (pod.metadata.deletionTimestamp !== undefined && job.spec.podReplacementPolicy !== "Failed") ||
          (decided !== undefined && pod.metadata.deletionTimestamp !== undefined) ||
          job.metadata.deletionTimestamp !== undefined),
    );
    yield* this.#untrack(free);
  }

  #tell(job: Job, next: JobStatus, ends: ReturnType<typeof finished>): void {
    if (ends?.type === "Complete") this.events.event(job, "Normal", "Completed", "Job completed");
    else if (ends !== undefined) this.events.event(job, "Warning", ends.reason ?? "", ends.message ?? "");
    const was = job.status?.conditions?.find(({ type }) => type === "Suspended")?.status ?? "False";
    const is = next.conditions?.find(({ type }) => type === "Suspended")?.status ?? "False";
    if (was === is) return;
    if (is === "True") this.events.event(job, "Normal", "Suspended", "Job suspended");
    else this.events.event(job, "Normal", "Resumed", "Job resumed");
  }

  *#create(
    key: string,
    job: Job,
    counts: Tally,
    count: number,
  ): Activity<{ readonly succeeded: number; readonly failure: ApiFailure | undefined }> {
    const { namespace } = splitKey(key);
    const indexes = isIndexed(job) ? pendingIndexes(job, counts, count) : undefined;
    const number = indexes?.length ?? count;
    this.#expectations.expectCreations(key, number);
    const { client, events } = this;
    const expectations = this.#expectations;
    const { succeeded, skipped, failure } = yield* slowStart(this.world.engine, number, function* (i) {
      const index = indexes?.[i];
      try {
        const body = jobPod(job, index, index === undefined ? 0 : (counts.failures.get(index) ?? 0));
        const made = yield* client.create("pods", namespace, body);
        events.event(job, "Normal", "SuccessfulCreate", `Created pod: ${made.metadata.name ?? ""}`);
      } catch (error) {
        expectations.creationObserved(key);
        throw error;
      }
    });
    this.#expectations.creationObserved(key, skipped);
    if (failure !== undefined && isTerminating(failure)) return { succeeded, failure: undefined };
    if (failure !== undefined) this.events.event(job, "Warning", "FailedCreate", `Error creating: ${failure.message}`);
    return { succeeded, failure };
  }

  *#delete(key: string, job: Job, pods: readonly Pod[]): Activity<ApiFailure | undefined> {
    if (pods.length === 0) return undefined;
    this.#expectations.expectDeletions(
      key,
      pods.map(({ metadata }) => metadata.uid ?? ""),
    );
    const failures = yield* together(this.world.engine, pods.length, (i) => this.#deleteOne(key, job, pods[i]));
    return failures.find((failure) => failure !== undefined);
  }

  *#deleteOne(key: string, job: Job, pod: Pod | undefined): Activity<void> {
    const { namespace = "", name = "", uid = "" } = pod?.metadata ?? {};
    try {
      yield* this.client.delete("pods", namespace, name, { uid });
      this.events.event(job, "Normal", "SuccessfulDelete", `Deleted pod: ${name}`);
    } catch (error) {
      this.#expectations.deletionObserved(key, uid);
      if (!isNotFound(error)) throw error;
    }
  }

  *#untrack(pods: readonly Pod[]): Activity<void> {
    const failures = yield* together(this.world.engine, pods.length, (i) => this.#untrackOne(pods[i]));
    const failure = failures.find((each) => each !== undefined);
    if (failure !== undefined) throw failure;
  }

  *#untrackOne(pod: Pod | undefined): Activity<void> {
    const { namespace = "", name = "", uid, finalizers = [], resourceVersion } = pod?.metadata ?? {};
    const left = finalizers.filter((each) => each !== trackingFinalizer);
    try {
      // Of this revision: another finalizer may have come.
      yield* this.client.patch("pods", namespace, name, { metadata: { uid, finalizers: left, resourceVersion } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Lets a pod go whose Job isn't there. */
  *#release(key: string): Activity<undefined> {
    const pod = this.informers.store("pods").byKey(key);
    if (pod !== undefined && isTracked(pod) && this.#owner(pod) === undefined) {
      const reference = controllerOf(pod);
      // The cache of Jobs may be behind that of pods.
      if (reference?.kind === "Job" && (yield* this.#isThere(pod.metadata.namespace ?? "", reference)))
        return undefined;
      yield* this.#untrack([pod]);
    }
    return undefined;
  }

  *#isThere(namespace: string, { name, uid }: { readonly name: string; readonly uid: string }): Activity<boolean> {
    try {
      return (yield* this.client.get("jobs", namespace, name)).metadata.uid === uid;
    } catch (error) {
      if (isNotFound(error)) return false;
      throw error;
    }
  }
}
