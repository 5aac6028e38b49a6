import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ms, s } from "../../../../sim/core/index.js";
import { ControllerManager, type JsonObject, type KubeObject } from "../../../../sim/k8s/index.js";
import { formatIndexes, parseIndexes } from "../../../../sim/k8s/controllers/jobs/indexes.js";
import { cluster, type Cluster, type HollowOptions } from "./cluster.js";

const jobs = "/apis/batch/v1/namespaces/default/jobs";
const pods = "/api/v1/namespaces/default/pods";
const events = "/api/v1/namespaces/default/events";

const job = (name: string, spec: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { template: { spec: { restartPolicy: "Never", containers: [{ name: "main", image: "job" }] } }, ...spec },
});
const statusOf = (made: Cluster, name: string): JsonObject => made.get(`${jobs}/${name}`)["status"] as JsonObject;
const condition = (made: Cluster, name: string): unknown => {
  const all = (statusOf(made, name)["conditions"] ?? []) as { type: string; status: string; reason: string }[];
  return all.filter(({ status }) => status === "True").map(({ type, reason }) => `${type} ${reason}`);
};
const indexOf = ({ metadata }: KubeObject): number =>
  Number(metadata.annotations?.["batch.kubernetes.io/job-completion-index"] ?? -1);
const started = (of: (pod: KubeObject) => number, more: HollowOptions = {}): Cluster =>
  cluster({ ends: (pod) => ({ after: s(2), code: of(pod) }), ...more });
const created = (made: Cluster): number =>
  made.list(events).filter(({ reason }) => reason === "SuccessfulCreate").length;

