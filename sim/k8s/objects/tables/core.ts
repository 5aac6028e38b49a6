/** core/v1: the kinds that are small. The notation is in `../notation.ts`. */
export const core: string = `
Binding kind
  target ObjectReference ! atomic

ConfigMap kind
  immutable bool
  data map[string]string
  binaryData map[string]bytes

Event kind
  involvedObject ObjectReference ! atomic
  reason string
  message string
  source EventSource
  firstTimestamp time
  lastTimestamp time
  count int32
  type string
  eventTime microtime
  series EventSeries
  action string
  related ObjectReference atomic
  reportingComponent string
  reportingInstance string

EventSource
  component string
  host string

EventSeries
  count int32
  lastObservedTime microtime

LimitRange kind
  spec LimitRangeSpec

LimitRangeSpec
  limits []LimitRangeItem !

LimitRangeItem
  type string ! enum(Container|PersistentVolumeClaim|Pod)
  max map[string]quantity
  min map[string]quantity
  default map[string]quantity
  defaultRequest map[string]quantity
  maxLimitRequestRatio map[string]quantity

Namespace kind
  spec NamespaceSpec
  status NamespaceStatus

NamespaceSpec
  finalizers []string

NamespaceStatus
  phase string enum(Active|Terminating)
  conditions []NamespaceCondition map(type) merge(type)

NamespaceCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string

ReplicationController kind
  spec ReplicationControllerSpec
  status ReplicationControllerStatus

ReplicationControllerSpec
  replicas int32 =1 min(0)
  minReadySeconds int32 =0 min(0)
  selector map[string]string atomic
  template PodTemplateSpec

ReplicationControllerStatus
  replicas int32 !
  fullyLabeledReplicas int32
  readyReplicas int32
  availableReplicas int32
  observedGeneration int64
  conditions []ReplicationControllerCondition map(type) merge(type)

ReplicationControllerCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string

ResourceQuota kind
  spec ResourceQuotaSpec
  status ResourceQuotaStatus

ResourceQuotaSpec
  hard map[string]quantity
  scopes []string enum(BestEffort|CrossNamespacePodAffinity|NotBestEffort|NotTerminating|PriorityClass|Terminating)
  scopeSelector ScopeSelector atomic

ScopeSelector
  matchExpressions []ScopedResourceSelectorRequirement

ScopedResourceSelectorRequirement
  scopeName string ! enum(Terminating|NotTerminating|BestEffort|NotBestEffort|PriorityClass|CrossNamespacePodAffinity)
  operator string ! enum(In|NotIn|Exists|DoesNotExist)
  values []string

ResourceQuotaStatus
  hard map[string]quantity
  used map[string]quantity

Secret kind
  immutable bool
  data map[string]bytes
  stringData map[string]string
  type string ="Opaque" immutable

ServiceAccount kind
  secrets []ObjectReference map(name) merge(name)
  imagePullSecrets []LocalObjectReference
  automountServiceAccountToken bool

TopologySelectorTerm
  matchLabelExpressions []TopologySelectorLabelRequirement

TopologySelectorLabelRequirement
  key string !
  values []string !
`;
