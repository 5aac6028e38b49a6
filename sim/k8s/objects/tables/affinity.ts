/** core/v1: what draws pods to nodes and keeps them off. The notation is in `../notation.ts`. */
export const affinity: string = `
Affinity
  nodeAffinity NodeAffinity
  podAffinity PodAffinity
  podAntiAffinity PodAntiAffinity

NodeAffinity
  requiredDuringSchedulingIgnoredDuringExecution NodeSelector atomic
  preferredDuringSchedulingIgnoredDuringExecution []PreferredSchedulingTerm

NodeSelector
  nodeSelectorTerms []NodeSelectorTerm ! nonempty

NodeSelectorTerm
  matchExpressions []NodeSelectorRequirement
  matchFields []NodeSelectorRequirement

NodeSelectorRequirement
  key string !
  operator string ! enum(In|NotIn|Exists|DoesNotExist|Gt|Lt)
  values []string

PreferredSchedulingTerm
  weight int32 ! range(1..100)
  preference NodeSelectorTerm ! atomic

PodAffinity
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm

PodAffinityTerm
  labelSelector meta.LabelSelector atomic
  namespaces []string
  topologyKey string ! label-key
  namespaceSelector meta.LabelSelector atomic
  matchLabelKeys []string
  mismatchLabelKeys []string

WeightedPodAffinityTerm
  weight int32 ! range(1..100)
  podAffinityTerm PodAffinityTerm !

PodAntiAffinity
  requiredDuringSchedulingIgnoredDuringExecution []PodAffinityTerm
  preferredDuringSchedulingIgnoredDuringExecution []WeightedPodAffinityTerm

TopologySpreadConstraint
  maxSkew int32 ! min(1)
  topologyKey string !
  whenUnsatisfiable string ! enum(DoNotSchedule|ScheduleAnyway)
  labelSelector meta.LabelSelector atomic
  minDomains int32
  nodeAffinityPolicy string enum(Ignore|Honor)
  nodeTaintsPolicy string enum(Ignore|Honor)
  matchLabelKeys []string

Toleration
  key string label-key
  operator string enum(Exists|Equal)
  value string
  effect string enum(NoSchedule|PreferNoSchedule|NoExecute)
  tolerationSeconds int64
`;
