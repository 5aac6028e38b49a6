/** apps/v1. The notation is in `../notation.ts`. */
export const apps: string = `
ControllerRevision kind
  data any
  revision int64 !

DaemonSet kind
  spec DaemonSetSpec
  status DaemonSetStatus

DaemonSetSpec
  selector meta.LabelSelector ! atomic immutable
  template core.PodTemplateSpec !
  updateStrategy DaemonSetUpdateStrategy ={}
  minReadySeconds int32
  revisionHistoryLimit int32 =10 min(0)

DaemonSetUpdateStrategy
  type string ="RollingUpdate" enum(OnDelete|RollingUpdate)
  rollingUpdate RollingUpdateDaemonSet

RollingUpdateDaemonSet
  maxUnavailable intstr =1
  maxSurge intstr =0

DaemonSetStatus
  currentNumberScheduled int32 !
  numberMisscheduled int32 !
  desiredNumberScheduled int32 !
  numberReady int32 !
  observedGeneration int64
  updatedNumberScheduled int32
  numberAvailable int32
  numberUnavailable int32
  collisionCount int32
  conditions []DaemonSetCondition map(type) merge(type)

DaemonSetCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string

Deployment kind
  spec DeploymentSpec
  status DeploymentStatus

DeploymentSpec
  replicas int32 =1 min(0)
  selector meta.LabelSelector ! atomic immutable
  template core.PodTemplateSpec !
  strategy DeploymentStrategy retainKeys ={}
  minReadySeconds int32 min(0)
  revisionHistoryLimit int32 =10 min(0)
  paused bool
  progressDeadlineSeconds int32 =600 min(0)

DeploymentStrategy
  type string ="RollingUpdate" enum(Recreate|RollingUpdate)
  rollingUpdate RollingUpdateDeployment

RollingUpdateDeployment
  maxUnavailable intstr ="25%"
  maxSurge intstr ="25%"

DeploymentStatus
  observedGeneration int64
  replicas int32
  updatedReplicas int32
  readyReplicas int32
  availableReplicas int32
  unavailableReplicas int32
  conditions []DeploymentCondition map(type) merge(type)
  collisionCount int32

DeploymentCondition
  type string !
  status string !
  lastUpdateTime time
  lastTransitionTime time
  reason string
  message string

ReplicaSet kind
  spec ReplicaSetSpec
  status ReplicaSetStatus

ReplicaSetSpec
  replicas int32 =1 min(0)
  minReadySeconds int32 min(0)
  selector meta.LabelSelector ! atomic immutable
  template core.PodTemplateSpec

ReplicaSetStatus
  replicas int32 !
  fullyLabeledReplicas int32
  readyReplicas int32
  availableReplicas int32
  observedGeneration int64
  conditions []ReplicaSetCondition map(type) merge(type)

ReplicaSetCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string

StatefulSet kind
  spec StatefulSetSpec
  status StatefulSetStatus

StatefulSetSpec
  replicas int32 =1 min(0)
  selector meta.LabelSelector ! atomic
  template core.PodTemplateSpec !
  volumeClaimTemplates []core.PersistentVolumeClaim
  serviceName string !
  podManagementPolicy string ="OrderedReady" enum(OrderedReady|Parallel)
  updateStrategy StatefulSetUpdateStrategy ={}
  revisionHistoryLimit int32 =10 min(0)
  minReadySeconds int32
  persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy ={}
  ordinals StatefulSetOrdinals

StatefulSetUpdateStrategy
  type string ="RollingUpdate" enum(OnDelete|RollingUpdate)
  rollingUpdate RollingUpdateStatefulSetStrategy

RollingUpdateStatefulSetStrategy
  partition int32 =0 min(0)
  maxUnavailable intstr

StatefulSetPersistentVolumeClaimRetentionPolicy
  whenDeleted string ="Retain" enum(Delete|Retain)
  whenScaled string ="Retain" enum(Delete|Retain)

StatefulSetOrdinals
  start int32

StatefulSetStatus
  observedGeneration int64
  replicas int32 !
  readyReplicas int32
  currentReplicas int32
  updatedReplicas int32
  currentRevision string
  updateRevision string
  collisionCount int32
  conditions []StatefulSetCondition map(type) merge(type)
  availableReplicas int32

StatefulSetCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string
`;
