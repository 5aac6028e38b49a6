import { describe, expect, test } from "vitest";
import { ms } from "../../../../sim/core/index.js";
import { cluster, deployment, type Cluster } from "./cluster.js";

const deployments = "/apis/apps/v1/namespaces/default/deployments";
const sets = "/apis/apps/v1/namespaces/default/replicasets";
const pods = "/api/v1/namespaces/default/pods";
const maps = "/api/v1/namespaces/default/configmaps";
const name = "garbage-collector-controller";

/** A config map that others own, by name. */
function owned(made: Cluster, of: string, ...owners: readonly string[]): void {
  const ownerReferences = owners.map((owner) => {
    const { uid = "" } = made.get(`${maps}/${owner}`).metadata;
    return { apiVersion: "v1", kind: "ConfigMap", name: owner, uid, blockOwnerDeletion: true };
  });
  made.create(maps, { metadata: { name: of, ownerReferences } });
}
const left = (made: Cluster): (string | undefined)[] => made.list(maps).map(({ metadata }) => metadata.name);

describe("the garbage collector", () => {
  test("in the background takes what a deleted Deployment owned; without it all of that stays", () => {
    const made = cluster();
    made.create(deployments, deployment("web", 3));
    made.settle();
    made.manager.stop(name);
    made.remove(`${deployments}/web`);
    made.settle();
    expect([made.list(sets).length, made.list(pods).length]).toEqual([1, 3]);
    // Started later, it never saw the owner: it asks the API for it.
    made.manager.start(name);
    made.settle();
    expect([made.list(sets).length, made.list(pods).length]).toEqual([0, 0]);
  });

  test("in the foreground keeps the owner until its pods are gone; orphans lose their references and stay", () => {
    const made = cluster();
    made.create(deployments, deployment("web", 3));
    made.settle();
    made.remove(`${deployments}/web`, { propagationPolicy: "Foreground" });
    let after = 0;
    for (let step = 0; step < 100; step++) {
      made.later(ms(50));
      if (made.list(deployments).length === 0 && made.list(pods).length > 0) after++;
    }
    made.settle();
    expect(after).toBe(0);
    expect([made.list(deployments).length, made.list(sets).length, made.list(pods).length]).toEqual([0, 0, 0]);

    made.create(deployments, deployment("web", 2));
    made.settle();
    const before = made.list(pods).map(({ metadata }) => metadata.uid);
    made.remove(`${deployments}/web`, { propagationPolicy: "Orphan" });
    made.settle();
    expect(made.list(sets).map(({ metadata }) => metadata.ownerReferences ?? [])).toEqual([[]]);
    // A Deployment of the same selector and template takes them over, pods and all.
    made.create(deployments, deployment("web", 2));
    made.settle();
    expect(made.list(sets)).toHaveLength(1);
    expect(made.list(pods).map(({ metadata }) => metadata.uid)).toEqual(before);
  });

  test("keeps what still has an owner, and frees owners that wait for each other", () => {
    const made = cluster();
    for (const each of ["a", "b"]) made.create(maps, { metadata: { name: each } });
    owned(made, "child", "a", "b");
    made.settle();
    made.remove(`${maps}/a`);
    made.settle();
    expect(made.get(`${maps}/child`).metadata.ownerReferences?.map((each) => each.name)).toEqual(["b"]);
    made.remove(`${maps}/b`);
    made.settle();
    expect(left(made)).not.toContain("child");

    made.create(maps, { metadata: { name: "x" } });
    owned(made, "y", "x");
    const { uid = "" } = made.get(`${maps}/y`).metadata;
    const back = { apiVersion: "v1", kind: "ConfigMap", name: "y", uid, blockOwnerDeletion: true };
    made.patch(`${maps}/x`, { metadata: { ownerReferences: [back] } });
    made.settle();
    made.remove(`${maps}/x`, { propagationPolicy: "Foreground" });
    made.settle();
    expect(left(made)).toEqual(expect.not.arrayContaining(["x", "y"]));
  });
});
