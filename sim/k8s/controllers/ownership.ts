import type { Activity } from "../../core/index.js";
import type { Kind } from "../client/address.js";
import { ownedBy, type Client, type ObjectOf } from "../client/client.js";
import { ApiFailure, isNotFound } from "../client/failure.js";
import type { InformerFactory } from "../client/informer.js";
import { matches, parseLabelSelector } from "../objects/selectors.js";
import { labelsOf, type Json, type JsonObject, type KubeObject, type OwnerReference } from "../objects/value.js";

/** The one owner that controls an object. */
export const controllerOf = ({ metadata }: KubeObject): OwnerReference | undefined =>
  metadata.ownerReferences?.find(({ controller }) => controller === true);

const index = "controller";
const orphansOf = (namespace: string): string => `orphans of ${namespace}`;

/** Indexes a kind by its objects' controllers, so that `claim` needs not look at a whole namespace. */
export function indexByController(informers: InformerFactory, kind: Kind): void {
  informers
    .store(kind)
    .index(index, (object) => [controllerOf(object)?.uid ?? orphansOf(object.metadata.namespace ?? "")]);
}

/** The objects that `uid` controls, whatever their labels. */
export const controlledBy = <K extends Kind>(informers: InformerFactory, kind: K, uid: string): ObjectOf<K>[] =>
  informers.store(kind).by(index, uid);

export interface Claimant extends KubeObject {
  readonly spec: { readonly selector: JsonObject };
}

/**
 * The objects that are an owner's: of those that it controls, the ones that its selector still matches, and orphans that match (kubernetes,
 * `pkg/controller/controller_ref_manager.go`). What matches no more is released, what is found is adopted.
 *
 * Labels alone wouldn't do: two owners whose selectors overlap would each take the other's objects for its own and fight for ever.
 */
export function* claim<K extends Kind>(
  client: Client,
  informers: InformerFactory,
  ownerKind: Kind,
  owner: Claimant,
  kind: K,
  wanted: (object: ObjectOf<K>) => boolean = () => true,
): Activity<ObjectOf<K>[]> {
  const { uid = "", namespace = "", name = "", deletionTimestamp } = owner.metadata;
  const selector = parseLabelSelector(owner.spec.selector);
  const fits = (object: ObjectOf<K>): boolean => matches(selector, labelsOf(object));
  const claimed: ObjectOf<K>[] = [];
  for (const object of controlledBy(informers, kind, uid)) {
    if (!wanted(object)) continue;
    if (fits(object)) claimed.push(object);
    else if (deletionTimestamp === undefined) {
      const left = (object.metadata.ownerReferences ?? []).filter((reference) => reference.uid !== uid);
      yield* refer(client, kind, object, left);
    }
  }
  const orphans = informers
    .store(kind)
    .by(index, orphansOf(namespace))
    .filter((object) => object.metadata.deletionTimestamp === undefined && wanted(object) && fits(object));
  if (orphans.length === 0 || deletionTimestamp !== undefined) return claimed;
  // The cache may still show an owner that is gone or going: what it adopted would die with it.
  const live = yield* client.get(ownerKind, namespace, name);
  if (live.metadata.uid !== uid || live.metadata.deletionTimestamp !== undefined) return claimed;
  for (const object of orphans) {
    const references = [...(object.metadata.ownerReferences ?? []), ownedBy(ownerKind, owner)];
    if (yield* refer(client, kind, object, references)) claimed.push(object);
  }
  return claimed;
}

/** @returns whether the object was still there; a conflict goes out, to be tried again with a newer cache */
function* refer<K extends Kind>(
  client: Client,
  kind: K,
  { metadata: { namespace = "", name = "", resourceVersion } }: ObjectOf<K>,
  ownerReferences: readonly Json[],
): Activity<boolean> {
  try {
    // A merge patch puts the whole list in place: of the revision that it was made from, or not at all.
    const metadata = { ownerReferences: ownerReferences.length === 0 ? null : ownerReferences, resourceVersion };
    yield* client.patch(kind, namespace, name, { metadata });
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}

/** The object of a kind that an owner's reference names, where it is cached and still the same. */
export function referred<K extends Kind>(
  informers: InformerFactory,
  kind: K,
  kindName: string,
  object: KubeObject,
): ObjectOf<K> | undefined {
  const reference = controllerOf(object);
  if (reference?.kind !== kindName) return undefined;
  const found = informers.store(kind).get(object.metadata.namespace ?? "", reference.name);
  return found?.metadata.uid === reference.uid ? found : undefined;
}

/** Runs an activity and gives the failure that the API answered, instead of throwing it. */
export function* attempt(activity: Activity<unknown>): Activity<ApiFailure | undefined> {
  try {
    yield* activity;
    return undefined;
  } catch (error) {
    if (error instanceof ApiFailure) return error;
    throw error;
  }
}
