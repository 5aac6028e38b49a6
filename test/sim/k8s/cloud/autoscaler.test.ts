import { describe, expect, test } from "vitest";
import { createWorld, minutes, s, type Nanos } from "../../../../sim/core/index.js";
import { Cluster, type ClusterOptions } from "../../../../sim/k8s/index.js";
import { listAt, stringAt } from "../../../../sim/k8s/objects/value.js";

type CloudChoice = Exclude<ClusterOptions["cloud"], boolean | undefined>;

const made = (cloud: CloudChoice, more: Partial<ClusterOptions> = {}): Cluster => {
  const cluster = new Cluster({ world: createWorld({ seed: 7 }), cloud: { autoscaler: true, ...cloud }, ...more });
  cluster.start();
  return cluster;
};

const deployment = (replicas: number, { cpu = "900m", memory = "1Gi", more = "", notes = "" } = {}): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}, annotations: {${notes}}}
    spec:
      ${more}
      containers: [{name: main, image: "web:1", resources: {requests: {cpu: ${cpu}, memory: ${memory}}}}]`;

const count = (cluster: Cluster): number => cluster.get("nodes", { namespace: "" }).items.length;
const pending = (cluster: Cluster): number =>
  cluster.get("pods").items.filter((pod) => stringAt(pod, "status", "phase") === "Pending").length;
const told = (cluster: Cluster, reason: string): string[] =>
  cluster
    .get("events", { namespace: "" })
    .items.filter((event) => event["reason"] === reason)
    .map((event) => stringAt(event, "message") ?? "");
const status = (cluster: Cluster): string =>
  stringAt(
    cluster.get("configmap/cluster-autoscaler-status", { namespace: "kube-system" }).items[0],
    "data",
    "status",
  ) ?? "";

describe("a cluster autoscaler", () => {
  test("makes room for pods that find none, by as many machines as they need", () => {
    const cluster = made({});
    cluster.apply(deployment(6));
    cluster.settle();
    cluster.run(s(15));
    // Two of 900m on each machine of two processors.
    expect(cluster.cloud.groups[0]?.target).toBe(3);
    expect(told(cluster, "TriggeredScaleUp")).toContain("pod triggered scale-up: [{workers 1->3 (max: 10)}]");
    expect(told(cluster, "ScaledUpGroup")).toEqual([
      "Scale-up: setting group workers size to 3 instead of 1 (max: 10)",
    ]);
    cluster.run(minutes(4));
    expect([count(cluster), pending(cluster)]).toEqual([3, 0]);
    expect(status(cluster)).toContain("cloudProviderTarget: 3");
  });

  test("says why it makes none", () => {
    const cluster = made({
      groups: { workers: { max: 1 }, tainted: { min: 0, taints: [{ key: "gpu", effect: "NoSchedule" }] } },
    });
    cluster.apply(deployment(3));
    cluster.settle();
    cluster.run(s(30));
    expect(told(cluster, "NotTriggerScaleUp")).toContain(
      "pod didn't trigger scale-up: 1 max node group size reached, 1 node(s) had untolerated taint {gpu: }",
    );
    expect(cluster.cloud.rented.length).toBe(1);
  });

  test("takes the group of which the least is wasted", () => {
    const groups = {
      big: { type: "m5.2xlarge", min: 0 },
      wide: { type: "r5.large", min: 0 },
      fit: { type: "c5.large" },
    } as const;
    const cluster = made({ groups });
    cluster.apply(deployment(4));
    cluster.settle();
    cluster.run(minutes(4));
    expect(cluster.cloud.groups.map(({ name, target }) => `${name} ${target}`)).toEqual(["big 0", "wide 0", "fit 2"]);
    expect(pending(cluster)).toBe(0);
  });

  test("takes away what isn't needed for ten minutes, and no more than the least", () => {
    const cluster = made({});
    cluster.apply(deployment(6));
    cluster.settle();
    cluster.run(minutes(4));
    cluster.scale("deploy/web", 1);
    const from = cluster.world.engine.now;
    while (cluster.cloud.rented.length > 1 && cluster.world.engine.now - from < minutes(30)) cluster.run(s(10));
    const took = cluster.world.engine.now - from;
    expect(took).toBeGreaterThan(minutes(9));
    expect(took).toBeLessThan(minutes(13));
    cluster.run(minutes(3));
    expect([count(cluster), pending(cluster)]).toEqual([1, 0]);
    expect(told(cluster, "ScaleDown")).toContain("node removed by cluster autoscaler");
  });

  const shrunk = (more: Parameters<typeof deployment>[1], also = ""): number => {
    const cluster = made({ groups: { workers: { type: "m5.xlarge" } } });
    const small = { cpu: "300m", memory: "256Mi" };
    // With another pod beside it, one of two finds no room on the first machine.
    cluster.apply(filler);
    cluster.run(s(10));
    cluster.apply(deployment(2, { ...small, ...more }));
    if (also !== "") cluster.apply(also);
    cluster.run(minutes(4));
    expect(cluster.cloud.rented.length).toBe(2);
    cluster.delete("pod/filler");
    cluster.run(minutes(25));
    return cluster.cloud.rented.length;
  };

  test("moves pods that have room elsewhere, unless something keeps them", () => {
    expect(shrunk({})).toBe(1);
    expect(shrunk({ notes: '"cluster-autoscaler.kubernetes.io/safe-to-evict": "false"' })).toBe(2);
    expect(shrunk({ more: "volumes: [{name: scratch, emptyDir: {}}]" })).toBe(2);
    const budget = `
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 2, selector: {matchLabels: {app: web}}}`;
    expect(shrunk({}, budget)).toBe(2);
  });

  test("leaves a group alone that failed, and takes another", () => {
    const cluster = made({ groups: { cheap: { type: "c5.large" }, dear: { type: "r5.large", min: 0 } } });
    cluster.cloud.sellOut("c5.large");
    cluster.apply(deployment(4));
    cluster.settle();
    cluster.run(minutes(4));
    expect(told(cluster, "FailedToScaleUpGroup")[0]).toContain(
      "Scale-up failed for group cheap: InsufficientInstanceCapacity",
    );
    expect(cluster.cloud.groups.map(({ target }) => target)).toEqual([1, 1]);
    expect(pending(cluster)).toBe(0);
    expect(status(cluster)).toContain("status: Backoff");
  });
});

const filler = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "filler" },
  spec: { containers: [{ name: "main", image: "web:1", resources: { requests: { cpu: "3500m" } } }] },
};

test("a load curve: pods follow it, nodes follow them, and the bill follows both; a lost machine and a lost zone are made good", () => {
  const load = { cores: 0.2 };
  const world = createWorld({ seed: 11 });
  const cluster: Cluster = new Cluster({
    ...{ world, metrics: true, cloud: { autoscaler: true, zones: ["a", "b"] } },
    images: { "web:1": { behaviour: { cpu: () => load.cores / running() } } },
  });
  const running = (): number =>
    Math.max(
      1,
      cluster.kubelets.reduce((sum, kubelet) => sum + kubelet.runtime.pods().length, 0),
    );
  cluster.start();
  cluster.apply(deployment(1, { cpu: "500m", memory: "256Mi" }));
  cluster.apply(`
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 20
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]`);
  const during = (time: Nanos, cores: number): { readonly nodes: number; readonly pods: number } => {
    load.cores = cores;
    cluster.run(time);
    return { nodes: count(cluster), pods: cluster.get("pods").items.length };
  };
  const low = during(minutes(5), 0.2);
  const high = during(minutes(20), 3);
  expect(low).toEqual({ nodes: 1, pods: 1 });
  // 3 processors at half of 500m each: 12 pods, four of which are on a machine of two.
  expect(high.pods).toBeGreaterThanOrEqual(11);
  expect(high.pods).toBeLessThanOrEqual(13);
  expect(high.nodes).toBeGreaterThanOrEqual(3);
  cluster.cloud.kill(cluster.cloud.rented[0]?.name ?? "");
  const healed = during(minutes(10), 3);
  expect([healed.nodes >= 3, pending(cluster)]).toEqual([true, 0]);
  cluster.cloud.failZone("eu-1a");
  const moved = during(minutes(15), 3);
  expect(new Set(cluster.cloud.rented.map(({ zone }) => zone))).toEqual(new Set(["eu-1b"]));
  expect([moved.nodes >= 3, pending(cluster)]).toEqual([true, 0]);
  const after = during(minutes(40), 0.2);
  expect(after).toEqual({ nodes: 1, pods: 1 });
  const bill = cluster.cost();
  const hours = world.engine.now / 3600e9;
  expect(bill.total).toBeGreaterThan(hours * 0.096);
  expect(bill.total).toBeLessThan(hours * 0.096 * high.nodes);
  const most = Math.max(...bill.plot().series.flatMap(({ y }) => y.map(Number)));
  expect(most).toBeGreaterThanOrEqual(high.nodes);
  expect(listAt(cluster.get("nodes", { namespace: "" }).items[0] ?? {}, "spec", "taints")).toEqual([]);
});
