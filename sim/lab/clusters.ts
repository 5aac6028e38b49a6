import type { Nanos } from "../core/index.js";
import type { Cluster } from "../k8s/index.js";
import { runShell, type RunOptions } from "../userland/index.js";
import { shellResult, type ShellResult } from "./shell-result.js";

let listener: ((cluster: Cluster) => void) | undefined;

/** Has somebody told of every cluster that a lab makes, one listener at a time: the kernel keeps the last one for `%%kubectl`. */
export function hearClusters(told: ((cluster: Cluster) => void) | undefined): void {
  listener = told;
}

/** A cluster is there. */
export function clusterMade(cluster: Cluster): void {
  listener?.(cluster);
}

/** What runs scripts: a Linux, or a node of a cluster. */
export interface ShellHost {
  readonly name: string;
  /** Whether Docker's commands are there. */
  readonly runsDocker: boolean;
  sh(script: string, options?: RunOptions): ShellResult;
}

/** A node of a cluster whose containers have processes, where `kubectl` is its administrator's. @throws UsageError for one that there isn't */
export function nodeHost(cluster: Cluster, name: string): ShellHost {
  const { kernel } = cluster.machine(name);
  return {
    name,
    runsDocker: false,
    sh(script, options) {
      const begun = kernel.engine.now;
      const result = runShell(kernel, script, options);
      return shellResult(result, (kernel.engine.now - begun) as Nanos);
    },
  };
}
