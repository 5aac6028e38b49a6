import { describe, expect, test } from "vitest";
import { ms, s } from "../../../../sim/core/index.js";
import type { JsonObject, KubeObject } from "../../../../sim/k8s/index.js";
import { cluster, template, type Cluster } from "./cluster.js";

const sets = "/apis/apps/v1/namespaces/default/daemonsets";
const pods = "/api/v1/namespaces/default/pods";
const nodes = "/api/v1/nodes";
const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";

const daemon = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: "logs" },
  spec: { selector: { matchLabels: { app: "web" } }, template: template("logs:1"), ...spec },
});
interface PodView {
  readonly nodeName?: string;
  readonly containers: readonly { readonly image: string }[];
}
const specOf = (pod: KubeObject): PodView => pod["spec"] as unknown as PodView;
const places = (made: Cluster): string[] =>
  made
    .list(pods)
    .map((pod) => specOf(pod).nodeName ?? "")
    .toSorted();
const images = (made: Cluster): string[] => made.list(pods).map((pod) => specOf(pod).containers[0]?.image ?? "");
const ready = (made: Cluster): number =>
  new Set(
    made
      .list(pods)
      .filter(
        (pod) =>
          pod.metadata.deletionTimestamp === undefined && (pod["status"] as { phase: string }).phase === "Running",
      )
      .map((pod) => specOf(pod).nodeName),
  ).size;

describe("a DaemonSet", () => {
  test("has one pod on every node that it means, cordoned ones too, and follows labels and taints", () => {
    const made = cluster({ nodes: 4 });
    made.patch(`${nodes}/node-1`, { spec: { unschedulable: true } });
    made.patch(`${nodes}/node-2`, { spec: { taints: [{ key: "gpu", effect: "NoSchedule" }] } });
    made.create(sets, daemon());
    made.settle();
    expect(places(made)).toEqual(["node-0", "node-1", "node-3"]);
    expect(made.get(`${sets}/logs`)["status"]).toMatchObject({
      desiredNumberScheduled: 3,
      currentNumberScheduled: 3,
      numberReady: 3,
      numberAvailable: 3,
      updatedNumberScheduled: 3,
      numberMisscheduled: 0,
    });
    // A taint that comes later keeps away what isn't there yet; one that drives out takes what is.
    made.patch(`${nodes}/node-0`, { spec: { taints: [{ key: "gpu", effect: "NoSchedule" }] } });
    made.patch(`${nodes}/node-2`, { spec: { taints: null } });
    made.patch(`${nodes}/node-3`, { spec: { taints: [{ key: "gone", effect: "NoExecute" }] } });
    made.settle();
    expect(places(made)).toEqual(["node-0", "node-1", "node-2"]);
    expect(made.get(`${sets}/logs`)["status"]).toMatchObject({ desiredNumberScheduled: 2, numberMisscheduled: 1 });
    made.patch(`${nodes}/node-0`, { spec: { taints: null } });
    made.patch(`${nodes}/node-2`, { metadata: { labels: { disk: "ssd" } } });
    made.patch(`${sets}/logs`, { spec: { template: { spec: { nodeSelector: { disk: "ssd" } } } } });
    made.settle();
    expect(places(made)).toEqual(["node-2"]);
  });

  test("rolls out with one node at most without, or, with a surge, with none", () => {
    const least = (rollingUpdate: JsonObject): number => {
      const made = cluster({ nodes: 5, end: () => s(1) });
      made.create(sets, daemon({ updateStrategy: { type: "RollingUpdate", rollingUpdate } }));
      made.settle();
      made.patch(`${sets}/logs`, { spec: { template: template("logs:2") } });
      let fewest = 5;
      for (let i = 0; i < 50; i++) {
        made.later(ms(300));
        fewest = Math.min(fewest, ready(made));
      }
      made.settle();
      expect(images(made)).toEqual(Array.from({ length: 5 }, () => "logs:2"));
      expect(made.get(`${sets}/logs`)["status"]).toMatchObject({ updatedNumberScheduled: 5, numberAvailable: 5 });
      expect(made.list(revisions)).toHaveLength(2);
      return fewest;
    };
    expect([
      least({ maxUnavailable: 1 }),
      least({ maxUnavailable: "40%" }),
      least({ maxUnavailable: 0, maxSurge: 1 }),
    ]).toEqual([4, 3, 5]);
  });

  test("stops where the new template doesn't work, waits for deletions if told to, and rolls back to the old revision", () => {
    const made = cluster({ nodes: 4, works: (pod) => specOf(pod).containers[0]?.image !== "broken" });
    made.create(sets, daemon({ revisionHistoryLimit: 1 }));
    made.settle();
    made.patch(`${sets}/logs`, { spec: { template: template("broken") } });
    made.settle();
    expect(images(made).filter((image) => image === "broken")).toHaveLength(1);
    made.patch(`${sets}/logs`, { spec: { template: template("logs:1") } });
    made.settle();
    expect(images(made)).toEqual(Array.from({ length: 4 }, () => "logs:1"));
    // The same revision as before, now the newest.
    expect(
      made
        .list(revisions)
        .map((each) => each["revision"])
        .toSorted(),
    ).toEqual([2, 3]);
    made.patch(`${sets}/logs`, {
      spec: { updateStrategy: { type: "OnDelete", rollingUpdate: null }, template: template("logs:2") },
    });
    made.settle();
    expect(images(made)).not.toContain("logs:2");
    made.remove(`${pods}/${made.list(pods)[0]?.metadata.name}`);
    made.settle();
    expect(images(made).filter((image) => image === "logs:2")).toHaveLength(1);
  });

  test("replaces a daemon that failed, later each time", () => {
    const made = cluster({ nodes: 1, ends: () => ({ after: s(1), code: 1 }) });
    made.create(sets, daemon());
    made.later(s(120));
    const told = made.list("/api/v1/namespaces/default/events").filter(({ reason }) => reason === "FailedDaemonPod");
    // 0, 1, 2, 4, 8, 16, 32 s and some 1.5 s of each life.
    expect(told.length).toBeGreaterThanOrEqual(6);
    expect(told.length).toBeLessThanOrEqual(8);
  });
});
