/** autoscaling1. The notation is in `../notation.ts`. */
export const autoscalingV1: string = `
HorizontalPodAutoscaler kind
  spec HorizontalPodAutoscalerSpec
  status HorizontalPodAutoscalerStatus

HorizontalPodAutoscalerSpec
  scaleTargetRef CrossVersionObjectReference ! atomic
  minReplicas int32 =1 min(0)
  maxReplicas int32 ! min(1)
  targetCPUUtilizationPercentage int32

CrossVersionObjectReference
  kind string !
  name string !
  apiVersion string

HorizontalPodAutoscalerStatus
  observedGeneration int64
  lastScaleTime time
  currentReplicas int32 !
  desiredReplicas int32 !
  currentCPUUtilizationPercentage int32

Scale kind
  spec ScaleSpec
  status ScaleStatus

ScaleSpec
  replicas int32 min(0)

ScaleStatus
  replicas int32 !
  selector string
`;
