import { describe, expect, test } from "vitest";
import { createWorld, minutes, s } from "../../../../sim/core/index.js";
import { Cluster } from "../../../../sim/k8s/index.js";
import type { Program, Sys } from "../../../../sim/os/index.js";

const web = (replicas: number): string => `
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers: [{name: main, image: "web:1", resources: {requests: {cpu: 500m}}}]`;

const autoscaler = `
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  minReplicas: 1
  maxReplicas: 9
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 50}}}]`;

interface Metrics {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly window: string;
    readonly usage: { readonly cpu: string };
    readonly containers: readonly { readonly name: string; readonly usage: { readonly cpu: string } }[];
  }[];
}
const told = (cluster: Cluster, what: string): Metrics["items"] =>
  (cluster.request("GET", `/apis/metrics.k8s.io/v1beta1/${what}`) as unknown as Metrics).items;
const replicas = (cluster: Cluster): number => Number(cluster.get("deploy/web").view().rows[0]?.["Available"]);

/** What does nothing but compute. */
const busy: Program<Sys> = {
  name: "nginx",
  *main(sys) {
    for (;;) yield* sys.compute(s(1));
  },
};

describe("a metrics server", () => {
  test("tells what containers used between its last two readings, and what their nodes did", () => {
    const use = { cores: 0.25 };
    const cluster = new Cluster({
      ...{ world: createWorld({ seed: 3 }), nodes: 1, metrics: true },
      images: { "web:1": { behaviour: { cpu: () => use.cores } } },
    });
    cluster.apply(web(2));
    cluster.run(s(50));
    expect(told(cluster, "pods").map(({ containers }) => containers[0]?.usage.cpu)).toEqual([
      "250000000n",
      "250000000n",
    ]);
    use.cores = 1;
    cluster.run(s(30));
    expect(told(cluster, "namespaces/default/pods").map(({ containers }) => containers[0]?.usage.cpu)).toEqual([
      "1000000000n",
      "1000000000n",
    ]);
    expect(told(cluster, "namespaces/kube-system/pods")).toEqual([]);
    expect(told(cluster, "nodes")).toEqual([
      expect.objectContaining({ window: "15.000s", usage: { cpu: "2000000000n", memory: "20480Ki" } }),
    ]);
  });

  test("is what an autoscaler goes by: as many as the load asks for, and fewer five minutes after it is gone", () => {
    const load = { cores: 0.24 };
    const world = createWorld({ seed: 3 });
    const cluster: Cluster = new Cluster({
      ...{ world, metrics: true },
      images: { "web:1": { behaviour: { cpu: () => load.cores / Math.max(1, replicas(cluster)) } } },
    });
    cluster.apply(web(1));
    cluster.apply(autoscaler);
    cluster.run(minutes(5));
    expect(replicas(cluster)).toBe(1);
    load.cores = 1.5;
    cluster.run(minutes(2));
    expect(replicas(cluster)).toBe(6);
    load.cores = 0.24;
    cluster.run(minutes(4));
    expect(replicas(cluster)).toBe(6);
    cluster.run(minutes(4));
    expect(replicas(cluster)).toBe(1);
  });

  test("measures what processes really have", () => {
    const cluster = new Cluster({
      ...{ world: createWorld({ seed: 3 }), nodes: 1, metrics: true, runtime: "containers", programs: [busy] },
    });
    cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: busy}
spec:
  containers:
    - name: main
      image: nginx:1.27
      resources: {limits: {cpu: 200m}}`);
    cluster.run(s(45));
    const cpu = told(cluster, "namespaces/default/pods")[0]?.containers[0]?.usage.cpu ?? "";
    expect(Number(cpu.replace("n", "")) / 1e9).toBeCloseTo(0.2, 2);
  });

  test("isn't there unless it is asked for", () => {
    const cluster = new Cluster({ world: createWorld({ seed: 3 }), nodes: 1 });
    expect(() => told(cluster, "pods")).toThrow(/404|could not find/);
  });
});
