import { s, type Cancel, type Nanos, type World } from "../../core/index.js";
import type { MetricsSource } from "../apiserver/subresources.js";
import { seconds } from "../client/clock.js";
import type { ContainerSample, Kubelet } from "../kubelet/kubelet.js";
import { formatTime } from "../objects/time.js";
import type { KubeObject } from "../objects/value.js";

/** metrics-server's `--metric-resolution` in its manifest. */
const resolution = s(15);

/** A container's use at two readings: between them lies what is told. */
interface Use {
  readonly sample: ContainerSample;
  readonly at: Nanos;
  readonly before: { readonly cpu: Nanos; readonly at: Nanos } | undefined;
}

/**
 * What nodes and pods use: metrics-server, which asks every kubelet each 15 s what its containers have used so far, and tells the difference
 * (`metrics.k8s.io`). A container is told of from its second reading on.
 */
export class MetricsServer {
  readonly #world: World;
  readonly #kubelets: () => Iterable<Kubelet>;
  #uses = new Map<string, Use>();
  #next: Cancel;

  /** @param kubelets those that run */
  constructor(world: World, kubelets: () => Iterable<Kubelet>) {
    this.#world = world;
    this.#kubelets = kubelets;
    this.#next = this.#wait();
  }

  stop(): void {
    this.#next();
  }

  /** What the API server passes on. */
  readonly source: MetricsSource = (kind, namespace) => {
    const told = [...this.#uses.values()].filter(({ before }) => before !== undefined);
    if (kind === "PodMetrics")
      return grouped(told, ({ sample }) => `${sample.namespace}/${sample.pod}`)
        .filter(([first]) => namespace === "" || first.sample.namespace === namespace)
        .map((uses) => this.#row(kind, { name: uses[0].sample.pod, namespace: uses[0].sample.namespace }, uses));
    return grouped(told, ({ sample }) => sample.node).map((uses) =>
      this.#row(kind, { name: uses[0].sample.node }, uses),
    );
  };

  #row(
    kind: "NodeMetrics" | "PodMetrics",
    metadata: KubeObject["metadata"],
    uses: readonly [Use, ...Use[]],
  ): KubeObject {
    const [{ at, before }] = uses;
    const { engine } = this.#world;
    const containers = uses.map((use) => ({ name: use.sample.container, usage: usage([use]) }));
    return {
      apiVersion: "metrics.k8s.io/v1beta1",
      kind,
      metadata,
      timestamp: formatTime(Math.floor(seconds(this.#world) - (engine.now - at) / 1e9)),
      window: `${((at - (before?.at ?? at)) / 1e9).toFixed(3)}s`,
      ...(kind === "PodMetrics" ? { containers } : { usage: usage(uses) }),
    };
  }

  #wait(): Cancel {
    const read = (): void => {
      this.#next = this.#wait();
      this.#read();
    };
    return this.#world.engine.after(resolution, read, { name: "metrics server", background: true });
  }

  #read(): void {
    const { now } = this.#world.engine;
    const uses = new Map<string, Use>();
    for (const kubelet of this.#kubelets()) {
      for (const sample of kubelet.usage()) {
        const key = `${sample.uid}/${sample.container}`;
        const last = this.#uses.get(key);
        // A container that was started again counts from nothing.
        const before =
          last === undefined || last.sample.cpu > sample.cpu ? undefined : { cpu: last.sample.cpu, at: last.at };
        uses.set(key, { sample, at: now, before });
      }
    }
    this.#uses = uses;
  }
}

/** Processors and memory together, as metrics-server writes them: nanocores and Ki. */
function usage(uses: readonly Use[]): { readonly cpu: string; readonly memory: string } {
  let cores = 0;
  let memory = 0;
  for (const { sample, at, before } of uses) {
    if (before !== undefined) cores += (sample.cpu - before.cpu) / (at - before.at);
    memory += sample.memory;
  }
  return { cpu: `${Math.round(cores * 1e9)}n`, memory: `${Math.floor(memory / 1024)}Ki` };
}

function grouped(uses: readonly Use[], by: (use: Use) => string): readonly (readonly [Use, ...Use[]])[] {
  const groups = new Map<string, [Use, ...Use[]]>();
  for (const use of uses) {
    const group = groups.get(by(use));
    if (group === undefined) groups.set(by(use), [use]);
    else group.push(use);
  }
  return [...groups.values()];
}