describe("a Job", () => {
  test("runs as many pods as asked, so many at a time, and says so when all are counted", () => {
    const made = started(() => 0);
    made.create(jobs, job("sum", { completions: 5, parallelism: 2 }));
    let most = 0;
    for (let i = 0; i < 60; i++) {
      made.later(ms(500));
      const active = made.list(pods).filter((pod) => (pod["status"] as { phase: string }).phase !== "Succeeded");
      most = Math.max(most, active.length);
    }
    made.settle();
    expect(most).toBe(2);
    expect(made.list(pods)).toHaveLength(5);
    expect(statusOf(made, "sum")).toMatchObject({
      succeeded: 5,
      ready: 0,
      terminating: 0,
      uncountedTerminatedPods: {},
    });
    expect(condition(made, "sum")).toEqual(["SuccessCriteriaMet CompletionsReached", "Complete CompletionsReached"]);
    expect(made.list(pods).flatMap(({ metadata }) => metadata.finalizers ?? [])).toEqual([]);
    expect(statusOf(made, "sum")).toHaveProperty("completionTime");
  });

  test("tries again after 10, 20, 40 s and fails past its limit", () => {
    const made = started(() => 1);
    made.create(jobs, job("broken", { backoffLimit: 3 }));
    made.settle();
    expect(statusOf(made, "broken")).toMatchObject({ failed: 4 });
    expect(condition(made, "broken")).toEqual(["FailureTarget BackoffLimitExceeded", "Failed BackoffLimitExceeded"]);
    const births = made
      .list(pods)
      .map(({ metadata }) => Date.parse(metadata.creationTimestamp ?? "") / 1000)
      .toSorted((a, b) => a - b);
    const gaps = births.slice(1).map((at, i) => at - (births[i] ?? 0));
    // Each ran for some 2.5 s before.
    for (const [i, gap] of gaps.entries()) expect(Math.abs(gap - 10 * 2 ** i - 2.5)).toBeLessThan(2);
    expect(made.list(events).some(({ type, reason }) => type === "Warning" && reason === "BackoffLimitExceeded")).toBe(
      true,
    );
  });

  test("by index has one success of each, and gives up an index that fails too often, not the others", () => {
    const made = started((pod) => (indexOf(pod) === 1 ? 1 : 0));
    made.create(
      jobs,
      job("parts", {
        completions: 4,
        parallelism: 4,
        completionMode: "Indexed",
        backoffLimitPerIndex: 1,
        backoffLimit: 100,
      }),
    );
    made.settle();
    expect(statusOf(made, "parts")).toMatchObject({
      completedIndexes: "0,2,3",
      failedIndexes: "1",
      succeeded: 3,
      failed: 2,
    });
    expect(condition(made, "parts")).toEqual(["FailureTarget FailedIndexes", "Failed FailedIndexes"]);
    const [pod] = made.list(pods).filter((each) => indexOf(each) === 2);
    expect(pod?.["spec"]).toMatchObject({
      hostname: "parts-2",
      containers: [{ env: [{ name: "JOB_COMPLETION_INDEX" }] }],
    });
    expect(made.list(pods).filter((each) => indexOf(each) === 1)).toHaveLength(2);
  });

  test("ends at once by a rule, and doesn't count what a rule ignores", () => {
    const rules = [
      { action: "FailJob", onExitCodes: { operator: "In", values: [42] } },
      { action: "Ignore", onPodConditions: [{ type: "DisruptionTarget", status: "True" }] },
    ];
    const made = started(() => 42);
    made.create(jobs, job("bug", { backoffLimit: 6, podFailurePolicy: { rules } }));
    made.settle();
    expect(condition(made, "bug")).toEqual(["FailureTarget PodFailurePolicy", "Failed PodFailurePolicy"]);
    expect(made.list(pods)).toHaveLength(1);
    const drained = cluster({ ends: () => ({ after: s(30), code: 0 }) });
    drained.create(jobs, job("moved", { backoffLimit: 0, podFailurePolicy: { rules } }));
    drained.later(s(5));
    const [first] = drained.list(pods);
    const target = { type: "DisruptionTarget", status: "True" };
    drained.patch(`${pods}/${first?.metadata.name}/status`, { status: { phase: "Failed", conditions: [target] } });
    drained.settle();
    expect(condition(drained, "moved")).toEqual([
      "SuccessCriteriaMet CompletionsReached",
      "Complete CompletionsReached",
    ]);
    expect(statusOf(drained, "moved")).not.toHaveProperty("failed");
  });

  test("is stopped by its deadline, pauses while suspended, and goes after its time to live", () => {
    const made = cluster();
    made.create(jobs, job("endless", { activeDeadlineSeconds: 20, parallelism: 2, completions: 2 }));
    made.later(s(19));
    expect(made.list(pods)).toHaveLength(2);
    made.settle();
    expect(condition(made, "endless")).toEqual(["FailureTarget DeadlineExceeded", "Failed DeadlineExceeded"]);
    expect(made.list(pods)).toHaveLength(0);

    const paused = started(() => 0);
    paused.create(jobs, job("later", { suspend: true, ttlSecondsAfterFinished: 30 }));
    paused.settle();
    expect([paused.list(pods), condition(paused, "later")]).toEqual([[], ["Suspended JobSuspended"]]);
    expect(statusOf(paused, "later")).not.toHaveProperty("startTime");
    paused.patch(`${jobs}/later`, { spec: { suspend: false } });
    paused.later(s(10));
    expect(condition(paused, "later")).toEqual([
      "SuccessCriteriaMet CompletionsReached",
      "Complete CompletionsReached",
    ]);
    paused.later(s(20));
    expect(paused.list(jobs)).toHaveLength(1);
    paused.settle();
    expect([paused.list(jobs), paused.list(pods)]).toEqual([[], []]);
  });

  test("loses and doubles nothing although pods are deleted and managers die at any moment", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 5, max: 900 }), { minLength: 3, maxLength: 6 }), (pauses) => {
        const made = started(() => 0);
        made.create(jobs, job("sum", { completions: 6, parallelism: 3, podReplacementPolicy: "Failed" }));
        let { manager } = made;
        for (const pause of pauses) {
          made.later(ms(pause * 5));
          manager.kill();
          made.later(ms(pause));
          // One that has ended and may not be counted yet.
          const [ended] = made.list(pods).filter((pod) => (pod["status"] as { phase: string }).phase === "Succeeded");
          if (ended !== undefined) made.remove(`${pods}/${ended.metadata.name}`);
          manager = new ControllerManager({ world: made.world, endpoint: made.endpoint, leaderElect: false });
        }
        made.settle();
        expect(statusOf(made, "sum")).toMatchObject({ succeeded: 6, uncountedTerminatedPods: {} });
        expect(created(made)).toBe(6);
      }),
      { numRuns: 3, seed: 5 },
    );
  });

  test("writes sets of indexes as Kubernetes does", () => {
    expect(formatIndexes(new Set([0, 2, 3, 4, 5, 7, 8]))).toBe("0,2-5,7,8");
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(30)), (indexes) => {
        expect([...parseIndexes(formatIndexes(new Set(indexes)))]).toEqual(indexes.toSorted((a, b) => a - b));
      }),
    );
  });
});
