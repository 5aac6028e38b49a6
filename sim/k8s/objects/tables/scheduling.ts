/** scheduling.k8s.io/v1. The notation is in `../notation.ts`. */
export const scheduling: string = `
PriorityClass kind
  value int32 ! immutable
  globalDefault bool
  description string
  preemptionPolicy string ="PreemptLowerPriority" enum(Never|PreemptLowerPriority) immutable
`;
