/** networking.k8s.io/v1. The notation is in `../notation.ts`. */
export const networking: string = `
Ingress kind
  spec IngressSpec
  status IngressStatus

IngressSpec
  ingressClassName string
  defaultBackend IngressBackend
  tls []IngressTLS
  rules []IngressRule

IngressBackend
  service IngressServiceBackend
  resource core.TypedLocalObjectReference atomic

IngressServiceBackend
  name string !
  port ServiceBackendPort atomic

ServiceBackendPort
  name string
  number int32

IngressTLS
  hosts []string
  secretName string

IngressRule
  host string
  http HTTPIngressRuleValue

HTTPIngressRuleValue
  paths []HTTPIngressPath ! nonempty

HTTPIngressPath
  path string
  pathType string ! enum(Exact|ImplementationSpecific|Prefix)
  backend IngressBackend !

IngressStatus
  loadBalancer IngressLoadBalancerStatus

IngressLoadBalancerStatus
  ingress []IngressLoadBalancerIngress

IngressLoadBalancerIngress
  ip string
  hostname string
  ports []IngressPortStatus

IngressPortStatus
  port int32 !
  protocol string ! enum(TCP|UDP|SCTP)
  error string

IngressClass kind
  spec IngressClassSpec

IngressClassSpec
  controller string
  parameters IngressClassParametersReference

IngressClassParametersReference
  apiGroup string
  kind string !
  name string !
  scope string
  namespace string

NetworkPolicy kind
  spec NetworkPolicySpec

NetworkPolicySpec
  podSelector meta.LabelSelector ! atomic
  ingress []NetworkPolicyIngressRule
  egress []NetworkPolicyEgressRule
  policyTypes []string enum(Ingress|Egress)

NetworkPolicyIngressRule
  ports []NetworkPolicyPort
  from []NetworkPolicyPeer

NetworkPolicyPort
  protocol string ="TCP" enum(TCP|UDP|SCTP)
  port intstr
  endPort int32

NetworkPolicyPeer
  podSelector meta.LabelSelector atomic
  namespaceSelector meta.LabelSelector atomic
  ipBlock IPBlock

IPBlock
  cidr string ! cidr
  except []string

NetworkPolicyEgressRule
  ports []NetworkPolicyPort
  to []NetworkPolicyPeer
`;
