import { describe, expect, test } from "vitest";
import { createWorld, minutes, ms, UsageError } from "../../../../sim/core/index.js";
import { Cluster, type ClusterOptions } from "../../../../sim/k8s/index.js";

function started(options: Partial<ClusterOptions> = {}): Cluster {
  const cluster = new Cluster({ world: createWorld({ seed: 3 }), ...options });
  cluster.start();
  return cluster;
}

const web = (replicas: number, image = "web:1", more = ""): string => `
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  replicas: ${replicas}
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: main
          image: ${image}
          ports: [{containerPort: 80}]
          readinessProbe: {httpGet: {port: 80}, periodSeconds: 2}
${more}`;

const names = (cluster: Cluster): string[] =>
  cluster.get("pods", { selector: "app=web" }).items.map(({ metadata }) => metadata.name ?? "");
const column = (cluster: Cluster, what: string, key: string) =>
  cluster
    .get(what)
    .view()
    .rows.map((row) => row[key]);

describe("a cluster", () => {
  test("has its nodes ready at its start, and shows them", () => {
    const cluster = started();
    expect(cluster.nodes().rows.map(({ Name, Status }) => `${String(Name)} ${String(Status)}`)).toEqual([
      "node-1 Ready",
      "node-2 Ready",
      "node-3 Ready",
    ]);
    expect(cluster.view().views.map(({ as }) => as)).toEqual(["text", "table", "table"]);
  });

  test("runs a Deployment from YAML, scales it, rolls it over, and lets it go", () => {
    const cluster = started();
    expect(cluster.apply(web(3)).rows).toEqual([{ object: "deployment.apps/web", result: "created" }]);
    expect(cluster.apply(web(3)).rows).toEqual([{ object: "deployment.apps/web", result: "unchanged" }]);
    cluster.settle();
    expect(column(cluster, "deploy", "Ready")).toEqual(["3/3"]);
    expect(new Set(column(cluster, "pods", "Node")).size).toBeGreaterThan(1);
    cluster.scale("deploy/web", 5);
    cluster.settle();
    expect(column(cluster, "pods", "Status")).toEqual(Array<string>(5).fill("Running"));
    const before = new Set(names(cluster));
    expect(cluster.apply(web(5, "web:2")).rows[0]).toMatchObject({ result: "configured" });
    cluster.settle();
    expect(names(cluster).filter((name) => before.has(name))).toEqual([]);
    expect(column(cluster, "deploy", "Up-to-date")).toEqual(["5"].map(Number));
    cluster.delete("deploy/web");
    cluster.settle();
    expect(cluster.get("pods").items).toEqual([]);
  });

  test("says why a pod is where it is, and why one is nowhere", () => {
    const cluster = started({ cpus: 2 });
    const pod = (name: string, cpu: string) => ({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { containers: [{ name: "c", image: "web:1", resources: { requests: { cpu } } }] },
    });
    cluster.apply([pod("small", "1"), pod("large", "3")]);
    cluster.settle();
    const node = cluster.get("pod/small").items[0]?.["spec"] as { nodeName: string };
    expect(cluster.explain("small").rows.find(({ verdict }) => verdict === "chosen")).toMatchObject({
      node: node.nodeName,
    });
    expect(cluster.explain("pod/large").rows.map(({ verdict }) => verdict)).toEqual(
      Array<string>(3).fill("NodeResourcesFit: Insufficient cpu"),
    );
    expect(cluster.events("pod/large").rows[0]).toMatchObject({
      Reason: "FailedScheduling",
      Message: expect.stringContaining("0/3 nodes are available: 3 Insufficient cpu.") as string,
    });
  });

  test("shows a pod's birth across the components, in the order of cause and effect", () => {
    const cluster = started();
    cluster.apply(web(1));
    cluster.settle();
    const { participants, messages } = cluster.birth(names(cluster)[0] ?? "");
    expect(participants).toEqual([
      "kubernetes-admin",
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      expect.stringMatching(/^kubelet node-\d$/),
      "container runtime",
    ]);
    const steps = messages.map(({ label }) => label.replace(/web-[a-z0-9-]+/, "web").replace(/ \+.*$/, ""));
    const order = [
      "PATCH Deployment web",
      "ADDED Deployment web",
      "POST ReplicaSet web",
      "POST Pod web",
      "ADDED Pod web",
      "POST Pod web",
      "PATCH Pod web/status Pending",
      "PullImage",
      "CreateContainer",
      "StartContainer",
    ];
    let place = -1;
    for (const step of order) {
      place = steps.findIndex((each, at) => at > place && each.startsWith(step));
      expect(place, `${step} in ${steps.join("; ")}`).toBeGreaterThanOrEqual(0);
    }
    expect(steps.at(-1)).toBe("PATCH Pod web/status Running");
  });

  test("logs, of the container before as well", () => {
    const cluster = started();
    cluster.apply(`
apiVersion: v1
kind: Pod
metadata: {name: talker}
spec:
  containers:
    - {name: c, image: busybox, command: [sh, -c, "echo hello there; sleep 5; exit 1"]}
`);
    cluster.run(ms(300));
    expect(() => cluster.logs("talker")).toThrow(
      /container "c" in pod "talker" is waiting to start: ContainerCreating/,
    );
    cluster.settle();
    expect(cluster.logs("talker")).toBe("hello there\n");
    expect(cluster.logs("pod/talker", { previous: true })).toBe("hello there\n");
    expect(() => cluster.logs("talker", { container: "d" })).toThrow("container d is not valid for pod talker");
  });

  test("a node whose kubelet stops keeps its containers; started again it takes them over", () => {
    const cluster = started({ nodes: 1 });
    cluster.apply(web(2));
    cluster.settle();
    cluster.stopKubelet("node-1");
    expect(() => cluster.kubelet("node-1")).toThrow("the kubelet of node-1 doesn't run");
    cluster.scale("deploy/web", 3);
    cluster.run(minutes(1));
    expect(column(cluster, "pods", "Status").sort()).toEqual(["Pending", "Running", "Running"]);
    expect(() => cluster.logs(names(cluster)[0] ?? "")).toThrow("connection refused");
    cluster.startKubelet("node-1");
    cluster.settle();
    expect(column(cluster, "pods", "Status")).toEqual(Array<string>(3).fill("Running"));
    expect(column(cluster, "pods", "Restarts")).toEqual(Array<string>(3).fill("0"));
  });

  test("custom kinds are found by their names", () => {
    const cluster = started({ nodes: 0 });
    cluster.apply(`
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: crons.lab.example}
spec:
  group: lab.example
  scope: Namespaced
  names: {plural: crons, singular: cron, kind: Cron, shortNames: [cr]}
  versions:
    - name: v1
      served: true
      storage: true
      schema: {openAPIV3Schema: {type: object, properties: {spec: {type: object, properties: {at: {type: string}}}}}}
---
apiVersion: lab.example/v1
kind: Cron
metadata: {name: daily}
spec: {at: noon}
`);
    expect(cluster.get("cr/daily").yaml).toContain("at: noon");
  });

  test("the same seed, the same cluster", () => {
    const told = (): string => {
      const cluster = started({ images: { "web:1": { behaviour: { startup: ms(700) } } } });
      cluster.apply(web(4));
      cluster.settle();
      return JSON.stringify([cluster.get("pods").items, cluster.world.trace.rows()]);
    };
    expect(told()).toBe(told());
  });
});

