/** apps/v1. The notation is in `../notation.ts`. */
export const apps: string = `
ControllerRevision kind
  data any #2
  revision int64 #3 !

DaemonSet kind
  spec DaemonSetSpec #2
  status DaemonSetStatus #3

DaemonSetSpec
  selector meta.LabelSelector #1* ! atomic immutable
  template core.PodTemplateSpec #2 !
  updateStrategy DaemonSetUpdateStrategy #3 ={}
  minReadySeconds int32 #4
  revisionHistoryLimit int32 #6* =10 min(0)

DaemonSetUpdateStrategy
  type string #1 ="RollingUpdate" enum(OnDelete|RollingUpdate)
  rollingUpdate RollingUpdateDaemonSet #2*

RollingUpdateDaemonSet
  maxUnavailable intstr #1* =1
  maxSurge intstr #2* =0

DaemonSetStatus
  currentNumberScheduled int32 #1 !
  numberMisscheduled int32 #2 !
  desiredNumberScheduled int32 #3 !
  numberReady int32 #4 !
  observedGeneration int64 #5
  updatedNumberScheduled int32 #6
  numberAvailable int32 #7
  numberUnavailable int32 #8
  collisionCount int32 #9*
  conditions []DaemonSetCondition #10 map(type) merge(type)

DaemonSetCondition
  type string #1 !
  status string #2 !
  lastTransitionTime time #3
  reason string #4
  message string #5

Deployment kind
  spec DeploymentSpec #2
  status DeploymentStatus #3

DeploymentSpec
  replicas int32 #1* =1 min(0)
  selector meta.LabelSelector #2* ! atomic immutable
  template core.PodTemplateSpec #3 !
  strategy DeploymentStrategy #4 retainKeys ={}
  minReadySeconds int32 #5 min(0)
  revisionHistoryLimit int32 #6* =10 min(0)
  paused bool #7
  progressDeadlineSeconds int32 #9* =600 min(0)

DeploymentStrategy
  type string #1 ="RollingUpdate" enum(Recreate|RollingUpdate)
  rollingUpdate RollingUpdateDeployment #2*

RollingUpdateDeployment
  maxUnavailable intstr #1* ="25%"
  maxSurge intstr #2* ="25%"

DeploymentStatus
  observedGeneration int64 #1
  replicas int32 #2
  updatedReplicas int32 #3
  readyReplicas int32 #7
  availableReplicas int32 #4
  unavailableReplicas int32 #5
  conditions []DeploymentCondition #6 map(type) merge(type)
  collisionCount int32 #8*

DeploymentCondition
  type string #1 !
  status string #2 !
  lastUpdateTime time #6
  lastTransitionTime time #7
  reason string #4
  message string #5

ReplicaSet kind
  spec ReplicaSetSpec #2
  status ReplicaSetStatus #3

ReplicaSetSpec
  replicas int32 #1* =1 min(0)
  minReadySeconds int32 #4 min(0)
  selector meta.LabelSelector #2* ! atomic immutable
  template core.PodTemplateSpec #3

ReplicaSetStatus
  replicas int32 #1 !
  fullyLabeledReplicas int32 #2
  readyReplicas int32 #4
  availableReplicas int32 #5
  observedGeneration int64 #3
  conditions []ReplicaSetCondition #6 map(type) merge(type)

ReplicaSetCondition
  type string #1 !
  status string #2 !
  lastTransitionTime time #3
  reason string #4
  message string #5

StatefulSet kind
  spec StatefulSetSpec #2
  status StatefulSetStatus #3

StatefulSetSpec
  replicas int32 #1* =1 min(0)
  selector meta.LabelSelector #2* ! atomic
  template core.PodTemplateSpec #3 !
  volumeClaimTemplates []core.PersistentVolumeClaim #4
  serviceName string #5 !
  podManagementPolicy string #6 ="OrderedReady" enum(OrderedReady|Parallel)
  updateStrategy StatefulSetUpdateStrategy #7 ={}
  revisionHistoryLimit int32 #8* =10 min(0)
  minReadySeconds int32 #9
  persistentVolumeClaimRetentionPolicy StatefulSetPersistentVolumeClaimRetentionPolicy #10* ={}
  ordinals StatefulSetOrdinals #11*

StatefulSetUpdateStrategy
  type string #1 ="RollingUpdate" enum(OnDelete|RollingUpdate)
  rollingUpdate RollingUpdateStatefulSetStrategy #2*

RollingUpdateStatefulSetStrategy
  partition int32 #1* =0 min(0)
  maxUnavailable intstr #2*

StatefulSetPersistentVolumeClaimRetentionPolicy
  whenDeleted string #1 ="Retain" enum(Delete|Retain)
  whenScaled string #2 ="Retain" enum(Delete|Retain)

StatefulSetOrdinals
  start int32 #1

StatefulSetStatus
  observedGeneration int64 #1
  replicas int32 #2 !
  readyReplicas int32 #3
  currentReplicas int32 #4
  updatedReplicas int32 #5
  currentRevision string #6
  updateRevision string #7
  collisionCount int32 #9*
  conditions []StatefulSetCondition #10 map(type) merge(type)
  availableReplicas int32 #11

StatefulSetCondition
  type string #1 !
  status string #2 !
  lastTransitionTime time #3
  reason string #4
  message string #5
`;
