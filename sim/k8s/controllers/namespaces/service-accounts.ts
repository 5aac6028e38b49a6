import type { Activity } from "../../../core/index.js";
import type { Again } from "../../client/control-loop.js";
import { isAlreadyExists } from "../../client/failure.js";
import { Controller, type ControllerContext } from "../controller.js";
import { isTerminating } from "../refusals.js";

/**
 * Sees that each namespace has the account `default`, under which pods run that name none (kubernetes, `pkg/controller/serviceaccount`).
 * Without it no pod is admitted. Their tokens are no objects: each pod is given one for its own time, on request of its node.
 */
export class ServiceAccountController extends Controller {
  constructor(context: ControllerContext) {
    super("serviceaccount-controller", context, 1);
    this.watchOwn("namespaces");
    this.watch("serviceaccounts", {
      deleted: ({ metadata }) => {
        this.queue.add(metadata.namespace ?? "");
      },
    });
  }

  protected override *reconcile(namespace: string): Activity<Again | undefined> {
    const found = this.informers.store("namespaces").byKey(namespace);
    if (found?.status?.phase !== "Active") return undefined;
    if (this.informers.store("serviceaccounts").get(namespace, "default") !== undefined) return undefined;
    try {
      yield* this.client.create("serviceaccounts", namespace, { metadata: { name: "default" } });
    } catch (error) {
      if (!isAlreadyExists(error) && !isTerminating(error)) throw error;
    }
    return undefined;
  }
}
