import { describe, expect, test } from "vitest";
import { createWorld, minutes, s } from "../../../../sim/core/index.js";
import { Cluster, type ClusterOptions } from "../../../../sim/k8s/index.js";
import { stringAt, listAt } from "../../../../sim/k8s/objects/value.js";

const made = (cloud: NonNullable<ClusterOptions["cloud"]>, more: Partial<ClusterOptions> = {}): Cluster => {
  const cluster = new Cluster({ world: createWorld({ seed: 7 }), cloud, ...more });
  cluster.start();
  return cluster;
};

const service = `
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}`;

const names = (cluster: Cluster): string[] =>
  cluster.get("nodes", { namespace: "" }).items.map(({ metadata }) => metadata.name ?? "");
const taints = (cluster: Cluster, node: string): unknown[] =>
  listAt(cluster.get(`node/${node}`).items[0] ?? {}, "spec", "taints").map((taint) => stringAt(taint, "key"));
const reasons = (cluster: Cluster, what: string): unknown[] => cluster.events(what).rows.map((row) => row["Reason"]);

describe("a cloud's machines", () => {
  test("join as nodes that the cloud's controllers introduce", () => {
    const cluster = made({ groups: { workers: { min: 2 } } });
    const [node] = cluster.get("node/workers-1").items;
    expect(stringAt(node, "spec", "providerID")).toBe("cloud://eu-1a/i-00000001");
    expect(node?.metadata.labels).toMatchObject({
      "node.kubernetes.io/instance-type": "m5.large",
      "topology.kubernetes.io/zone": "eu-1a",
      "topology.kubernetes.io/region": "eu-1",
    });
    expect(listAt(node, "status", "addresses")).toEqual([
      { type: "InternalIP", address: "192.168.0.2" },
      { type: "Hostname", address: "workers-1" },
    ]);
    cluster.run(s(30));
    expect(taints(cluster, "workers-1")).toEqual([]);
    const condition = listAt(cluster.get("node/workers-1").items[0], "status", "conditions");
    expect(condition.find((each) => stringAt(each, "type") === "NetworkUnavailable")).toMatchObject({
      status: "False",
      reason: "RouteCreated",
    });
    // EC2's machines take 97 s in the mean.
    expect(cluster.world.engine.now).toBeGreaterThan(s(60));
  });

  test("stay uninitialized while no controller introduces them, and in the API when they are gone", () => {
    const cluster = made({ groups: { workers: { min: 2 } } });
    cluster.stop("cloud-controller-manager");
    cluster.cloud.kill("workers-1");
    cluster.run(minutes(10));
    expect(names(cluster)).toEqual(["workers-1", "workers-2", "workers-3"]);
    expect(taints(cluster, "workers-3")).toContain("node.cloudprovider.kubernetes.io/uninitialized");
    cluster.start("cloud-controller-manager");
    cluster.run(minutes(1));
    expect(names(cluster)).toEqual(["workers-2", "workers-3"]);
    expect(taints(cluster, "workers-3")).toEqual([]);
  });

  test("are marked when they are switched off, and come back", () => {
    const cluster = made({ groups: { workers: { min: 2 } } });
    cluster.cloud.shutDown("workers-1");
    cluster.run(minutes(2));
    expect(taints(cluster, "workers-1")).toContain("node.cloudprovider.kubernetes.io/shutdown");
    cluster.cloud.powerOn("workers-1");
    cluster.run(minutes(4));
    expect(names(cluster)).toEqual(["workers-1", "workers-2"]);
    expect(taints(cluster, "workers-1")).toEqual([]);
  });

  test("are replaced in other zones when theirs fails", () => {
    const cluster = made({ zones: ["a", "b"], groups: { workers: { min: 4 } } });
    const zones = (): string[] => cluster.cloud.rented.map(({ zone }) => zone).sort();
    expect(zones()).toEqual(["eu-1a", "eu-1a", "eu-1b", "eu-1b"]);
    cluster.cloud.failZone("eu-1a");
    cluster.run(minutes(8));
    expect(zones()).toEqual(["eu-1b", "eu-1b", "eu-1b", "eu-1b"]);
    expect(names(cluster)).toEqual(["workers-2", "workers-4", "workers-5", "workers-6"]);
  });

  test("cost what they are rented for, by the second", () => {
    const cluster = made({ groups: { small: { type: "t3.medium" }, large: { type: "m5.2xlarge" } } });
    // A minute is paid at least: what is younger costs as much.
    cluster.run(minutes(2));
    const before = cluster.cost();
    cluster.run(minutes(60));
    const after = cluster.cost();
    expect(after.of("small") - before.of("small")).toBeCloseTo(0.0416, 3);
    expect(after.of("large") - before.of("large")).toBeCloseTo(0.384, 3);
    expect(after.total).toBeCloseTo(after.of("small") + after.of("large"), 9);
    expect(after.table().rows.map(({ item }) => item)).toEqual(["large", "small"]);
  });

  test("wait while they are sold out or over the quota", () => {
    const cluster = made({ groups: { workers: { min: 0, size: 0 } }, quota: 4 });
    const [group] = cluster.cloud.groups;
    cluster.cloud.sellOut("m5.large", "eu-1a");
    if (group === undefined) throw new Error("no group");
    cluster.world.engine.spawn(group.increase(3), { name: "more" });
    cluster.run(minutes(1));
    expect(cluster.cloud.rented.map(({ zone }) => zone)).toEqual(["eu-1b", "eu-1c"]);
    expect(group.members.map(({ error }) => error?.code)).toEqual([undefined, undefined, "VcpuLimitExceeded"]);
  });
});

