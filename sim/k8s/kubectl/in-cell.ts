import { minutes, s, Signal, UsageError, type Activity } from "../../core/index.js";
import type { Cluster } from "../cluster/cluster.js";
import { kubectl } from "./kubectl.js";
import type { KubectlHost } from "./host.js";

/** What a command printed, and how it ended. */
export interface KubectlResult {
  readonly stdout: string;
  readonly stderr: string;
  /** Both in the order in which they came. */
  readonly output: string;
  readonly status: number;
}

export interface KubectlOptions {
  /** Files that `-f` may name, by their paths. */
  readonly files?: Readonly<Record<string, string>>;
  /** What `-f -` reads. */
  readonly stdin?: string;
}

/**
 * Runs a kubectl of the cluster's administrator to its end: the cluster is let come to rest first, as where it is served, and time passes while
 * the command waits.
 * @param argv words behind `kubectl`
 */
export function runKubectl(cluster: Cluster, argv: readonly string[], options: KubectlOptions = {}): KubectlResult {
  const { world } = cluster;
  const said = { stdout: "", stderr: "", output: "" };
  const host: KubectlHost = {
    world,
    endpoint: cluster.plane.endpoint,
    user: { name: "kubernetes-admin", groups: ["system:masters", "system:authenticated"] },
    server: "https://10.96.0.1:443",
    *print(stream, text) {
      said[stream] += text;
      said.output += text;
    },
    *read(path) {
      return options.files?.[path];
    },
    *stdin() {
      return options.stdin ?? "";
    },
    *sleep(duration) {
      yield* world.engine.delay(duration);
    },
  };
  cluster.advance(cluster.areMachines ? s(10) : minutes(10));
  const ended = new Signal<number>("kubectl");
  const body = function* (): Activity<void> {
    ended.fire(yield* kubectl(host, argv));
  };
  world.engine.spawn(body(), { name: "kubectl" });
  world.engine.run(ended);
  if (!ended.settled)
    throw new UsageError(`kubectl ${argv.join(" ")} waits for what nothing will bring about`, "Give it --timeout.");
  return { ...said, status: ended.value };
}
