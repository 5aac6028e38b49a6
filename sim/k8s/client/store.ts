import { UsageError } from "../../core/index.js";
import type { KubeObject } from "../objects/value.js";
import { keyOf } from "./address.js";

/** The values under which an index finds an object. */
export type IndexFunction<T> = (object: T) => readonly string[];

/** Objects by key, and by what indexes say of them (client-go, `tools/cache`, Indexer). Objects in it are shared: never to be changed. */
export class Store<T extends KubeObject = KubeObject> {
  readonly #objects = new Map<string, T>();
  readonly #indexes = new Map<string, { readonly of: IndexFunction<T>; readonly keys: Map<string, Set<string>> }>();

  get size(): number {
    return this.#objects.size;
  }

  get(namespace: string, name: string): T | undefined {
    return this.#objects.get(namespace === "" ? name : `${namespace}/${name}`);
  }

  byKey(key: string): T | undefined {
    return this.#objects.get(key);
  }

  values(): IterableIterator<T> {
    return this.#objects.values();
  }

  keys(): IterableIterator<string> {
    return this.#objects.keys();
  }

  /** Adds an index; what is there already is indexed. An index of that name that is there stays. */
  index(name: string, of: IndexFunction<T>): void {
    if (this.#indexes.has(name)) return;
    const index = { of, keys: new Map<string, Set<string>>() };
    this.#indexes.set(name, index);
    for (const [key, object] of this.#objects) enter(index, key, object);
  }

  /** @throws UsageError for an index that isn't there */
  by(name: string, value: string): T[] {
    const index = this.#indexes.get(name);
    if (index === undefined) throw new UsageError(`there is no index "${name}"`, "Add it with index(name, of) first.");
    return [...(index.keys.get(value) ?? [])].flatMap((key) => this.#objects.get(key) ?? []);
  }

  /** @returns what was in its place */
  put(object: T): T | undefined {
    const key = keyOf(object);
    const old = this.#objects.get(key);
    this.#objects.set(key, object);
    for (const index of this.#indexes.values()) {
      if (old !== undefined) leave(index, key, old);
      enter(index, key, object);
    }
    return old;
  }

  /** @returns what was there */
  delete(key: string): T | undefined {
    const old = this.#objects.get(key);
    if (old === undefined) return undefined;
    this.#objects.delete(key);
    for (const index of this.#indexes.values()) leave(index, key, old);
    return old;
  }
}

interface Index<T> {
  readonly of: IndexFunction<T>;
  readonly keys: Map<string, Set<string>>;
}

function enter<T>({ of, keys }: Index<T>, key: string, object: T): void {
  for (const value of of(object)) {
    const set = keys.get(value);
    if (set === undefined) keys.set(value, new Set([key]));
    else set.add(key);
  }
}

function leave<T>({ of, keys }: Index<T>, key: string, object: T): void {
  for (const value of of(object)) {
    const set = keys.get(value);
    set?.delete(key);
    if (set?.size === 0) keys.delete(value);
  }
}
