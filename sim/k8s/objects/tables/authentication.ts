/** authentication.k8s.io/v1. The notation is in `../notation.ts`. */
export const authentication: string = `
TokenReview kind
  spec TokenReviewSpec #2 !
  status TokenReviewStatus #3

TokenReviewSpec
  token string #1
  audiences []string #2

TokenReviewStatus
  authenticated bool #1
  user UserInfo #2
  audiences []string #4
  error string #3

UserInfo
  username string #1
  uid string #2
  groups []string #3
  extra map[string][]string #4

TokenRequest kind
  spec TokenRequestSpec #2 !
  status TokenRequestStatus #3

TokenRequestSpec
  audiences []string #1 !
  expirationSeconds int64 #4* =3600 min(600)
  boundObjectRef BoundObjectReference #3*

BoundObjectReference
  kind string #1
  apiVersion string #2
  name string #3
  uid string #4

TokenRequestStatus
  token string #1 !
  expirationTimestamp time #2 !

SelfSubjectReview kind
  status SelfSubjectReviewStatus #2

SelfSubjectReviewStatus
  userInfo UserInfo #1
`;
