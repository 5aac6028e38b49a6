/** coordination.k8s.io/v1. The notation is in `../notation.ts`. */
export const coordination: string = `
Lease kind
  spec LeaseSpec

LeaseSpec
  holderIdentity string
  leaseDurationSeconds int32 min(1)
  acquireTime microtime
  renewTime microtime
  leaseTransitions int32 min(0)
  strategy string
  preferredHolder string
`;
