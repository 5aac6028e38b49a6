import { s, type Activity, type Nanos } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { Controller, type ControllerContext } from "../controller.js";
import { hasEnded, type Pod } from "../pods.js";
import { disrupt } from "./pod-conditions.js";
import { taintsOf, tolerated, type Node, type Taint } from "./taints.js";

const byNode = "node";
const evicting = (node: Node | undefined): readonly Taint[] =>
  node === undefined ? [] : taintsOf(node).filter(({ effect }) => effect === "NoExecute");

/**
 * Deletes pods from nodes with a `NoExecute` taint that they don't tolerate, or not so long (kubernetes, `pkg/controller/tainteviction`).
 * Pods tolerate `not-ready` and `unreachable` for 300 s, by admission: a node that comes back sooner has lost nothing.
 */
export class TaintEvictionController extends Controller {
  /** Since when a pod's node has had taints that end its stay, by the pod's uid. */
  readonly #since = new Map<string, Nanos>();

  constructor(context: ControllerContext) {
    super("taint-eviction-controller", context, 8);
    this.informers.store("pods").index(byNode, ({ spec }) => (spec.nodeName === undefined ? [] : [spec.nodeName]));
    const own = (pod: Pod): void => {
      if (evicting(this.informers.store("nodes").byKey(pod.spec.nodeName ?? "")).length > 0) this.queue.add(keyOf(pod));
    };
    this.watch("pods", {
      added: own,
      updated: own,
      deleted: ({ metadata }) => {
        this.#since.delete(metadata.uid ?? "");
      },
    });
    const concerns = (node: Node): void => {
      for (const pod of this.informers.store("pods").by(byNode, node.metadata.name ?? "")) this.queue.add(keyOf(pod));
    };
    this.watch("nodes", {
      added: (node) => {
        if (evicting(node).length > 0) concerns(node);
      },
      updated: (node, old) => {
        if (JSON.stringify(evicting(node)) !== JSON.stringify(evicting(old))) concerns(node);
      },
    });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const pod = this.informers.store("pods").byKey(key);
    if (pod === undefined) return undefined;
    const { uid = "", deletionTimestamp } = pod.metadata;
    const taints = evicting(this.informers.store("nodes").byKey(pod.spec.nodeName ?? ""));
    const stay = taints.length === 0 ? Number.POSITIVE_INFINITY : tolerated(pod, taints);
    if (stay === Number.POSITIVE_INFINITY || deletionTimestamp !== undefined || hasEnded(pod)) {
      if (this.#since.delete(uid)) {
        this.events.event(pod, "Normal", "TaintManagerEviction", `Cancelling deletion of Pod ${key}`);
      }
      return undefined;
    }
    const { now } = this.world.engine;
    const since = this.#since.get(uid) ?? now;
    this.#since.set(uid, since);
    const left = since + stay * 1e9 - now;
    if (left > 0) return { after: s(left / 1e9) };
    this.#since.delete(uid);
    this.events.event(pod, "Normal", "TaintManagerEviction", `Marking for deletion Pod ${key}`);
    const why = "Taint manager: deleting due to NoExecute taint";
    yield* disrupt(this.client, pod, "DeletionByTaintManager", why);
    return undefined;
  }
}
