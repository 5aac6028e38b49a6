/** core/v1: the kinds that are small. The notation is in `../notation.ts`. */
export const core: string = `
Binding kind
  target ObjectReference #2 ! atomic

ConfigMap kind
  immutable bool #4*
  data map[string]string #2
  binaryData map[string]bytes #3

Event kind
  involvedObject ObjectReference #2 ! atomic
  reason string #3
  message string #4
  source EventSource #5
  firstTimestamp time #6
  lastTimestamp time #7
  count int32 #8
  type string #9
  eventTime microtime #10
  series EventSeries #11*
  action string #12
  related ObjectReference #13* atomic
  reportingComponent string #14
  reportingInstance string #15

EventSource
  component string #1
  host string #2

EventSeries
  count int32 #1
  lastObservedTime microtime #2

LimitRange kind
  spec LimitRangeSpec #2

LimitRangeSpec
  limits []LimitRangeItem #1 !

LimitRangeItem
  type string #1 ! enum(Container|PersistentVolumeClaim|Pod)
  max map[string]quantity #2
  min map[string]quantity #3
  default map[string]quantity #4
  defaultRequest map[string]quantity #5
  maxLimitRequestRatio map[string]quantity #6

Namespace kind
  spec NamespaceSpec #2
  status NamespaceStatus #3

NamespaceSpec
  finalizers []string #1

NamespaceStatus
  phase string #1 enum(Active|Terminating)
  conditions []NamespaceCondition #2 map(type) merge(type)

NamespaceCondition
  type string #1 !
  status string #2 !
  lastTransitionTime time #4
  reason string #5
  message string #6

ReplicationController kind
  spec ReplicationControllerSpec #2
  status ReplicationControllerStatus #3

ReplicationControllerSpec
  replicas int32 #1* =1 min(0)
  minReadySeconds int32 #4 =0 min(0)
  selector map[string]string #2 atomic
  template PodTemplateSpec #3*

ReplicationControllerStatus
  replicas int32 #1 !
  fullyLabeledReplicas int32 #2
  readyReplicas int32 #4
  availableReplicas int32 #5
  observedGeneration int64 #3
  conditions []ReplicationControllerCondition #6 map(type) merge(type)

ReplicationControllerCondition
  type string #1 !
  status string #2 !
  lastTransitionTime time #3
  reason string #4
  message string #5

ResourceQuota kind
  spec ResourceQuotaSpec #2
  status ResourceQuotaStatus #3

ResourceQuotaSpec
  hard map[string]quantity #1
  scopes []string #2 enum(BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating)
  scopeSelector ScopeSelector #3* atomic

ScopeSelector
  matchExpressions []ScopedResourceSelectorRequirement #1

ScopedResourceSelectorRequirement
  scopeName string #1 ! enum(Terminating|NotTerminating|BestEffort|NotBestEffort|PriorityClass|CrossNamespacePodAffinity)
  operator string #2 ! enum(In|NotIn|Exists|DoesNotExist)
  values []string #3

ResourceQuotaStatus
  hard map[string]quantity #1
  used map[string]quantity #2

Secret kind
  immutable bool #5*
  data map[string]bytes #2
  stringData map[string]string #4
  type string #3 ="Opaque" immutable

ServiceAccount kind
  secrets []ObjectReference #2 map(name) merge(name)
  imagePullSecrets []LocalObjectReference #3
  automountServiceAccountToken bool #4*

TopologySelectorTerm
  matchLabelExpressions []TopologySelectorLabelRequirement #1

TopologySelectorLabelRequirement
  key string #1 !
  values []string #2 !
`;
