import type { Activity } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import type { Pod } from "../../client/pod-types.js";
import { Controller, type ControllerContext } from "../controller.js";
import { hasEnded } from "../pods.js";
import { claimKeysOf } from "../../volumes/claims.js";
import { claimFinalizer, volumeFinalizer } from "../../volumes/matching.js";

/** Lets a claim go that is asked to, once no pod uses it any more (kubernetes, `pkg/controller/volume/pvcprotection`). */
export class ClaimProtection extends Controller {
  constructor(context: ControllerContext) {
    super("persistentvolumeclaim-protection-controller", context, 1);
    this.informers.store("pods").index("pods by claim", claimKeysOf);
    this.watchOwn("persistentvolumeclaims");
    const users = (pod: Pod): void => {
      for (const key of claimKeysOf(pod)) this.queue.add(key);
    };
    this.watch("pods", {
      updated: (pod, old) => {
        if (hasEnded(pod) !== hasEnded(old)) users(pod);
      },
      deleted: users,
    });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const claim = this.informers.store("persistentvolumeclaims").byKey(key);
    const { deletionTimestamp, finalizers = [] } = claim?.metadata ?? {};
    if (claim === undefined || deletionTimestamp === undefined || !finalizers.includes(claimFinalizer))
      return undefined;
    // A pod without a node uses nothing yet, and won't get one while its claim is going.
    const used = this.informers
      .store("pods")
      .by("pods by claim", key)
      .some((pod) => (pod.spec.nodeName ?? "") !== "" && !hasEnded(pod));
    if (used) return undefined;
    const left = finalizers.filter((each) => each !== claimFinalizer);
    const { namespace = "", name = "" } = claim.metadata;
    yield* this.client.patch("persistentvolumeclaims", namespace, name, { metadata: { finalizers: left } });
    return undefined;
  }
}

/** Lets a volume go that is asked to, once no claim is bound to it (kubernetes, `pkg/controller/volume/pvprotection`). */
export class VolumeProtection extends Controller {
  constructor(context: ControllerContext) {
    super("persistentvolume-protection-controller", context, 1);
    this.watchOwn("persistentvolumes");
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const volume = this.informers.store("persistentvolumes").byKey(key);
    const { deletionTimestamp, finalizers = [] } = volume?.metadata ?? {};
    if (volume === undefined || deletionTimestamp === undefined) return undefined;
    if (!finalizers.includes(volumeFinalizer) || volume.status?.phase === "Bound") return undefined;
    const left = finalizers.filter((each) => each !== volumeFinalizer);
    yield* this.client.patch("persistentvolumes", "", keyOf(volume), { metadata: { finalizers: left } });
    return undefined;
  }
}
