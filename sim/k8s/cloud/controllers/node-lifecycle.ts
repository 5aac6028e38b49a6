import { minutes, type Activity, type Process } from "../../../core/index.js";
import { seconds, timeText } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure } from "../../client/failure.js";
import type { Node } from "../../client/pod-types.js";
import { Controller, secondsAt, type ControllerContext } from "../../controllers/controller.js";
import { conditionOf, taintsOf, type Taint } from "../../controllers/nodes/taints.js";
import { uninitializedKey } from "../../kubelet/node-status.js";
import { asked, type CloudProvider } from "../provider.js";

const shutdownKey = "node.cloudprovider.kubernetes.io/shutdown";
/** `uninitializedNodeDelay`. */
const uninitializedDelay = minutes(1);

/**
 * Looks after nodes that aren't ready (k8s.io/cloud-provider, `controllers/nodelifecycle`): deletes those whose instance is no more, and keeps
 * pods from those that are switched off. Without it, a node stays in the API when its machine is long gone.
 */
export class CloudNodeLifecycleController extends Controller {
  readonly #cloud: CloudProvider;
  readonly #process: Process<void>;

  constructor(context: ControllerContext, cloud: CloudProvider) {
    super("cloud-node-lifecycle-controller", context, 1);
    this.#cloud = cloud;
    this.watch("nodes", {});
    this.#process = this.world.engine.spawn(this.#monitor(), { name: this.name, background: true });
  }

  override stop(): void {
    this.#process.cancel();
    super.stop();
  }

  // It looks at all nodes from time to time; no single one calls for it.
  protected override *reconcile(): Activity<Again | undefined> {
    return undefined;
  }

  *#monitor(): Activity<void> {
    yield* this.synced();
    for (;;) {
      for (const node of [...this.informers.store("nodes").values()]) {
        try {
          yield* this.#check(node);
        } catch (error) {
          // The next round asks again.
          if (!(error instanceof ApiFailure)) throw error;
        }
      }
      yield* this.world.engine.delay(this.flags.nodeMonitorPeriod, { background: true });
    }
  }

  *#check(node: Node): Activity<void> {
    const isShut = ({ key }: Taint): boolean => key === shutdownKey;
    const taints = taintsOf(node);
    if (conditionOf(node, "Ready")?.status === "True") {
      if (taints.some(isShut))
        yield* this.#setTaints(
          node,
          taints.filter((taint) => !isShut(taint)),
        );
      return;
    }
    const age = seconds(this.world) - secondsAt(node.metadata.creationTimestamp);
    const isNew = node.spec?.providerID === undefined && taints.some(({ key }) => key === uninitializedKey);
    if (isNew && age < uninitializedDelay / 1e9) return;
    const client = this.client.background;
    if (!(yield* asked(this.#cloud.instances.exists(node)))) {
      const { name = "" } = node.metadata;
      const text = `Deleting node ${name} because it does not exist in the cloud provider`;
      this.events.event(node, "Normal", "DeletingNode", text);
      yield* client.delete("nodes", "", name);
    } else if (!taints.some(isShut) && (yield* asked(this.#cloud.instances.isShutDown(node))))
      yield* this.#setTaints(node, [
        ...taints,
        { key: shutdownKey, effect: "NoSchedule", timeAdded: timeText(this.world) },
      ]);
  }

  *#setTaints({ metadata }: Node, taints: readonly Taint[]): Activity<void> {
    const { name = "", resourceVersion } = metadata;
    const spec = { taints: taints.length === 0 ? null : taints };
    yield* this.client.background.patch("nodes", "", name, { metadata: { resourceVersion }, spec });
  }
}
