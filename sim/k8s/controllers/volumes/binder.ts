import type { Activity } from "../../../core/index.js";
import { keyOf } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { equal, withAt, type JsonObject } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { hasEnded } from "../pods.js";
import { claimKeysOf } from "../../volumes/claims.js";
import {
  annotation,
  annotations,
  bestMatch,
  classOf,
  isFor,
  mismatch,
  noProvisioner,
  type Claim,
  type Volume,
} from "../../volumes/matching.js";

const users = "pods by claim";

/**
 * Brings claims and volumes together (kubernetes, `pkg/controller/volume/persistentvolume/pv_controller.go`): each claim gets one volume and
 * each volume one claim, for as long as both are there. First the volume is reserved, then the claim names it: whoever falls in between is
 * found by the other half. What is left when a claim goes is kept, or deleted by whoever made it.
 *
 * Simplification: `Recycle`, deprecated since 1.15, fails as for a volume without a recycler.
 */
export class VolumeBinder extends Controller {
  constructor(context: ControllerContext) {
    super("persistentvolume-binder-controller", context, 1);
    const claimChanged = (claim: Claim): void => {
      this.queue.add(`claim ${keyOf(claim)}`);
      const { volumeName = "" } = claim.spec;
      if (volumeName !== "") this.queue.add(`volume ${volumeName}`);
    };
    this.informers.store("pods").index(users, claimKeysOf);
    this.informers
      .store("persistentvolumes")
      .index(users, ({ spec: { claimRef } }) => [`${claimRef?.namespace ?? ""}/${claimRef?.name ?? ""}`]);
    this.watch("persistentvolumeclaims", {
      added: claimChanged,
      updated: claimChanged,
      deleted: (claim) => {
        claimChanged(claim);
        for (const volume of this.informers.store("persistentvolumes").by(users, keyOf(claim)))
          this.queue.add(`volume ${keyOf(volume)}`);
      },
    });
    const volumeChanged = (volume: Volume): void => {
      this.queue.add(`volume ${keyOf(volume)}`);
      const { claimRef } = volume.spec;
      if (claimRef !== undefined) this.queue.add(`claim ${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`);
      else this.#wait();
    };
    this.watch("persistentvolumes", {
      added: volumeChanged,
      updated: volumeChanged,
      deleted: ({ spec: { claimRef } }) => {
        if (claimRef !== undefined) this.queue.add(`claim ${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`);
      },
    });
    this.watch("storageclasses", {
      added: () => {
        this.#wait();
      },
    });
    this.watch("pods", {});
  }

