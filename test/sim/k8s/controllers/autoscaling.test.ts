import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { JsonObject, KubeObject } from "../../../../sim/k8s/index.js";
import { reach, rulesOf } from "../../../../sim/k8s/controllers/autoscaling/limits.js";
import { cluster, deployment, type Cluster } from "./cluster.js";

const deployments = "/apis/apps/v1/namespaces/default/deployments";
const pods = "/api/v1/namespaces/default/pods";
const scalers = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
const quotas = "/api/v1/namespaces/default/resourcequotas";

/** A cluster whose `web` has so much work, in CPUs, that its pods share. */
function loaded(load: { cpus: number; exactly?: string }, spec: JsonObject = {}, replicas = 2): Cluster {
  const box: { made: Cluster | undefined } = { made: undefined };
  const metrics = (): readonly KubeObject[] => {
    const { made } = box;
    if (made === undefined) return [];
    const running = made.list(pods).filter((pod) => JSON.stringify(pod["status"]).includes('"Ready","status":"True"'));
    const timestamp = new Date(1_735_689_600_000 + made.world.engine.now / 1e6).toISOString().replace(/\.\d+/, "");
    return running.map(({ metadata: { name = "" } }) => ({
      apiVersion: "metrics.k8s.io/v1beta1",
      kind: "PodMetrics",
      metadata: { name, namespace: "default" },
      timestamp,
      window: "0s",
      containers: [
        { name: "main", usage: { cpu: load.exactly ?? `${Math.floor((load.cpus / running.length) * 1000)}m` } },
      ],
    }));
  };
  const made = cluster({ metrics });
  box.made = made;
  const template = {
    metadata: { labels: { app: "web" } },
    spec: { containers: [{ name: "main", image: "web:1", resources: { requests: { cpu: "1" } } }] },
  };
  made.create(deployments, deployment("web", replicas, { template }));
  made.settle();
  made.create(scalers, {
    metadata: { name: "web" },
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
      maxReplicas: 20,
      metrics: [
        { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
      ],
      ...spec,
    },
  });
  return made;
}
const size = (made: Cluster): number => (made.get(`${deployments}/web`)["spec"] as { replicas: number }).replicas;

describe("an autoscaler", () => {
  test("asks for ⌈n·usage/target⌉, not within the tolerance, at most twice as many in 15 s, and never beyond its bounds", () => {
    const load = { cpus: 1.09 };
    const made = loaded(load);
    made.later(s(60));
    // 54.5 % of 50 %: within a tenth.
    expect(size(made)).toBe(2);
    load.cpus = 1.3;
    made.later(s(30));
    expect(size(made)).toBe(3);
    load.cpus = 9;
    const sizes: number[] = [];
    for (let i = 0; i < 16; i++) {
      made.later(s(5));
      if (sizes.at(-1) !== size(made)) sizes.push(size(made));
    }
    // 3, then 4 more, then twice as many, then as many as asked for.
    expect(sizes.filter((each) => each > 3)).toEqual([7, 14, 18]);
    load.cpus = 30;
    made.later(s(60));
    expect(size(made)).toBe(20);
    expect(JSON.stringify(made.get(`${scalers}/web`)["status"])).toContain("TooManyReplicas");
  });

  test("shrinks only when for five minutes nothing more was asked for", () => {
    const load = { cpus: 4 };
    const made = loaded(load, {}, 8);
    made.later(s(60));
    load.cpus = 1;
    made.later(s(280));
    expect(size(made)).toBe(8);
    made.later(s(60));
    expect(size(made)).toBe(2);
    const status = made.get(`${scalers}/web`)["status"] as JsonObject;
    expect(status).toMatchObject({ desiredReplicas: 2, currentMetrics: [{ resource: { name: "cpu" } }] });
  });

  test("counts in thousandths of a processor, rounded up, what is measured in billionths", () => {
    const made = loaded({ cpus: 0, exactly: "500000001n" });
    made.later(s(30));
    expect(made.get(`${scalers}/web`)["status"]).toMatchObject({
      currentMetrics: [{ resource: { current: { averageValue: "501m", averageUtilization: 50 } } }],
    });
  });

  test("goes by its policies where it has some, and says when metrics are missing", () => {
    const load = { cpus: 10 };
    const one = { policies: [{ type: "Pods", value: 1, periodSeconds: 60 }] };
    const made = loaded(load, { behavior: { scaleUp: one } });
    made.later(s(130));
    expect(size(made)).toBeGreaterThanOrEqual(4);
    expect(size(made)).toBeLessThanOrEqual(5);
    const both = rulesOf(
      { scaleDown: { policies: [{ type: "Percent", value: 10, periodSeconds: 60 }], selectPolicy: "Min" } },
      300,
    );
    expect(reach(80, both.down, -1, [], 0)).toBe(72);
    // What went within the minute counts already: of 80 there were 8.
    expect(reach(72, both.down, -1, [{ at: 0, by: -8 }], 30)).toBe(72);
    expect(reach(5, rulesOf({ scaleUp: { selectPolicy: "Disabled" } }, 0).up, 1, [], 0)).toBe(5);
    const blind = cluster();
    blind.create(deployments, deployment("web", 2));
    blind.create(scalers, {
      metadata: { name: "web" },
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "web" },
        maxReplicas: 5,
        metrics: [
          { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 50 } } },
        ],
      },
    });
    blind.later(s(60));
    expect(blind.get(`${scalers}/web`)["status"]).toMatchObject({
      conditions: expect.arrayContaining([
        expect.objectContaining({ type: "ScalingActive", status: "False", reason: "FailedGetResourceMetric" }),
      ]) as unknown,
    });
  });
});

describe("a resource quota", () => {
  test("is counted when something goes, so that what was refused before fits", () => {
    const made = cluster();
    made.create(quotas, { metadata: { name: "small" }, spec: { hard: { pods: "3", "count/deployments.apps": "1" } } });
    made.later(s(1));
    made.create(deployments, deployment("web", 5));
    made.later(s(5));
    expect(made.list(pods)).toHaveLength(3);
    const used = (): unknown => (made.get(`${quotas}/small`)["status"] as JsonObject)["used"];
    expect(used()).toMatchObject({ pods: "3", "count/deployments.apps": "1" });
    made.patch(`${deployments}/web`, { spec: { replicas: 1 } });
    made.later(s(60));
    expect([made.list(pods).length, used()]).toEqual([1, { pods: "1", "count/deployments.apps": "1" }]);
  });
});
