import { describe, expect, test } from "vitest";
import { minutes, s } from "../../../../sim/core/index.js";
import type { KubeObject } from "../../../../sim/k8s/index.js";
import { evictionRate, zoneState } from "../../../../sim/k8s/controllers/nodes/zones.js";
import { defaultFlags } from "../../../../sim/k8s/controllers/flags.js";
import { cluster, deployment, type Cluster } from "./cluster.js";

const nodes = "/api/v1/nodes";
const pods = "/api/v1/namespaces/default/pods";
const deployments = "/apis/apps/v1/namespaces/default/deployments";

interface NodeView {
  readonly spec?: { readonly taints?: readonly { readonly key: string; readonly effect: string }[] };
  readonly status: { readonly conditions: readonly { readonly type: string; readonly status: string }[] };
}
const view = (made: Cluster, name: string): NodeView => made.get(`${nodes}/${name}`) as unknown as NodeView;
const ready = (made: Cluster, name: string): string | undefined =>
  view(made, name).status.conditions.find(({ type }) => type === "Ready")?.status;
const taints = (made: Cluster, name: string): string[] =>
  (view(made, name).spec?.taints ?? []).map(({ key, effect }) => `${key.split("/")[1]}:${effect}`).toSorted();
const driven = (made: Cluster): number =>
  made.list(nodes).filter(({ metadata }) => taints(made, metadata.name ?? "").includes("unreachable:NoExecute")).length;
const on = (made: Cluster, name: string): KubeObject[] =>
  made.list(pods).filter((pod) => (pod["spec"] as { nodeName?: string }).nodeName === name);
/** Seconds until something holds, looked at every half second. */
function until(made: Cluster, holds: () => boolean): number {
  const from = made.world.engine.now;
  while (!holds()) {
    made.later(s(0.5));
    if (made.world.engine.now - from > 3600e9) throw new Error("it never held");
  }
  return (made.world.engine.now - from) / 1e9;
}
/** The kubelet is back and says so. */
function revive(made: Cluster, name: string): void {
  made.dead.delete(name);
  const time = new Date(1_735_689_600_000 + Math.floor(made.world.engine.now / 1e9) * 1000)
    .toISOString()
    .replace(".000", "");
  const conditions = [{ type: "Ready", status: "True", lastHeartbeatTime: time, lastTransitionTime: time }];
  made.patch(`${nodes}/${name}/status`, { status: { conditions } });
}

