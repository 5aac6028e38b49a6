/** networking.k8s.io/v1. The notation is in `../notation.ts`. */
export const networking: string = `
Ingress kind
  spec IngressSpec #2
  status IngressStatus #3

IngressSpec
  ingressClassName string #4*
  defaultBackend IngressBackend #1*
  tls []IngressTLS #2
  rules []IngressRule #3

IngressBackend
  service IngressServiceBackend #4*
  resource core.TypedLocalObjectReference #3* atomic

IngressServiceBackend
  name string #1 !
  port ServiceBackendPort #2 atomic

ServiceBackendPort
  name string #1
  number int32 #2

IngressTLS
  hosts []string #1
  secretName string #2

IngressRule
  host string #1
  http HTTPIngressRuleValue #2.1*

HTTPIngressRuleValue
  paths []HTTPIngressPath #1 ! nonempty

HTTPIngressPath
  path string #1
  pathType string #3* ! enum(Exact|ImplementationSpecific|Prefix)
  backend IngressBackend #2 !

IngressStatus
  loadBalancer IngressLoadBalancerStatus #1

IngressLoadBalancerStatus
  ingress []IngressLoadBalancerIngress #1

IngressLoadBalancerIngress
  ip string #1
  hostname string #2
  ports []IngressPortStatus #4

IngressPortStatus
  port int32 #1 !
  protocol string #2 ! enum(TCP|UDP|SCTP)
  error string #3*

IngressClass kind
  spec IngressClassSpec #2

IngressClassSpec
  controller string #1
  parameters IngressClassParametersReference #2*

IngressClassParametersReference
  apiGroup string #1*
  kind string #2 !
  name string #3 !
  scope string #4*
  namespace string #5*

NetworkPolicy kind
  spec NetworkPolicySpec #2

NetworkPolicySpec
  podSelector meta.LabelSelector #1 ! atomic
  ingress []NetworkPolicyIngressRule #2
  egress []NetworkPolicyEgressRule #3
  policyTypes []string #4 enum(Ingress|Egress)

NetworkPolicyIngressRule
  ports []NetworkPolicyPort #1
  from []NetworkPolicyPeer #2

NetworkPolicyPort
  protocol string #1* ="TCP" enum(TCP|UDP|SCTP)
  port intstr #2*
  endPort int32 #3*

NetworkPolicyPeer
  podSelector meta.LabelSelector #1* atomic
  namespaceSelector meta.LabelSelector #2* atomic
  ipBlock IPBlock #3*

IPBlock
  cidr string #1 ! cidr
  except []string #2

NetworkPolicyEgressRule
  ports []NetworkPolicyPort #1
  to []NetworkPolicyPeer #2
`;
