/** metrics.k8s.io/v1beta1. The notation is in `../notation.ts`. */
export const metrics: string = `
NodeMetrics kind
  timestamp time !
  window duration !
  usage map[string]quantity !

PodMetrics kind
  timestamp time !
  window duration !
  containers []ContainerMetrics ! map(name) merge(name)

ContainerMetrics
  name string !
  usage map[string]quantity !
`;
