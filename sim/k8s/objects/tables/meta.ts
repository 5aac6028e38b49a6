/** meta/v1: what every object has, and what requests and answers are made of. The notation is in `../notation.ts`. */
export const meta: string = `
ObjectMeta
  name string
  generateName string
  namespace string
  selfLink string
  uid string
  resourceVersion string
  generation int64
  creationTimestamp time
  deletionTimestamp time
  deletionGracePeriodSeconds int64
  labels map[string]string
  annotations map[string]string
  ownerReferences []OwnerReference map(uid) merge(uid)
  finalizers []string set merge
  managedFields []ManagedFieldsEntry

OwnerReference
  apiVersion string !
  kind string !
  name string !
  uid string ! nonblank
  controller bool
  blockOwnerDeletion bool

ManagedFieldsEntry
  manager string
  operation string
  apiVersion string
  time time
  fieldsType string
  fieldsV1 fields
  subresource string

ListMeta
  selfLink string
  resourceVersion string
  continue string
  remainingItemCount int64

LabelSelector
  matchLabels map[string]string
  matchExpressions []LabelSelectorRequirement

LabelSelectorRequirement
  key string ! label-key
  operator string ! enum(In|NotIn|Exists|DoesNotExist)
  values []string

DeleteOptions
  gracePeriodSeconds int64
  preconditions Preconditions
  orphanDependents bool
  propagationPolicy string
  dryRun []string
  ignoreStoreReadErrorWithClusterBreakingPotential bool

Preconditions
  uid string
  resourceVersion string

Condition
  type string !
  status string !
  observedGeneration int64
  lastTransitionTime time !
  reason string !
  message string !

Status
  metadata ListMeta
  status string
  message string
  reason string
  details StatusDetails atomic
  code int32

StatusDetails
  name string
  group string
  kind string
  uid string
  causes []StatusCause
  retryAfterSeconds int32

StatusCause
  reason string
  message string
  field string

FieldSelectorRequirement
  key string !
  operator string !
  values []string
`;
