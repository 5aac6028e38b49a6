import { Signal, type Activity, type Nanos } from "../../core/index.js";
import { keyOf, pathOf, type Kind } from "./address.js";
import type { Client, ObjectOf } from "./client.js";
import type { MutationDetector } from "./mutation-detector.js";
import { Reflector, type ReflectorOptions } from "./reflector.js";
import { Store } from "./store.js";

/** Who wants to know of changes. Called once for each, in order; it may queue work and must not wait. */
export interface Handler<T> {
  added?(object: T): void;
  /** Also at a resync, where `object` is `old`. */
  updated?(object: T, old: T): void;
  /** The last that is known of it: where the watch had a gap, not the last there was. */
  deleted?(object: T): void;
}

export interface InformerOptions extends ReflectorOptions {
  readonly detector?: MutationDetector | undefined;
}

/** A kind's objects, kept up to date, and who is told of their changes (client-go, `tools/cache`, SharedIndexInformer). */
export class Informer<K extends Kind> {
  readonly store: Store<ObjectOf<K>> = new Store<ObjectOf<K>>();
  readonly #handlers = new Set<Handler<ObjectOf<K>>>();
  readonly #client: Client;
  readonly #detector: MutationDetector | undefined;
  readonly #reflector: Reflector<K>;
  #stopResync: () => void = () => undefined;
  readonly synced: Signal<void> = new Signal<void>("informer synced");

  constructor(client: Client, kind: K, options: InformerOptions = {}) {
    this.#client = client;
    this.#detector = options.detector;
    const sink = {
      replace: (items: readonly ObjectOf<K>[]) => {
        this.#replace(items);
      },
      change: (type: "ADDED" | "MODIFIED" | "DELETED", object: ObjectOf<K>) => {
        if (type === "DELETED") this.#delete(keyOf(object), object);
        else this.#put(object);
      },
    };
    this.#reflector = new Reflector(client, kind, sink, options);
  }

  /** How often the reflector had to list. */
  get lists(): number {
    return this.#reflector.lists;
  }

  /** Tells `handler` of changes, first of all that is there already. @returns what ends it */
  handle(handler: Handler<ObjectOf<K>>): () => void {
    this.#handlers.add(handler);
    for (const object of this.store.values()) handler.added?.(object);
    return () => this.#handlers.delete(handler);
  }

  /** Tells handlers of all objects again so often, as of updates that change nothing. */
  resync(period: Nanos): void {
    this.#stopResync();
    const { engine } = this.#client.world;
    const tick = (): void => {
      for (const object of this.store.values()) for (const handler of this.#handlers) handler.updated?.(object, object);
      this.#stopResync = engine.after(period, tick, { name: "resync", background: true });
    };
    this.#stopResync = engine.after(period, tick, { name: "resync", background: true });
  }

  stop(): void {
    this.#reflector.stop();
    this.#stopResync();
    this.#handlers.clear();
  }

  #put(object: ObjectOf<K>): void {
    this.#detector?.add(object);
    const old = this.store.put(object);
    if (old === undefined) for (const handler of this.#handlers) handler.added?.(object);
    else if (old.metadata.uid !== object.metadata.uid) {
      // Another of the same name, while nobody looked: who counts on each object's end must hear of it.
      for (const handler of this.#handlers) handler.deleted?.(old);
      for (const handler of this.#handlers) handler.added?.(object);
    } else for (const handler of this.#handlers) handler.updated?.(object, old);
  }

  #delete(key: string, last?: ObjectOf<K>): void {
    const old = this.store.delete(key);
    if (old !== undefined) for (const handler of this.#handlers) handler.deleted?.(last ?? old);
  }

  #replace(items: readonly ObjectOf<K>[]): void {
    const there = new Set(items.map(keyOf));
    for (const key of [...this.store.keys()]) if (!there.has(key)) this.#delete(key);
    for (const item of items) {
      if (this.store.byKey(keyOf(item))?.metadata.resourceVersion !== item.metadata.resourceVersion) this.#put(item);
    }
    this.synced.fire();
  }
}

/** The informers that the parts of one component share: a watch and a copy of each kind, however many look at it. */
export class InformerFactory {
  readonly client: Client;
  readonly #detector: MutationDetector | undefined;
  // Each holds what its key says; the map can't.
  readonly #informers = new Map<string, Informer<Kind>>();

  constructor(client: Client, detector?: MutationDetector) {
    this.client = client;
    this.#detector = detector;
  }

  for<K extends Kind>(kind: K): Informer<K> {
    const path = pathOf(kind, "");
    let informer = this.#informers.get(path);
    if (informer === undefined) {
      // An informer takes and gives objects of its kind alone: as one of any kind it is only kept.
      informer = new Informer(this.client, kind, { detector: this.#detector }) as object as Informer<Kind>;
      this.#informers.set(path, informer);
    }
    return informer as object as Informer<K>;
  }

  store<K extends Kind>(kind: K): Store<ObjectOf<K>> {
    return this.for(kind).store;
  }

  /** Waits until every informer that has been asked for has its first list. */
  *synced(): Activity<void> {
    for (const informer of [...this.#informers.values()]) yield* informer.synced;
  }

  /** Ends the watch of a kind that is no longer served. */
  drop(kind: Kind): void {
    const path = pathOf(kind, "");
    this.#informers.get(path)?.stop();
    this.#informers.delete(path);
  }

  stop(): void {
    for (const informer of this.#informers.values()) informer.stop();
    this.#informers.clear();
  }
}
