/** policy/v1. The notation is in `../notation.ts`. */
export const policy: string = `
PodDisruptionBudget kind
  spec PodDisruptionBudgetSpec
  status PodDisruptionBudgetStatus

PodDisruptionBudgetSpec
  minAvailable intstr
  selector meta.LabelSelector replace atomic
  maxUnavailable intstr
  unhealthyPodEvictionPolicy string enum(IfHealthyBudget|AlwaysAllow)

PodDisruptionBudgetStatus
  observedGeneration int64
  disruptedPods map[string]time
  disruptionsAllowed int32 !
  currentHealthy int32 !
  desiredHealthy int32 !
  expectedPods int32 !
  conditions []meta.Condition map(type) merge(type)

Eviction kind
  deleteOptions meta.DeleteOptions
`;
