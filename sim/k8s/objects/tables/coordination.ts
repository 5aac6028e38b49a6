/** coordination.k8s.io/v1. The notation is in `../notation.ts`. */
export const coordination: string = `
Lease kind
  spec LeaseSpec #2

LeaseSpec
  holderIdentity string #1*
  leaseDurationSeconds int32 #2* min(1)
  acquireTime microtime #3*
  renewTime microtime #4*
  leaseTransitions int32 #5* min(0)
  strategy string #6*
  preferredHolder string #7*
`;
