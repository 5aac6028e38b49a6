import fc from "fast-check";
import { expect, test } from "vitest";
import { k8s } from "../../../../sim/lab/index.js";

const { decide, enoughNodes, explain, fitError, NodeInfo } = k8s;

const node = (name: string, more: k8s.JsonObject = {}, allocatable: k8s.JsonObject = {}): k8s.KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name, disk: name === "a" ? "ssd" : "hdd" } },
  spec: more,
  status: { allocatable: { cpu: "4", memory: "8Gi", pods: "10", ...allocatable } },
});
const pod = (name: string, requests: k8s.JsonObject = {}, more: k8s.JsonObject = {}): k8s.KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "default" },
  spec: { containers: [{ name: "main", image: "a", resources: { requests } }], ...more },
});
const taint = (effect: string): k8s.JsonObject => ({ taints: [{ key: "dedicated", value: "db", effect }] });
const port = { containers: [{ name: "main", ports: [{ containerPort: 80, hostPort: 80 }] }] };
const affinity = (kind: string, terms: k8s.Json): k8s.JsonObject => ({ affinity: { nodeAffinity: { [kind]: terms } } });
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const ssd = { matchExpressions: [{ key: "disk", operator: "In", values: ["ssd"] }] };

// Reasons as a real scheduler words them.
test.each<[string, k8s.NodeInfo, k8s.KubeObject, string[]]>([
  ["room", new NodeInfo(node("b")), pod("p", { cpu: "4", memory: "8Gi" }), []],
  ["cpu", new NodeInfo(node("b")), pod("p", { cpu: "4001m" }), ["Insufficient cpu"]],
  [
    "what pods take",
    new NodeInfo(node("b"), [pod("q", { memory: "5Gi" })]),
    pod("p", { memory: "4Gi" }),
    ["Insufficient memory"],
  ],
  ["extended", new NodeInfo(node("b")), pod("p", { "nvidia.com/gpu": "1" }), ["Insufficient nvidia.com/gpu"]],
  ["pods", new NodeInfo(node("b", {}, { pods: "1" }), [pod("q")]), pod("p"), ["Too many pods"]],
  ["cordoned", new NodeInfo(node("b", { unschedulable: true })), pod("p"), ["node(s) were unschedulable"]],
  ["taint", new NodeInfo(node("b", taint("NoSchedule"))), pod("p"), ["node(s) had untolerated taint {dedicated: db}"]],
  ["soft taint", new NodeInfo(node("b", taint("PreferNoSchedule"))), pod("p"), []],
  [
    "toleration",
    new NodeInfo(node("b", taint("NoExecute"))),
    pod("p", {}, { tolerations: [{ operator: "Exists" }] }),
    [],
  ],
  [
    "other value",
    new NodeInfo(node("b", taint("NoExecute"))),
    pod("p", {}, { tolerations: [{ key: "dedicated", value: "web" }] }),
    ["node(s) had untolerated taint {dedicated: db}"],
  ],
  [
    "ports",
    new NodeInfo(node("b"), [pod("q", {}, port)]),
    pod("p", {}, port),
    ["node(s) didn't have free ports for the requested pod ports"],
  ],
  [
    "selector",
    new NodeInfo(node("b")),
    pod("p", {}, { nodeSelector: { disk: "ssd" } }),
    ["node(s) didn't match Pod's node affinity/selector"],
  ],
  ["affinity", new NodeInfo(node("a")), pod("p", {}, affinity(required, { nodeSelectorTerms: [ssd] })), []],
  [
    "no affinity",
    new NodeInfo(node("b")),
    pod("p", {}, affinity(required, { nodeSelectorTerms: [ssd] })),
    ["node(s) didn't match Pod's node affinity/selector"],
  ],
  [
    "sidecar and init",
    new NodeInfo(node("b")),
    pod(
      "p",
      { cpu: "1" },
      {
        initContainers: [
          { name: "s", restartPolicy: "Always", resources: { requests: { cpu: "2" } } },
          { name: "i", resources: { requests: { cpu: "2500m" } } },
        ],
      },
    ),
    ["Insufficient cpu"],
  ],
])("%s", (_what, on, of, reasons) => {
  const { node: chosen, refused } = decide(of, [on]);
  expect(refused.flatMap((each) => each.reasons)).toEqual(reasons);
  expect(chosen).toBe(reasons.length === 0 ? on.name : undefined);
});

