/** What a container and an ephemeral one have alike. */
const fields = `  image string #2
  command []string #3
  args []string #4
  workingDir string #5
  ports []ContainerPort #6 map(containerPort,protocol) merge(containerPort)
  envFrom []EnvFromSource #19
  env []EnvVar #7 map(name) merge(name)
  resources ResourceRequirements #8 ={}
  resizePolicy []ContainerResizePolicy #23
  restartPolicy string #24*
  volumeMounts []VolumeMount #9 map(mountPath) merge(mountPath)
  volumeDevices []VolumeDevice #21 map(devicePath) merge(devicePath)
  livenessProbe Probe #10*
  readinessProbe Probe #11*
  startupProbe Probe #22*
  lifecycle Lifecycle #12*
  terminationMessagePath string #13 ="/dev/termination-log"
  terminationMessagePolicy string #20 enum(File|FallbackToLogsOnError) ="File"
  imagePullPolicy string #14 enum(Always|IfNotPresent|Never)
  securityContext SecurityContext #15*
  stdin bool #16
  stdinOnce bool #17
  tty bool #18
`;

/** core/v1: containers, with their probes, ports, environment and resources. The notation is in `../notation.ts`. */
export const container: string = `
Container
  name string #1 ! dns-label
${fields}
ContainerPort
  name string #1 port-name
  hostPort int32 #2 range(0..65535)
  containerPort int32 #3 ! range(1..65535)
  protocol string #4 ="TCP" enum(TCP|UDP|SCTP)
  hostIP string #5

EnvFromSource
  prefix string #1
  configMapRef ConfigMapEnvSource #2*
  secretRef SecretEnvSource #3*

ConfigMapEnvSource
  name string #1.1 =""
  optional bool #2*

SecretEnvSource
  name string #1.1 =""
  optional bool #2*

EnvVar
  name string #1 ! env-name
  value string #2
  valueFrom EnvVarSource #3*

EnvVarSource
  fieldRef ObjectFieldSelector #1* atomic
  resourceFieldRef ResourceFieldSelector #2* atomic
  configMapKeyRef ConfigMapKeySelector #3* atomic
  secretKeyRef SecretKeySelector #4* atomic

ObjectFieldSelector
  apiVersion string #1 ="v1"
  fieldPath string #2 !

ResourceFieldSelector
  containerName string #1
  resource string #2 !
  divisor quantity #3

ConfigMapKeySelector
  name string #1.1 =""
  key string #2 ! config-key
  optional bool #3*

SecretKeySelector
  name string #1.1 =""
  key string #2 ! config-key
  optional bool #3*

ResourceRequirements
  limits map[string]quantity #1
  requests map[string]quantity #2
  claims []ResourceClaim #3 map(name)

ResourceClaim
  name string #1 !
  request string #2

ContainerResizePolicy
  resourceName string #1 !
  restartPolicy string #2 !

VolumeMount
  name string #1 !
  readOnly bool #2
  recursiveReadOnly string #7*
  mountPath string #3 !
  subPath string #4
  mountPropagation string #5* enum(None|HostToContainer|Bidirectional)
  subPathExpr string #6

VolumeDevice
  name string #1 !
  devicePath string #2 !

Probe
  exec ExecAction #1.1*
  httpGet HTTPGetAction #1.2*
  tcpSocket TCPSocketAction #1.3*
  grpc GRPCAction #1.4*
  initialDelaySeconds int32 #2 min(0)
  timeoutSeconds int32 #3 =1 min(0)
  periodSeconds int32 #4 =10 min(0)
  successThreshold int32 #5 =1 min(0)
  failureThreshold int32 #6 =3 min(0)
  terminationGracePeriodSeconds int64 #7*

ExecAction
  command []string #1

HTTPGetAction
  path string #1 ="/"
  port intstr #2 ! port
  host string #3
  scheme string #4 ="HTTP" enum(HTTP|HTTPS)
  httpHeaders []HTTPHeader #5

HTTPHeader
  name string #1 !
  value string #2 !

TCPSocketAction
  port intstr #1 ! port
  host string #2

GRPCAction
  port int32 #1 ! range(1..65535)
  service string #2* =""

Lifecycle
  postStart LifecycleHandler #1*
  preStop LifecycleHandler #2*

LifecycleHandler
  exec ExecAction #1*
  httpGet HTTPGetAction #2*
  tcpSocket TCPSocketAction #3*
  sleep SleepAction #4*

SleepAction
  seconds int64 #1 !

SecurityContext
  capabilities Capabilities #1*
  privileged bool #2*
  seLinuxOptions SELinuxOptions #3*
  windowsOptions WindowsSecurityContextOptions #10*
  runAsUser int64 #4*
  runAsGroup int64 #8*
  runAsNonRoot bool #5*
  readOnlyRootFilesystem bool #6*
  allowPrivilegeEscalation bool #7*
  procMount string #9* enum(Default|Unmasked)
  seccompProfile SeccompProfile #11*
  appArmorProfile AppArmorProfile #12*

Capabilities
  add []string #1
  drop []string #2

SELinuxOptions
  user string #1
  role string #2
  type string #3
  level string #4

WindowsSecurityContextOptions
  gmsaCredentialSpecName string #1*
  gmsaCredentialSpec string #2*
  runAsUserName string #3*
  hostProcess bool #4*

SeccompProfile
  type string #1 ! enum(Unconfined|RuntimeDefault|Localhost)
  localhostProfile string #2*

AppArmorProfile
  type string #1 ! enum(Unconfined|RuntimeDefault|Localhost)
  localhostProfile string #2*

EphemeralContainer
  name string #1.1 ! dns-label
${fields.replaceAll(" #", " #1.")}  targetContainerName string #2
`;
