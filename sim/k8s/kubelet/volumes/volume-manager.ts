import { any, s, Signal, type Activity, type Engine } from "../../../core/index.js";
import { makeDirectories } from "../../../container/index.js";
import { attempt, Errno, MS_BIND, type Sys } from "../../../os/index.js";
import type { Client } from "../../client/client.js";
import { ApiFailure } from "../../client/failure.js";
import type { Node, Pod } from "../../client/pod-types.js";
import { at, listAt, stringAt } from "../../objects/value.js";
import { claimsOf } from "../../volumes/claims.js";
import { uniqueName, type NodeDriver } from "../../volumes/driver.js";
import type { Volume } from "../../volumes/matching.js";
import { RuntimeFailure, type NodeSystem } from "../runtime.js";

/** How long a pod waits for its volumes before it begins anew (kubernetes, `podAttachAndMountTimeout`). */
const patience = s(123);

/** A volume that a pod has through a claim, from a driver. */
interface Attached {
  /** As the node's status names it. */
  readonly unique: string;
  /** The PersistentVolume's. */
  readonly volume: string;
  readonly handle: string;
  readonly driver: NodeDriver;
}

/**
 * The volumes of a node that drivers give it (kubernetes, `pkg/kubelet/volumemanager`): it says which it uses, waits until the controller has
 * attached them, mounts them for their pods, and lets them go when the last pod has ended.
 */
export class VolumeManager {
  readonly #engine: Engine;
  readonly #client: Client;
  readonly #system: NodeSystem | undefined;
  readonly #drivers: ReadonlyMap<string, NodeDriver>;
  readonly #changed: () => void;
  /** What pods have, by their uids and the names of their volumes. */
  readonly #pods = new Map<string, Map<string, Attached>>();
  readonly #waiting = new Map<string, Signal<"attached" | "given up">>();
  #attached: ReadonlySet<string> = new Set<string>();
  /** What the API server has been told that is used here. */
  #told: ReadonlySet<string> = new Set<string>();

  /** @param changed called where `inUse` is to be told */
  constructor(client: Client, system: NodeSystem | undefined, drivers: readonly NodeDriver[], changed: () => void) {
    this.#engine = client.world.engine;
    this.#client = client;
    this.#system = system;
    this.#drivers = new Map(drivers.map((driver) => [driver.name, driver]));
    this.#changed = changed;
  }

