import type { Controller, ControllerContext } from "./controller.js";
import { HorizontalController } from "./autoscaling/horizontal.js";
import { ResourceQuotaController } from "./budgets/resource-quota.js";
import { DisruptionController } from "./budgets/disruption.js";
import { DaemonSetController } from "./daemons/daemon-set.js";
import { DeploymentController } from "./deployment/deployment.js";
import { GarbageCollector } from "./garbage-collector.js";
import { CronJobController } from "./jobs/cron-job.js";
import { JobController } from "./jobs/job.js";
import { TtlAfterFinishedController } from "./jobs/ttl.js";
import { NamespaceController } from "./namespaces/namespaces.js";
import { RootCaPublisher } from "./namespaces/root-ca.js";
import { ServiceAccountController } from "./namespaces/service-accounts.js";
import { NodeLifecycleController } from "./nodes/lifecycle.js";
import { PodGarbageCollector } from "./nodes/pod-gc.js";
import { TaintEvictionController } from "./nodes/taint-eviction.js";
import { ReplicaSetController } from "./replica-set.js";
import { EndpointSliceController } from "./services/endpoint-slices.js";
import { EndpointsController } from "./services/endpoints.js";
import { StatefulSetController } from "./stateful/stateful-set.js";
import { AttachDetachController } from "./volumes/attach-detach.js";
import { VolumeBinder } from "./volumes/binder.js";
import { ClaimProtection, VolumeProtection } from "./volumes/protection.js";

export type ControllerName =
  | "serviceaccount-controller"
  | "root-ca-certificate-publisher-controller"
  | "namespace-controller"
  | "garbage-collector-controller"
  | "node-lifecycle-controller"
  | "taint-eviction-controller"
  | "pod-garbage-collector-controller"
  | "endpoints-controller"
  | "endpointslice-controller"
  | "job-controller"
  | "ttl-after-finished-controller"
  | "cronjob-controller"
  | "resourcequota-controller"
  | "horizontal-pod-autoscaler-controller"
  | "disruption-controller"
  | "daemonset-controller"
  | "statefulset-controller"
  | "replicaset-controller"
  | "persistentvolume-binder-controller"
  | "persistentvolume-attach-detach-controller"
  | "persistentvolumeclaim-protection-controller"
  | "persistentvolume-protection-controller"
  | "deployment-controller";

/** The controllers by their names (kubernetes, `cmd/kube-controller-manager/names`), in the order in which they start. */
export const controllers: Readonly<Record<ControllerName, new (context: ControllerContext) => Controller>> = {
  "serviceaccount-controller": ServiceAccountController,
  "root-ca-certificate-publisher-controller": RootCaPublisher,
  "namespace-controller": NamespaceController,
  "garbage-collector-controller": GarbageCollector,
  "node-lifecycle-controller": NodeLifecycleController,
  "taint-eviction-controller": TaintEvictionController,
  "pod-garbage-collector-controller": PodGarbageCollector,
  "endpoints-controller": EndpointsController,
  "endpointslice-controller": EndpointSliceController,
  "job-controller": JobController,
  "ttl-after-finished-controller": TtlAfterFinishedController,
  "cronjob-controller": CronJobController,
  "resourcequota-controller": ResourceQuotaController,
  "horizontal-pod-autoscaler-controller": HorizontalController,
  "disruption-controller": DisruptionController,
  "daemonset-controller": DaemonSetController,
  "statefulset-controller": StatefulSetController,
  "replicaset-controller": ReplicaSetController,
  "persistentvolume-binder-controller": VolumeBinder,
  "persistentvolume-attach-detach-controller": AttachDetachController,
  "persistentvolumeclaim-protection-controller": ClaimProtection,
  "persistentvolume-protection-controller": VolumeProtection,
  "deployment-controller": DeploymentController,
};
