/**
 * The shapes of the kinds that components work with, as the API server hands them out: decoded and defaulted by its field
 * tables, so that what a default fills is required here. Only fields that some component reads are named; all others are there
 * as JSON.
 */
import type { Json, JsonObject, KubeObject } from "../objects/value.js";
import type { Ingress, IngressClass } from "./ingress-types.js";
import type { Condition, Labels, LabelSelector, Node, ObjectReference, Pod, PodTemplate } from "./pod-types.js";

interface Workload {
  readonly replicas?: number;
  readonly selector: LabelSelector;
  readonly template: PodTemplate;
  readonly minReadySeconds?: number;
  readonly revisionHistoryLimit?: number;
  readonly [key: string]: Json | undefined;
}

interface ReplicaSet extends KubeObject {
  readonly spec: Workload;
  readonly status?: {
    readonly replicas?: number;
    readonly fullyLabeledReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly observedGeneration?: number;
    readonly conditions?: readonly Condition[];
    readonly [key: string]: Json | undefined;
  };
}

interface DeploymentCondition extends Condition {
  readonly lastUpdateTime?: string;
}

interface Deployment extends KubeObject {
  readonly spec: Workload & {
    readonly paused?: boolean;
    readonly progressDeadlineSeconds?: number;
    readonly strategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
    };
  };
  readonly status?: {
    readonly observedGeneration?: number;
    readonly replicas?: number;
    readonly updatedReplicas?: number;
    readonly readyReplicas?: number;
    readonly availableReplicas?: number;
    readonly unavailableReplicas?: number;
    readonly collisionCount?: number;
    readonly conditions?: readonly DeploymentCondition[];
    readonly [key: string]: Json | undefined;
  };
}

interface PersistentVolumeClaim extends KubeObject {
  readonly spec: {
    readonly accessModes?: readonly string[];
    readonly volumeName?: string;
    readonly storageClassName?: string;
    readonly volumeMode?: string;
    readonly selector?: LabelSelector;
    readonly resources?: { readonly requests?: Labels };
    readonly [key: string]: Json | undefined;
  };
  readonly status?: {
    readonly phase?: string;
    readonly capacity?: Labels;
    readonly [key: string]: Json | undefined;
  };
}

interface PersistentVolume extends KubeObject {
  readonly spec: {
    readonly capacity?: Labels;
    readonly accessModes?: readonly string[];
    readonly claimRef?: ObjectReference;
    readonly storageClassName?: string;
    readonly volumeMode?: string;
    readonly persistentVolumeReclaimPolicy?: string;
    readonly nodeAffinity?: JsonObject;
    readonly csi?: { readonly driver: string; readonly volumeHandle: string; readonly [key: string]: Json | undefined };
    readonly [key: string]: Json | undefined;
  };
  readonly status?: { readonly phase?: string; readonly [key: string]: Json | undefined };
}

interface StorageClass extends KubeObject {
  readonly provisioner: string;
  readonly parameters?: Labels;
  readonly allowVolumeExpansion?: boolean;
  readonly allowedTopologies?: readonly JsonObject[];
  readonly reclaimPolicy?: string;
  readonly volumeBindingMode?: string;
}

interface StatefulSet extends KubeObject {
  readonly spec: Workload & {
    readonly serviceName?: string;
    readonly podManagementPolicy?: string;
    readonly ordinals?: { readonly start?: number };
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly partition?: number; readonly maxUnavailable?: number | string };
    };
    readonly volumeClaimTemplates?: readonly KubeObject[];
    readonly persistentVolumeClaimRetentionPolicy?: { readonly whenDeleted?: string; readonly whenScaled?: string };
  };
  readonly status?: {
    readonly collisionCount?: number;
    readonly currentRevision?: string;
    readonly updateRevision?: string;
    readonly [key: string]: Json | undefined;
  };
}

interface DaemonSet extends KubeObject {
  readonly spec: Workload & {
    readonly updateStrategy?: {
      readonly type?: string;
      readonly rollingUpdate?: { readonly maxSurge?: number | string; readonly maxUnavailable?: number | string };
    };
  };
  readonly status?: { readonly collisionCount?: number; readonly [key: string]: Json | undefined };
}