  get drivers(): readonly NodeDriver[] {
    return [...this.#drivers.values()];
  }

  /** What the node's status tells as `volumesInUse`; undefined where there is nothing and never was. */
  get inUse(): readonly string[] | undefined {
    if (this.#pods.size === 0 && this.#told.size === 0) return undefined;
    const all = [...this.#pods.values()].flatMap((volumes) => [...volumes.values()].map(({ unique }) => unique));
    return [...new Set(all)].sort();
  }

  /** The node as the API server has it. */
  update({ status }: Node): void {
    if (this.#drivers.size === 0) return;
    this.#attached = new Set(listAt(status, "volumesAttached").flatMap((each) => stringAt(each, "name") ?? []));
    this.#told = new Set(listAt(status, "volumesInUse").filter((each) => typeof each === "string"));
    for (const [uid, signal] of [...this.#waiting]) {
      if (!this.#has(uid)) continue;
      this.#waiting.delete(uid);
      signal.fire("attached");
    }
  }

  /** Nobody waits for this pod's volumes any more. */
  giveUp(uid: string): void {
    this.#waiting.get(uid)?.fire("given up");
    this.#waiting.delete(uid);
  }

  /** Whether a pod has all that it has through claims. */
  has({ metadata: { uid = "" }, spec }: Pod): boolean {
    return this.#pods.has(uid) || !(spec.volumes ?? []).some(isClaim);
  }

  /**
   * Waits until what a pod has through claims is attached, and mounts it.
   * @returns whether it has come to that; else it is to be tried again
   * @throws RuntimeFailure in the words of the event that tells it
   */
  *ready(pod: Pod): Activity<boolean> {
    const { uid = "" } = pod.metadata;
    if (!(pod.spec.volumes ?? []).some(isClaim)) return true;
    if (!this.#pods.has(uid)) this.#pods.set(uid, yield* this.#find(pod));
    if ((this.#pods.get(uid)?.size ?? 0) === 0) return true;
    if (!this.#has(uid)) {
      this.#changed();
      const attached = new Signal<"attached" | "given up">("volumes attached");
      this.#waiting.set(uid, attached);
      const first = yield* any({ attached, late: this.#engine.delay(patience, { background: true }) });
      this.#waiting.delete(uid);
      if (first.key === "late" || first.value === "given up") return false;
    }
    for (const volume of this.#pods.get(uid)?.values() ?? []) yield* this.#mount(uid, volume);
    return true;
  }

  /** Where a pod's volume is among the node's files; undefined for one that no driver gave, and on a node without a Linux. */
  placeOf(uid: string, name: string): string | undefined {
    const found = this.#pods.get(uid)?.get(name);
    return found === undefined || this.#system === undefined ? undefined : podPlace(uid, found);
  }

  /** On a node without a Linux, the files of a pod's volume. */
  filesOf(uid: string, name: string): Map<string, string> | undefined {
    const found = this.#pods.get(uid)?.get(name);
    return found?.driver.files(found.handle);
  }

  /** A pod's containers have ended: what it had is unmounted, and let go where no other pod has it. */
  *release({ metadata: { uid = "" } }: Pod): Activity<void> {
    this.giveUp(uid);
    const had = this.#pods.get(uid);
    if (had === undefined) return;
    for (const volume of had.values()) {
      const shared = [...this.#pods].some(
        ([other, volumes]) => other !== uid && [...volumes.values()].some(({ unique }) => unique === volume.unique),
      );
      yield* this.#system?.serve("kubelet", unmountBody(uid, volume, !shared)) ?? nothing();
    }
    this.#pods.delete(uid);
    if (had.size > 0) this.#changed();
  }

  #has(uid: string): boolean {
    const wanted = [...(this.#pods.get(uid)?.values() ?? [])];
    // What isn't told to be in use could be taken away again at any time.
    return wanted.every(({ unique }) => this.#attached.has(unique) && this.#told.has(unique));
  }

  *#find(pod: Pod): Activity<Map<string, Attached>> {
    const found = new Map<string, Attached>();
    const { namespace = "" } = pod.metadata;
    for (const [name, claim] of claimsOf(pod)) {
      const volume = yield* volumeOf(this.#client, namespace, claim);
      const { csi } = volume.spec;
      if (csi === undefined) continue;
      const driver = this.#drivers.get(csi.driver);
      if (driver === undefined)
        throw new RuntimeFailure(
          `MountVolume.MountDevice failed for volume "${volume.metadata.name ?? ""}" : driver name ${csi.driver} not found in the list of registered CSI drivers`,
        );
      const unique = uniqueName(csi.driver, csi.volumeHandle);
      found.set(name, { unique, volume: volume.metadata.name ?? "", handle: csi.volumeHandle, driver });
    }
    return found;
  }

  /** `NodeStageVolume` and `NodePublishVolume`: once for the node, and for each pod. */
  *#mount(uid: string, volume: Attached): Activity<void> {
    if (this.#system === undefined) return;
    const device = volume.driver.device(volume.handle);
    const failed = (why: string): RuntimeFailure =>
      new RuntimeFailure(`MountVolume.MountDevice failed for volume "${volume.volume}" : ${why}`);
    if (device === undefined) throw failed(`rpc error: code = NotFound desc = no device of ${volume.handle}`);
    try {
      yield* this.#system.serve("kubelet", mountBody(uid, volume, device));
    } catch (error) {
      if (error instanceof Errno) throw failed(error.message);
      throw error;
    }
  }
}

const isClaim = (volume: { readonly [key: string]: unknown }): boolean =>
  volume["persistentVolumeClaim"] !== undefined || volume["ephemeral"] !== undefined;

/** kubernetes, `pkg/volume/csi`: where a node has a volume, and where a pod has it. */
const nodePlace = ({ driver, handle }: Attached): string =>
  `/var/lib/kubelet/plugins/kubernetes.io/csi/${driver.name}/${handle}/globalmount`;
const podPlace = (uid: string, { volume }: Attached): string =>
  `/var/lib/kubelet/pods/${uid}/volumes/kubernetes.io~csi/${volume}/mount`;

/** Whether something is mounted at a directory. */
function* isMountPoint(sys: Sys, path: string): Activity<boolean> {
  const [here, above] = [yield* attempt(sys.stat(path)), yield* attempt(sys.stat(`${path}/..`))];
  return !(here instanceof Errno) && !(above instanceof Errno) && here.dev !== above.dev;
}

const mountBody = (uid: string, volume: Attached, device: string) =>
  function* (sys: Sys): Activity<undefined> {
    const [staged, published] = [nodePlace(volume), podPlace(uid, volume)];
    yield* makeDirectories(sys, staged);
    if (!(yield* isMountPoint(sys, staged))) yield* sys.mount(device, staged, "ext4", 0, "");
    yield* makeDirectories(sys, published);
    if (!(yield* isMountPoint(sys, published))) yield* sys.mount(staged, published, undefined, MS_BIND, "");
    return undefined;
  };

const unmountBody = (uid: string, volume: Attached, last: boolean) =>
  function* (sys: Sys): Activity<undefined> {
    yield* attempt(sys.umount2(podPlace(uid, volume), 0));
    if (last) yield* attempt(sys.umount2(nodePlace(volume), 0));
    return undefined;
  };

/** The volume behind a claim. @throws RuntimeFailure where there is none yet */
export function* volumeOf(client: Client, namespace: string, claim: string): Activity<Volume> {
  const wrong = (why: string): RuntimeFailure =>
    new RuntimeFailure(
      `Unable to attach or mount volumes: unmounted volumes=[], unattached volumes=[], failed to process volumes=[${claim}]: error processing PVC ${namespace}/${claim}: ${why}`,
    );
  try {
    const { spec, metadata } = yield* client.get("persistentvolumeclaims", namespace, claim);
    if (metadata.deletionTimestamp !== undefined && (spec.volumeName ?? "") === "") throw wrong("PVC is being deleted");
    if ((spec.volumeName ?? "") === "") throw wrong("PVC is not bound");
    const volume = yield* client.get("persistentvolumes", "", spec.volumeName ?? "");
    if (at(volume, "spec", "claimRef", "uid") !== metadata.uid)
      throw wrong(`PV ${spec.volumeName ?? ""} is not bound to this PVC`);
    return volume;
  } catch (error) {
    if (error instanceof ApiFailure) throw wrong(`failed to fetch PVC from API server: ${error.message}`);
    throw error;
  }
}

function* nothing(): Activity<undefined> {
  yield* [];
  return undefined;
}
