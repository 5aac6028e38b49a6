import type { ControllerContext } from "./controller.js";
import { Manager, type ManagerOptions } from "./manager.js";
import { controllers, type ControllerName } from "./table.js";

export type ControllerManagerOptions = ManagerOptions<ControllerName>;

// Simplification: Kubernetes gives each controller a service account of its own; here all are one user, with what they need together.
const user = { name: "system:kube-controller-manager", groups: ["system:authenticated"] };

/** kube-controller-manager: Kubernetes' own controllers. */
export class ControllerManager extends Manager<ControllerName> {
  /** @throws UsageError for a controller that isn't there */
  constructor(options: ControllerManagerOptions) {
    super({ name: "kube-controller-manager", user, controllers: made }, options);
  }
}

const made = Object.fromEntries(
  Object.entries(controllers).map(([name, Made]) => [name, (context: ControllerContext) => new Made(context)]),
) as Record<ControllerName, (context: ControllerContext) => InstanceType<(typeof controllers)[ControllerName]>>;