interface ControllerRevision extends KubeObject {
  readonly data?: JsonObject;
  readonly revision: number;
}

interface JobCondition extends Condition {
  readonly lastProbeTime?: string;
}

interface PodFailurePolicyRule extends JsonObject {
  readonly action: string;
  readonly onExitCodes?: {
    readonly containerName?: string;
    readonly operator: string;
    readonly values: readonly number[];
  };
  readonly onPodConditions?: readonly { readonly type: string; readonly status: string }[];
}

interface JobSpec extends JsonObject {
  readonly parallelism?: number;
  readonly completions?: number;
  readonly activeDeadlineSeconds?: number;
  readonly backoffLimit?: number;
  readonly backoffLimitPerIndex?: number;
  readonly maxFailedIndexes?: number;
  readonly podReplacementPolicy?: string;
  readonly successPolicy?: {
    readonly rules: readonly { readonly succeededIndexes?: string; readonly succeededCount?: number }[];
  };
  readonly completionMode?: string;
  readonly suspend?: boolean;
  readonly ttlSecondsAfterFinished?: number;
  readonly podFailurePolicy?: { readonly rules: readonly PodFailurePolicyRule[] };
  readonly selector?: LabelSelector;
  readonly template: PodTemplate;
}

interface JobStatus extends JsonObject {
  readonly active?: number;
  readonly ready?: number;
  readonly succeeded?: number;
  readonly failed?: number;
  readonly terminating?: number;
  readonly startTime?: string;
  readonly completionTime?: string;
  readonly completedIndexes?: string;
  readonly failedIndexes?: string;
  readonly conditions?: readonly JobCondition[];
  readonly uncountedTerminatedPods?: { readonly succeeded?: readonly string[]; readonly failed?: readonly string[] };
}

interface Job extends KubeObject {
  readonly spec: JobSpec;
  readonly status?: JobStatus;
}

interface CronJob extends KubeObject {
  readonly spec: {
    readonly schedule: string;
    readonly timeZone?: string;
    readonly startingDeadlineSeconds?: number;
    readonly concurrencyPolicy?: string;
    readonly suspend?: boolean;
    readonly jobTemplate: { readonly metadata?: JsonObject; readonly spec: JobSpec };
    readonly successfulJobsHistoryLimit?: number;
    readonly failedJobsHistoryLimit?: number;
  };
  readonly status?: {
    readonly active?: readonly ObjectReference[];
    readonly lastScheduleTime?: string;
    readonly lastSuccessfulTime?: string;
  };
}

interface ServicePort extends JsonObject {
  readonly name?: string;
  readonly protocol?: string;
  readonly port: number;
  readonly targetPort?: number | string;
  readonly nodePort?: number;
  readonly appProtocol?: string;
}

interface Service extends KubeObject {
  readonly spec: {
    readonly type?: string;
    readonly selector?: Labels;
    readonly clusterIP?: string;
    readonly ports?: readonly ServicePort[];
    readonly publishNotReadyAddresses?: boolean;
    readonly loadBalancerClass?: string;
    readonly allocateLoadBalancerNodePorts?: boolean;
    readonly [key: string]: Json | undefined;
  };
  readonly status?: {
    readonly loadBalancer?: { readonly ingress?: readonly { readonly ip?: string; readonly hostname?: string }[] };
    readonly [key: string]: Json | undefined;
  };
}

interface EndpointPort extends JsonObject {
  readonly name?: string;
  readonly protocol?: string;
  readonly port?: number;
}

interface Endpoint extends JsonObject {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean; readonly serving?: boolean; readonly terminating?: boolean };
  readonly targetRef?: ObjectReference;
  readonly nodeName?: string;
  readonly zone?: string;
  readonly hostname?: string;
}

interface EndpointSlice extends KubeObject {
  readonly addressType: string;
  readonly endpoints: readonly Endpoint[];
  readonly ports?: readonly EndpointPort[];
}

export interface Lease extends KubeObject {
  readonly spec?: {
    readonly holderIdentity?: string;
    readonly leaseDurationSeconds?: number;
    readonly acquireTime?: string;
    readonly renewTime?: string;
    readonly leaseTransitions?: number;
  };
}

