/** authorization.k8s.io/v1. The notation is in `../notation.ts`. */
export const authorization: string = `
SubjectAccessReview kind
  spec SubjectAccessReviewSpec !
  status SubjectAccessReviewStatus

SubjectAccessReviewSpec
  resourceAttributes ResourceAttributes
  nonResourceAttributes NonResourceAttributes
  user string
  groups []string
  extra map[string][]string
  uid string

ResourceAttributes
  namespace string
  verb string
  group string
  version string
  resource string
  subresource string
  name string
  fieldSelector FieldSelectorAttributes
  labelSelector LabelSelectorAttributes

FieldSelectorAttributes
  rawSelector string
  requirements []meta.FieldSelectorRequirement

LabelSelectorAttributes
  rawSelector string
  requirements []meta.LabelSelectorRequirement

NonResourceAttributes
  path string
  verb string

SubjectAccessReviewStatus
  allowed bool !
  denied bool
  reason string
  evaluationError string

SelfSubjectAccessReview kind
  spec SelfSubjectAccessReviewSpec !
  status SubjectAccessReviewStatus

SelfSubjectAccessReviewSpec
  resourceAttributes ResourceAttributes
  nonResourceAttributes NonResourceAttributes

LocalSubjectAccessReview kind
  spec SubjectAccessReviewSpec !
  status SubjectAccessReviewStatus

SelfSubjectRulesReview kind
  spec SelfSubjectRulesReviewSpec !
  status SubjectRulesReviewStatus

SelfSubjectRulesReviewSpec
  namespace string

SubjectRulesReviewStatus
  resourceRules []ResourceRule !
  nonResourceRules []NonResourceRule !
  incomplete bool !
  evaluationError string

ResourceRule
  verbs []string !
  apiGroups []string
  resources []string
  resourceNames []string

NonResourceRule
  verbs []string !
  nonResourceURLs []string
`;
