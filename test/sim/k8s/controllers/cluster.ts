import { ms, ns, s, type Nanos } from "../../../../sim/core/index.js";
import {
  ControllerManager,
  InformerFactory,
  KubeClient,
  MutationDetector,
  isNotFound,
  type ApiServerOptions,
  type ControllerManagerOptions,
  type JsonObject,
  type KubeObject,
} from "../../../../sim/k8s/index.js";
import { root, surroundings, type Surroundings } from "../client/surroundings.js";

/** What a test's nodes do with pods. */
export interface HollowOptions {
  readonly nodes?: number;
  /** The zone of the node of this number. Default `a` for all. */
  readonly zone?: (node: number) => string;
  /** How long a pod takes from its node to being ready, and from its end being asked for to its end. */
  readonly start?: (pod: KubeObject) => Nanos;
  readonly end?: (pod: KubeObject) => Nanos;
  /** Whether a pod becomes ready at all. */
  readonly works?: (pod: KubeObject) => boolean;
  /** How a pod's container ends by itself, after it was ready so long. Default: it runs on. */
  readonly ends?: (pod: KubeObject) => { readonly after: Nanos; readonly code: number } | undefined;
  /** What metrics.k8s.io serves. */
  readonly metrics?: NonNullable<ApiServerOptions["metrics"]>;
  readonly manager?: Partial<ControllerManagerOptions>;
}

export interface Cluster extends Surroundings {
  readonly manager: ControllerManager;
  readonly detector: MutationDetector;
  /** Objects of a kind in a namespace, as the API has them now. */
  readonly list: (path: string) => readonly KubeObject[];
  readonly get: (path: string) => KubeObject;
  readonly create: (path: string, object: JsonObject) => void;
  readonly patch: (path: string, patch: JsonObject) => void;
  readonly remove: (path: string, query?: JsonObject) => void;
  /** Runs until only heartbeats are left. */
  readonly settle: () => void;
  /** Nodes that don't run what they are told: no status, no end, no heartbeat. */
  readonly dead: Set<string>;
}

const leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
const at = (seconds: number): string =>
  new Date((1_735_689_600 + Math.floor(seconds)) * 1000).toISOString().replace(".000", "");
const microTime = (seconds: number): string => at(seconds).replace("Z", ".000000Z");

/** The node that a daemon's affinity names. */
const meant = (pod: KubeObject): string | undefined =>
  /"metadata.name","operator":"In","values":\["([^"]+)"/.exec(JSON.stringify(pod["spec"]))?.[1];

