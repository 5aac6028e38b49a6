import { minutes, ns, UsageError, type TableView } from "../../core/index.js";
import type { ContainerRuntime } from "../kubelet/runtime.js";
import { listAt, stringAt, type JsonObject } from "../objects/value.js";
import type { Cluster } from "./cluster.js";
import type { Component } from "./control-plane.js";

/** How long whatever works has for showing it: longer than any lease, back-off or period of a healthy cluster. */
const patience = minutes(2);

const image = "web:1";
const container = { name: "main", image };

/** What is there when a part stops. */
const before = [
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web" },
    spec: {
      replicas: 2,
      selector: { matchLabels: { app: "web" } },
      template: { metadata: { labels: { app: "web" } }, spec: { containers: [container] } },
    },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web" },
    spec: { selector: { app: "web" }, ports: [{ port: 80 }] },
  },
];

const pod = (metadata: JsonObject, spec: JsonObject): JsonObject => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata,
  spec: { containers: [container], ...spec },
});

/** A cluster of which a part was stopped, and what runs on its nodes, which can be looked at whatever is stopped. */
interface Scene {
  readonly cluster: Cluster;
  /** The Deployment's first pods. */
  readonly names: readonly string[];
  readonly runtimes: readonly ContainerRuntime[];
  /** The container that was killed, as its runtime knows it. */
  readonly victim: { readonly runtime: ContainerRuntime; readonly pod: string };
}

interface Probe {
  readonly duty: string;
  /** Asked for once the part is stopped. What is refused is no error: the look shows it. */
  readonly ask?: (scene: Scene) => void;
  /** Whether it was done. A look that is refused is a no. */
  readonly look: (scene: Scene) => boolean;
}

const isRunning = (cluster: Cluster, name: string): boolean =>
  stringAt(cluster.get(`pod/${name}`).items[0], "status", "phase") === "Running";

const probes: readonly Probe[] = [
  {
    duty: "containers go on",
    look: ({ runtimes, victim }) =>
      runtimes.every((runtime) =>
        runtime
          .pods()
          .every(
            (uid) => uid === victim.pod || runtime.podState(uid).containers.every(({ state }) => state === "running"),
          ),
      ),
  },
  { duty: "an object is read", look: ({ cluster }) => cluster.get("deploy/web").items.length === 1 },
  {
    duty: "an object is written",
    ask: ({ cluster }) => {
      cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "probe" } });
    },
    look: ({ cluster }) => cluster.get("configmap/probe").items.length === 1,
  },
  {
    duty: "a log is read",
    look: ({ cluster, names }) => names.every((name) => cluster.logs(name) === ""),
  },
  {
    duty: "a pod gets a node",
    ask: ({ cluster }) => {
      cluster.apply(pod({ name: "unplaced" }, {}));
    },
    look: ({ cluster }) => stringAt(cluster.get("pod/unplaced").items[0], "spec", "nodeName") !== undefined,
  },
  {
    duty: "a pod on a node is run",
    ask: ({ cluster }) => {
      cluster.apply(pod({ name: "placed" }, { nodeName: "node-1" }));
    },
    look: ({ cluster }) => isRunning(cluster, "placed"),
  },
  {
    duty: "a container that ended is restarted",
    look: ({ victim: { runtime, pod: uid } }) =>
      runtime.podState(uid).containers.some(({ state, attempt }) => state === "running" && attempt > 0),
  },
  {
    duty: "a Deployment gets its pods",
    ask: ({ cluster }) => {
      cluster.scale("deploy/web", 3);
    },
    look: ({ cluster }) => cluster.get("pods", { selector: "pod-template-hash" }).items.length === 3,
  },
  {
    duty: "a Service finds new pods",
    ask: ({ cluster }) => {
      cluster.apply(pod({ name: "behind", labels: { app: "web" } }, { nodeName: "node-1" }));
    },
    look: ({ cluster }) =>
      cluster
        .get("endpointslices")
        .items.flatMap((slice) => listAt(slice, "endpoints"))
        .some((endpoint) => stringAt(endpoint, "targetRef", "name") === "behind"),
  },
  {
    duty: "a namespace gets its service account",
    ask: ({ cluster }) => {
      cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "probe" } });
    },
    look: ({ cluster }) => cluster.get("serviceaccounts", { namespace: "probe" }).items.length > 0,
  },
];

/** What is refused, by whoever is not there, is a no. */
function tried(what: () => boolean): boolean {
  try {
    return what();
  } catch (error) {
    if (error instanceof UsageError) return false;
    throw error;
  }
}

function probe(cluster: Cluster, part: Component | undefined): readonly boolean[] {
  cluster.apply(before);
  cluster.settle();
  const runtimes = cluster.kubelets.map(({ runtime }) => runtime);
  const runtime = runtimes.find((each) => each.pods().length > 0);
  const [uid] = runtime?.pods() ?? [];
  if (runtime === undefined || uid === undefined)
    throw new UsageError("nothing runs in this cluster", "Give one with a node that has room for two pods.");
  const names = cluster.get("pods").items.map(({ metadata: { name = "" } }) => name);
  const scene: Scene = { cluster, names, runtimes, victim: { runtime, pod: uid } };
  if (part !== undefined) cluster.stop(part);
  for (const { id } of runtime.podState(uid).containers)
    cluster.world.engine.spawn(runtime.stopContainer(id, ns(0)), { name: "kill" });
  for (const { ask } of probes)
    if (ask !== undefined)
      tried(() => {
        ask(scene);
        return true;
      });
  cluster.run(patience);
  return probes.map(({ look }) => tried(() => look(scene)));
}

/**
 * Stops each part of a cluster in turn, and finds by probing what is done no longer: two minutes later, looked at from where it
 * would show. A cluster of which nothing is stopped comes first.
 * @param make a new cluster for each part: as it is after its `start()`, with at least one node called node-1
 * @throws UsageError for a cluster in which nothing runs
 */
export function stopEach(
  make: () => Cluster,
  parts: readonly Component[] = ["etcd", "kube-apiserver", "kube-scheduler", "kube-controller-manager", "kubelet"],
): TableView {
  const found = [undefined, ...parts].map((part) => ({ part: part ?? "nothing", done: probe(make(), part) }));
  return {
    as: "table",
    title: "What is done when this is stopped?",
    columns: [{ key: "duty" }, ...found.map(({ part }) => ({ key: part }))],
    rows: probes.map(({ duty }, i) => ({
      duty,
      ...Object.fromEntries(found.map(({ part, done }) => [part, done[i] === true ? "yes" : "no"])),
    })),
    caption: "Looked at two minutes after the stop.",
  };
}
