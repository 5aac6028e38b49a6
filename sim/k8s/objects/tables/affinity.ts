/** core/v1: what draws pods to nodes and keeps them off. The notation is in `../notation.ts`. */
export const affinity: string = `
Affinity
  nodeAffinity NodeAffinity #1*
  podAffinity PodAffinity #2*
  podAntiAffinity PodAntiAffinity #3*

NodeAffinity
  requiredDuringSchedulingIgnoredDuringExecution NodeSelector #1* atomic
  preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm #2

NodeSelector
  nodeSelectorTerms []NodeSelectorTerm #1 ! nonempty

NodeSelectorTerm
  matchExpressions []NodeSelectorRequirement #1
  matchFields []NodeSelectorRequirement #2

NodeSelectorRequirement
  key string #1 !
  operator string #2 ! enum(In|NotIn|Exists|DoesNotExist|Gt|Lt)
  values []string #3

PreferredSchedulingTerm
  weight int32 #1 ! range(1..100)
  preference NodeSelectorTerm #2 ! atomic

PodAffinity
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm #1
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm #2

PodAffinityTerm
  labelSelector meta.LabelSelector #1* atomic
  namespaces []string #2
  topologyKey string #3 ! label-key
  namespaceSelector meta.LabelSelector #4* atomic
  matchLabelKeys []string #5
  mismatchLabelKeys []string #6

WeightedPodAffinityTerm
  weight int32 #1 ! range(1..100)
  podAffinityTerm PodAffinityTerm #2 !

PodAntiAffinity
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm #1
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm #2

TopologySpreadConstraint
  maxSkew int32 #1 ! min(1)
  topologyKey string #2 !
  whenUnsatisfiable string #3 ! enum(DoNotSchedule|ScheduleAnyway)
  labelSelector meta.LabelSelector #4* atomic
  minDomains int32 #5*
  nodeAffinityPolicy string #6* enum(Ignore|Honor)
  nodeTaintsPolicy string #7* enum(Ignore|Honor)
  matchLabelKeys []string #8

Toleration
  key string #1 label-key
  operator string #2 enum(Exists|Equal)
  value string #3
  effect string #4 enum(NoSchedule|PreferNoSchedule|NoExecute)
  tolerationSeconds int64 #5*
`;
