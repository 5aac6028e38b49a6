import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { createWorld, type World } from "../../sim/core/index.js";
import { ApiServer, KubeClient, Scheduler, type ApiRequest, type JsonObject, type User } from "../../sim/k8s/index.js";
import type { Life } from "./k8s/cluster-life.js";
import type { Bench, Room } from "./runner/measure.js";

const user: User = { name: "bench", groups: ["system:masters"] };
const path = "/api/v1/namespaces/default/pods";

const pod = (name: string): JsonObject => ({
  metadata: { name, labels: { app: "web", tier: "front" } },
  spec: {
    containers: [{ name: "main", image: "nginx:1.27", resources: { requests: { cpu: "100m", memory: "128Mi" } } }],
  },
});

/** An API server on an etcd server, in whose default namespace pods can be made. */
function started(world: World = createWorld({ traceRows: 0 })): ApiServer {
  const api = new ApiServer({ world });
  send(api, {
    method: "POST",
    path: "/api/v1/namespaces/default/serviceaccounts",
    body: { metadata: { name: "default" } },
  });
  return api;
}

function send(api: ApiServer, request: ApiRequest): void {
  const { status } = api.handle({ ...request, user });
  if (status >= 300) throw new Error(`${request.method} ${request.path} was answered ${status}`);
}

function create(api: ApiServer, count: number): void {
  for (let n = 0; n < count; n++) send(api, { method: "POST", path, body: pod(`web-${n}`) });
}

/** Seconds of the processor that `body` takes. */
function seconds(body: () => void): number {
  const begin = process.cpuUsage();
  body();
  const { user: own, system } = process.cpuUsage(begin);
  return (own + system) / 1e6;
}

const writes: Bench = {
  name: "API writes: pods created, through etcd",
  unit: "writes/s",
  goal: { median: 15_000 },
  contenders: [
    {
      name: "virtlab",
      run: () => {
        const api = started();
        create(api, 1_000);
        const count = 30_000;
        const taken = seconds(() => {
          for (let n = 0; n < count; n++) send(api, { method: "POST", path, body: pod(`more-${n}`) });
        });
        return count / taken;
      },
    },
  ],
};

let full: ApiServer | undefined;
const list: Bench = {
  name: "a list of 150,000 pods, encoded 500 at a time",
  unit: "s",
  better: "lower",
  contenders: [
    {
      name: "virtlab",
      prepare: () => {
        create((full = started()), 150_000);
      },
      run: () => {
        const api = full;
        if (api === undefined) throw new Error("there is nothing to list");
        return seconds(() => {
          let rest = "";
          let count = 0;
          do {
            const answer = api.handle({ method: "GET", path, query: { limit: "500", continue: rest }, user });
            if (answer.stream !== undefined) throw new Error("a list is no stream");
            answer.body();
            const { items, metadata } = answer.object as { items: readonly JsonObject[]; metadata: JsonObject };
            count += items.length;
            const next = metadata["continue"];
            rest = typeof next === "string" ? next : "";
          } while (rest !== "");
          if (count !== 150_000) throw new Error(`${count} pods were listed`);
        });
      },
    },
  ],
};

const watchers = 1_000;
const fanOut: Bench = {
  name: `watch: each change told to ${watchers.toLocaleString("en")} clients`,
  unit: "events/s",
  contenders: [
    {
      name: "virtlab",
      run: () => {
        const api = started();
        let told = 0;
        for (let n = 0; n < watchers; n++) {
          const answer = api.handle({ method: "GET", path, query: { watch: "true" }, user });
          if (answer.stream === undefined) throw new Error("a watch is a stream");
          answer.stream({ event: (event) => (told += event.text() === "" ? 0 : 1), end: () => undefined });
        }
        const taken = seconds(() => {
          create(api, 2_000);
        });
        return told / taken;
      },
    },
  ],
};