interface PodDisruptionBudget extends KubeObject {
  readonly spec?: {
    readonly minAvailable?: number | string;
    readonly maxUnavailable?: number | string;
    readonly selector?: LabelSelector;
  };
  readonly status?: {
    readonly disruptionsAllowed?: number;
    readonly disruptedPods?: Labels;
    readonly observedGeneration?: number;
    readonly [key: string]: Json | undefined;
  };
}

interface MetricTarget extends JsonObject {
  readonly type: string;
  readonly averageUtilization?: number;
  readonly averageValue?: string;
  readonly value?: string;
}

interface ScalingPolicy extends JsonObject {
  readonly type: string;
  readonly value: number;
  readonly periodSeconds: number;
}

interface ScalingRules extends JsonObject {
  readonly stabilizationWindowSeconds?: number;
  readonly selectPolicy?: string;
  readonly policies?: readonly ScalingPolicy[];
}

interface HorizontalPodAutoscaler extends KubeObject {
  readonly spec: {
    readonly scaleTargetRef: { readonly apiVersion?: string; readonly kind: string; readonly name: string };
    readonly minReplicas?: number;
    readonly maxReplicas: number;
    readonly metrics?: readonly {
      readonly type: string;
      readonly resource?: { readonly name: string; readonly target: MetricTarget };
      readonly [key: string]: Json | undefined;
    }[];
    readonly behavior?: { readonly scaleUp?: ScalingRules; readonly scaleDown?: ScalingRules };
  };
  readonly status?: { readonly conditions?: readonly Condition[]; readonly [key: string]: Json | undefined };
}

export interface Scale extends KubeObject {
  readonly spec: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number; readonly selector?: string };
}

interface Namespace extends KubeObject {
  readonly spec?: { readonly finalizers?: readonly string[] };
  readonly status?: { readonly phase?: string; readonly conditions?: readonly Condition[] };
}

interface ResourceQuota extends KubeObject {
  readonly spec?: { readonly hard?: Labels; readonly [key: string]: Json | undefined };
  readonly status?: { readonly hard?: Labels; readonly used?: Labels };
}

interface ClusterEvent extends KubeObject {
  readonly involvedObject: ObjectReference;
  readonly reason?: string;
  readonly message?: string;
  readonly type?: string;
  readonly count?: number;
}

interface VolumeAttachment extends KubeObject {
  readonly spec: {
    readonly attacher: string;
    readonly nodeName: string;
    readonly source: { readonly persistentVolumeName?: string };
  };
  readonly status?: { readonly attached?: boolean; readonly attachError?: { readonly message?: string } };
}

/** Kinds by the names under which they are served; what isn't named is an object without a shape of its own. */
export interface Kinds {
  readonly pods: Pod;
  readonly nodes: Node;
  readonly replicasets: ReplicaSet;
  readonly deployments: Deployment;
  readonly statefulsets: StatefulSet;
  readonly daemonsets: DaemonSet;
  readonly controllerrevisions: ControllerRevision;
  readonly jobs: Job;
  readonly cronjobs: CronJob;
  readonly services: Service;
  readonly endpointslices: EndpointSlice;
  readonly endpoints: KubeObject;
  readonly ingresses: Ingress;
  readonly ingressclasses: IngressClass;
  readonly leases: Lease;
  readonly persistentvolumeclaims: PersistentVolumeClaim;
  readonly persistentvolumes: PersistentVolume;
  readonly storageclasses: StorageClass;
  readonly volumeattachments: VolumeAttachment;
  readonly csinodes: KubeObject;
  readonly poddisruptionbudgets: PodDisruptionBudget;
  readonly horizontalpodautoscalers: HorizontalPodAutoscaler;
  readonly namespaces: Namespace;
  readonly resourcequotas: ResourceQuota;
  readonly events: ClusterEvent;
  readonly configmaps: KubeObject;
  readonly secrets: KubeObject;
  readonly serviceaccounts: KubeObject;
  readonly priorityclasses: KubeObject;
  readonly replicationcontrollers: KubeObject;
  readonly customresourcedefinitions: KubeObject;
}

export type KindName = keyof Kinds;