test("the emptier and evener node wins; a soft taint costs its three hundred points", () => {
  const nodes = [new NodeInfo(node("a"), [pod("q", { cpu: "2", memory: "4Gi" })]), new NodeInfo(node("b"))];
  const decision = decide(pod("p", { cpu: "1", memory: "2Gi" }), nodes);
  expect(decision.node).toBe("b");
  // (4000 − 3000) / 4000 and (8 − 6) / 8 on a; both shares are equal on both nodes.
  expect(decision.feasible.map(({ scores }) => scores)).toEqual([
    { TaintToleration: 300, NodeResourcesFit: 25, NodeResourcesBalancedAllocation: 100 },
    { TaintToleration: 300, NodeResourcesFit: 75, NodeResourcesBalancedAllocation: 100 },
  ]);
  const tainted = [nodes[0], new NodeInfo(node("b", taint("PreferNoSchedule")))].filter((each) => each !== undefined);
  expect(decide(pod("p"), tainted).node).toBe("a");
  const view = explain(pod("p"), decision);
  expect(view.title).toBe("Why is p on b?");
  expect(view.rows.map((row) => [row["node"], row["verdict"], row["total"]])).toEqual([
    ["b", "chosen", 475],
    ["a", "fits", 425],
  ]);
});

test("why there is no node, in the event's words", () => {
  const nodes = ["a", "b"].map((name) => new NodeInfo(node(name)));
  for (const name of ["c", "d", "e"]) nodes.push(new NodeInfo(node(name, taint("NoSchedule"))));
  const decision = decide(pod("p", { cpu: "5" }), nodes);
  expect(fitError(decision)).toBe(
    "0/5 nodes are available: 2 Insufficient cpu, 3 node(s) had untolerated taint {dedicated: db}.",
  );
});

test("how many nodes are looked at, and where the search begins", () => {
  expect([5, 99, 100, 1000, 5000, 10_000].map(enoughNodes)).toEqual([5, 99, 100, 420, 500, 500]);
  const nodes = Array.from({ length: 200 }, (_, n) => new NodeInfo(node(`n${n}`)));
  expect(decide(pod("p"), nodes, { start: 150 }).feasible.map(({ name }) => name)).toEqual(
    Array.from({ length: 100 }, (_, n) => `n${(150 + n) % 200}`),
  );
});

test("a pod that got a node fits there; what pods leave behind is what there was", () => {
  const request = fc.record({ cpu: fc.integer({ min: 0, max: 3000 }), memory: fc.integer({ min: 0, max: 6 }) });
  fc.assert(
    fc.property(fc.array(request, { maxLength: 30 }), (requests) => {
      const nodes = ["a", "b", "c"].map((name) => new NodeInfo(node(name)));
      const placed: [k8s.NodeInfo, k8s.KubeObject][] = [];
      for (const [n, { cpu, memory }] of requests.entries()) {
        const next = pod(`p${n}`, { cpu: `${cpu}m`, memory: `${memory}Gi` });
        const on = nodes.find(({ name }) => name === decide(next, nodes).node);
        if (on === undefined) continue;
        on.add(next);
        placed.push([on, next]);
      }
      for (const on of nodes) {
        expect(on.requested.cpu).toBeLessThanOrEqual(4000);
        expect(on.requested.memory).toBeLessThanOrEqual(8 * 1024 ** 3);
        expect(on.requested).toEqual(new NodeInfo(on.node, on.pods.values()).requested);
      }
      for (const [on, of] of placed) on.remove(`default/${of.metadata.name ?? ""}`);
      const left = nodes.flatMap(({ requested, counted }) => [requested, counted]);
      expect(left.every(({ cpu, memory }) => cpu === 0 && memory === 0)).toBe(true);
    }),
    { seed: 5, numRuns: 60 },
  );
});
