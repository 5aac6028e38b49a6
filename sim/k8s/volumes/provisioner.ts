import type { Activity, Bytes } from "../../core/index.js";
import { keyOf } from "../client/address.js";
import type { Again } from "../client/control-loop.js";
import { isAlreadyExists, isNotFound } from "../client/failure.js";
import { Controller, type ControllerContext } from "../controllers/controller.js";
import { labelsOf, listAt, stringAt, type Json, type JsonObject } from "../objects/value.js";
import { VolumeFailure, zoneLabel, type VolumeDriver } from "./driver.js";
import { annotation, annotations, requested, type Claim, type StorageClass, type Volume } from "./matching.js";
import { retry } from "./retry.js";

/** sig-storage-lib-external-provisioner: a volume goes behind the disk that it stands for. */
const finalizer = "external-provisioner.volume.kubernetes.io/finalizer";

/**
 * The CSI sidecar external-provisioner: makes a volume for each claim that the binder has said is this driver's, on the scheduler's node where
 * the class waits for one; deletes those that are released and were made to go then.
 */
export class Provisioner extends Controller {
  readonly #driver: VolumeDriver;
  readonly #failures = new Map<string, number>();

  constructor(context: ControllerContext, driver: VolumeDriver) {
    super(driver.name, context, 10);
    this.#driver = driver;
    const claim = (object: Claim): void => {
      this.queue.add(`claim ${keyOf(object)}`);
    };
    const volume = (object: Volume): void => {
      this.queue.add(`volume ${keyOf(object)}`);
    };
    this.watch("persistentvolumeclaims", { added: claim, updated: claim });
    this.watch("persistentvolumes", { added: volume, updated: volume });
    for (const kind of ["storageclasses", "nodes"] as const) this.watch(kind, {});
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const [what = "", name = ""] = key.split(" ");
    const claim = what === "claim" ? this.informers.store("persistentvolumeclaims").byKey(name) : undefined;
    const volume = what === "volume" ? this.informers.store("persistentvolumes").byKey(name) : undefined;
    try {
      if (claim !== undefined) yield* this.#provision(claim);
      if (volume !== undefined) yield* this.#delete(volume);
      this.#failures.delete(key);
      return undefined;
    } catch (error) {
      if (!(error instanceof VolumeFailure)) throw error;
      if (volume !== undefined) this.events.event(volume, "Warning", "VolumeFailedDelete", error.message);
      if (claim !== undefined) {
        const text = `failed to provision volume with StorageClass "${claim.spec.storageClassName ?? ""}": ${error.message}`;
        this.events.event(claim, "Warning", "ProvisioningFailed", text);
      }
      return retry(this.#failures, key);
    }
  }

  *#provision(claim: Claim): Activity<void> {
    const { metadata, spec } = claim;
    const { name = "", namespace = "", uid = "", deletionTimestamp } = metadata;
    if ((spec.volumeName ?? "") !== "" || deletionTimestamp !== undefined) return;
    if (annotation(claim, annotations.provisioner) !== this.#driver.name) return;
    const storageClass = this.informers.store("storageclasses").byKey(spec.storageClassName ?? "");
    if (storageClass === undefined) return;
    const chosen = annotation(claim, annotations.selectedNode);
    if (storageClass.volumeBindingMode === "WaitForFirstConsumer" && chosen === undefined) return;
    const own = `pvc-${uid}`;
    if (this.informers.store("persistentvolumes").byKey(own) !== undefined) return;
    const text = `External provisioner is provisioning volume for claim "${namespace}/${name}"`;
    this.events.event(claim, "Normal", "Provisioning", text);
    const zone = this.#zone(claim, storageClass, chosen);
    const handle = yield* this.#driver.create({
      name: own,
      size: requested(claim) as Bytes,
      accessModes: spec.accessModes ?? [],
      parameters: storageClass.parameters ?? {},
      zone,
    });
    try {
      yield* this.client.create("persistentvolumes", "", this.#volume(claim, storageClass, own, handle, zone));
    } catch (error) {
      if (!isAlreadyExists(error)) throw error;
    }
    this.events.event(claim, "Normal", "ProvisioningSucceeded", `Successfully provisioned volume ${own}`);
  }

