/** batch/v1. The notation is in `../notation.ts`. */
export const batch: string = `
Job kind
  spec JobSpec #2
  status JobStatus #3

JobSpec
  parallelism int32 #1* min(0)
  completions int32 #2* min(0)
  activeDeadlineSeconds int64 #3* min(0)
  podFailurePolicy PodFailurePolicy #11*
  successPolicy SuccessPolicy #16*
  backoffLimit int32 #7* =6 min(0)
  backoffLimitPerIndex int32 #12*
  maxFailedIndexes int32 #13*
  selector meta.LabelSelector #4* atomic
  manualSelector bool #5*
  template core.PodTemplateSpec #6 !
  ttlSecondsAfterFinished int32 #8* min(0)
  completionMode string #9* ="NonIndexed" enum(Indexed|NonIndexed)
  suspend bool #10* =false
  podReplacementPolicy string #14* ="TerminatingOrFailed" enum(Failed|TerminatingOrFailed)
  managedBy string #15*

PodFailurePolicy
  rules []PodFailurePolicyRule #1 !

PodFailurePolicyRule
  action string #1 ! enum(FailJob|FailIndex|Ignore|Count)
  onExitCodes PodFailurePolicyOnExitCodesRequirement #2*
  onPodConditions []PodFailurePolicyOnPodConditionsPattern #3

PodFailurePolicyOnExitCodesRequirement
  containerName string #1*
  operator string #2 ! enum(In|NotIn)
  values []int32 #3 ! set

PodFailurePolicyOnPodConditionsPattern
  type string #1 !
  status string #2 !

SuccessPolicy
  rules []SuccessPolicyRule #1 !

SuccessPolicyRule
  succeededIndexes string #1*
  succeededCount int32 #2*

JobStatus
  conditions []JobCondition #1 merge(type)
  startTime time #2*
  completionTime time #3*
  active int32 #4
  succeeded int32 #5
  failed int32 #6
  terminating int32 #11*
  completedIndexes string #7
  failedIndexes string #10*
  uncountedTerminatedPods UncountedTerminatedPods #8*
  ready int32 #9*

JobCondition
  type string #1 !
  status string #2 !
  lastProbeTime time #3
  lastTransitionTime time #4
  reason string #5
  message string #6

UncountedTerminatedPods
  succeeded []string #1 set
  failed []string #2 set

CronJob kind
  spec CronJobSpec #2
  status CronJobStatus #3

CronJobSpec
  schedule string #1 ! cron
  timeZone string #8*
  startingDeadlineSeconds int64 #2*
  concurrencyPolicy string #3 ="Allow" enum(Allow|Forbid|Replace)
  suspend bool #4* =false
  jobTemplate JobTemplateSpec #5 !
  successfulJobsHistoryLimit int32 #6* =3 min(0)
  failedJobsHistoryLimit int32 #7* =1 min(0)

JobTemplateSpec
  metadata meta.ObjectMeta #1
  spec JobSpec #2

CronJobStatus
  active []core.ObjectReference #1
  lastScheduleTime time #4*
  lastSuccessfulTime time #5*
`;
