/** apiextensions.k8s.io/v1. The notation is in `../notation.ts`. */
export const apiextensions: string = `
CustomResourceDefinition kind
  spec CustomResourceDefinitionSpec !
  status CustomResourceDefinitionStatus

CustomResourceDefinitionSpec
  group string ! dns-subdomain
  names CustomResourceDefinitionNames !
  scope string ! enum(Cluster|Namespaced)
  versions []CustomResourceDefinitionVersion ! nonempty
  conversion CustomResourceConversion
  preserveUnknownFields bool

CustomResourceDefinitionNames
  plural string !
  singular string
  shortNames []string
  kind string !
  listKind string
  categories []string

CustomResourceDefinitionVersion
  name string !
  served bool !
  storage bool !
  deprecated bool
  deprecationWarning string
  schema CustomResourceValidation
  subresources CustomResourceSubresources
  additionalPrinterColumns []CustomResourceColumnDefinition
  selectableFields []SelectableField

CustomResourceValidation
  openAPIV3Schema any

CustomResourceSubresources
  status any
  scale CustomResourceSubresourceScale

CustomResourceSubresourceScale
  specReplicasPath string !
  statusReplicasPath string !
  labelSelectorPath string

CustomResourceColumnDefinition
  name string !
  type string !
  format string
  description string
  priority int32
  jsonPath string !

SelectableField
  jsonPath string !

CustomResourceConversion
  strategy string ! enum(None|Webhook)
  webhook WebhookConversion

WebhookConversion
  clientConfig WebhookClientConfig
  conversionReviewVersions []string !

WebhookClientConfig
  url string
  service ServiceReference
  caBundle bytes

ServiceReference
  namespace string !
  name string !
  path string
  port int32

CustomResourceDefinitionStatus
  conditions []CustomResourceDefinitionCondition map(type)
  acceptedNames CustomResourceDefinitionNames
  storedVersions []string

CustomResourceDefinitionCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string
`;
