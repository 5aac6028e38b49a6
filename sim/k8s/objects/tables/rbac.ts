/** rbac.authorization.k8s.io/v1. The notation is in `../notation.ts`. */
export const rbac: string = `
Role kind
  rules []PolicyRule #2

PolicyRule
  verbs []string #1 ! nonempty
  apiGroups []string #2
  resources []string #3
  resourceNames []string #4
  nonResourceURLs []string #5

ClusterRole kind
  rules []PolicyRule #2
  aggregationRule AggregationRule #3*

AggregationRule
  clusterRoleSelectors []meta.LabelSelector #1

RoleBinding kind
  subjects []Subject #2
  roleRef RoleRef #3 ! atomic immutable

Subject
  kind string #1 ! enum(Group|ServiceAccount|User)
  apiGroup string #2
  name string #3 !
  namespace string #4

RoleRef
  apiGroup string #1 ! ="rbac.authorization.k8s.io"
  kind string #2 ! enum(ClusterRole|Role)
  name string #3 !

ClusterRoleBinding kind
  subjects []Subject #2
  roleRef RoleRef #3 ! atomic immutable
`;
