/** core/v1: Pod, its template and its status. The notation is in `../notation.ts`. */
export const pod: string = `
Pod kind
  spec PodSpec #2
  status PodStatus #3

PodSpec
  volumes []Volume #1 map(name) merge(name) retainKeys
  initContainers []Container #20 map(name) merge(name)
  containers []Container #2 ! map(name) merge(name) nonempty
  ephemeralContainers []EphemeralContainer #34 map(name) merge(name)
  restartPolicy string #3 ="Always" enum(Always|OnFailure|Never)
  terminationGracePeriodSeconds int64 #4* =30 min(0)
  activeDeadlineSeconds int64 #5* min(1)
  dnsPolicy string #6 enum(ClusterFirstWithHostNet|ClusterFirst|Default|None) ="ClusterFirst"
  nodeSelector map[string]string #7 atomic
  serviceAccountName string #8 dns-subdomain
  serviceAccount string #9
  automountServiceAccountToken bool #21*
  nodeName string #10 dns-subdomain
  hostNetwork bool #11
  hostPID bool #12
  hostIPC bool #13
  shareProcessNamespace bool #27*
  securityContext PodSecurityContext #14* ={}
  imagePullSecrets []LocalObjectReference #15 map(name) merge(name)
  hostname string #16 dns-label
  subdomain string #17 dns-label
  affinity Affinity #18*
  schedulerName string #19 ="default-scheduler"
  tolerations []Toleration #22
  hostAliases []HostAlias #23 map(ip) merge(ip)
  priorityClassName string #24
  priority int32 #25*
  dnsConfig PodDNSConfig #26*
  readinessGates []PodReadinessGate #28
  runtimeClassName string #29*
  enableServiceLinks bool #30* =true
  preemptionPolicy string #31* enum(Never|PreemptLowerPriority)
  overhead map[string]quantity #32
  topologySpreadConstraints []TopologySpreadConstraint #33 map(topologyKey,whenUnsatisfiable) merge(topologyKey)
  setHostnameAsFQDN bool #35*
  os PodOS #36*
  hostUsers bool #37*
  schedulingGates []PodSchedulingGate #38 map(name) merge(name)
  resourceClaims []PodResourceClaim #39 map(name) merge(name) retainKeys
  resources ResourceRequirements #40*

PodSecurityContext
  seLinuxOptions SELinuxOptions #1*
  windowsOptions WindowsSecurityContextOptions #8*
  runAsUser int64 #2*
  runAsGroup int64 #6*
  runAsNonRoot bool #3*
  supplementalGroups []int64 #4
  supplementalGroupsPolicy string #12* enum(Merge|Strict)
  fsGroup int64 #5*
  sysctls []Sysctl #7
  fsGroupChangePolicy string #9* enum(OnRootMismatch|Always)
  seccompProfile SeccompProfile #10*
  appArmorProfile AppArmorProfile #11*
  seLinuxChangePolicy string #13*

Sysctl
  name string #1 !
  value string #2 !

HostAlias
  ip string #1 !
  hostnames []string #2

PodDNSConfig
  nameservers []string #1
  searches []string #2
  options []PodDNSConfigOption #3

PodDNSConfigOption
  name string #1
  value string #2*

PodReadinessGate
  conditionType string #1 !

PodOS
  name string #1 !

PodSchedulingGate
  name string #1 !

PodResourceClaim
  name string #1 !
  resourceClaimName string #3*
  resourceClaimTemplateName string #4*

PodStatus
  phase string #1 enum(Pending|Running|Succeeded|Failed|Unknown)
  conditions []PodCondition #2 map(type) merge(type)
  message string #3
  reason string #4
  nominatedNodeName string #11
  hostIP string #5
  hostIPs []HostIP #16 merge(ip)
  podIP string #6
  podIPs []PodIP #12 map(ip) merge(ip)
  startTime time #7*
  initContainerStatuses []ContainerStatus #10
  containerStatuses []ContainerStatus #8
  qosClass string #9 enum(Guaranteed|Burstable|BestEffort)
  ephemeralContainerStatuses []ContainerStatus #13
  resize string #14
  resourceClaimStatuses []PodResourceClaimStatus #15 map(name) merge(name) retainKeys

PodCondition
  type string #1 !
  status string #2 !
  lastProbeTime time #3
  lastTransitionTime time #4
  reason string #5
  message string #6

HostIP
  ip string #1 !

PodIP
  ip string #1 !

ContainerStatus
  name string #1 !
  state ContainerState #2
  lastState ContainerState #3
  ready bool #4 !
  restartCount int32 #5 !
  image string #6 !
  imageID string #7 !
  containerID string #8
  started bool #9*
  allocatedResources map[string]quantity #10
  resources ResourceRequirements #11*
  volumeMounts []VolumeMountStatus #12 map(mountPath) merge(mountPath)
  user ContainerUser #13*
  allocatedResourcesStatus []ResourceStatus #14 map(name) merge(name)

ContainerState
  waiting ContainerStateWaiting #1*
  running ContainerStateRunning #2*
  terminated ContainerStateTerminated #3*

ContainerStateWaiting
  reason string #1
  message string #2

ContainerStateRunning
  startedAt time #1

ContainerStateTerminated
  exitCode int32 #1 !
  signal int32 #2
  reason string #3
  message string #4
  startedAt time #5
  finishedAt time #6
  containerID string #7

VolumeMountStatus
  name string #1 !
  mountPath string #2 !
  readOnly bool #3
  recursiveReadOnly string #4*

ContainerUser
  linux LinuxContainerUser #1*

LinuxContainerUser
  uid int64 #1 !
  gid int64 #2 !
  supplementalGroups []int64 #3

ResourceStatus
  name string #1 !
  resources []ResourceHealth #2 map(resourceID)

ResourceHealth
  resourceID string #1 !
  health string #2

PodResourceClaimStatus
  name string #1 !
  resourceClaimName string #2*

PodTemplate kind
  template PodTemplateSpec #2

PodTemplateSpec
  metadata meta.ObjectMeta #1
  spec PodSpec #2
`;
