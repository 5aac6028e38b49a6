import type { Served } from "../client/address.js";
import type { KubeObject, OwnerReference } from "../objects/value.js";

export const foreground = "foregroundDeletion";
export const orphan = "orphan";

/** An object in the graph of owners; `seen` false where only a reference tells of it. */
export interface Owned {
  readonly uid: string;
  readonly kind: Served | undefined;
  readonly reference: Pick<OwnerReference, "apiVersion" | "kind" | "name">;
  readonly namespace: string;
  owners: readonly OwnerReference[];
  readonly dependents: Set<Owned>;
  seen: boolean;
  going: boolean;
  /** It waits for what it owns to be deleted first. */
  waits: boolean;
}

/** Who owns what, by uid, as far as watches have told (kubernetes, `pkg/controller/garbagecollector/graph_builder.go`). */
export class OwnerGraph {
  readonly #nodes = new Map<string, Owned>();

  get(uid: string): Owned | undefined {
    return this.#nodes.get(uid);
  }

  /** Enters an object, or what changed of it. @returns owners that nobody has seen: perhaps gone for long */
  put(kind: Served, { metadata, ...object }: KubeObject): { readonly node: Owned; readonly unseen: readonly Owned[] } {
    const { uid = "", name = "", namespace = "", ownerReferences = [], finalizers = [] } = metadata;
    const reference = { apiVersion: object.apiVersion, kind: object.kind, name };
    const known = this.#nodes.get(uid);
    const node: Owned = known?.seen === true ? known : { ...blank(uid, kind, reference, namespace), seen: true };
    // What only a reference told of may have been wrong about everything but the uid.
    if (known !== undefined && known !== node) for (const each of known.dependents) node.dependents.add(each);
    this.#nodes.set(uid, node);
    const stay = new Set(ownerReferences.map((each) => each.uid));
    for (const owner of node.owners) if (!stay.has(owner.uid)) this.#leave(owner.uid, node);
    node.owners = ownerReferences;
    node.going = metadata.deletionTimestamp !== undefined;
    node.waits = node.going && finalizers.includes(foreground);
    const unseen: Owned[] = [];
    for (const owner of ownerReferences) {
      let above = this.#nodes.get(owner.uid);
      if (above === undefined) {
        above = blank(owner.uid, undefined, owner, namespace);
        this.#nodes.set(owner.uid, above);
        unseen.push(above);
      }
      above.dependents.add(node);
    }
    return { node, unseen };
  }

  /** Takes an object out; what it owns keeps its references, which now lead nowhere. */
  delete(uid: string): Owned | undefined {
    const node = this.#nodes.get(uid);
    if (node === undefined) return undefined;
    this.#nodes.delete(uid);
    for (const owner of node.owners) this.#leave(owner.uid, node);
    return node;
  }

  #leave(owner: string, node: Owned): void {
    const above = this.#nodes.get(owner);
    above?.dependents.delete(node);
    // Only a reference told of it, and that is gone.
    if (above !== undefined && !above.seen && above.dependents.size === 0) this.#nodes.delete(owner);
  }
}

const blank = (uid: string, kind: Served | undefined, reference: Owned["reference"], namespace: string): Owned => ({
  uid,
  kind,
  reference,
  namespace,
  owners: [],
  dependents: new Set(),
  seen: false,
  going: false,
  waits: false,
});
