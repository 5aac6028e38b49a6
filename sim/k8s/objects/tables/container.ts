/** What a container and an ephemeral one have alike. */
const fields = `  image string
  command []string
  args []string
  workingDir string
  ports []ContainerPort map(containerPort,protocol) merge(containerPort)
  envFrom []EnvFromSource
  env []EnvVar map(name) merge(name)
  resources ResourceRequirements ={}
  resizePolicy []ContainerResizePolicy
  restartPolicy string
  volumeMounts []VolumeMount map(mountPath) merge(mountPath)
  volumeDevices []VolumeDevice map(devicePath) merge(devicePath)
  livenessProbe Probe
  readinessProbe Probe
  startupProbe Probe
  lifecycle Lifecycle
  terminationMessagePath string ="/dev/termination-log"
  terminationMessagePolicy string enum(File|FallbackToLogsOnError) ="File"
  imagePullPolicy string enum(Always|IfNotPresent|Never)
  securityContext SecurityContext
  stdin bool
  stdinOnce bool
  tty bool
`;

/** core/v1: containers, with their probes, ports, environment and resources. The notation is in `../notation.ts`. */
export const container: string = `
Container
  name string ! dns-label
${fields}
ContainerPort
  name string port-name
  hostPort int32 range(0..65535)
  containerPort int32 ! range(1..65535)
  protocol string ="TCP" enum(TCP|UDP|SCTP)
  hostIP string

EnvFromSource
  prefix string
  configMapRef ConfigMapEnvSource
  secretRef SecretEnvSource

ConfigMapEnvSource
  name string =""
  optional bool

SecretEnvSource
  name string =""
  optional bool

EnvVar
  name string ! env-name
  value string
  valueFrom EnvVarSource

EnvVarSource
  fieldRef ObjectFieldSelector atomic
  resourceFieldRef ResourceFieldSelector atomic
  configMapKeyRef ConfigMapKeySelector atomic
  secretKeyRef SecretKeySelector atomic

ObjectFieldSelector
  apiVersion string ="v1"
  fieldPath string !

ResourceFieldSelector
  containerName string
  resource string !
  divisor quantity

ConfigMapKeySelector
  name string =""
  key string ! config-key
  optional bool

SecretKeySelector
  name string =""
  key string ! config-key
  optional bool

ResourceRequirements
  limits map[string]quantity
  requests map[string]quantity
  claims []ResourceClaim map(name)

ResourceClaim
  name string !
  request string

ContainerResizePolicy
  resourceName string !
  restartPolicy string !

VolumeMount
  name string !
  readOnly bool
  recursiveReadOnly string
  mountPath string !
  subPath string
  mountPropagation string enum(None|HostToContainer|Bidirectional)
  subPathExpr string

VolumeDevice
  name string !
  devicePath string !

Probe
  exec ExecAction
  httpGet HTTPGetAction
  tcpSocket TCPSocketAction
  grpc GRPCAction
  initialDelaySeconds int32 min(0)
  timeoutSeconds int32 =1 min(0)
  periodSeconds int32 =10 min(0)
  successThreshold int32 =1 min(0)
  failureThreshold int32 =3 min(0)
  terminationGracePeriodSeconds int64

ExecAction
  command []string

HTTPGetAction
  path string ="/"
  port intstr ! port
  host string
  scheme string ="HTTP" enum(HTTP|HTTPS)
  httpHeaders []HTTPHeader

HTTPHeader
  name string !
  value string !

TCPSocketAction
  port intstr ! port
  host string

GRPCAction
  port int32 ! range(1..65535)
  service string =""

Lifecycle
  postStart LifecycleHandler
  preStop LifecycleHandler

LifecycleHandler
  exec ExecAction
  httpGet HTTPGetAction
  tcpSocket TCPSocketAction
  sleep SleepAction

SleepAction
  seconds int64 !

SecurityContext
  capabilities Capabilities
  privileged bool
  seLinuxOptions SELinuxOptions
  windowsOptions WindowsSecurityContextOptions
  runAsUser int64
  runAsGroup int64
  runAsNonRoot bool
  readOnlyRootFilesystem bool
  allowPrivilegeEscalation bool
  procMount string enum(Default|Unmasked)
  seccompProfile SeccompProfile
  appArmorProfile AppArmorProfile

Capabilities
  add []string
  drop []string

SELinuxOptions
  user string
  role string
  type string
  level string

WindowsSecurityContextOptions
  gmsaCredentialSpecName string
  gmsaCredentialSpec string
  runAsUserName string
  hostProcess bool

SeccompProfile
  type string ! enum(Unconfined|RuntimeDefault|Localhost)
  localhostProfile string

AppArmorProfile
  type string ! enum(Unconfined|RuntimeDefault|Localhost)
  localhostProfile string

EphemeralContainer
  name string ! dns-label
${fields}  targetContainerName string
`;
