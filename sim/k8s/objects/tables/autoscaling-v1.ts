/** autoscaling1. The notation is in `../notation.ts`. */
export const autoscalingV1: string = `
HorizontalPodAutoscaler kind
  spec HorizontalPodAutoscalerSpec #2
  status HorizontalPodAutoscalerStatus #3

HorizontalPodAutoscalerSpec
  scaleTargetRef CrossVersionObjectReference #1 ! atomic
  minReplicas int32 #2* =1 min(0)
  maxReplicas int32 #3 ! min(1)
  targetCPUUtilizationPercentage int32 #4*

CrossVersionObjectReference
  kind string #1 !
  name string #2 !
  apiVersion string #3

HorizontalPodAutoscalerStatus
  observedGeneration int64 #1*
  lastScaleTime time #2*
  currentReplicas int32 #3 !
  desiredReplicas int32 #4 !
  currentCPUUtilizationPercentage int32 #5*

Scale kind
  spec ScaleSpec #2
  status ScaleStatus #3

ScaleSpec
  replicas int32 #1 min(0)

ScaleStatus
  replicas int32 #1 !
  selector string #2
`;
