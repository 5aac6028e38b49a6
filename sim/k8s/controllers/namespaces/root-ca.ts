import type { Activity } from "../../../core/index.js";
import type { Again } from "../../client/control-loop.js";
import { isAlreadyExists, isNotFound } from "../../client/failure.js";
import { equal } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { isTerminating } from "../refusals.js";

const name = "kube-root-ca.crt";

/** Puts the certificate by which pods know the API server into each namespace (kubernetes, `pkg/controller/certificates/rootcacertpublisher`). */
export class RootCaPublisher extends Controller {
  constructor(context: ControllerContext) {
    super("root-ca-certificate-publisher-controller", context, 1);
    this.watchOwn("namespaces");
    const concerns = ({
      metadata,
    }: {
      readonly metadata: { readonly name?: string; readonly namespace?: string };
    }): void => {
      if (metadata.name === name) this.queue.add(metadata.namespace ?? "");
    };
    this.watch("configmaps", { updated: concerns, deleted: concerns });
  }

  protected override *reconcile(namespace: string): Activity<Again | undefined> {
    const found = this.informers.store("namespaces").byKey(namespace);
    if (found?.status?.phase !== "Active") return undefined;
    const data = { "ca.crt": this.flags.rootCa };
    const there = this.informers.store("configmaps").get(namespace, name);
    try {
      if (there === undefined) yield* this.client.create("configmaps", namespace, { metadata: { name }, data });
      else if (!equal(there["data"], data)) yield* this.client.update("configmaps", { ...there, data });
    } catch (error) {
      if (!isAlreadyExists(error) && !isNotFound(error) && !isTerminating(error)) throw error;
    }
    return undefined;
  }
}
