import type { Resource } from "../objects/kinds.js";
import type { KubeObject } from "../objects/value.js";
import { Collection } from "./collection.js";
import { notFound } from "./status.js";
import type { Storage } from "./storage.js";

/** Objects as they are: a watch cache for each kind, made when first wanted. */
export class Reader {
  readonly storage: Storage;
  readonly #collections = new Map<string, Collection>();
  /** The same by what resources say of where they are kept. */
  readonly #kept = new WeakMap<Resource["storage"], Collection>();

  constructor(storage: Storage) {
    this.storage = storage;
  }

  collection({ storage }: Resource): Collection {
    const known = this.#kept.get(storage);
    if (known !== undefined) return known;
    const { group, plural } = storage;
    const prefix = `/registry/${group === "" ? "" : `${group}/`}${plural}/`;
    let found = this.#collections.get(prefix);
    if (found === undefined) this.#collections.set(prefix, (found = new Collection(this.storage, prefix)));
    this.#kept.set(storage, found);
    return found;
  }

  /** Hears no more of the store. */
  stop(): void {
    for (const collection of this.#collections.values()) collection.stop();
    this.storage.stop?.();
  }

  /** Below which the keys of a namespace's objects lie; "" is all namespaces. */
  prefix(resource: Resource, namespace: string): string {
    const { prefix } = this.collection(resource);
    return resource.namespaced && namespace !== "" ? `${prefix}${namespace}/` : prefix;
  }

  key(resource: Resource, namespace: string, name: string): string {
    return this.prefix(resource, namespace) + name;
  }

  find(resource: Resource, namespace: string, name: string): KubeObject | undefined {
    return this.collection(resource).get(this.key(resource, namespace, name));
  }

  get(resource: Resource, namespace: string, name: string): KubeObject {
    const found = this.find(resource, namespace, name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }
}
