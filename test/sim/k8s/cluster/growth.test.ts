import { describe, expect, test } from "vitest";
import { clusterGrowth, enoughNodes } from "../../../../sim/k8s/index.js";

describe("a cluster that grows", () => {
  const sizes = [20, 300];
  const { points, views } = clusterGrowth({ nodes: sizes, podsPerNode: 3, timed: 5 });
  const [small, large] = points as [(typeof points)[number], (typeof points)[number]];

  test("pays the same writes and watch events for each pod", () => {
    // Its creation, its binding, two of its statuses, and five events: scheduled, pulling or pulled, created, started.
    for (const { writes } of points) expect(writes).toBeCloseTo(9, 0);
    expect(large.events).toBeCloseTo(small.events, 1);
  });

  test("has its scheduler look at more nodes, up to as many as are enough", () => {
    expect(points.map(({ examined }) => examined)).toEqual(sizes.map(enoughNodes));
  });

  test("has as many heartbeats as nodes, one each 10 s and now and then a status", () => {
    // The control plane's own leases are in both.
    const each = (large.heartbeats - small.heartbeats) / (large.nodes - small.nodes);
    expect(each).toBeGreaterThanOrEqual(0.1);
    expect(each).toBeLessThan(0.13);
  });

  test("keeps Kubernetes' objectives: 1 s for a call, 5 s for a pod's start", () => {
    for (const { call, podStart } of points) {
      expect(call).toBeGreaterThan(0);
      expect(call).toBeLessThan(1);
      expect(podStart).toBeGreaterThan(0.2);
      expect(podStart).toBeLessThan(5);
    }
  });

  test("is drawn by its nodes, and has a row for each size", () => {
    const [picture, table] = views;
    expect(picture).toMatchObject({ as: "plot", series: [{ x: sizes }, { x: sizes }, { x: sizes }] });
    expect(table).toMatchObject({ as: "table", rows: [{ nodes: 20 }, { nodes: 300 }] });
  });

  test("can't be asked of what isn't", () => {
    expect(() => clusterGrowth({ nodes: [0] })).toThrow("there can't be 0 nodes");
    expect(() => clusterGrowth({ podsPerNode: 1.5 })).toThrow("there can't be 1.5 pods on a node");
    expect(() => clusterGrowth({ nodes: [10], podsPerNode: 1, timed: 50 })).toThrow("there can't be 50 timed pods");
  });
});
