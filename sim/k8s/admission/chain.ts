import type { AdmissionPlugin } from "./admission.js";
import { defaultIngressClass, defaultStorageClass } from "./default-classes.js";
import { limitRanger } from "./limit-ranger.js";
import { namespaceLifecycle } from "./namespace-lifecycle.js";
import { podSecurity } from "./pod-security.js";
import { defaultTolerationSeconds, priority } from "./pod-defaults.js";
import { resourceQuota } from "./resource-quota.js";
import { claimResize, storageObjectInUseProtection } from "./storage.js";
import { serviceAccount } from "./service-account.js";

/** The plugins that kube-apiserver has on by default and that are here, in its order; quotas count last. */
export const defaultAdmission: readonly AdmissionPlugin[] = [
  namespaceLifecycle,
  limitRanger,
  serviceAccount,
  priority,
  defaultTolerationSeconds,
  defaultStorageClass,
  podSecurity,
  storageObjectInUseProtection,
  claimResize,
  defaultIngressClass,
  resourceQuota,
];
