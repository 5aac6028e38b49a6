import { describe, expect, test } from "vitest";
import { s } from "../../../../sim/core/index.js";
import type { KubeObject } from "../../../../sim/k8s/index.js";
import { cluster, deployment, template } from "./cluster.js";

const sets = "/apis/apps/v1/namespaces/default/replicasets";
const deployments = "/apis/apps/v1/namespaces/default/deployments";
const pods = "/api/v1/namespaces/default/pods";
const events = "/api/v1/namespaces/default/events";

const imageOf = (object: KubeObject): unknown =>
  (object["spec"] as { containers?: { image: string }[]; template?: { spec: { containers: { image: string }[] } } })
    .containers?.[0]?.image;

describe("a ReplicaSet", () => {
  const set = (replicas: number) => ({
    metadata: { name: "web" },
    spec: { replicas, selector: { matchLabels: { app: "web" } }, template: template("web:1") },
  });

  test("has as many pods as it asks for, again after one is lost, adopts and releases by labels", () => {
    const made = cluster();
    made.create(sets, set(5));
    made.settle();
    expect(made.list(pods)).toHaveLength(5);
    expect(made.get(`${sets}/web`)["status"]).toMatchObject({ replicas: 5, readyReplicas: 5, availableReplicas: 5 });
    const [first, second] = made.list(pods);
    made.remove(`${pods}/${first?.metadata.name}`);
    made.patch(`${pods}/${second?.metadata.name}`, { metadata: { labels: { app: "debug" } } });
    made.settle();
    expect(made.list(pods)).toHaveLength(6);
    expect(made.get(`${pods}/${second?.metadata.name}`).metadata.ownerReferences).toBeUndefined();
    // Back: it is adopted, and one is too many.
    made.patch(`${pods}/${second?.metadata.name}`, { metadata: { labels: { app: "web" } } });
    made.settle();
    expect(made.list(pods)).toHaveLength(5);
    made.patch(`${sets}/web/scale`, { spec: { replicas: 0 } });
    made.settle();
    expect(made.list(pods)).toHaveLength(0);
  });

  test("makes no more than it asks for although its cache is behind, and starts slowly where it is refused", () => {
    const made = cluster();
    made.manager.stop("serviceaccount-controller");
    made.create(sets, set(40));
    // There is no service account: each pod is refused, and each try ends with its first batch, of one.
    made.later(s(10));
    const refused = made.list(events).filter((event) => event["reason"] === "FailedCreate");
    const tries = refused.reduce((sum, event) => sum + Number(event["count"]), 0);
    expect(tries).toBeGreaterThan(5);
    expect(made.world.trace.rows("reconcile.failed")).toHaveLength(tries);
    expect(made.get(`${sets}/web`)["status"]).toMatchObject({
      conditions: [{ type: "ReplicaFailure", reason: "FailedCreate" }],
    });
    made.manager.start("serviceaccount-controller");
    made.settle();
    const created = made.list(events).filter((event) => event["reason"] === "SuccessfulCreate");
    expect(made.list(pods)).toHaveLength(40);
    expect(created.length).toBeGreaterThan(0);
    expect(made.get(`${sets}/web`)["status"]).not.toHaveProperty("conditions");
  });

  test("gives up first what serves least", () => {
    const made = cluster({ nodes: 2, works: (pod) => imageOf(pod) !== "x" });
    made.create(sets, set(6));
    made.settle();
    const all = made.list(pods);
    const cheap = all[2]?.metadata.name ?? "";
    made.patch(`${pods}/${cheap}`, {
      metadata: { annotations: { "controller.kubernetes.io/pod-deletion-cost": "-5" } },
    });
    made.settle();
    made.patch(`${sets}/web/scale`, { spec: { replicas: 4 } });
    made.settle();
    const left = made.list(pods);
    expect(left).toHaveLength(4);
    expect(left.map(({ metadata }) => metadata.name)).not.toContain(cheap);
  });
});

