import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { JsonObject } from "../../../../sim/k8s/index.js";
import { cluster, deployment, type Cluster } from "./cluster.js";

const budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const pods = "/api/v1/namespaces/default/pods";

const budget = (spec: JsonObject): JsonObject => ({
  metadata: { name: "web" },
  spec: { selector: { matchLabels: { app: "web" } }, ...spec },
});
const evict = (made: Cluster, name: string): void => {
  made.create(`${pods}/${name}/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name } });
};
const status = (made: Cluster): JsonObject => made.get(`${budgets}/web`)["status"] as JsonObject;

describe("a disruption budget", () => {
  test("counts per cents of what the owners ask for, not of what is left", () => {
    const allowed = (spec: JsonObject): unknown[] => {
      const made = cluster();
      made.create(deployments, deployment("web", 7));
      made.create(budgets, budget(spec));
      made.settle();
      const { disruptionsAllowed, desiredHealthy, expectedPods, currentHealthy } = status(made);
      return [disruptionsAllowed, desiredHealthy, expectedPods, currentHealthy];
    };
    // Kubernetes rounds up: 50 % of 7 are 4.
    expect(allowed({ minAvailable: "50%" })).toEqual([3, 4, 7, 7]);
    expect(allowed({ maxUnavailable: "30%" })).toEqual([3, 4, 7, 7]);
    expect(allowed({ maxUnavailable: 0 })).toEqual([0, 7, 7, 7]);
    expect(allowed({ minAvailable: 6 })).toEqual([1, 6, 7, 7]);
  });

  test("lets a drain go on only as replacements become ready: never fewer than asked for", () => {
    const made = cluster({ start: () => s(3) });
    made.create(deployments, deployment("web", 4));
    made.create(budgets, budget({ minAvailable: 3 }));
    made.settle();
    const drained = made.list(pods).map(({ metadata }) => metadata.name ?? "");
    let refused = 0;
    let fewest = 4;
    for (let i = 0; drained.length > 0 && i < 200; i++) {
      try {
        evict(made, drained[0] ?? "");
        drained.shift();
      } catch (error) {
        expect(String(error)).toContain("429");
        refused++;
      }
      made.later(s(0.5));
      const ready = made
        .list(pods)
        .filter(
          (pod) =>
            pod.metadata.deletionTimestamp === undefined &&
            JSON.stringify(pod["status"]).includes('"Ready","status":"True"'),
        );
      fewest = Math.min(fewest, ready.length);
    }
    expect(drained).toEqual([]);
    expect(refused).toBeGreaterThan(5);
    expect(fewest).toBe(3);
  });

  test("takes an eviction that didn't happen for cancelled after two minutes", () => {
    const made = cluster();
    made.create(deployments, deployment("web", 2));
    made.create(budgets, budget({ maxUnavailable: 1 }));
    made.settle();
    const [pod] = made.list(pods);
    // As if the API server had died between its two writes.
    const time = new Date(1_735_689_600_000 + made.world.engine.now / 1e6).toISOString().replace(/\.\d+/, "");
    made.patch(`${budgets}/web/status`, {
      status: { disruptionsAllowed: 0, disruptedPods: { [pod?.metadata.name ?? ""]: time } },
    });
    made.later(s(60));
    expect(status(made)).toMatchObject({ disruptionsAllowed: 0, currentHealthy: 1 });
    made.later(s(70));
    expect(status(made)).toMatchObject({ disruptionsAllowed: 1, currentHealthy: 2 });
  });
});
