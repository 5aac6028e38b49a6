import { describe, expect, test } from "vitest";
import { ms, s } from "../../../../sim/core/index.js";
import type { JsonObject, KubeObject } from "../../../../sim/k8s/index.js";
import { cluster, template, type Cluster } from "./cluster.js";

const sets = "/apis/apps/v1/namespaces/default/statefulsets";
const pods = "/api/v1/namespaces/default/pods";
const claims = "/api/v1/namespaces/default/persistentvolumeclaims";
const revisions = "/apis/apps/v1/namespaces/default/controllerrevisions";

const data = {
  metadata: { name: "data" },
  spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
};
const database = (spec: JsonObject = {}): JsonObject => ({
  metadata: { name: "db" },
  spec: {
    serviceName: "db",
    replicas: 3,
    selector: { matchLabels: { app: "web" } },
    template: template("db:1"),
    ...spec,
  },
});
const image = (pod: KubeObject): string =>
  (pod["spec"] as { containers: { image: string }[] }).containers[0]?.image ?? "";
const members = (made: Cluster): string[] =>
  made
    .list(pods)
    .map((pod) => `${pod.metadata.name} ${image(pod)}`)
    .toSorted();
const names = (made: Cluster, path: string): (string | undefined)[] =>
  made
    .list(path)
    .map(({ metadata }) => metadata.name)
    .toSorted();
/** In which order members came and went, as a watch of them tells. */
function follow(made: Cluster): string[] {
  const seen: string[] = [];
  let before = new Set<string>();
  const look = (): void => {
    const now = new Set(
      made
        .list(pods)
        .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
        .map(({ metadata }) => metadata.name ?? ""),
    );
    for (const name of now) if (!before.has(name)) seen.push(`+${name}`);
    for (const name of before) if (!now.has(name)) seen.push(`-${name}`);
    before = now;
    made.world.engine.after(ms(50), look, { name: "look", background: true });
  };
  look();
  return seen;
}

describe("a StatefulSet", () => {
  test("makes its members in order, each when the one before works, and takes them back from the last", () => {
    const made = cluster();
    const seen = follow(made);
    made.create(sets, database());
    made.later(ms(300));
    expect(names(made, pods)).toEqual(["db-0"]);
    made.settle();
    made.patch(`${sets}/db`, { spec: { replicas: 1 } });
    made.settle();
    made.later(ms(100));
    expect(seen).toEqual(["+db-0", "+db-1", "+db-2", "-db-2", "-db-1"]);
    const [pod] = made.list(pods);
    expect(pod).toMatchObject({
      metadata: { labels: { "statefulset.kubernetes.io/pod-name": "db-0", "apps.kubernetes.io/pod-index": "0" } },
      spec: { hostname: "db-0", subdomain: "db" },
    });
    expect(made.get(`${sets}/db`)["status"]).toMatchObject({
      replicas: 1,
      readyReplicas: 1,
      currentReplicas: 1,
      updatedReplicas: 1,
    });
  });

  test("in parallel makes all at once; a broken member holds up an ordered one", () => {
    const made = cluster();
    made.create(sets, database({ podManagementPolicy: "Parallel", ordinals: { start: 5 } }));
    made.later(ms(300));
    expect(names(made, pods)).toEqual(["db-5", "db-6", "db-7"]);
    const held = cluster({ works: (pod) => pod.metadata.name !== "db-1" });
    held.create(sets, database());
    held.settle();
    expect(names(held, pods)).toEqual(["db-0", "db-1"]);
  });

  test("updates from the last to the first, one at a time, only from the partition on, and back again", () => {
    const made = cluster();
    made.create(sets, database());
    made.settle();
    const seen = follow(made);
    made.patch(`${sets}/db`, {
      spec: { template: template("db:2"), updateStrategy: { rollingUpdate: { partition: 1 } } },
    });
    made.settle();
    expect(members(made)).toEqual(["db-0 db:1", "db-1 db:2", "db-2 db:2"]);
    expect(seen.slice(3)).toEqual(["-db-2", "+db-2", "-db-1", "+db-1"]);
    expect(made.get(`${sets}/db`)["status"]).toMatchObject({ updatedReplicas: 2, currentReplicas: 1 });
    // What is below the partition comes back as it was.
    made.remove(`${pods}/db-0`);
    made.settle();
    expect(members(made)[0]).toBe("db-0 db:1");
    made.patch(`${sets}/db`, { spec: { updateStrategy: { rollingUpdate: { partition: 0 } } } });
    made.settle();
    expect(members(made)).toEqual(["db-0 db:2", "db-1 db:2", "db-2 db:2"]);
    const status = made.get(`${sets}/db`)["status"] as { currentRevision: string; updateRevision: string };
    expect(status.currentRevision).toBe(status.updateRevision);
    made.patch(`${sets}/db`, { spec: { template: template("db:1") } });
    made.settle();
    expect(members(made)).toEqual(["db-0 db:1", "db-1 db:1", "db-2 db:1"]);
    expect(made.list(revisions)).toHaveLength(2);
  });

  test("never has two members of one name: one on a silent node isn't replaced before it is surely gone", () => {
    const made = cluster({ nodes: 2 });
    made.create(sets, database({ replicas: 2 }));
    made.settle();
    const [first] = made.list(pods);
    const node = (first?.["spec"] as { nodeName: string }).nodeName;
    made.dead.add(node);
    made.later(s(600));
    const there = made.get(`${pods}/db-0`);
    expect([there.metadata.uid, there.metadata.deletionTimestamp === undefined]).toEqual([first?.metadata.uid, false]);
    made.remove(`${pods}/db-0`, { gracePeriodSeconds: 0 });
    made.settle();
    const replaced = made.get(`${pods}/db-0`);
    expect(replaced.metadata.uid).not.toBe(first?.metadata.uid);
  });

  test("keeps its members' claims, or lets them go with it or with what it no longer needs", () => {
    const run = (policy: JsonObject): [scaled: unknown, deleted: unknown] => {
      const made = cluster();
      made.create(sets, database({ volumeClaimTemplates: [data], persistentVolumeClaimRetentionPolicy: policy }));
      made.settle();
      expect(names(made, claims)).toEqual(["data-db-0", "data-db-1", "data-db-2"]);
      expect(made.get(`${pods}/db-1`)["spec"]).toMatchObject({
        volumes: expect.arrayContaining([
          expect.objectContaining({ name: "data", persistentVolumeClaim: { claimName: "data-db-1" } }),
        ]) as unknown,
      });
      // A member that is merely replaced finds its claim again.
      made.remove(`${pods}/db-1`);
      made.settle();
      expect(names(made, claims)).toHaveLength(3);
      made.patch(`${sets}/db`, { spec: { replicas: 2 } });
      made.settle();
      const scaled = names(made, claims).length;
      made.remove(`${sets}/db`);
      made.settle();
      return [scaled, names(made, claims).length];
    };
    expect(run({})).toEqual([3, 3]);
    expect(run({ whenScaled: "Delete" })).toEqual([2, 2]);
    expect(run({ whenDeleted: "Delete" })).toEqual([3, 0]);
    expect(run({ whenDeleted: "Delete", whenScaled: "Delete" })).toEqual([2, 0]);
  });
});
