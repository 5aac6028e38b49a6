/** autoscaling2. The notation is in `../notation.ts`. */
export const autoscalingV2: string = `
HorizontalPodAutoscaler kind
  spec HorizontalPodAutoscalerSpec
  status HorizontalPodAutoscalerStatus

HorizontalPodAutoscalerSpec
  scaleTargetRef CrossVersionObjectReference !
  minReplicas int32 =1 min(0)
  maxReplicas int32 ! min(1)
  metrics []MetricSpec
  behavior HorizontalPodAutoscalerBehavior

CrossVersionObjectReference
  kind string !
  name string !
  apiVersion string

MetricSpec
  type string ! enum(ContainerResource|External|Object|Pods|Resource)
  object ObjectMetricSource
  pods PodsMetricSource
  resource ResourceMetricSource
  containerResource ContainerResourceMetricSource
  external ExternalMetricSource

ObjectMetricSource
  describedObject CrossVersionObjectReference !
  target MetricTarget !
  metric MetricIdentifier !

MetricTarget
  type string ! enum(AverageValue|Utilization|Value)
  value quantity
  averageValue quantity
  averageUtilization int32

MetricIdentifier
  name string !
  selector meta.LabelSelector atomic

PodsMetricSource
  metric MetricIdentifier !
  target MetricTarget !

ResourceMetricSource
  name string !
  target MetricTarget !

ContainerResourceMetricSource
  name string !
  target MetricTarget !
  container string !

ExternalMetricSource
  metric MetricIdentifier !
  target MetricTarget !

HorizontalPodAutoscalerBehavior
  scaleUp HPAScalingRules
  scaleDown HPAScalingRules

HPAScalingRules
  stabilizationWindowSeconds int32
  selectPolicy string
  policies []HPAScalingPolicy

HPAScalingPolicy
  type string !
  value int32 !
  periodSeconds int32 !

HorizontalPodAutoscalerStatus
  observedGeneration int64
  lastScaleTime time
  currentReplicas int32
  desiredReplicas int32 !
  currentMetrics []MetricStatus
  conditions []HorizontalPodAutoscalerCondition map(type) merge(type)

MetricStatus
  type string !
  object ObjectMetricStatus
  pods PodsMetricStatus
  resource ResourceMetricStatus
  containerResource ContainerResourceMetricStatus
  external ExternalMetricStatus

ObjectMetricStatus
  metric MetricIdentifier !
  current MetricValueStatus !
  describedObject CrossVersionObjectReference !

MetricValueStatus
  value quantity
  averageValue quantity
  averageUtilization int32

PodsMetricStatus
  metric MetricIdentifier !
  current MetricValueStatus !

ResourceMetricStatus
  name string !
  current MetricValueStatus !

ContainerResourceMetricStatus
  name string !
  current MetricValueStatus !
  container string !

ExternalMetricStatus
  metric MetricIdentifier !
  current MetricValueStatus !

HorizontalPodAutoscalerCondition
  type string !
  status string !
  lastTransitionTime time
  reason string
  message string
`;
