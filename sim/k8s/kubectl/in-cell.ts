import { minutes, s, Signal, UsageError, type Activity } from "../../core/index.js";
import { administrator } from "../cluster/administrator.js";
import type { Cluster } from "../cluster/cluster.js";
import { kubectl } from "./kubectl.js";
import { failure, KubectlFailure } from "./failure.js";
import type { CommandLine } from "./flags.js";
import type { Access, KubectlHost } from "./host.js";

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

/** A cell is at the one cluster that it was made for, as its administrator, or with a token as whom that says. @throws KubectlFailure */
function accessOf(cluster: Cluster, line: CommandLine): Access {
  const file = line.value("kubeconfig");
  if (file !== undefined) throw failure(`stat ${file}: no such file or directory`);
  for (const [flag, what, known] of [
    ["context", "context", "virtlab"],
    ["cluster", "cluster", "virtlab"],
    ["user", "auth info", administrator.name],
  ] as const)
    if (line.has(flag) && line.value(flag) !== known)
      throw failure(`${what} ${JSON.stringify(line.value(flag))} does not exist`);
  const server = "https://10.96.0.1:443";
  const other = line.value("server");
  if (other !== undefined && other.replace(/^https:\/\//, "").replace(/:443$/, "") !== "10.96.0.1")
    throw new KubectlFailure(
      `The connection to the server ${other.replace(/^\w+:\/\//, "")} was refused - did you specify the right host or port?`,
    );
  const token = line.value("token");
  return {
    endpoint: cluster.plane.endpoint,
    server,
    namespace: "default",
    name: administrator.name,
    ...(token === undefined ? { headers: {}, user: administrator } : { headers: { authorization: `Bearer ${token}` } }),
  };
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
    *access(line) {
      return accessOf(cluster, line);
    },
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
