import { s, type Activity } from "../../../core/index.js";
import { keyOf, splitKey } from "../../client/address.js";
import { ownedBy } from "../../client/client.js";
import { seconds } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { isAlreadyExists, isNotFound } from "../../client/failure.js";
import type { Kinds } from "../../client/types.js";
import { formatTime } from "../../objects/time.js";
import { equal, objectAt, type JsonObject } from "../../objects/value.js";
import { Controller, secondsAt, type ControllerContext } from "../controller.js";
import { controlledBy, indexByController, referred } from "../ownership.js";
import { byAge } from "../pods.js";
import { isTerminating } from "../refusals.js";
import { nextTime, parseSchedule, zoneOffset, type Schedule } from "./schedule.js";
import { finishedBy, type Job } from "./tally.js";

type CronJob = Kinds["cronjobs"];

/** More missed times than this are looked at from the other end (kubernetes, `cronjob/utils.go`). */
const manyMissed = 100;
const timeKey = "batch.kubernetes.io/cronjob-scheduled-timestamp";

/** Makes a Job whenever its schedule says (kubernetes, `pkg/controller/cronjob`, version 2). Zones are UTC and `Etc/GMT±N`. */
export class CronJobController extends Controller {
  constructor(context: ControllerContext) {
    super("cronjob-controller", context);
    indexByController(this.informers, "jobs");
    this.watchOwn("cronjobs");
    const concerns = (job: Job): void => {
      const owner = referred(this.informers, "cronjobs", "CronJob", job);
      if (owner !== undefined) this.queue.add(keyOf(owner));
    };
    this.watch("jobs", { added: concerns, updated: concerns, deleted: concerns });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const cron = this.informers.store("cronjobs").byKey(key);
    if (cron === undefined) return undefined;
    const jobs = controlledBy(this.informers, "jobs", cron.metadata.uid ?? "");
    yield* this.#forget(cron, jobs);
    const active = jobs.filter((job) => finishedBy(job) === undefined);
    const known = new Set((cron.status?.active ?? []).map(({ uid }) => uid));
    for (const { metadata } of jobs.filter(
      (job) => finishedBy(job) !== undefined && known.has(job.metadata.uid ?? ""),
    )) {
      this.events.event(cron, "Normal", "SawCompletedJob", `Saw completed job: ${metadata.name ?? ""}`);
    }
    const status = { ...cron.status };
    const lastSuccess = jobs
      .filter(({ status: of }) => of?.completionTime !== undefined)
      .map(({ status: of }) => of?.completionTime ?? "")
      .sort()
      .at(-1);
    if (lastSuccess !== undefined && lastSuccess > (status.lastSuccessfulTime ?? ""))
      status.lastSuccessfulTime = lastSuccess;
    const { started, wait } = yield* this.#schedule(key, cron, active, status.lastScheduleTime);
    const replaced = started !== undefined && cron.spec.concurrencyPolicy === "Replace";
    const running = [...(replaced ? [] : active), ...(started?.job === undefined ? [] : [started.job])];
    const next = {
      ...Object.fromEntries(Object.entries(status).filter(([field]) => field !== "active")),
      ...(started === undefined ? {} : { lastScheduleTime: formatTime(started.at) }),
      ...(running.length === 0 ? {} : { active: running.map(referenceTo) }),
    };
    if (!equal(next, cron.status ?? {})) yield* this.client.updateStatus("cronjobs", { ...cron, status: next });
    // A schedule never ends: a run that waits for work need not wait for it.
    return wait === undefined ? undefined : { after: s(Math.max(0.001, wait)), background: true };
  }

