import { describe, expect, test } from "vitest";
import { createWorld, minutes, s, UsageError } from "../../../../sim/core/index.js";
import { Cluster, EtcdCluster, stopEach, type ClusterOptions } from "../../../../sim/k8s/index.js";

function started(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({ world: createWorld({ seed: 5 }), nodes: 2, ...options });
  cluster.start();
  return cluster;
}

const web = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: main, image: "web:1"}]}
`;

const phases = (cluster: Cluster): unknown[] =>
  cluster
    .get("pods")
    .items.map((pod) => (pod["status"] as { phase: string }).phase)
    .sort();
const running = (count: number): string[] => Array<string>(count).fill("Running");
/** What there is, without what says when and by which write. */
const contents = (cluster: Cluster, what: string): unknown =>
  cluster.get(what, { namespace: "" }).items.map(({ metadata: { name, uid } }) => [name, uid]);

describe("a cluster on several servers of etcd", () => {
  test("does what one on a single server does", () => {
    const cluster = started({ etcd: 3 });
    expect(cluster.apply(web(3)).rows).toEqual([{ object: "deployment.apps/web", result: "created" }]);
    cluster.settle();
    expect(phases(cluster)).toEqual(running(3));
    expect(cluster.apply(web(3)).rows).toEqual([{ object: "deployment.apps/web", result: "unchanged" }]);
    const { etcd } = cluster;
    if (!(etcd instanceof EtcdCluster)) throw new Error("etcd has three servers");
    cluster.run(s(1));
    const hashes = etcd.members.map((member) => member.hashKv(0));
    expect(new Set(hashes.map((each) => JSON.stringify(each))).size).toBe(1);
  });

  test("an answer to a write comes when a majority has it, with its revision", () => {
    const cluster = started({ etcd: 3 });
    const { engine } = cluster.world;
    const before = engine.now;
    const made = cluster.request("POST", "/api/v1/namespaces/default/configmaps", { metadata: { name: "a" } });
    // A message there and back and two disks' syncs: nothing is answered at once.
    expect(engine.now - before).toBeGreaterThan(s(0.001));
    const read = cluster.request("GET", "/api/v1/namespaces/default/configmaps/a");
    expect(made).toEqual(read);
    expect((read["metadata"] as { resourceVersion: string }).resourceVersion).toMatch(/^\d+$/);
  });

  test("two writers of the same object: one of them is told of the other", () => {
    const cluster = started({ etcd: 3 });
    const path = "/api/v1/namespaces/default/configmaps";
    const made = cluster.request("POST", path, { metadata: { name: "a" }, data: { by: "nobody" } });
    const { engine } = cluster.world;
    const put = (by: string) =>
      engine.spawn(
        cluster.api.ask({
          method: "PUT",
          path: `${path}/a`,
          headers: { "content-type": "application/json" },
          user: { name: "a", groups: ["system:masters"] },
          body: { ...made, data: { by } },
        }),
      );
    const both = [put("one"), put("two")];
    cluster.run(s(1));
    expect(both.map(({ value }) => value.status)).toEqual([200, 409]);
    expect(cluster.request("GET", `${path}/a`)["data"]).toEqual({ by: "one" });
  });

  test("goes on without a minority of them, and only remembers without a majority", () => {
    const cluster = started({ etcd: 3 });
    cluster.apply(web(2));
    cluster.settle();
    const { etcd } = cluster;
    if (!(etcd instanceof EtcdCluster)) throw new Error("etcd has three servers");
    const leader = etcd.leader?.id ?? 0;
    cluster.stop(`etcd-${leader}`);
    cluster.run(s(5));
    cluster.scale("deploy/web", 4);
    cluster.settle();
    expect(phases(cluster)).toEqual(running(4));
    const next = etcd.leader?.id ?? 0;
    expect(next).not.toBe(leader);
    cluster.stop(`etcd-${next}`);
    expect(() => {
      cluster.scale("deploy/web", 6);
    }).toThrow("etcdserver");
    expect(() => cluster.get("pods")).toThrow(UsageError);
    // Of any age, from the API server's memory, there still is an answer.
    const path = "/api/v1/namespaces/default/pods";
    const list = cluster.request("GET", path, undefined, "", { resourceVersion: "0" });
    expect((list["items"] as unknown[]).length).toBe(4);
    cluster.start(`etcd-${next}`);
    cluster.run(minutes(1));
    cluster.scale("deploy/web", 5);
    cluster.settle();
    expect(phases(cluster)).toEqual(running(5));
  });
});

describe("parts that stop", () => {
  test.each([1, 3])("all of it comes back from what %i server(s) of etcd have", (etcd) => {
    const cluster = started({ etcd });
    cluster.apply(web(2));
    cluster.settle();
    const kinds = ["pods", "deployments", "replicasets", "nodes", "serviceaccounts"];
    const before = kinds.map((kind) => contents(cluster, kind));
    cluster.stop();
    cluster.stop("etcd");
    expect(() => cluster.get("pods")).toThrow("connection refused");
    cluster.run(minutes(1));
    cluster.start("etcd");
    cluster.run(s(10));
    cluster.start("kube-apiserver", "kube-scheduler", "kube-controller-manager", "kubelet");
    cluster.run(minutes(1));
    cluster.settle();
    expect(kinds.map((kind) => contents(cluster, kind))).toEqual(before);
    cluster.scale("deploy/web", 3);
    cluster.settle();
    expect(phases(cluster)).toEqual(running(3));
  });

  test("without a scheduler pods wait, without controllers nobody makes any, without an API server nothing is heard", () => {
    const cluster = started();
    cluster.stop("kube-scheduler");
    cluster.apply(web(1));
    cluster.run(minutes(1));
    expect(phases(cluster)).toEqual(["Pending"]);
    cluster.start("kube-scheduler");
    cluster.settle();
    expect(phases(cluster)).toEqual(["Running"]);
    cluster.stop("kube-controller-manager");
    cluster.scale("deploy/web", 3);
    cluster.run(minutes(1));
    expect(phases(cluster)).toEqual(running(1));
    cluster.start("kube-controller-manager");
    cluster.run(minutes(1));
    cluster.settle();
    expect(phases(cluster)).toEqual(running(3));
    cluster.stop("kube-apiserver");
    expect(() => cluster.get("pods")).toThrow("connection refused");
    expect(() => cluster.api).toThrow(UsageError);
    cluster.start("kube-apiserver");
    cluster.run(minutes(1));
    cluster.scale("deploy/web", 4);
    cluster.settle();
    expect(phases(cluster)).toEqual(running(4));
  });

  test("etcd that doesn't run is an error of the API server's, and data that stay", () => {
    const cluster = started();
    cluster.apply(web(1));
    cluster.settle();
    cluster.stop("etcd");
    expect(() => cluster.get("pods")).toThrow("etcdserver: server stopped");
    expect(() => {
      cluster.scale("deploy/web", 2);
    }).toThrow("etcdserver: server stopped");
    cluster.start("etcd");
    cluster.scale("deploy/web", 2);
    cluster.run(minutes(1));
    cluster.settle();
    expect(phases(cluster)).toEqual(running(2));
  });

  test("a part that isn't there is named, with one that is", () => {
    const cluster = started();
    expect(() => {
      cluster.stop("kube-schedular" as "kube-scheduler");
    }).toThrow(expect.objectContaining({ hint: 'Did you mean "kube-scheduler"?' }) as Error);
    expect(() => started({ etcd: 0 })).toThrow("etcd can't have 0 servers");
  });
});

test("each part stopped in turn: what nobody does then", () => {
  const table = stopEach(() => started());
  const undone = (part: string): unknown[] => table.rows.filter((row) => row[part] === "no").map(({ duty }) => duty);
  expect(undone("nothing")).toEqual([]);
  expect(undone("kube-scheduler")).toEqual(["a pod gets a node"]);
  expect(undone("kube-controller-manager")).toEqual([
    "a Deployment gets its pods",
    "a Service finds new pods",
    "a namespace gets its service account",
  ]);
  expect(undone("kubelet")).toContain("a container that ended is restarted");
  expect(undone("kubelet")).not.toContain("an object is written");
  expect(undone("kube-apiserver")).toContain("an object is read");
  // Where its pod is, the API server asks etcd.
  expect(undone("etcd")).toContain("a log is read");
  // A node goes on by itself.
  for (const part of ["etcd", "kube-apiserver"])
    expect(undone(part)).not.toContain("a container that ended is restarted");
});
