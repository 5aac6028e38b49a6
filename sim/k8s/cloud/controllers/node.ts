import { minutes, type Activity } from "../../../core/index.js";
import type { Again } from "../../client/control-loop.js";
import type { Node } from "../../client/pod-types.js";
import { Controller, type ControllerContext } from "../../controllers/controller.js";
import { taintsOf } from "../../controllers/nodes/taints.js";
import { uninitializedKey } from "../../kubelet/node-status.js";
import { equal } from "../../objects/value.js";
import { asked, type CloudProvider, type InstanceMetadata } from "../provider.js";

/** `--node-status-update-frequency` of cloud-controller-manager. */
const updatePeriod = minutes(5);

const labelsOf = ({ instanceType, zone, region }: InstanceMetadata): Record<string, string> => ({
  "beta.kubernetes.io/instance-type": instanceType,
  "node.kubernetes.io/instance-type": instanceType,
  "failure-domain.beta.kubernetes.io/zone": zone,
  "topology.kubernetes.io/zone": zone,
  "failure-domain.beta.kubernetes.io/region": region,
  "topology.kubernetes.io/region": region,
});

/**
 * Says what a node is that a cloud's instance has joined as (k8s.io/cloud-provider, `controllers/node`): its provider's id, addresses, labels
 * of its type, zone and region; then takes away the taint that has kept pods off it. A node without an instance keeps it.
 */
export class CloudNodeController extends Controller {
  readonly #cloud: CloudProvider;

  constructor(context: ControllerContext, cloud: CloudProvider) {
    super("cloud-node-controller", context, 1);
    this.#cloud = cloud;
    const fresh = (node: Node): void => {
      if (taintsOf(node).some(({ key }) => key === uninitializedKey)) this.queue.add(node.metadata.name ?? "");
    };
    this.watch("nodes", {
      added: (node) => {
        fresh(node);
        this.queue.addAfter(node.metadata.name ?? "", updatePeriod, true);
      },
      updated: fresh,
    });
  }

  protected override *reconcile(name: string): Activity<Again | undefined> {
    const cached = this.informers.store("nodes").byKey(name);
    if (cached === undefined) return undefined;
    const metadata = yield* asked(this.#cloud.instances.metadata(cached));
    const again = { after: updatePeriod, background: true };
    if (metadata === undefined) return again;
    let node = yield* this.client.get("nodes", "", name);
    const addresses = metadata.addresses.map(({ type, address }) => ({ type, address }));
    if (!equal(node.status?.addresses, addresses))
      node = yield* this.client.patch("nodes", "", name, { status: { addresses } }, "status");
    if (!taintsOf(node).some(({ key }) => key === uninitializedKey)) return again;
    const rest = taintsOf(node).filter(({ key }) => key !== uninitializedKey);
    // With the revision that was read: taints that came meanwhile would be lost.
    const { resourceVersion } = node.metadata;
    yield* this.client.patch("nodes", "", name, {
      metadata: { resourceVersion, labels: labelsOf(metadata) },
      spec: { providerID: metadata.providerID, taints: rest.length === 0 ? null : rest },
    });
    this.events.event(node, "Normal", "Synced", "Node synced successfully");
    return again;
  }
}
