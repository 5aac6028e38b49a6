/** discovery.k8s.io/v1. The notation is in `../notation.ts`. */
export const discovery: string = `
EndpointSlice kind
  addressType string #4 ! enum(FQDN|IPv4|IPv6) immutable
  endpoints []Endpoint #2 !
  ports []EndpointPort #3

Endpoint
  addresses []string #1 ! set
  conditions EndpointConditions #2
  hostname string #3*
  targetRef core.ObjectReference #4* atomic
  deprecatedTopology map[string]string #5
  nodeName string #6*
  zone string #7*
  hints EndpointHints #8*

EndpointConditions
  ready bool #1*
  serving bool #2*
  terminating bool #3*

EndpointHints
  forZones []ForZone #1

ForZone
  name string #1 !

EndpointPort
  name string #1* =""
  protocol string #2* ="TCP" enum(TCP|UDP|SCTP)
  port int32 #3*
  appProtocol string #4*
`;
