import { createWorld, GiB } from "../../../sim/core/index.js";
import { Cluster } from "../../../sim/k8s/index.js";

/**
 * A cluster of hollow nodes whose pods are made, scheduled and run, in a process of its own: it needs more memory than Node allows itself.
 * Prints the seconds of wall time and the GiB of memory that it took: `cluster-life.js NODES PODS`.
 */
const [nodes = 0, pods = 0] = process.argv.slice(2).map(Number);
const begin = performance.now();
const world = createWorld({ traceRows: 0 });
const cluster = new Cluster({ world, nodes, cpus: 32, memory: GiB(256), controllers: { controllers: [] } });
cluster.start();
const resources = { requests: { cpu: "100m", memory: "128Mi" } };
for (let n = 0; n < pods; n++)
  cluster.request("POST", "/api/v1/namespaces/default/pods", {
    metadata: { name: `web-${n}`, labels: { app: "web", tier: "front" } },
    spec: { containers: [{ name: "main", image: "nginx:1.27", resources }] },
  });
cluster.settle();
const taken = (performance.now() - begin) / 1000;
const running = cluster.get("pods", { fieldSelector: "status.phase=Running" }).items.length;
if (running !== pods) throw new Error(`${running} of ${pods} pods run`);
// `maxRSS` is in KiB.
console.log(JSON.stringify({ seconds: taken, memory: process.resourceUsage().maxRSS / 2 ** 20 }));
