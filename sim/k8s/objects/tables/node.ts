/** core/v1: Node. The notation is in `../notation.ts`. */
export const node: string = `
Node kind
  spec NodeSpec
  status NodeStatus

NodeSpec
  podCIDR string
  podCIDRs []string set merge
  providerID string
  unschedulable bool
  taints []Taint
  configSource NodeConfigSource
  externalID string

Taint
  key string ! label-key
  value string
  effect string ! enum(NoSchedule|PreferNoSchedule|NoExecute)
  timeAdded time

NodeConfigSource
  configMap ConfigMapNodeConfigSource

ConfigMapNodeConfigSource
  namespace string !
  name string !
  uid string
  resourceVersion string
  kubeletConfigKey string !

NodeStatus
  capacity map[string]quantity
  allocatable map[string]quantity
  phase string enum(Pending|Running|Terminated)
  conditions []NodeCondition map(type) merge(type)
  addresses []NodeAddress map(type) merge(type)
  daemonEndpoints NodeDaemonEndpoints
  nodeInfo NodeSystemInfo
  images []ContainerImage
  volumesInUse []string
  volumesAttached []AttachedVolume
  config NodeConfigStatus
  runtimeHandlers []NodeRuntimeHandler
  features NodeFeatures

NodeCondition
  type string !
  status string !
  lastHeartbeatTime time
  lastTransitionTime time
  reason string
  message string

NodeAddress
  type string !
  address string !

NodeDaemonEndpoints
  kubeletEndpoint DaemonEndpoint

DaemonEndpoint
  Port int32 !

NodeSystemInfo
  machineID string !
  systemUUID string !
  bootID string !
  kernelVersion string !
  osImage string !
  containerRuntimeVersion string !
  kubeletVersion string !
  kubeProxyVersion string !
  operatingSystem string !
  architecture string !

ContainerImage
  names []string
  sizeBytes int64

AttachedVolume
  name string !
  devicePath string !

NodeConfigStatus
  assigned NodeConfigSource
  active NodeConfigSource
  lastKnownGood NodeConfigSource
  error string

NodeRuntimeHandler
  name string
  features NodeRuntimeHandlerFeatures

NodeRuntimeHandlerFeatures
  recursiveReadOnlyMounts bool
  userNamespaces bool

NodeFeatures
  supplementalGroupsPolicy bool
`;