  /** Starts what is due. @returns what it started, and how many seconds later something else is due */
  *#schedule(
    key: string,
    cron: CronJob,
    active: readonly Job[],
    last: string | undefined,
  ): Activity<{
    readonly started: { readonly job: Job | undefined; readonly at: number } | undefined;
    readonly wait: number | undefined;
  }> {
    const { spec, metadata } = cron;
    const idle = { started: undefined, wait: undefined };
    if (metadata.deletionTimestamp !== undefined || spec.suspend === true) return idle;
    const schedule = parseSchedule(spec.schedule);
    if (typeof schedule === "string") {
      this.events.event(
        cron,
        "Warning",
        "UnparseableSchedule",
        `unparseable schedule: "${spec.schedule}" : ${schedule}`,
      );
      return idle;
    }
    const offset = zoneOffset(spec.timeZone ?? "");
    if (offset === undefined) {
      const message = `invalid timeZone: "${spec.timeZone ?? ""}": unknown time zone ${spec.timeZone ?? ""}`;
      this.events.event(cron, "Warning", "UnknownTimeZone", message);
      return idle;
    }
    const now = seconds(this.world);
    const next = nextTime(schedule, now, offset);
    const wait = next === undefined ? undefined : next - now;
    const due = this.#due(cron, schedule, offset, last, now);
    if (due === undefined) return { started: undefined, wait };
    if (spec.startingDeadlineSeconds !== undefined && due + spec.startingDeadlineSeconds < now) {
      const message = `Missed scheduled time to start a job: ${formatTime(due)}`;
      this.events.event(cron, "Warning", "MissSchedule", message);
      return { started: undefined, wait };
    }
    if (spec.concurrencyPolicy === "Forbid" && active.length > 0) {
      const message = "Not starting job because prior execution is running and concurrency policy is Forbid";
      this.events.event(cron, "Normal", "JobAlreadyActive", message);
      // It is looked at again when that ends; what is still within its deadline then is made up for.
      return { started: undefined, wait };
    }
    if (spec.concurrencyPolicy === "Replace") for (const job of active) yield* this.#delete(cron, job);
    const job = yield* this.#start(key, cron, due);
    return { started: { job, at: due }, wait };
  }

  /** The last time that was missed, if any: of several missed ones only the last is made up for. */
  #due(cron: CronJob, schedule: Schedule, offset: number, last: string | undefined, now: number): number | undefined {
    let from = secondsAt(last ?? cron.metadata.creationTimestamp);
    const { startingDeadlineSeconds: deadline } = cron.spec;
    if (deadline !== undefined) from = Math.max(from, now - deadline);
    let due: number | undefined;
    let missed = 0;
    for (
      let at = nextTime(schedule, from, offset);
      at !== undefined && at <= now;
      at = nextTime(schedule, at, offset)
    ) {
      due = at;
      missed++;
    }
    if (missed > manyMissed) {
      const message = "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew";
      this.events.event(cron, "Warning", "TooManyMissedTimes", message);
    }
    return due;
  }

  *#start(key: string, cron: CronJob, at: number): Activity<Job | undefined> {
    const { namespace } = splitKey(key);
    // Named by its time: whoever tries it twice finds it there.
    const name = `${cron.metadata.name ?? ""}-${Math.floor(at / 60)}`;
    const template = cron.spec.jobTemplate;
    const { labels, annotations } = objectAt(template, "metadata") as { labels?: JsonObject; annotations?: JsonObject };
    const body = {
      metadata: {
        name,
        labels,
        annotations: { ...annotations, [timeKey]: formatTime(at) },
        ownerReferences: [ownedBy("cronjobs", cron)],
      },
      spec: template.spec,
    };
    try {
      const job = yield* this.client.create("jobs", namespace, body);
      this.events.event(cron, "Normal", "SuccessfulCreate", `Created job ${name}`);
      return job;
    } catch (error) {
      if (isAlreadyExists(error) || isTerminating(error)) return undefined;
      throw error;
    }
  }

  *#delete(cron: CronJob, { metadata: { namespace = "", name = "", uid = "" } }: Job): Activity<void> {
    try {
      yield* this.client.delete("jobs", namespace, name, { propagationPolicy: "Background", uid });
      this.events.event(cron, "Normal", "SuccessfulDelete", `Deleted job ${name}`);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  /** Deletes the oldest Jobs that have ended, beyond what the limits keep of each kind. */
  *#forget(cron: CronJob, jobs: readonly Job[]): Activity<void> {
    const { successfulJobsHistoryLimit = 3, failedJobsHistoryLimit = 1 } = cron.spec;
    for (const [type, limit] of [
      ["Complete", successfulJobsHistoryLimit],
      ["Failed", failedJobsHistoryLimit],
    ] as const) {
      const ended = jobs
        .filter((job) => finishedBy(job)?.type === type && job.metadata.deletionTimestamp === undefined)
        .sort(byAge);
      for (const job of ended.slice(0, Math.max(0, ended.length - limit))) yield* this.#delete(cron, job);
    }
  }
}

const referenceTo = ({ metadata: { namespace = "", name = "", uid = "", resourceVersion } }: Job): JsonObject => ({
  apiVersion: "batch/v1",
  kind: "Job",
  namespace,
  name,
  uid,
  ...(resourceVersion === undefined ? {} : { resourceVersion }),
});