describe("a service of type LoadBalancer", () => {
  test("gets an address, keeps to ready nodes, and goes only when its load balancer is gone", () => {
    const cluster = made({ groups: { workers: { min: 2 } } });
    cluster.apply(service);
    cluster.settle();
    expect(
      cluster
        .get("services")
        .view()
        .rows.find(({ Name }) => Name === "web")?.["External-IP"],
    ).toBe("203.0.113.1");
    expect(cluster.get("service/web").items[0]?.metadata.finalizers).toEqual([
      "service.kubernetes.io/load-balancer-cleanup",
    ]);
    expect(reasons(cluster, "service/web")).toEqual(["EnsuringLoadBalancer", "EnsuredLoadBalancer"]);
    expect(cluster.cloud.loadBalancers.nodes("default/web")).toEqual(["workers-1", "workers-2"]);
    cluster.stopKubelet("workers-1");
    cluster.run(minutes(2));
    expect(cluster.cloud.loadBalancers.nodes("default/web")).toEqual(["workers-2"]);
    cluster.stop("cloud-controller-manager");
    cluster.delete("service/web");
    cluster.run(minutes(1));
    expect(cluster.get("service/web").items[0]?.metadata.deletionTimestamp).toBeDefined();
    cluster.start("cloud-controller-manager");
    cluster.run(minutes(1));
    expect(() => cluster.get("service/web")).toThrow("not found");
    expect(cluster.cloud.loadBalancers.nodes("default/web")).toBeUndefined();
  });
});

test("disks are in the zone of the machine that their pod is on", () => {
  const cluster = made({ groups: { workers: { min: 2 } } }, { storage: true });
  cluster.apply(`
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: data}
spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: v1
kind: Pod
metadata: {name: db}
spec:
  containers: [{name: main, image: "db:1", volumeMounts: [{name: data, mountPath: /data}]}]
  volumes: [{name: data, persistentVolumeClaim: {claimName: data}}]`);
  cluster.run(minutes(2));
  const [pod] = cluster.get("pod/db").items;
  expect(stringAt(pod, "status", "phase")).toBe("Running");
  const [node] = cluster.get(`node/${stringAt(pod, "spec", "nodeName") ?? ""}`).items;
  const [volume] = cluster.get("pv", { namespace: "" }).items;
  expect(JSON.stringify(volume?.["spec"])).toContain(node?.metadata.labels?.["topology.kubernetes.io/zone"]);
});

test("what can't be is refused with its mend", () => {
  const world = createWorld({ seed: 1 });
  expect(() => new Cluster({ world, cloud: { groups: { a: { type: "m5.larg" as "m5.large" } } } })).toThrow(
    'no machine type "m5.larg"',
  );
  expect(() => new Cluster({ world, cloud: { groups: { a: { min: 3, max: 2 } } } })).toThrow("from 3 to 2");
  expect(() => new Cluster({ world, cloud: { groups: { a: { size: 1, sise: 2 } as object } } })).toThrow("sise");
  expect(() => new Cluster({ world, cloud: { autoscaler: { expender: "price" } as object } })).toThrow("expender");
  expect(() => new Cluster({ world, cloud: true, runtime: "containers" })).toThrow("hollow");
  expect(() => new Cluster({ world, nodes: 1 }).cloud).toThrow("no cloud's");
});
