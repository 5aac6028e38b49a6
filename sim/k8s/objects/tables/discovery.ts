/** discovery.k8s.io/v1. The notation is in `../notation.ts`. */
export const discovery: string = `
EndpointSlice kind
  addressType string ! enum(FQDN|IPv4|IPv6) immutable
  endpoints []Endpoint !
  ports []EndpointPort

Endpoint
  addresses []string ! set
  conditions EndpointConditions
  hostname string
  targetRef core.ObjectReference atomic
  deprecatedTopology map[string]string
  nodeName string
  zone string
  hints EndpointHints

EndpointConditions
  ready bool
  serving bool
  terminating bool

EndpointHints
  forZones []ForZone

ForZone
  name string !

EndpointPort
  name string =""
  protocol string ="TCP" enum(TCP|UDP|SCTP)
  port int32
  appProtocol string
`;