describe("what is wrong is said, with the mend", () => {
  const cluster = started({ nodes: 0 });
  const hintOf = (act: () => void): string => {
    try {
      act();
    } catch (error) {
      if (error instanceof UsageError) return `${error.message}. ${error.hint}`;
      throw error;
    }
    return "nothing was thrown";
  };
  test.each([
    ["kind: Pod\n  name: x", /the manifest is no YAML: .*line 2.*Mend that line/],
    ["metadata: {name: x}\nkind: Pod", /says no apiVersion\. Say `apiVersion: v1`/],
    ["apiVersion: v1\nkind: Pod", /a Pod, has no name\. Give it one in metadata\.name/],
    ["just words", /is no object but "just words"/],
    ["", /holds no object/],
    [
      "apiVersion: apps/v1\nkind: Deploiment\nmetadata: {name: x}",
      /doesn't serve "Deploiment of apps\/v1".*Deployment of apps\/v1/,
    ],
    ["apiVersion: v1\nkind: Pod\nmetadata: {name: x}\nspec: {}", /spec\.containers: Required value.*Mend the field/],
  ])("%s", (manifest, expected) => {
    expect(hintOf(() => cluster.apply(manifest)).replaceAll("\n", " ")).toMatch(expected);
  });
  test("in calls", () => {
    expect(hintOf(() => cluster.get("pdos"))).toMatch(/Did you mean "pods"/);
    expect(hintOf(() => cluster.get("pod/none"))).toBe(
      'pods "none" not found. Look what there is with get, and in which namespace.',
    );
    expect(
      hintOf(() => {
        cluster.delete("pods");
      }),
    ).toContain('Say which: "pods/NAME"');
    expect(hintOf(() => cluster.birth("none"))).toContain("the trace knows nothing of the pod default/none");
    expect(hintOf(() => started({ nodes: -1 }))).toContain("a cluster can't have -1 nodes");
    expect(hintOf(() => cluster.kubelet("node-9"))).toContain('there is no node "node-9"');
  });
});
