/** core/v1: Pod, its template and its status. The notation is in `../notation.ts`. */
export const pod: string = `
Pod kind
  spec PodSpec
  status PodStatus

PodSpec
  volumes []Volume map(name) merge(name) retainKeys
  initContainers []Container map(name) merge(name)
  containers []Container ! map(name) merge(name) nonempty
  ephemeralContainers []EphemeralContainer map(name) merge(name)
  restartPolicy string ="Always" enum(Always|OnFailure|Never)
  terminationGracePeriodSeconds int64 =30 min(0)
  activeDeadlineSeconds int64 min(1)
  dnsPolicy string enum(ClusterFirstWithHostNet|ClusterFirst|Default|None) ="ClusterFirst"
  nodeSelector map[string]string atomic
  serviceAccountName string dns-subdomain
  serviceAccount string
  automountServiceAccountToken bool
  nodeName string dns-subdomain
  hostNetwork bool
  hostPID bool
  hostIPC bool
  shareProcessNamespace bool
  securityContext PodSecurityContext ={}
  imagePullSecrets []LocalObjectReference map(name) merge(name)
  hostname string dns-label
  subdomain string dns-label
  affinity Affinity
  schedulerName string ="default-scheduler"
  tolerations []Toleration
  hostAliases []HostAlias map(ip) merge(ip)
  priorityClassName string
  priority int32
  dnsConfig PodDNSConfig
  readinessGates []PodReadinessGate
  runtimeClassName string
  enableServiceLinks bool =true
  preemptionPolicy string enum(Never|PreemptLowerPriority)
  overhead map[string]quantity
  topologySpreadConstraints []TopologySpreadConstraint map(topologyKey,whenUnsatisfiable) merge(topologyKey)
  setHostnameAsFQDN bool
  os PodOS
  hostUsers bool
  schedulingGates []PodSchedulingGate map(name) merge(name)
  resourceClaims []PodResourceClaim map(name) merge(name) retainKeys
  resources ResourceRequirements

PodSecurityContext
  seLinuxOptions SELinuxOptions
  windowsOptions WindowsSecurityContextOptions
  runAsUser int64
  runAsGroup int64
  runAsNonRoot bool
  supplementalGroups []int64
  supplementalGroupsPolicy string enum(Merge|Strict)
  fsGroup int64
  sysctls []Sysctl
  fsGroupChangePolicy string enum(OnRootMismatch|Always)
  seccompProfile SeccompProfile
  appArmorProfile AppArmorProfile
  seLinuxChangePolicy string

Sysctl
  name string !
  value string !

HostAlias
  ip string !
  hostnames []string

PodDNSConfig
  nameservers []string
  searches []string
  options []PodDNSConfigOption

PodDNSConfigOption
  name string
  value string

PodReadinessGate
  conditionType string !

PodOS
  name string !

PodSchedulingGate
  name string !

PodResourceClaim
  name string !
  resourceClaimName string
  resourceClaimTemplateName string

PodStatus
  phase string enum(Pending|Running|Succeeded|Failed|Unknown)
  conditions []PodCondition map(type) merge(type)
  message string
  reason string
  nominatedNodeName string
  hostIP string
  hostIPs []HostIP merge(ip)
  podIP string
  podIPs []PodIP map(ip) merge(ip)
  startTime time
  initContainerStatuses []ContainerStatus
  containerStatuses []ContainerStatus
  qosClass string enum(Guaranteed|Burstable|BestEffort)
  ephemeralContainerStatuses []ContainerStatus
  resize string
  resourceClaimStatuses []PodResourceClaimStatus map(name) merge(name) retainKeys

PodCondition
  type string !
  status string !
  lastProbeTime time
  lastTransitionTime time
  reason string
  message string

HostIP
  ip string !

PodIP
  ip string !

ContainerStatus
  name string !
  state ContainerState
  lastState ContainerState
  ready bool !
  restartCount int32 !
  image string !
  imageID string !
  containerID string
  started bool
  allocatedResources map[string]quantity
  resources ResourceRequirements
  volumeMounts []VolumeMountStatus map(mountPath) merge(mountPath)
  user ContainerUser
  allocatedResourcesStatus []ResourceStatus map(name) merge(name)

ContainerState
  waiting ContainerStateWaiting
  running ContainerStateRunning
  terminated ContainerStateTerminated

ContainerStateWaiting
  reason string
  message string

ContainerStateRunning
  startedAt time

ContainerStateTerminated
  exitCode int32 !
  signal int32
  reason string
  message string
  startedAt time
  finishedAt time
  containerID string

VolumeMountStatus
  name string !
  mountPath string !
  readOnly bool
  recursiveReadOnly string

ContainerUser
  linux LinuxContainerUser

LinuxContainerUser
  uid int64 !
  gid int64 !
  supplementalGroups []int64

ResourceStatus
  name string !
  resources []ResourceHealth map(resourceID)

ResourceHealth
  resourceID string !
  health string

PodResourceClaimStatus
  name string !
  resourceClaimName string

PodTemplate kind
  template PodTemplateSpec

PodTemplateSpec
  metadata meta.ObjectMeta
  spec PodSpec
`;
