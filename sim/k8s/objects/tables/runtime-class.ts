/** node.k8s.io/v1. The notation is in `../notation.ts`. */
export const runtimeClass: string = `
RuntimeClass kind
  handler string ! dns-label immutable
  overhead Overhead
  scheduling Scheduling

Overhead
  podFixed map[string]quantity

Scheduling
  nodeSelector map[string]string atomic
  tolerations []core.Toleration
`;
