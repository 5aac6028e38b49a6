import { ms, type Nanos } from "../../core/index.js";

/** What kube-controller-manager can be told at its start, and its defaults in 1.32 (kubernetes, `pkg/controller/*\/config/v1alpha1`). */
export interface ControllerFlags {
  /** `--max-endpoints-per-slice` */
  readonly maxEndpointsPerSlice: number;
  /** How long changes of pods are gathered before a service's slices are written (`--endpointslice-updates-batch-period`). */
  readonly endpointsBatchPeriod: Nanos;
  /** What pods find as `ca.crt` beside their token (`--root-ca-file`). */
  readonly rootCa: string;
}

export const defaultFlags: ControllerFlags = {
  maxEndpointsPerSlice: 100,
  endpointsBatchPeriod: ms(0),
  rootCa: "# The simulated cluster speaks no TLS, so there is no certificate.\n",
};