const nodes = 5_000;
const scheduling: Bench = {
  name: `scheduling: pods bound to ${nodes.toLocaleString("en")} nodes, through the API, with their events`,
  unit: "pods/s",
  goal: { median: 4_000 },
  contenders: [
    {
      name: "virtlab",
      run: () => {
        const world = createWorld({ traceRows: 0 });
        const api = started(world);
        for (let n = 0; n < nodes; n++) {
          const name = `node-${n}`;
          const allocatable = { cpu: "32", memory: "256Gi", pods: "110" };
          send(api, { method: "POST", path: "/api/v1/nodes", body: { metadata: { name }, status: { allocatable } } });
        }
        const count = 20_000;
        create(api, count);
        const scheduler = new Scheduler({ client: new KubeClient({ world, endpoint: api, user }) });
        const taken = seconds(() => {
          world.engine.run();
        });
        scheduler.stop();
        const left = scheduler.queue.counts;
        if (left.active + left.backoff + left.unschedulable > 0) throw new Error("not all pods have a node");
        return count / taken;
      },
    },
  ],
};

const podsOfNode = 30;
/** By nodes and servers of etcd, what the last run of each came to. */
const lives = new Map<string, Life>();

function live(nodesOfLife: number, etcd = 1): Life {
  const program = fileURLToPath(new URL("./k8s/cluster-life.js", import.meta.url));
  const flags = ["--max-old-space-size=12288", "--max-semi-space-size=64"];
  const given = [nodesOfLife, podsOfNode * nodesOfLife, etcd].map(String);
  const life = JSON.parse(execFileSync(process.execPath, [...flags, program, ...given], { encoding: "utf8" })) as Life;
  lives.set(`${nodesOfLife} ${etcd}`, life);
  return life;
}

/** What a pod costs must not grow with the cluster. */
const growth = ([[100], [300], [1_000], [100, 3]] as const).map(([size, etcd = 1]): Bench => ({
  name: `${size.toLocaleString("en")} nodes, ${podsOfNode} pods each, etcd on ${etcd} server${etcd === 1 ? "" : "s"}`,
  unit: "ms of the processor for a pod",
  better: "lower",
  contenders: [{ name: "virtlab", run: () => (1000 * live(size, etcd).cpu) / (podsOfNode * size) }],
}));

/** Kubernetes' own limit (kubernetes.io, "Considerations for large clusters"): 5,000 nodes, 150,000 pods. */
const whole: Bench = {
  name: `a cluster of ${nodes.toLocaleString("en")} hollow nodes: ${(podsOfNode * nodes).toLocaleString("en")} pods made, scheduled, running`,
  unit: "s",
  better: "lower",
  goal: { median: 60 },
  contenders: [{ name: "virtlab", run: () => live(nodes).seconds }],
};

/** kwok's figures are of real control planes, and from its README ("20 nodes or pods per second"; 1,000 nodes, 100,000 pods): it isn't run here. */
const peer: Bench = {
  name: "hollow pods made, scheduled, running on 1,000 nodes, by the wall's clock",
  unit: "pods/s",
  contenders: [
    { name: "virtlab", run: () => (podsOfNode * 1_000) / live(1_000).seconds },
    { name: "kwok (published, not measured)", run: () => 20 },
  ],
};

/** Kubernetes' objectives are 1 s for a call and 5 s for a pod's start (sig-scalability, `slos`). */
const objectives = (): readonly string[] =>
  [...lives].map(([key, { cpu, memory, podStart, calls }]) => {
    const [size, etcd] = key.split(" ");
    const cluster = `${Number(size).toLocaleString("en")} nodes on ${etcd ?? ""} server(s) of etcd`;
    const each = (1000 * cpu) / (podsOfNode * Number(size));
    const told = Object.entries(calls).map(([verb, seconds]) => `${verb} ${(1000 * seconds).toFixed(1)} ms`);
    return `${cluster}: ${each.toFixed(2)} ms of the processor for a pod, ${memory.toFixed(1)} GiB; 99 % of calls within (objective 1 s): ${told.join(", ")}; of pods within ${podStart.toFixed(1)} s (5 s)`;
  });

export const room: Room = { benches: [writes, list, fanOut, scheduling, ...growth, peer, whole], notes: objectives };
