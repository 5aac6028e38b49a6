/** scheduling.k8s.io/v1. The notation is in `../notation.ts`. */
export const scheduling: string = `
PriorityClass kind
  value int32 #2 ! immutable
  globalDefault bool #3
  description string #4
  preemptionPolicy string #5* ="PreemptLowerPriority" enum(Never|PreemptLowerPriority) immutable
`;
