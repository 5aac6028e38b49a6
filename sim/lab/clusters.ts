import type { Cluster } from "../k8s/index.js";

let listener: ((cluster: Cluster) => void) | undefined;

/** Has somebody told of every cluster that a lab makes, one listener at a time: the kernel keeps the last one for `%%kubectl`. */
export function hearClusters(told: ((cluster: Cluster) => void) | undefined): void {
  listener = told;
}

/** A cluster is there. */
export function clusterMade(cluster: Cluster): void {
  listener?.(cluster);
}
