import { ms, s, type Nanos } from "../../core/index.js";

/** What kube-controller-manager can be told at its start, and its defaults in 1.32 (kubernetes, `pkg/controller/*\/config/v1alpha1`). */
export interface ControllerFlags {
  /** `--max-endpoints-per-slice` */
  readonly maxEndpointsPerSlice: number;
  /** How long changes of pods are gathered before a service's slices are written (`--endpointslice-updates-batch-period`). */
  readonly endpointsBatchPeriod: Nanos;
  /** How often it is looked whether nodes have been heard of (`--node-monitor-period`). */
  readonly nodeMonitorPeriod: Nanos;
  /** After how long without a sign of life a node counts as lost (`--node-monitor-grace-period`); 40 s before 1.32. */
  readonly nodeMonitorGracePeriod: Nanos;
  /** The same for a node that hasn't said anything yet (`--node-startup-grace-period`). */
  readonly nodeStartupGracePeriod: Nanos;
  /** Nodes a second that lose their pods, in each zone (`--node-eviction-rate`). */
  readonly nodeEvictionRate: number;
  /** The same where a large zone is mostly silent (`--secondary-node-eviction-rate`). */
  readonly secondaryNodeEvictionRate: number;
  /** Zones of no more nodes than this lose no pods at all then (`--large-cluster-size-threshold`). */
  readonly largeClusterSizeThreshold: number;
  /** Which part of a zone must be silent for that (`--unhealthy-zone-threshold`). */
  readonly unhealthyZoneThreshold: number;
  /** How many pods that have ended are kept (`--terminated-pod-gc-threshold`). */
  readonly terminatedPodThreshold: number;
  /** How far usage may be from its target before the size changes (`--horizontal-pod-autoscaler-tolerance`). */
  readonly horizontalTolerance: number;
  /** How long the highest size asked for is kept (`--horizontal-pod-autoscaler-downscale-stabilization`). */
  readonly downscaleStabilization: Nanos;
  /** What pods find as `ca.crt` beside their token (`--root-ca-file`). */
  readonly rootCa: string;
}

export const defaultFlags: ControllerFlags = {
  maxEndpointsPerSlice: 100,
  endpointsBatchPeriod: ms(0),
  nodeMonitorPeriod: s(5),
  nodeMonitorGracePeriod: s(50),
  nodeStartupGracePeriod: s(60),
  nodeEvictionRate: 0.1,
  secondaryNodeEvictionRate: 0.01,
  largeClusterSizeThreshold: 50,
  unhealthyZoneThreshold: 0.55,
  terminatedPodThreshold: 12_500,
  horizontalTolerance: 0.1,
  downscaleStabilization: s(300),
  rootCa: "# The simulated cluster speaks no TLS, so there is no certificate.\n",
};