  /** Has the claims looked at that wait for a volume. */
  #wait(): void {
    for (const claim of this.informers.store("persistentvolumeclaims").values())
      if (annotation(claim, annotations.completed) === undefined) this.queue.add(`claim ${keyOf(claim)}`);
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const [what = "", name = ""] = key.split(" ");
    if (what === "claim") {
      const claim = this.informers.store("persistentvolumeclaims").byKey(name);
      if (claim !== undefined) yield* this.#claim(claim);
    } else {
      const volume = this.informers.store("persistentvolumes").byKey(name);
      if (volume !== undefined) yield* this.#volume(volume);
    }
    return undefined;
  }

  *#claim(claim: Claim): Activity<void> {
    if (annotation(claim, annotations.completed) === undefined) yield* this.#unbound(claim);
    else yield* this.#bound(claim);
  }

  *#unbound(claim: Claim): Activity<void> {
    const { volumeName = "" } = claim.spec;
    const volumes = this.informers.store("persistentvolumes");
    if (volumeName !== "") {
      const wanted = volumes.byKey(volumeName);
      // It may yet come.
      if (wanted === undefined) yield* this.#claimPhase(claim, "Pending");
      else if (isFor(wanted, claim)) yield* this.#bind(wanted, claim);
      else if (wanted.spec.claimRef !== undefined) {
        const text = `volume "${volumeName}" already bound to a different claim.`;
        this.events.event(claim, "Warning", "FailedBinding", text);
        yield* this.#claimPhase(claim, "Pending");
      } else {
        const wrong = mismatch(wanted, claim);
        if (wrong === undefined) {
          yield* this.#bind(wanted, claim);
          return;
        }
        const text = `Cannot bind to requested volume "${volumeName}": ${wrong}`;
        this.events.event(claim, "Warning", "VolumeMismatch", text);
        yield* this.#claimPhase(claim, "Pending");
      }
      return;
    }
    const delayed = this.#isDelayed(claim);
    const found = bestMatch(claim, volumes.values(), { delayed });
    if (found !== undefined) {
      yield* this.#bind(found, claim);
      return;
    }
    if (delayed) this.#tellWhy(claim);
    else if (classOf(claim) !== "") yield* this.#provision(claim);
    else {
      const text = "no persistent volumes available for this claim and no storage class is set";
      this.events.event(claim, "Normal", "FailedBinding", text);
    }
    yield* this.#claimPhase(claim, "Pending");
  }

  /** Whether it is bound only once there is a node for its first pod. */
  #isDelayed(claim: Claim): boolean {
    const storageClass = this.informers.store("storageclasses").byKey(classOf(claim));
    if (storageClass?.volumeBindingMode !== "WaitForFirstConsumer") return false;
    return annotation(claim, annotations.selectedNode) === undefined;
  }

  #tellWhy(claim: Claim): void {
    const waiting = this.informers
      .store("pods")
      .by(users, keyOf(claim))
      .filter((pod) => !hasEnded(pod) && (pod.spec.nodeName ?? "") === "")
      .map(({ metadata }) => metadata.name ?? "");
    if (waiting.length === 0) {
      const text = "waiting for first consumer to be created before binding";
      this.events.event(claim, "Normal", "WaitForFirstConsumer", text);
      return;
    }
    const text = `waiting for pod ${waiting.join(",")} to be scheduled`;
    this.events.event(claim, "Normal", "WaitForPodScheduled", text);
  }

  /** Says who is to make a volume: the provisioner waits for that word. */
  *#provision(claim: Claim): Activity<void> {
    const name = classOf(claim);
    const storageClass = this.informers.store("storageclasses").byKey(name);
    if (storageClass === undefined) {
      const text = `storageclass.storage.k8s.io "${name}" not found`;
      this.events.event(claim, "Warning", "ProvisioningFailed", text);
      return;
    }
    const { provisioner } = storageClass;
    if (provisioner === noProvisioner) {
      const text = "no persistent volumes available for this claim and no storage class is set";
      this.events.event(claim, "Normal", "FailedBinding", text);
      return;
    }
    if (annotation(claim, annotations.provisioner) !== provisioner) {
      const { namespace = "", name: own = "" } = claim.metadata;
      const metadata = {
        annotations: {
          [annotations.provisioner]: provisioner,
          [`volume.beta.${annotations.provisioner.slice("volume.".length)}`]: provisioner,
        },
      };
      yield* this.client.patch("persistentvolumeclaims", namespace, own, { metadata });
    }
    const text = `Waiting for a volume to be created either by the external provisioner '${provisioner}' or manually by the system administrator. If volume creation is delayed, please verify that the provisioner is running and correctly registered.`;
    this.events.event(claim, "Normal", "ExternalProvisioning", text);
  }

  *#bound(claim: Claim): Activity<void> {
    const { volumeName = "" } = claim.spec;
    const lost = (reason: string, text: string): void => {
      if (claim.status?.phase !== "Lost") this.events.event(claim, "Warning", reason, text);
    };
    const volume = this.informers.store("persistentvolumes").byKey(volumeName);
    if (volume === undefined) {
      lost("ClaimLost", "Bound claim has lost its PersistentVolume. Data on the volume is lost!");
      yield* this.#claimPhase(claim, "Lost");
    } else if (volume.spec.claimRef === undefined || volume.spec.claimRef.uid === claim.metadata.uid)
      yield* this.#bind(volume, claim);
    else {
      lost("ClaimMisbound", "Two claims are bound to the same volume, this one is bound incorrectly");
      yield* this.#claimPhase(claim, "Lost");
    }
  }

  /** Both halves, each as far as it isn't done; a write that comes too late is refused, and all is looked at anew. */
  *#bind(given: Volume, claim: Claim): Activity<void> {
    let volume = given;
    const { name = "", namespace = "", uid = "", resourceVersion = "" } = claim.metadata;
    if (volume.spec.claimRef?.uid !== uid) {
      const chosen = volume.spec.claimRef === undefined;
      const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name, namespace, uid, resourceVersion };
      const marked = chosen ? withAt(volume, ["metadata", "annotations", annotations.byController], "yes") : volume;
      volume = yield* this.client.update(
        "persistentvolumes",
        withAt(marked, ["spec", "claimRef"], claimRef) as unknown as Volume,
      );
    }
    yield* this.#volumePhase(volume, "Bound");
    let bound = claim;
    if (claim.spec.volumeName !== volume.metadata.name || annotation(claim, annotations.completed) === undefined) {
      const byController = (claim.spec.volumeName ?? "") === "" ? { [annotations.byController]: "yes" } : {};
      const marks = { ...claim.metadata.annotations, ...byController, [annotations.completed]: "yes" };
      const named = withAt(claim, ["spec", "volumeName"], volume.metadata.name);
      bound = yield* this.client.update(
        "persistentvolumeclaims",
        withAt(named, ["metadata", "annotations"], marks) as unknown as Claim,
      );
    }
    const { accessModes = [], capacity = {} } = volume.spec;
    // Of a claim that is bound already the size is its file system's, which may be behind its volume's.
    const size = bound.status?.phase === "Bound" ? bound.status["capacity"] : capacity;
    yield* this.#claimPhase(bound, "Bound", { accessModes, ...(size === undefined ? {} : { capacity: size }) });
  }

  *#volume(volume: Volume): Activity<void> {
    const { claimRef } = volume.spec;
    if (claimRef === undefined || (claimRef.uid ?? "") === "") {
      yield* this.#volumePhase(volume, "Available");
      return;
    }
    const key = `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`;
    const found = this.informers.store("persistentvolumeclaims").byKey(key);
    const claim = found?.metadata.uid === claimRef.uid ? found : undefined;
    if (claim === undefined) {
      if (!["Released", "Failed"].includes(volume.status?.phase ?? "")) yield* this.#volumePhase(volume, "Released");
      yield* this.#reclaim(volume);
    } else if ((claim.spec.volumeName ?? "") === volume.metadata.name) yield* this.#volumePhase(volume, "Bound");
    else if ((claim.spec.volumeName ?? "") !== "") yield* this.#unbind(volume);
  }

  /** The claim has another volume: this one is free again, or goes where it was made for the claim. */
  *#unbind(volume: Volume): Activity<void> {
    if (volume.spec.persistentVolumeReclaimPolicy === "Delete" && annotation(volume, annotations.provisionedBy)) {
      yield* this.#volumePhase(volume, "Released");
      return;
    }
    const chosen = annotation(volume, annotations.byController) !== undefined;
    const path = chosen ? ["spec", "claimRef"] : ["spec", "claimRef", "uid"];
    yield* this.client.update("persistentvolumes", withAt(volume, path, undefined) as unknown as Volume);
  }

  /** What a provisioner made it takes back itself, once the volume is released. */
  *#reclaim(volume: Volume): Activity<void> {
    const { persistentVolumeReclaimPolicy: policy = "Retain" } = volume.spec;
    if (policy === "Retain" || volume.status?.phase === "Failed") return;
    if (policy === "Delete" && annotation(volume, annotations.provisionedBy) !== undefined) return;
    const [reason, text] =
      policy === "Delete"
        ? ["VolumeFailedDelete", "error getting deleter volume plugin for volume: no deletable volume plugin matched"]
        : ["VolumeFailedRecycle", "No recycler plugin found for the volume!"];
    this.events.event(volume, "Warning", reason, text);
    yield* this.#volumePhase(volume, "Failed", text);
  }

  *#claimPhase(claim: Claim, phase: string, more: JsonObject = {}): Activity<void> {
    const { namespace = "", name = "" } = claim.metadata;
    const status = { ...claim.status, ...more, phase };
    if (equal(status, claim.status)) return;
    yield* this.client.patch("persistentvolumeclaims", namespace, name, { status }, "status");
  }

  *#volumePhase(volume: Volume, phase: string, message?: string): Activity<void> {
    if (volume.status?.phase === phase) return;
    const status = { phase, ...(message === undefined ? {} : { message }) };
    yield* this.client.patch("persistentvolumes", "", volume.metadata.name ?? "", { status }, "status");
  }
}