/** An API server, controllers, and in the place of scheduler and kubelets the least that does their part. */
export function cluster(options: HollowOptions = {}): Cluster {
  const {
    nodes = 3,
    zone = () => "a",
    start = () => ms(500),
    end = () => ms(500),
    works = () => true,
    ends = () => undefined,
    manager = {},
  } = options;
  const base = surroundings(options.metrics === undefined ? {} : { metrics: options.metrics });
  const { world, endpoint, api } = base;
  const call = (method: string, path: string, body?: JsonObject): JsonObject => {
    const headers = method === "PATCH" ? { "content-type": "application/merge-patch+json" } : {};
    const answer = api.handle({ method, path, user: root, headers, ...(body === undefined ? {} : { body }) });
    if (answer.stream !== undefined || answer.status >= 400) {
      throw new Error(
        `${method} ${path}: ${answer.status} ${JSON.stringify(answer.stream === undefined && answer.object)}`,
      );
    }
    return answer.object ?? {};
  };
  const detector = new MutationDetector();
  const dead = new Set<string>();
  const names = Array.from({ length: nodes }, (_, i) => `node-${i}`);
  for (const [i, name] of names.entries()) {
    call("POST", "/api/v1/nodes", { metadata: { name, labels: { "topology.kubernetes.io/zone": zone(i) } } });
    const ready = { type: "Ready", status: "True", lastHeartbeatTime: at(0), lastTransitionTime: at(0) };
    call("PATCH", `/api/v1/nodes/${name}/status`, { status: { conditions: [ready] } });
    call("POST", leases, { metadata: { name }, spec: { holderIdentity: name, renewTime: microTime(0) } });
    const beat = (): void => {
      const body = { spec: { renewTime: microTime(world.engine.now / 1e9) } };
      if (!dead.has(name)) call("PATCH", `${leases}/${name}`, body);
      world.engine.after(s(10), beat, { name: "heartbeat", background: true });
    };
    world.engine.after(s(10), beat, { name: "heartbeat", background: true });
  }
  const client = new KubeClient({ world, endpoint, user: root });
  const informers = new InformerFactory(client);
  const busy = new Set<string>();
  let turn = 0;
  let address = 0;
  const attend = (pod: KubeObject): void => {
    const { nodeName } = pod["spec"] as { readonly nodeName?: string };
    const { phase } = (pod["status"] ?? {}) as { readonly phase?: string };
    const { namespace = "", name = "", uid = "", deletionTimestamp } = pod.metadata;
    const doOnce = (
      what: string,
      after: Nanos,
      act: () => Generator<never, void, void> | ReturnType<KubeClient["delete"]>,
    ): void => {
      const key = `${uid} ${what}`;
      if (busy.has(key)) return;
      busy.add(key);
      world.engine.spawn(
        (function* () {
          yield* world.engine.delay(after);
          try {
            if (!(nodeName !== undefined && dead.has(nodeName))) yield* act();
          } catch (error) {
            if (!isNotFound(error)) throw error;
          }
          busy.delete(key);
        })(),
        { name: `hollow ${what}` },
      );
    };
    if (nodeName === undefined) {
      if (deletionTimestamp !== undefined) return;
      doOnce("bind", ms(10), function* () {
        const live = names.filter((each) => !dead.has(each));
        const target = { kind: "Node", name: meant(pod) ?? live[turn++ % live.length] ?? "" };
        yield* client.post("pods", namespace, name, "binding", { metadata: { name }, target });
      });
    } else if (phase === "Running" && deletionTimestamp === undefined && ends(pod) !== undefined) {
      const { after, code } = ends(pod) ?? { after: ms(0), code: 0 };
      doOnce("run", after, function* () {
        const terminated = { exitCode: code, finishedAt: at(world.engine.now / 1e9) };
        const status = {
          phase: code === 0 ? "Succeeded" : "Failed",
          conditions: [{ type: "Ready", status: "False" }],
          containerStatuses: [
            { name: "main", restartCount: 0, ready: false, image: "job", imageID: "", state: { terminated } },
          ],
        };
        yield* client.patch("pods", namespace, name, { metadata: { uid }, status }, "status");
      });
    } else if (deletionTimestamp !== undefined) {
      doOnce("end", end(pod), function* () {
        yield* client.delete("pods", namespace, name, { gracePeriodSeconds: 0, uid });
      });
    } else if (phase === "Pending" && works(pod)) {
      doOnce("start", start(pod), function* () {
        const time = at(world.engine.now / 1e9);
        address++;
        const podIP = `10.0.${address >> 8}.${address & 255}`;
        const ready = { type: "Ready", status: "True", lastTransitionTime: time };
        const status = { phase: "Running", startTime: time, podIP, podIPs: [{ ip: podIP }], conditions: [ready] };
        yield* client.patch("pods", namespace, name, { metadata: { uid }, status }, "status");
      });
    }
  };
  informers.for("pods").handle({ added: attend, updated: attend });
  const list: Cluster["list"] = (path) => call("GET", path)["items"] as readonly KubeObject[];
  return {
    ...base,
    manager: new ControllerManager({ world, endpoint, leaderElect: false, detector, ...manager }),
    detector,
    dead,
    list,
    get: (path) => call("GET", path) as KubeObject,
    create: (path, object) => {
      call("POST", path, object);
    },
    patch: (path, patch) => {
      call("PATCH", path, patch);
    },
    remove: (path, query) => {
      call("DELETE", path, query);
    },
    settle: () => {
      // Twice: a batch of events that is on its way keeps no run going before it is delivered.
      world.engine.run();
      world.engine.run(ns(world.engine.now + s(2)));
      world.engine.run();
      detector.check();
    },
  };
}

export const template = (image: string, labels: JsonObject = { app: "web" }): JsonObject => ({
  metadata: { labels },
  spec: { containers: [{ name: "main", image }] },
});

export const deployment = (name: string, replicas: number, more: JsonObject = {}): JsonObject => ({
  metadata: { name },
  spec: { replicas, selector: { matchLabels: { app: "web" } }, template: template("web:1"), ...more },
});
