import type { Controller, ControllerContext } from "./controller.js";
import { DeploymentController } from "./deployment/deployment.js";
import { GarbageCollector } from "./garbage-collector.js";
import { ReplicaSetController } from "./replica-set.js";

export type ControllerName = "replicaset-controller" | "deployment-controller" | "garbage-collector-controller";

/** The controllers by their names (kubernetes, `cmd/kube-controller-manager/names`), in the order in which they start. */
export const controllers: Readonly<Record<ControllerName, new (context: ControllerContext) => Controller>> = {
  "replicaset-controller": ReplicaSetController,
  "deployment-controller": DeploymentController,
  "garbage-collector-controller": GarbageCollector,
};
