import type { Kinds } from "../client/types.js";
import { parseQuantity } from "../objects/quantity.js";
import { matches, parseLabelSelector } from "../objects/selectors.js";
import { at, labelsOf, objectAt, stringAt, type KubeObject } from "../objects/value.js";
import { nodeSelectorMatches } from "../scheduler/plugins/node.js";

export type Claim = Kinds["persistentvolumeclaims"];
export type Volume = Kinds["persistentvolumes"];
export type StorageClass = Kinds["storageclasses"];

/** The annotations by which binder, scheduler and provisioner speak (component-helpers, `storage/volume/pv_helpers.go`). */
export const annotations = {
  /** Of a claim: binding is done. */
  completed: "pv.kubernetes.io/bind-completed",
  /** Of either: the controller chose the other one, so that it may undo it. */
  byController: "pv.kubernetes.io/bound-by-controller",
  /** Of a claim: the node that the scheduler chose for its first consumer. */
  selectedNode: "volume.kubernetes.io/selected-node",
  /** Of a claim: who is to make a volume for it. */
  provisioner: "volume.kubernetes.io/storage-provisioner",
  /** Of a volume: who made it. */
  provisionedBy: "pv.kubernetes.io/provisioned-by",
} as const;

/** What keeps a claim that a pod uses, and a volume that a claim is bound to (StorageObjectInUseProtection). */
export const claimFinalizer = "kubernetes.io/pvc-protection";
export const volumeFinalizer = "kubernetes.io/pv-protection";

export const annotation = (object: KubeObject, name: string): string | undefined => object.metadata.annotations?.[name];

/** The provisioner of classes whose volumes are made by hand. */
export const noProvisioner = "kubernetes.io/no-provisioner";

/** A quantity of bytes as a number; 0 where there is none. */
export const bytesOf = (quantity: string | undefined): number =>
  quantity === undefined ? 0 : Number((parseQuantity(quantity) ?? 0n) / 1_000_000_000n);

export const requested = ({ spec }: Claim): number => bytesOf(spec.resources?.requests?.["storage"]);
export const capacityOf = ({ spec }: Volume): number => bytesOf(spec.capacity?.["storage"]);
export const classOf = ({ spec }: Claim | Volume): string => spec.storageClassName ?? "";
const modeOf = ({ spec }: Claim | Volume): string => spec.volumeMode ?? "Filesystem";

/** Whether a volume is reserved for this claim: by its name, or by that and its uid. */
export function isFor({ spec: { claimRef } }: Volume, { metadata }: Claim): boolean {
  if (claimRef === undefined) return false;
  if (claimRef.name !== metadata.name || claimRef.namespace !== metadata.namespace) return false;
  return (claimRef.uid ?? "") === "" || claimRef.uid === metadata.uid;
}

/** Whether pods on a node can reach a volume. */
export function reachable({ spec }: Volume, node: { readonly name: string; readonly labels: Labels }): boolean {
  const required = at(spec.nodeAffinity, "required");
  return required === undefined || nodeSelectorMatches(required, node);
}
type Labels = Readonly<Record<string, string>>;

/** Why a claim can't have the volume that it names; undefined where it can (kubernetes, `checkVolumeSatisfyClaim`). */
export function mismatch(volume: Volume, claim: Claim): string | undefined {
  if (volume.metadata.deletionTimestamp !== undefined) return "the volume is marked for deletion";
  if (capacityOf(volume) < requested(claim)) return "requested PV is too small";
  if (classOf(volume) !== classOf(claim)) return "storageClassName does not match";
  if (modeOf(volume) !== modeOf(claim)) return "incompatible volumeMode";
  if (!hasModes(volume, claim)) return "incompatible accessMode";
  return undefined;
}

const hasModes = ({ spec }: Volume, claim: Claim): boolean =>
  (claim.spec.accessModes ?? []).every((mode) => (spec.accessModes ?? []).includes(mode));

/**
 * The volume that a claim is to have: one that is reserved for it, or else the smallest that is large enough and has its class, access
 * modes, volume mode and labels (kubernetes, `FindMatchingVolume`).
 * @param node where the claim's pod shall run: volumes that can't be reached from there don't count
 * @param delayed whether the claim waits for such a node: then only a reserved volume counts
 */
export function bestMatch(
  claim: Claim,
  volumes: Iterable<Volume>,
  how: { readonly node?: { readonly name: string; readonly labels: Labels }; readonly delayed?: boolean } = {},
): Volume | undefined {
  const selector = claim.spec.selector === undefined ? undefined : parseLabelSelector(objectAt(claim.spec, "selector"));
  const wanted = requested(claim);
  let best: Volume | undefined;
  for (const volume of volumes) {
    const reserved = isFor(volume, claim);
    if (volume.spec.claimRef !== undefined && !reserved) continue;
    if (capacityOf(volume) < wanted || modeOf(volume) !== modeOf(claim) || !hasModes(volume, claim)) continue;
    if (volume.metadata.deletionTimestamp !== undefined) continue;
    if (how.node !== undefined && !reachable(volume, how.node)) continue;
    if (reserved) return volume;
    if (how.delayed === true && how.node === undefined) continue;
    // What isn't said to be free may be about to be recycled.
    if (stringAt(volume, "status", "phase") !== "Available") continue;
    if (selector !== undefined && !matches(selector, labelsOf(volume))) continue;
    if (classOf(volume) !== classOf(claim)) continue;
    if (best === undefined || before(volume, best)) best = volume;
  }
  return best;
}

/** The smaller one; of two of one size the one whose name comes first. */
const before = (a: Volume, b: Volume): boolean =>
  capacityOf(a) === capacityOf(b) ? (a.metadata.name ?? "") < (b.metadata.name ?? "") : capacityOf(a) < capacityOf(b);
