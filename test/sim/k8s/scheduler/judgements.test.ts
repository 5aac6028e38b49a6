import fc from "fast-check";
import { expect, test } from "vitest";
import { decide, NodeInfo, PodInfo, type JsonObject, type KubeObject } from "../../../../sim/k8s/index.js";
import { Cluster } from "../../../../sim/k8s/scheduler/cluster.js";
import { search } from "../../../../sim/k8s/scheduler/decision.js";
import { Judgements } from "../../../../sim/k8s/scheduler/judgement.js";

const node = (place: number, cpu: number, tainted: number): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: `n${place}`, labels: { zone: String(place % 3), "kubernetes.io/hostname": `n${place}` } },
  spec: { taints: tainted === 0 ? [] : [{ key: "a", effect: tainted === 1 ? "NoSchedule" : "PreferNoSchedule" }] },
  status: { allocatable: { cpu: String(cpu), memory: "8Gi", pods: "6" } },
});

const near = { preference: { matchExpressions: [{ key: "zone", operator: "In", values: ["1"] }] }, weight: 5 };
const classes: readonly JsonObject[] = [
  {},
  { tolerations: [{ operator: "Exists" }] },
  { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [near] } } },
  { nodeSelector: { zone: "2" } },
  {
    topologySpreadConstraints: [
      { topologyKey: "zone", maxSkew: 1, whenUnsatisfiable: "DoNotSchedule", labelSelector: { matchLabels: {} } },
    ],
  },
];

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ is: fc.constant("pod" as const), cpu: fc.nat(3), of: fc.nat(4) }) },
  {
    weight: 2,
    arbitrary: fc.record({
      is: fc.constant("node" as const),
      place: fc.nat(7),
      cpu: fc.integer({ min: 1, max: 6 }),
      taint: fc.nat(2),
    }),
  },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("end" as const), which: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ is: fc.constant("gone" as const), place: fc.nat(7) }) },
);

test("a decision that remembers is the one that is made anew, whatever has changed between", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const cluster = new Cluster();
      const judgements = new Judgements();
      for (let place = 0; place < 5; place++) cluster.putNode(node(place, 4, place === 4 ? 1 : 0));
      const placed: string[] = [];
      for (const [n, each] of steps.entries()) {
        if (each.is === "node") cluster.putNode(node(each.place, each.cpu, each.taint));
        else if (each.is === "gone") cluster.removeNode(`n${each.place}`);
        else if (each.is === "end") cluster.removePod(placed[each.which] ?? "");
        else {
          const requests = { cpu: `${each.cpu * 500}m`, memory: "1Gi" };
          const spec = { containers: [{ name: "main", image: "a", resources: { requests } }], ...classes[each.of] };
          const pod = { apiVersion: "v1", kind: "Pod", metadata: { name: `p${n}`, namespace: "default" }, spec };
          const start = n % Math.max(1, cluster.nodes.length);
          const choose = (count: number): number => (n * 7) % count;
          const info = new PodInfo(pod);
          const remembered = search(info, cluster, { judgements, start, choose });
          const fresh = cluster.nodes.map((there) => new NodeInfo(there.node, there.pods.values()));
          const anew = decide(pod, fresh, { start, choose });
          const { feasible, ...rest } = anew;
          expect(remembered).toMatchObject(rest);
          const on = cluster.node(remembered.node ?? "");
          if (on !== undefined) {
            cluster.assume(info, on);
            placed.push(info.key);
          }
          // What it says of scores is of when it was made.
          expect(remembered.feasible).toEqual(feasible);
        }
      }
    }),
  );
});
