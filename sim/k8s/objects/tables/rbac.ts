/** rbac.authorization.k8s.io/v1. The notation is in `../notation.ts`. */
export const rbac: string = `
Role kind
  rules []PolicyRule

PolicyRule
  verbs []string ! nonempty
  apiGroups []string
  resources []string
  resourceNames []string
  nonResourceURLs []string

ClusterRole kind
  rules []PolicyRule
  aggregationRule AggregationRule

AggregationRule
  clusterRoleSelectors []meta.LabelSelector

RoleBinding kind
  subjects []Subject
  roleRef RoleRef ! atomic immutable

Subject
  kind string ! enum(Group|ServiceAccount|User)
  apiGroup string
  name string !
  namespace string

RoleRef
  apiGroup string ! ="rbac.authorization.k8s.io"
  kind string ! enum(ClusterRole|Role)
  name string !

ClusterRoleBinding kind
  subjects []Subject
  roleRef RoleRef ! atomic immutable
`;
