/** node.k8s.io/v1. The notation is in `../notation.ts`. */
export const runtimeClass: string = `
RuntimeClass kind
  handler string #2 ! dns-label immutable
  overhead Overhead #3*
  scheduling Scheduling #4*

Overhead
  podFixed map[string]quantity #1

Scheduling
  nodeSelector map[string]string #1 atomic
  tolerations []core.Toleration #2
`;
