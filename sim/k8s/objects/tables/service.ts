/** core/v1: Service and Endpoints. The notation is in `../notation.ts`. */
export const service: string = `
Service kind
  spec ServiceSpec
  status ServiceStatus

ServiceSpec
  ports []ServicePort map(port,protocol) merge(port)
  selector map[string]string atomic
  clusterIP string
  clusterIPs []string
  type string ="ClusterIP" enum(ClusterIP|NodePort|LoadBalancer|ExternalName)
  externalIPs []string
  sessionAffinity string ="None" enum(ClientIP|None)
  loadBalancerIP string
  loadBalancerSourceRanges []string
  externalName string
  externalTrafficPolicy string enum(Cluster|Local)
  healthCheckNodePort int32
  publishNotReadyAddresses bool
  sessionAffinityConfig SessionAffinityConfig
  ipFamilies []string enum(IPv4|IPv6|)
  ipFamilyPolicy string enum(SingleStack|PreferDualStack|RequireDualStack)
  allocateLoadBalancerNodePorts bool
  loadBalancerClass string
  internalTrafficPolicy string enum(Cluster|Local)
  trafficDistribution string

ServicePort
  name string dns-label
  protocol string ="TCP" enum(TCP|UDP|SCTP)
  appProtocol string
  port int32 ! range(1..65535)
  targetPort intstr
  nodePort int32 range(0..65535)

SessionAffinityConfig
  clientIP ClientIPConfig

ClientIPConfig
  timeoutSeconds int32 =10800 range(1..86400)

ServiceStatus
  loadBalancer LoadBalancerStatus ={}
  conditions []meta.Condition map(type) merge(type)

LoadBalancerStatus
  ingress []LoadBalancerIngress

LoadBalancerIngress
  ip string
  hostname string
  ipMode string
  ports []PortStatus

PortStatus
  port int32 !
  protocol string ! enum(TCP|UDP|SCTP)
  error string

Endpoints kind
  subsets []EndpointSubset

EndpointSubset
  addresses []EndpointAddress
  notReadyAddresses []EndpointAddress
  ports []EndpointPort

EndpointAddress
  ip string ! ip
  hostname string
  nodeName string
  targetRef ObjectReference atomic

EndpointPort
  name string
  port int32 ! range(1..65535)
  protocol string ="TCP" enum(TCP|UDP|SCTP)
  appProtocol string
`;
