import { expect, test } from "vitest";
import { k8s } from "../../../../sim/lab/index.js";

const { decide, fitError, NodeInfo } = k8s;

const node = (name: string, zone: string, images: k8s.Json = []): k8s.KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name, labels: { "kubernetes.io/hostname": name, zone } },
  spec: {},
  status: { allocatable: { cpu: "4", memory: "8Gi", pods: "10" }, images },
});
const pod = (name: string, app: string, spec: k8s.JsonObject = {}, namespace = "default"): k8s.KubeObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace, labels: { app } },
  spec: { containers: [{ name: "main", image: "reg/web", resources: { requests: { cpu: "1m" } } }], ...spec },
});
const app = (value: string): k8s.JsonObject => ({ matchLabels: { app: value } });
const spread = (whenUnsatisfiable: string, more: k8s.JsonObject = {}): k8s.JsonObject => ({
  topologySpreadConstraints: [
    { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable, labelSelector: app("web"), ...more },
  ],
});
const required = "requiredDuringSchedulingIgnoredDuringExecution";
const preferred = "preferredDuringSchedulingIgnoredDuringExecution";
const term = (value: string, more: k8s.JsonObject = {}): k8s.JsonObject => ({
  labelSelector: app(value),
  topologyKey: "zone",
  ...more,
});
const affinity = (which: string, kind: string, each: k8s.Json): k8s.JsonObject => ({
  affinity: { [which]: { [kind]: [each] } },
});
const column = (decision: k8s.Decision, plugin: string): unknown[] =>
  decision.feasible.map(({ scores }) => scores[plugin]);

test("topology spread keeps the skew within its bound, and counts only what it selects", () => {
  const nodes = [
    new NodeInfo(node("a", "x"), [pod("1", "web"), pod("2", "db"), pod("3", "web", {}, "other")]),
    new NodeInfo(node("b", "y")),
  ];
  const decision = decide(pod("p", "web", spread("DoNotSchedule")), nodes);
  expect(decision.node).toBe("b");
  expect(decision.refused[0]?.reasons).toEqual(["node(s) didn't match pod topology spread constraints"]);
  // A pod that the selector doesn't mean adds no skew.
  expect(decide(pod("p", "db", spread("DoNotSchedule")), nodes).refused).toEqual([]);
  const three = decide(pod("p", "web", spread("DoNotSchedule", { minDomains: 3 })), nodes);
  expect(three.node).toBe("b");
  const unlabelled = decide(pod("p", "web", spread("DoNotSchedule", { topologyKey: "rack" })), nodes);
  expect(fitError(unlabelled)).toBe(
    "0/2 nodes are available: 2 node(s) didn't match pod topology spread constraints (missing required label).",
  );
});

test("a soft spread scores: fewer pods of the kind, more points", () => {
  const nodes = [
    new NodeInfo(node("a", "x"), [pod("1", "web"), pod("2", "web")]),
    new NodeInfo(node("b", "y"), [pod("3", "web")]),
    new NodeInfo(node("c", "z")),
  ];
  // ln(3 + 2) for each pod of the zone, rounded: 3, 2, 0; then 100 (3 + 0 − s) / 3, twice.
  expect(column(decide(pod("p", "web", spread("ScheduleAnyway")), nodes), "PodTopologySpread")).toEqual([0, 66, 200]);
});

test("affinity and anti-affinity between pods, both ways", () => {
  const alone = pod("1", "lonely", affinity("podAntiAffinity", required, term("web")));
  const nodes = [new NodeInfo(node("a", "x"), [alone]), new NodeInfo(node("b", "y"), [pod("2", "db")])];
  const web = decide(pod("p", "web"), nodes);
  expect(web.node).toBe("b");
  expect(web.refused[0]?.reasons).toEqual(["node(s) didn't satisfy existing pods anti-affinity rules"]);
  const near = decide(pod("p", "cache", affinity("podAffinity", required, term("db"))), nodes);
  expect(near.node).toBe("b");
  expect(near.refused[0]).toMatchObject({ resolvable: false, reasons: ["node(s) didn't match pod affinity rules"] });
  const away = decide(pod("p", "cache", affinity("podAntiAffinity", required, term("db"))), nodes);
  expect(away.node).toBe("a");
  expect(away.refused[0]?.reasons).toEqual(["node(s) didn't match pod anti-affinity rules"]);
  // The first of its kind has nobody to be near to.
  expect(decide(pod("p", "new", affinity("podAffinity", required, term("new"))), nodes).node).toBeDefined();
  expect(decide(pod("p", "new", affinity("podAffinity", required, term("none"))), nodes).node).toBeUndefined();
  const elsewhere = term("db", { namespaces: ["other"] });
  expect(decide(pod("p", "new", affinity("podAffinity", required, elsewhere)), nodes).node).toBeUndefined();
});

test("preferred affinity scores from 0 to 100, twice", () => {
  const nodes = ["a", "b", "c"].map(
    (name, i) => new NodeInfo(node(name, name), [pod("1", ["db", "web", "noise"][i] ?? "")]),
  );
  const wish = {
    affinity: {
      podAffinity: { [preferred]: [{ weight: 30, podAffinityTerm: term("db") }] },
      podAntiAffinity: { [preferred]: [{ weight: 10, podAffinityTerm: term("noise") }] },
    },
  };
  expect(column(decide(pod("p", "web", wish), nodes), "InterPodAffinity")).toEqual([200, 50, 0]);
  // What is there has wishes, too, and its requirement counts 1.
  const drawn = [
    new NodeInfo(node("a", "a"), [pod("1", "x", affinity("podAffinity", required, term("web")))]),
    nodes[1],
  ];
  const those = drawn.filter((each) => each !== undefined);
  expect(column(decide(pod("p", "web"), those), "InterPodAffinity")).toEqual([200, 0]);
});

test("images that are there count by their size and by how many nodes have them", () => {
  const images = [{ names: ["reg/web:latest"], sizeBytes: 500 * 1024 * 1024 }];
  const nodes = [new NodeInfo(node("a", "x", images)), new NodeInfo(node("b", "y"))];
  // Half of 500 MiB on half of the nodes: (250 − 23) / (1000 − 23).
  expect(column(decide(pod("p", "web"), nodes), "ImageLocality")).toEqual([23, 0]);
});
