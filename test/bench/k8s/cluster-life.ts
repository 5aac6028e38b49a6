import { createWorld, GiB } from "../../../sim/core/index.js";
import { Cluster, fill, latencies, type Latencies } from "../../../sim/k8s/index.js";

/**
 * A cluster of hollow nodes whose pods are made, scheduled and run, in a process of its own: it needs more memory than Node allows itself.
 * Then more pods are made, five a second, and timed in virtual time as Kubernetes' service level objectives have it (sig-scalability,
 * `slos/pod_startup_latency.md`, `slos/api_call_latency.md`): from a pod's creation until a watch shows it running, and each call's answer.
 *
 * `cluster-life.js NODES PODS [SERVERS OF ETCD]` prints one line of JSON: a `Life`.
 */
export interface Life extends Latencies {
  /** Of wall time, and of the processor's. */
  readonly seconds: number;
  readonly cpu: number;
  /** GiB at the most. */
  readonly memory: number;
}

const [nodes = 0, pods = 0, etcd = 1] = process.argv.slice(2).map(Number);
const begin = performance.now();
const world = createWorld({ traceRows: 0 });
const cluster = new Cluster({ world, etcd, nodes, cpus: 32, memory: GiB(256), controllers: { controllers: [] } });
cluster.start();
fill(cluster, pods);
const seconds = (performance.now() - begin) / 1000;
const { user, system } = process.cpuUsage();
const running = cluster.get("pods", { fieldSelector: "status.phase=Running" }).items.length;
if (running !== pods) throw new Error(`${running} of ${pods} pods run`);

const { podStart, calls } = latencies(cluster, 200);
if (Number.isNaN(podStart)) throw new Error("not all timed pods run");
const life: Life = {
  seconds,
  cpu: (user + system) / 1e6,
  // `maxRSS` is in KiB.
  memory: process.resourceUsage().maxRSS / 2 ** 20,
  podStart,
  calls,
};
console.log(JSON.stringify(life));
