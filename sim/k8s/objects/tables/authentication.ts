/** authentication.k8s.io/v1. The notation is in `../notation.ts`. */
export const authentication: string = `
TokenReview kind
  spec TokenReviewSpec !
  status TokenReviewStatus

TokenReviewSpec
  token string
  audiences []string

TokenReviewStatus
  authenticated bool
  user UserInfo
  audiences []string
  error string

UserInfo
  username string
  uid string
  groups []string
  extra map[string][]string

TokenRequest kind
  spec TokenRequestSpec !
  status TokenRequestStatus

TokenRequestSpec
  audiences []string !
  expirationSeconds int64 =3600 min(600)
  boundObjectRef BoundObjectReference

BoundObjectReference
  kind string
  apiVersion string
  name string
  uid string

TokenRequestStatus
  token string !
  expirationTimestamp time !

SelfSubjectReview kind
  status SelfSubjectReviewStatus

SelfSubjectReviewStatus
  userInfo UserInfo
`;
