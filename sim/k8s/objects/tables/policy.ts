/** policy/v1. The notation is in `../notation.ts`. */
export const policy: string = `
PodDisruptionBudget kind
  spec PodDisruptionBudgetSpec #2
  status PodDisruptionBudgetStatus #3

PodDisruptionBudgetSpec
  minAvailable intstr #1*
  selector meta.LabelSelector #2* replace atomic
  maxUnavailable intstr #3*
  unhealthyPodEvictionPolicy string #4* enum(IfHealthyBudget|AlwaysAllow)

PodDisruptionBudgetStatus
  observedGeneration int64 #1
  disruptedPods map[string]time #2
  disruptionsAllowed int32 #3 !
  currentHealthy int32 #4 !
  desiredHealthy int32 #5 !
  expectedPods int32 #6 !
  conditions []meta.Condition #7 map(type) merge(type)

Eviction kind
  deleteOptions meta.DeleteOptions #2*
`;
