import { ms, ns, s, type Activity } from "../../core/index.js";
import { Client } from "../client/client.js";
import type { JsonObject } from "../objects/value.js";
import type { Cluster } from "./cluster.js";

const path = "/api/v1/namespaces/default/pods";
const resources = { requests: { cpu: "100m", memory: "128Mi" } };
const pod = (name: string, app: string): JsonObject => ({
  metadata: { name, labels: { app, tier: "front" } },
  spec: { containers: [{ name: "main", image: "nginx:1.27", resources }] },
});

/** Makes pods `web-0` and on, and lets time pass until what they set off is done. */
export function fill(cluster: Cluster, pods: number): void {
  for (let n = 0; n < pods; n++) cluster.request("POST", path, pod(`web-${n}`, "web"));
  cluster.settle();
}

/** Kubernetes' service level indicators: 99th percentiles in seconds of virtual time. */
export interface Latencies {
  /** From a pod's creation until a watch shows it running. */
  readonly podStart: number;
  /** Until a call is answered, by verb. */
  readonly calls: Readonly<Record<string, number>>;
}

const p99 = (values: Iterable<number>): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.ceil(0.99 * sorted.length) - 1] ?? NaN;
};

/**
 * Makes pods five a second, with some calls beside each, and times both in virtual time as Kubernetes' service level objectives have it
 * (sig-scalability, `slos/pod_startup_latency.md`, `slos/api_call_latency.md`). For each one of `fill`'s pods goes.
 * @returns NaN for pods' start where one of them doesn't run within 20 s of the last
 */
export function latencies(cluster: Cluster, pods: number): Latencies {
  const { world } = cluster;
  const { engine } = world;
  const client = new Client({
    world,
    endpoint: cluster.plane.endpoint,
    user: { name: "load", groups: ["system:masters"] },
  });
  const begun = new Map<string, number>();
  const starts = new Map<string, number>();
  const calls = new Map<string, number[]>();
  let stop: () => void = () => undefined;
  function* watch(): Activity<void> {
    stop = yield* client.watch(
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
    );
  }
  function* call(verb: string, asked: Activity<unknown>): Activity<void> {
    const from = engine.now;
    yield* asked;
    const taken = (engine.now - from) / 1e9;
    const known = calls.get(verb);
    if (known === undefined) calls.set(verb, [taken]);
    else known.push(taken);
  }
  function* load(): Activity<void> {
    for (let n = 0; n < pods; n++) {
      const name = `timed-${n}`;
      begun.set(name, engine.now);
      yield* call("create", client.create("pods", "default", pod(name, "timed")));
      yield* call("get", client.get("pods", "default", name));
      yield* call("patch", client.patch("pods", "default", name, { metadata: { labels: { n: String(n) } } }));
      yield* call("list", client.list("pods", "default", { limit: 500 }));
      yield* call("delete", client.delete("pods", "default", `web-${n}`));
      yield* engine.delay(ms(200));
    }
  }
  engine.spawn(watch(), { name: "load's watch" });
  engine.spawn(load(), { name: "load" });
  engine.run(ns(engine.now + s(pods / 5 + 20)));
  stop();
  return {
    podStart: starts.size === pods ? p99(starts.values()) : NaN,
    calls: Object.fromEntries([...calls].map(([verb, values]) => [verb, p99(values)])),
  };
}
