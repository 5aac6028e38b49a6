import { createWorld, GiB, ms, s, type Activity } from "../../../sim/core/index.js";
import { Cluster, KubeClient } from "../../../sim/k8s/index.js";

/**
 * A cluster of hollow nodes whose pods are made, scheduled and run, in a process of its own: it needs more memory than Node allows itself.
 * Then more pods are made, five a second, and timed in virtual time as Kubernetes' service level objectives have it (sig-scalability,
 * `slos/pod_startup_latency.md`, `slos/api_call_latency.md`): from a pod's creation until a watch shows it running, and each call's answer.
 *
 * `cluster-life.js NODES PODS [SERVERS OF ETCD]` prints one line of JSON: a `Life`.
 */
export interface Life {
  /** Of wall time, and of the processor's. */
  readonly seconds: number;
  readonly cpu: number;
  /** GiB at the most. */
  readonly memory: number;
  /** 99th percentiles in seconds of virtual time. */
  readonly podStart: number;
  /** By verb. */
  readonly calls: Readonly<Record<string, number>>;
}

const [nodes = 0, pods = 0, etcd = 1] = process.argv.slice(2).map(Number);
const begin = performance.now();
const world = createWorld({ traceRows: 0 });
const cluster = new Cluster({ world, etcd, nodes, cpus: 32, memory: GiB(256), controllers: { controllers: [] } });
cluster.start();
const resources = { requests: { cpu: "100m", memory: "128Mi" } };
const pod = (name: string, app: string): Parameters<Cluster["request"]>[2] => ({
  metadata: { name, labels: { app, tier: "front" } },
  spec: { containers: [{ name: "main", image: "nginx:1.27", resources }] },
});
for (let n = 0; n < pods; n++) cluster.request("POST", "/api/v1/namespaces/default/pods", pod(`web-${n}`, "web"));
cluster.settle();
const seconds = (performance.now() - begin) / 1000;
const { user, system } = process.cpuUsage();
const running = cluster.get("pods", { fieldSelector: "status.phase=Running" }).items.length;
if (running !== pods) throw new Error(`${running} of ${pods} pods run`);

const timed = 200;
const calls = new Map<string, number[]>();
const starts = new Map<string, number>();
const { engine } = world;
const client = new KubeClient({
  world,
  endpoint: cluster.plane.endpoint,
  user: { name: "load", groups: ["system:masters"] },
});
const begun = new Map<string, number>();
engine.spawn(
  client.watch(
    "pods",
    "default",
    { labelSelector: "app=timed" },
    {
      events: (events) => {
        for (const { object } of events) {
          const { metadata, status } = object as { metadata: { name: string }; status?: { phase?: string } };
          if (status?.phase !== "Running" || starts.has(metadata.name)) continue;
          starts.set(metadata.name, (engine.now - (begun.get(metadata.name) ?? NaN)) / 1e9);
        }
      },
      end: () => undefined,
    },
  ),
);
/** A call, timed until its answer is there. */
function* call<T>(verb: string, asked: Activity<T>): Activity<T> {
  const begun = engine.now;
  const answer = yield* asked;
  calls.set(verb, [...(calls.get(verb) ?? []), (engine.now - begun) / 1e9]);
  return answer;
}
engine.spawn(
  (function* load(): Activity<void> {
    for (let n = 0; n < timed; n++) {
      const name = `timed-${n}`;
      begun.set(name, engine.now);
      yield* call("create", client.create("pods", "default", pod(name, "timed") ?? {}));
      yield* call("get", client.get("pods", "default", name));
      yield* call("patch", client.patch("pods", "default", name, { metadata: { labels: { n: String(n) } } }));
      yield* call("list", client.list("pods", "default", { limit: 500 }));
      yield* call("delete", client.delete("pods", "default", `web-${n}`));
      yield* engine.delay(ms(200));
    }
  })(),
);
cluster.run(s(timed / 5 + 20));
if (starts.size !== timed) throw new Error(`${starts.size} of ${timed} timed pods run`);
const p99 = (values: Iterable<number>): number => [...values].sort((a, b) => a - b)[Math.ceil(0.99 * timed) - 1] ?? NaN;
const life: Life = {
  seconds,
  cpu: (user + system) / 1e6,
  // `maxRSS` is in KiB.
  memory: process.resourceUsage().maxRSS / 2 ** 20,
  podStart: p99(starts.values()),
  calls: Object.fromEntries([...calls].map(([verb, values]) => [verb, p99(values)])),
};
console.log(JSON.stringify(life));