describe("a Deployment", () => {
  test("rolls out, rolls back to the same ReplicaSet with a new revision, and forgets old revisions", () => {
    const made = cluster();
    made.create(deployments, deployment("web", 4, { revisionHistoryLimit: 2 }));
    made.settle();
    const revisionOf = (name: string): unknown =>
      made.get(name).metadata.annotations?.["deployment.kubernetes.io/revision"];
    expect(revisionOf(`${deployments}/web`)).toBe("1");
    const [firstSet] = made.list(sets);
    for (const image of ["web:2", "web:3", "web:4"]) {
      made.patch(`${deployments}/web`, { spec: { template: template(image) } });
      made.settle();
      expect(made.list(pods).map(imageOf)).toEqual(Array.from({ length: 4 }, () => image));
    }
    // The first is forgotten: two old ones stay.
    expect(made.list(sets)).toHaveLength(3);
    expect(made.list(sets).map(({ metadata }) => metadata.name)).not.toContain(firstSet?.metadata.name);
    made.patch(`${deployments}/web`, { spec: { template: template("web:3") } });
    made.settle();
    expect(made.list(sets)).toHaveLength(3);
    const back = made.list(sets).find((set) => (set["spec"] as { replicas: number }).replicas === 4);
    expect(back?.metadata.annotations).toMatchObject({
      "deployment.kubernetes.io/revision": "5",
      "deployment.kubernetes.io/revision-history": "3",
    });
    expect(revisionOf(`${deployments}/web`)).toBe("5");
    expect(made.get(`${deployments}/web`)["status"]).toMatchObject({
      replicas: 4,
      updatedReplicas: 4,
      availableReplicas: 4,
      conditions: [
        { type: "Available", status: "True" },
        { type: "Progressing", reason: "NewReplicaSetAvailable" },
      ],
    });
  });

  test("with a broken image stops at maxUnavailable and says so past its deadline; sizes are shared out meanwhile", () => {
    const made = cluster({ works: (pod) => imageOf(pod) !== "broken" });
    made.create(
      deployments,
      deployment("web", 10, {
        progressDeadlineSeconds: 60,
        strategy: { rollingUpdate: { maxSurge: 3, maxUnavailable: 2 } },
      }),
    );
    made.settle();
    made.patch(`${deployments}/web`, { spec: { template: template("broken") } });
    made.settle();
    const working = (): number => made.list(pods).filter((pod) => imageOf(pod) === "web:1").length;
    expect(working()).toBe(8);
    expect(made.list(pods)).toHaveLength(13);
    made.later(s(70));
    const conditions = made.get(`${deployments}/web`)["status"] as { conditions: { reason: string }[] };
    expect(conditions.conditions.map(({ reason }) => reason)).toContain("ProgressDeadlineExceeded");
    // The documented example: 10 + 5 as 8 : 5 of 13 shared out.
    made.patch(`${deployments}/web`, { spec: { replicas: 15 } });
    made.settle();
    expect([working(), made.list(pods).length]).toEqual([11, 18]);
  });

  test("does nothing while it is paused, and Recreate never runs two versions at once", () => {
    const made = cluster();
    made.create(deployments, deployment("web", 3, { strategy: { type: "Recreate" } }));
    made.settle();
    made.patch(`${deployments}/web`, { spec: { paused: true, template: template("web:2") } });
    made.settle();
    expect(made.list(sets)).toHaveLength(1);
    made.patch(`${deployments}/web`, { spec: { paused: false } });
    let mixed = 0;
    for (let step = 0; step < 400; step++) {
      made.later(s(0.05));
      if (new Set(made.list(pods).map(imageOf)).size > 1) mixed++;
    }
    made.settle();
    expect(mixed).toBe(0);
    expect(made.list(pods).map(imageOf)).toEqual(["web:2", "web:2", "web:2"]);
  });
});
