/** batch/v1. The notation is in `../notation.ts`. */
export const batch: string = `
Job kind
  spec JobSpec
  status JobStatus

JobSpec
  parallelism int32 min(0)
  completions int32 min(0)
  activeDeadlineSeconds int64 min(0)
  podFailurePolicy PodFailurePolicy
  successPolicy SuccessPolicy
  backoffLimit int32 =6 min(0)
  backoffLimitPerIndex int32
  maxFailedIndexes int32
  selector meta.LabelSelector atomic
  manualSelector bool
  template core.PodTemplateSpec !
  ttlSecondsAfterFinished int32 min(0)
  completionMode string ="NonIndexed" enum(Indexed|NonIndexed)
  suspend bool =false
  podReplacementPolicy string ="TerminatingOrFailed" enum(Failed|TerminatingOrFailed)
  managedBy string

PodFailurePolicy
  rules []PodFailurePolicyRule !

PodFailurePolicyRule
  action string ! enum(FailJob|FailIndex|Ignore|Count)
  onExitCodes PodFailurePolicyOnExitCodesRequirement
  onPodConditions []PodFailurePolicyOnPodConditionsPattern

PodFailurePolicyOnExitCodesRequirement
  containerName string
  operator string ! enum(In|NotIn)
  values []int32 ! set

PodFailurePolicyOnPodConditionsPattern
  type string !
  status string !

SuccessPolicy
  rules []SuccessPolicyRule !

SuccessPolicyRule
  succeededIndexes string
  succeededCount int32

JobStatus
  conditions []JobCondition merge(type)
  startTime time
  completionTime time
  active int32
  succeeded int32
  failed int32
  terminating int32
  completedIndexes string
  failedIndexes string
  uncountedTerminatedPods UncountedTerminatedPods
  ready int32

JobCondition
  type string !
  status string !
  lastProbeTime time
  lastTransitionTime time
  reason string
  message string

UncountedTerminatedPods
  succeeded []string set
  failed []string set

CronJob kind
  spec CronJobSpec
  status CronJobStatus

CronJobSpec
  schedule string ! cron
  timeZone string
  startingDeadlineSeconds int64
  concurrencyPolicy string ="Allow" enum(Allow|Forbid|Replace)
  suspend bool =false
  jobTemplate JobTemplateSpec !
  successfulJobsHistoryLimit int32 =3 min(0)
  failedJobsHistoryLimit int32 =1 min(0)

JobTemplateSpec
  metadata meta.ObjectMeta
  spec JobSpec

CronJobStatus
  active []core.ObjectReference
  lastScheduleTime time
  lastSuccessfulTime time
`;
