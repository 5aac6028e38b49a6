import { encodeUtf8, minutes, type Activity, type Nanos } from "../../../core/index.js";
import { digestOf } from "../../../container/index.js";
import { keyOf } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { isAlreadyExists, isNotFound } from "../../client/failure.js";
import type { Kinds } from "../../client/types.js";
import { equal, listAt, type JsonObject } from "../../objects/value.js";
import { claimKeysOf } from "../../volumes/claims.js";
import { uniqueName } from "../../volumes/driver.js";
import type { Volume } from "../../volumes/matching.js";
import { Controller, type ControllerContext } from "../controller.js";
import { conditionOf, taintsOf, type Node } from "../nodes/taints.js";
import { hasEnded, type Pod } from "../pods.js";

type Attachment = Kinds["volumeattachments"];

/** How long a node that is lost is waited for to unmount (kubernetes, `TimerConfig.ReconcilerMaxWaitForUnmountDuration`). */
const longestUnmount = minutes(6);
const users = "pods by claim";
const byVolume = "by volume";
const byNode = "by node";

/** csi-plugin, `getAttachmentName`. */
const attachmentName = (driver: string, handle: string, node: string): string =>
  `csi-${digestOf(encodeUtf8(`${handle}${driver}${node}`)).slice("sha256:".length)}`;

/** Whether a pod holds its volumes: until its containers have ended, also while it is being deleted. */
function holds(pod: Pod): boolean {
  if (hasEnded(pod) || (pod.spec.nodeName ?? "") === "") return false;
  if (pod.metadata.deletionTimestamp === undefined) return true;
  const statuses = pod.status?.containerStatuses ?? [];
  return statuses.some(({ state }) => state?.running !== undefined);
}

const allowsMany = ({ spec }: Volume): boolean =>
  (spec.accessModes ?? []).length === 0 || (spec.accessModes ?? []).some((mode) => mode.endsWith("Many"));

/**
 * Has volumes attached to the nodes of the pods that use them, and detached where none does any more (kubernetes,
 * `pkg/controller/volume/attachdetach`). A node says what it uses (`volumesInUse`), this controller what it may use
 * (`volumesAttached`); the driver's attacher does what VolumeAttachments ask for. What a lost node uses is taken from it after six minutes.
 *
 * Simplification: state is what the API has, and is looked at when something changes, where the real controller looks every 100 ms at what it
 * remembers.
 */
export class AttachDetachController extends Controller {
  /** Since when a volume has been wanted back from a node, by its attachment's name. */
  readonly #wantedBack = new Map<string, Nanos>();
  /** Attachments that have been asked to end, before the informer has heard so. */
  readonly #ending = new Set<string>();
  readonly #reported = new Set<string>();

  constructor(context: ControllerContext) {
    super("persistentvolume-attach-detach-controller", context, 1);
    this.informers.store("pods").index(users, claimKeysOf);
    this.informers.store("volumeattachments").index(byVolume, ({ spec }) => [spec.source.persistentVolumeName ?? ""]);
    this.informers.store("volumeattachments").index(byNode, ({ spec }) => [spec.nodeName]);
    const used = (pod: Pod): void => {
      for (const key of claimKeysOf(pod)) {
        const { volumeName = "" } = this.informers.store("persistentvolumeclaims").byKey(key)?.spec ?? {};
        if (volumeName !== "") this.queue.add(volumeName);
      }
    };
    this.watch("persistentvolumes", {
      added: (volume) => {
        this.queue.add(keyOf(volume));
      },
      updated: (volume) => {
        this.queue.add(keyOf(volume));
      },
    });
    this.watch("pods", { added: used, updated: used, deleted: used });
    const bound = ({ spec }: Kinds["persistentvolumeclaims"]): void => {
      if ((spec.volumeName ?? "") !== "") this.queue.add(spec.volumeName ?? "");
    };
    this.watch("persistentvolumeclaims", { added: bound, updated: bound, deleted: bound });
    const attached = ({ spec }: Attachment): void => {
      this.queue.add(spec.source.persistentVolumeName ?? "");
    };
    this.watch("volumeattachments", {
      added: attached,
      updated: attached,
      deleted: (attachment) => {
        const { name = "" } = attachment.metadata;
        this.#ending.delete(name);
        this.#wantedBack.delete(name);
        attached(attachment);
      },
    });
    const here = (node: Node): void => {
      for (const attachment of this.informers.store("volumeattachments").by(byNode, keyOf(node))) attached(attachment);
    };
    this.watch("nodes", {
      updated: (node, old) => {
        const same =
          equal(listAt(node, "status", "volumesInUse"), listAt(old, "status", "volumesInUse")) &&
          conditionOf(node, "Ready")?.status === conditionOf(old, "Ready")?.status &&
          equal(node.spec, old.spec);
        if (!same) here(node);
      },
      deleted: here,
    });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const volume = this.informers.store("persistentvolumes").byKey(key);
    const attachments = this.informers.store("volumeattachments").by(byVolume, key);
    const { claimRef } = volume?.spec ?? {};
    const pods =
      claimRef === undefined
        ? []
        : this.informers.store("pods").by(users, `${claimRef.namespace ?? ""}/${claimRef.name ?? ""}`);
    const wanted = new Map<string, Pod[]>();
    for (const pod of pods.filter(holds)) {
      const { nodeName = "" } = pod.spec;
      wanted.set(nodeName, [...(wanted.get(nodeName) ?? []), pod]);
    }
    let soonest: Nanos | undefined;
    for (const attachment of attachments) {
      const { name = "" } = attachment.metadata;
      if (wanted.has(attachment.spec.nodeName)) {
        this.#wantedBack.delete(name);
        continue;
      }
      const left = yield* this.#detach(attachment, volume);
      if (left !== undefined) soonest = Math.min(soonest ?? left, left) as Nanos;
    }
    if (volume?.spec.csi !== undefined)
      for (const [node, using] of wanted) yield* this.#attach(volume, node, using, attachments);
    return soonest === undefined ? undefined : { after: soonest };
  }

