/** What a cluster autoscaler puts on a node that it is about to delete, and on one that it could (cluster-autoscaler, `utils/taints`). */
export const toBeDeletedKey = "ToBeDeletedByClusterAutoscaler";
export const candidateKey = "DeletionCandidateOfClusterAutoscaler";