describe("a node that falls silent", () => {
  test("is noticed after 50 s, has its pods unready at once and driven out 300 s later, and gets none", () => {
    const made = cluster({ nodes: 3 });
    made.create(deployments, deployment("web", 6));
    made.settle();
    made.later(s(60));
    expect(on(made, "node-1")).toHaveLength(2);
    made.dead.add("node-1");
    const silent = until(made, () => ready(made, "node-1") === "Unknown");
    // The last lease was up to 10 s old, and is looked at every 5 s.
    expect(silent).toBeGreaterThanOrEqual(40);
    expect(silent).toBeLessThanOrEqual(56);
    made.later(s(1));
    expect(taints(made, "node-1")).toEqual(["unreachable:NoExecute", "unreachable:NoSchedule"]);
    const readiness = on(made, "node-1").map(
      (pod) => (pod["status"] as NodeView["status"]).conditions.find(({ type }) => type === "Ready")?.status,
    );
    expect(readiness).toEqual(["False", "False"]);
    expect(made.list(pods)).toHaveLength(6);
    const left = until(made, () =>
      on(made, "node-1").every(({ metadata }) => metadata.deletionTimestamp !== undefined),
    );
    expect(left).toBeGreaterThan(297);
    expect(left).toBeLessThan(303);
    made.later(s(5));
    // Its kubelet can't confirm their end: they stay beside their replacements, and say why they are to go.
    expect(made.list(pods)).toHaveLength(8);
    expect(on(made, "node-1")[0]?.["status"]).toMatchObject({
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "DisruptionTarget", reason: "DeletionByTaintManager" }),
      ]) as unknown,
    });
    revive(made, "node-1");
    made.later(s(10));
    expect(taints(made, "node-1")).toEqual([]);
  });

  test("loses nothing where it is back in time, or where a pod tolerates it without an end", () => {
    const made = cluster({ nodes: 2 });
    const patient = { key: "node.kubernetes.io/unreachable", operator: "Exists", effect: "NoExecute" };
    made.later(s(5));
    for (const [name, tolerations] of [
      ["short", undefined],
      ["long", [patient]],
    ] as const) {
      const spec = { nodeName: "node-0", containers: [{ name: "main", image: "web:1" }] };
      made.create(pods, {
        metadata: { name },
        spec: { ...spec, ...(tolerations === undefined ? {} : { tolerations }) },
      });
    }
    made.settle();
    made.dead.add("node-0");
    until(made, () => taints(made, "node-0").length === 2);
    made.later(s(200));
    revive(made, "node-0");
    made.later(minutes(10));
    expect(on(made, "node-0").filter(({ metadata }) => metadata.deletionTimestamp !== undefined)).toEqual([]);
    made.dead.add("node-0");
    until(made, () => taints(made, "node-0").length === 2);
    made.later(minutes(10));
    const going = on(made, "node-0").filter(({ metadata }) => metadata.deletionTimestamp !== undefined);
    expect(going.map(({ metadata }) => metadata.name)).toEqual(["short"]);
  });

  test("takes its turn: one in ten seconds; none where most of a small zone, or everything, is silent", () => {
    const made = cluster({ nodes: 10, zone: (i) => (i < 6 ? "a" : "b") });
    made.later(s(30));
    // Three of six: below 55 %.
    for (const name of ["node-0", "node-1", "node-2"]) made.dead.add(name);
    until(made, () => driven(made) === 1);
    expect(until(made, () => driven(made) === 2)).toBeCloseTo(10, -0.5);
    expect(until(made, () => driven(made) === 3)).toBeCloseTo(10, -0.5);
    // Five of six: no more are driven out in that zone.
    for (const name of ["node-3", "node-4"]) made.dead.add(name);
    until(made, () => ready(made, "node-4") === "Unknown");
    made.later(minutes(5));
    expect(driven(made)).toBe(3);
    // All: it is the manager that is cut off, and what was to be driven out may stay.
    for (let i = 5; i < 10; i++) made.dead.add(`node-${i}`);
    until(made, () => ready(made, "node-9") === "Unknown");
    made.later(s(30));
    expect(driven(made)).toBe(0);
  });

  test("by the documented thresholds: 55 % of a zone from three nodes on, slower above 50 nodes", () => {
    expect(zoneState(0, 1, 0.55)).toBe("FullDisruption");
    expect([zoneState(0, 0, 0.55), zoneState(1, 2, 0.55), zoneState(46, 54, 0.55)]).toEqual([
      "Normal",
      "Normal",
      "Normal",
    ]);
    expect([zoneState(2, 3, 0.55), zoneState(45, 55, 0.55)]).toEqual(["PartialDisruption", "PartialDisruption"]);
    const rates = [
      ["Normal", 60],
      ["FullDisruption", 60],
      ["PartialDisruption", 51],
      ["PartialDisruption", 50],
    ] as const;
    expect(rates.map(([state, count]) => evictionRate(state, count, defaultFlags))).toEqual([0.1, 0.1, 0.01, 0]);
  });

  test("cordoned or under pressure keeps new pods away by a taint of its own", () => {
    const made = cluster({ nodes: 1 });
    made.patch(`${nodes}/node-0`, { spec: { unschedulable: true } });
    made.settle();
    expect(taints(made, "node-0")).toEqual(["unschedulable:NoSchedule"]);
    made.patch(`${nodes}/node-0`, { spec: { unschedulable: false } });
    const ready = { type: "Ready", status: "True" };
    made.patch(`${nodes}/node-0/status`, {
      status: { conditions: [ready, { type: "MemoryPressure", status: "True" }] },
    });
    made.settle();
    expect(taints(made, "node-0")).toEqual(["memory-pressure:NoSchedule"]);
  });
});

describe("the garbage collector of pods", () => {
  test("takes pods of a node that is gone, after a while, and the oldest that have ended where there are too many", () => {
    const made = cluster({ nodes: 2, manager: { flags: { terminatedPodThreshold: 2 } } });
    made.create(deployments, deployment("web", 2));
    made.settle();
    made.dead.add("node-0");
    made.remove(`${nodes}/node-0`);
    made.later(s(35));
    expect(on(made, "node-0")).toHaveLength(1);
    made.later(s(30));
    expect([on(made, "node-0").length, on(made, "node-1").length]).toEqual([0, 2]);

    for (const name of ["a", "b", "c", "d"]) {
      made.create(pods, {
        metadata: { name },
        spec: { nodeName: "node-1", restartPolicy: "Never", containers: [{ name: "main", image: "web:1" }] },
      });
      made.settle();
      made.patch(`${pods}/${name}/status`, { status: { phase: "Succeeded" } });
      made.later(s(2));
    }
    made.later(s(25));
    const left = made.list(pods).filter((pod) => (pod["status"] as { phase: string }).phase === "Succeeded");
    expect(left.map(({ metadata }) => metadata.name)).toEqual(["c", "d"]);
  });
});