  *#attach(volume: Volume, node: string, pods: readonly Pod[], attachments: readonly Attachment[]): Activity<void> {
    const { csi } = volume.spec;
    if (csi === undefined || this.informers.store("nodes").byKey(node) === undefined) return;
    const own = volume.metadata.name ?? "";
    const found = attachments.find(({ spec }) => spec.nodeName === node);
    if (found === undefined) {
      const others = attachments.filter(({ spec }) => spec.nodeName !== node);
      if (others.length > 0 && !allowsMany(volume)) {
        this.#refuse(own, pods, others);
        return;
      }
      const name = attachmentName(csi.driver, csi.volumeHandle, node);
      const spec = { attacher: csi.driver, nodeName: node, source: { persistentVolumeName: own } };
      try {
        yield* this.client.create("volumeattachments", "", { metadata: { name }, spec });
      } catch (error) {
        if (!isAlreadyExists(error)) throw error;
      }
      return;
    }
    // One that is ending is made anew once it has gone.
    if (found.metadata.deletionTimestamp !== undefined) return;
    const failed = found.status?.attachError;
    if (found.status?.attached === true) {
      for (const pod of pods) this.#reported.delete(`${pod.metadata.uid ?? ""} ${own}`);
      const isNew = yield* this.#tellNode(node);
      const text = `AttachVolume.Attach succeeded for volume "${own}" `;
      if (isNew) for (const pod of pods) this.events.event(pod, "Normal", "SuccessfulAttachVolume", text);
    } else if (failed !== undefined) {
      const text = `AttachVolume.Attach failed for volume "${own}" : ${failed.message ?? ""}`;
      for (const pod of pods) this.events.event(pod, "Warning", "FailedAttachVolume", text);
    }
  }

  /** Says once to each pod why it has to wait (`reportMultiAttachError`). */
  #refuse(volume: string, pods: readonly Pod[], others: readonly Attachment[]): void {
    const nodes = new Set(others.map(({ spec }) => spec.nodeName));
    const claimOf = this.informers.store("persistentvolumes").byKey(volume)?.spec.claimRef;
    const using = this.informers
      .store("pods")
      .by(users, `${claimOf?.namespace ?? ""}/${claimOf?.name ?? ""}`)
      .filter((pod) => holds(pod) && nodes.has(pod.spec.nodeName ?? ""))
      .map(({ metadata }) => metadata.name ?? "");
    const why =
      using.length === 0
        ? "Volume is already exclusively attached to one node and can't be attached to another"
        : `Volume is already used by pod(s) ${using.join(", ")}`;
    for (const pod of pods) {
      const key = `${pod.metadata.uid ?? ""} ${volume}`;
      if (this.#reported.has(key)) continue;
      this.#reported.add(key);
      this.events.event(pod, "Warning", "FailedAttachVolume", `Multi-Attach error for volume "${volume}" ${why}`);
    }
  }

  /** @returns how long to wait for the node, where it is to be waited for at most so long */
  *#detach(attachment: Attachment, volume: Volume | undefined): Activity<Nanos | undefined> {
    const { name = "", deletionTimestamp } = attachment.metadata;
    if (deletionTimestamp !== undefined) return undefined;
    const { now } = this.world.engine;
    const since = this.#wantedBack.get(name) ?? now;
    this.#wantedBack.set(name, since);
    const node = this.informers.store("nodes").byKey(attachment.spec.nodeName);
    const csi = volume?.spec.csi;
    const used =
      csi !== undefined && listAt(node, "status", "volumesInUse").includes(uniqueName(csi.driver, csi.volumeHandle));
    if (node !== undefined && used) {
      const lost = conditionOf(node, "Ready")?.status !== "True";
      const outOfService = taintsOf(node).some(
        ({ key, effect }) => key === "node.kubernetes.io/out-of-service" && effect === "NoExecute",
      );
      const left = (since + longestUnmount - now) as Nanos;
      if (!outOfService && !(lost && left <= 0)) return lost && left > 0 ? left : undefined;
      if (!outOfService) this.world.trace.emit("volume.forced", this.name, { attachment: name, node: keyOf(node) });
    }
    // First the node is told that the volume isn't its own any more, then it is taken.
    this.#ending.add(name);
    yield* this.#tellNode(attachment.spec.nodeName);
    try {
      yield* this.client.delete("volumeattachments", "", name);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
    return undefined;
  }

  /** Writes into a node's status which volumes it has. @returns whether there are more than before */
  *#tellNode(name: string): Activity<boolean> {
    const node = this.informers.store("nodes").byKey(name);
    if (node === undefined) return false;
    const volumes = this.informers.store("persistentvolumes");
    const attached = this.informers
      .store("volumeattachments")
      .by(byNode, name)
      .filter(({ metadata, status }) => status?.attached === true && !this.#ending.has(metadata.name ?? ""))
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined)
      .flatMap(({ spec }) => volumes.byKey(spec.source.persistentVolumeName ?? "")?.spec.csi ?? [])
      .map(({ driver, volumeHandle }) => ({ name: uniqueName(driver, volumeHandle), devicePath: "" }))
      .sort((a, b) => (a.name < b.name ? -1 : 1));
    const before = listAt(node, "status", "volumesAttached");
    if (equal(attached, before)) return false;
    yield* this.client.patch("nodes", "", name, { status: { volumesAttached: attached } }, "status");
    const known = new Set(before.map((each) => (each as JsonObject)["name"]));
    return attached.some((each) => !known.has(each.name));
  }
}