  #volume(
    { metadata, spec }: Claim,
    storageClass: StorageClass,
    name: string,
    handle: string,
    zone: string | undefined,
  ): JsonObject {
    const { reclaimPolicy = "Delete" } = storageClass;
    const place = zone === undefined ? [] : [{ key: zoneLabel, operator: "In", values: [zone] }];
    const affinity = { required: { nodeSelectorTerms: [{ matchExpressions: place }] } };
    return {
      metadata: {
        name,
        annotations: { [annotations.provisionedBy]: this.#driver.name },
        finalizers: reclaimPolicy === "Delete" ? [finalizer] : [],
      },
      spec: {
        capacity: { storage: spec.resources?.requests?.["storage"] ?? "0" },
        accessModes: spec.accessModes ?? [],
        claimRef: {
          apiVersion: "v1",
          kind: "PersistentVolumeClaim",
          name: metadata.name ?? "",
          namespace: metadata.namespace ?? "",
          uid: metadata.uid ?? "",
        },
        persistentVolumeReclaimPolicy: reclaimPolicy,
        storageClassName: storageClass.metadata.name ?? "",
        volumeMode: spec.volumeMode ?? "Filesystem",
        csi: { driver: this.#driver.name, volumeHandle: handle, fsType: "ext4" },
        ...(zone === undefined ? {} : { nodeAffinity: affinity }),
      },
    };
  }

  /** That of the chosen node; else one of those that nodes are in, another for each member of a set. */
  #zone(claim: Claim, storageClass: StorageClass, chosen: string | undefined): string | undefined {
    const nodes = this.informers.store("nodes");
    if (chosen !== undefined) {
      const node = nodes.byKey(chosen);
      if (node === undefined)
        throw new VolumeFailure(`error generating accessibility requirements: node "${chosen}" not found`);
      return labelsOf(node)[zoneLabel];
    }
    const allowed = allowedZones(storageClass);
    const zones = [...new Set([...nodes.values()].flatMap((node) => labelsOf(node)[zoneLabel] ?? []))]
      .filter((zone) => allowed === undefined || allowed.includes(zone))
      .sort();
    const ordinal = Number(/-(\d+)$/.exec(claim.metadata.name ?? "")?.[1] ?? 0);
    return zones[ordinal % Math.max(1, zones.length)];
  }

  *#delete(volume: Volume): Activity<void> {
    const { spec, metadata, status } = volume;
    if (annotation(volume, annotations.provisionedBy) !== this.#driver.name || spec.csi === undefined) return;
    const finalizers = metadata.finalizers ?? [];
    const policy = spec.persistentVolumeReclaimPolicy;
    const released = status?.phase === "Released" && policy === "Delete";
    if (!released && !(metadata.deletionTimestamp !== undefined && finalizers.includes(finalizer))) return;
    if (status?.phase === "Bound") return;
    const { name = "" } = metadata;
    const attached = [...this.informers.store("volumeattachments").values()].find(
      (each) => each.spec.source.persistentVolumeName === name,
    );
    if (attached !== undefined)
      throw new VolumeFailure(`persistentvolume ${name} is still attached to node ${attached.spec.nodeName}`);
    yield* this.#driver.remove(spec.csi.volumeHandle);
    try {
      if (metadata.deletionTimestamp === undefined) yield* this.client.delete("persistentvolumes", "", name);
      const now = yield* this.client.get("persistentvolumes", "", name);
      const left = (now.metadata.finalizers ?? []).filter((each) => each !== finalizer);
      yield* this.client.patch("persistentvolumes", "", name, { metadata: { finalizers: left } });
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}

/** The zones that a class allows; undefined for all. */
export function allowedZones(storageClass: JsonObject): readonly Json[] | undefined {
  const expressions = listAt(storageClass, "allowedTopologies").flatMap((term) =>
    listAt(term, "matchLabelExpressions").filter((each) => stringAt(each, "key") === zoneLabel),
  );
  return expressions.length === 0 ? undefined : expressions.flatMap((each) => listAt(each, "values"));
}
