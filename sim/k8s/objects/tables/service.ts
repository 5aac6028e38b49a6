/** core/v1: Service and Endpoints. The notation is in `../notation.ts`. */
export const service: string = `
Service kind
  spec ServiceSpec #2
  status ServiceStatus #3

ServiceSpec
  ports []ServicePort #1 map(port,protocol) merge(port)
  selector map[string]string #2 atomic
  clusterIP string #3
  clusterIPs []string #18
  type string #4 ="ClusterIP" enum(ClusterIP|NodePort|LoadBalancer|ExternalName)
  externalIPs []string #5
  sessionAffinity string #7 ="None" enum(ClientIP|None)
  loadBalancerIP string #8
  loadBalancerSourceRanges []string #9
  externalName string #10
  externalTrafficPolicy string #11 enum(Cluster|Local)
  healthCheckNodePort int32 #12
  publishNotReadyAddresses bool #13
  sessionAffinityConfig SessionAffinityConfig #14*
  ipFamilies []string #19 enum(IPv4|IPv6|)
  ipFamilyPolicy string #17* enum(SingleStack|PreferDualStack|RequireDualStack)
  allocateLoadBalancerNodePorts bool #20*
  loadBalancerClass string #21*
  internalTrafficPolicy string #22* enum(Cluster|Local)
  trafficDistribution string #23*

ServicePort
  name string #1 dns-label
  protocol string #2 ="TCP" enum(TCP|UDP|SCTP)
  appProtocol string #6*
  port int32 #3 ! range(1..65535)
  targetPort intstr #4
  nodePort int32 #5 range(0..65535)

SessionAffinityConfig
  clientIP ClientIPConfig #1*

ClientIPConfig
  timeoutSeconds int32 #1* =10800 range(1..86400)

ServiceStatus
  loadBalancer LoadBalancerStatus #1 ={}
  conditions []meta.Condition #2 map(type) merge(type)

LoadBalancerStatus
  ingress []LoadBalancerIngress #1

LoadBalancerIngress
  ip string #1
  hostname string #2
  ipMode string #3*
  ports []PortStatus #4

PortStatus
  port int32 #1 !
  protocol string #2 ! enum(TCP|UDP|SCTP)
  error string #3*

Endpoints kind
  subsets []EndpointSubset #2

EndpointSubset
  addresses []EndpointAddress #1
  notReadyAddresses []EndpointAddress #2
  ports []EndpointPort #3

EndpointAddress
  ip string #1 ! ip
  hostname string #3
  nodeName string #4*
  targetRef ObjectReference #2* atomic

EndpointPort
  name string #1
  port int32 #2 ! range(1..65535)
  protocol string #3 ="TCP" enum(TCP|UDP|SCTP)
  appProtocol string #4*
`;
