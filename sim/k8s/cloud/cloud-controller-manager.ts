import type { ControllerContext } from "../controllers/controller.js";
import { Manager, type ManagerOptions } from "../controllers/manager.js";
import { CloudNodeController } from "./controllers/node.js";
import { CloudNodeLifecycleController } from "./controllers/node-lifecycle.js";
import { RouteController } from "./controllers/route.js";
import { ServiceController } from "./controllers/service.js";
import type { CloudProvider } from "./provider.js";

/** k8s.io/cloud-provider, `names`. */
export type CloudControllerName =
  "cloud-node-controller" | "cloud-node-lifecycle-controller" | "node-route-controller" | "service-lb-controller";

const account = "cloud-controller-manager";
const user = { name: `system:serviceaccount:kube-system:${account}`, groups: ["system:authenticated"] };

/** cloud-controller-manager: what Kubernetes does with a cloud, and nothing else does. */
export class CloudControllerManager extends Manager<CloudControllerName> {
  /** @throws UsageError for a controller that isn't there */
  constructor(cloud: CloudProvider, options: ManagerOptions<CloudControllerName>) {
    const controllers = {
      "cloud-node-controller": (context: ControllerContext) => new CloudNodeController(context, cloud),
      "cloud-node-lifecycle-controller": (context: ControllerContext) =>
        new CloudNodeLifecycleController(context, cloud),
      "node-route-controller": (context: ControllerContext) => new RouteController(context, cloud),
      "service-lb-controller": (context: ControllerContext) => new ServiceController(context, cloud),
    };
    super({ name: account, user, controllers }, options);
  }
}

/** What the cloud's controllers may do. */
export const cloudManifest: string = `
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: "system:${account}"}
rules:
  - {apiGroups: [""], resources: [nodes, nodes/status], verbs: [get, list, watch, update, patch, delete]}
  - {apiGroups: [""], resources: [services, services/status], verbs: [get, list, watch, update, patch]}
  - {apiGroups: [""], resources: [events], verbs: [create, update, patch]}
  - {apiGroups: [coordination.k8s.io], resources: [leases], verbs: [get, create, update]}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: {name: "system:${account}"}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: "system:${account}"}
subjects: [{kind: ServiceAccount, name: ${account}, namespace: kube-system}]
`;
