import { minutes, s, type Nanos } from "../../../core/index.js";

/** Which of the groups that would help is enlarged (`--expander`). */
export type ExpanderName = "least-waste" | "most-pods" | "price" | "random";

/** What cluster-autoscaler can be told at its start, and its defaults in 1.32 (kubernetes/autoscaler, `cluster-autoscaler/config/flags`). */
export interface AutoscalerFlags {
  /** `--scan-interval` */
  readonly scanInterval: Nanos;
  /** The real one's default is `random`; here it is what its documents advise against waste. */
  readonly expander: ExpanderName;
  /** `--max-nodes-total`; 0 for any. */
  readonly maxNodesTotal: number;
  /** How long a new machine may take to become a node (`--max-node-provision-time`). */
  readonly maxNodeProvisionTime: Nanos;
  /** How long a group is left alone after a failure, at first and at most, and when that is forgotten (`--initial-node-group-backoff-duration` and on). */
  readonly initialBackoff: Nanos;
  readonly maxBackoff: Nanos;
  readonly backoffReset: Nanos;
  /** `--scale-down-enabled` */
  readonly scaleDown: boolean;
  /** Nodes of which less is asked for may go (`--scale-down-utilization-threshold`). */
  readonly utilizationThreshold: number;
  /** How long a node must have been unneeded (`--scale-down-unneeded-time`); the same of one that isn't ready (`--scale-down-unready-time`). */
  readonly unneededTime: Nanos;
  readonly unreadyTime: Nanos;
  /** How long nothing is taken away after something was added, and after a failure (`--scale-down-delay-after-add`, `-failure`). */
  readonly delayAfterAdd: Nanos;
  readonly delayAfterFailure: Nanos;
  /** `--skip-nodes-with-local-storage`, `--skip-nodes-with-system-pods` */
  readonly skipLocalStorage: boolean;
  readonly skipSystemPods: boolean;
  /** How many empty nodes go at a time (`--max-scale-down-parallelism`); of others one (`--max-drain-parallelism`). */
  readonly emptyAtOnce: number;
  /** How long a drained node's pods have (`--max-graceful-termination-sec`). */
  readonly drainTime: Nanos;
}

export const defaultAutoscalerFlags: AutoscalerFlags = {
  scanInterval: s(10),
  expander: "least-waste",
  maxNodesTotal: 0,
  maxNodeProvisionTime: minutes(15),
  initialBackoff: minutes(5),
  maxBackoff: minutes(30),
  backoffReset: minutes(180),
  scaleDown: true,
  utilizationThreshold: 0.5,
  unneededTime: minutes(10),
  unreadyTime: minutes(20),
  delayAfterAdd: minutes(10),
  delayAfterFailure: minutes(3),
  skipLocalStorage: true,
  skipSystemPods: true,
  emptyAtOnce: 10,
  drainTime: s(600),
};
