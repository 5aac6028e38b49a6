import { Signal, type Activity, type Process } from "../../core/index.js";
import type { WatchEvent } from "../apiserver/request.js";
import type { KubeObject } from "../objects/value.js";
import { served, type Kind } from "./address.js";
import { Backoff } from "./backoff.js";
import type { Client, ListQuery, ObjectOf } from "./client.js";
import { ApiFailure, isGone } from "./failure.js";

/** Who is told: first of all that there is, then of each change. */
export interface ReflectorSink<T> {
  /** All that there is, after a list: what isn't among it has gone. */
  replace(items: readonly T[]): void;
  change(type: "ADDED" | "MODIFIED" | "DELETED", object: T): void;
}

export interface ReflectorOptions {
  readonly namespace?: string;
  readonly selection?: Pick<ListQuery, "labelSelector" | "fieldSelector">;
}

/** A watch lasts between this and twice it before it is asked for anew (client-go, `minWatchTimeout`, 5 min). */
const leastWatchSeconds = 300;

/**
 * Keeps a copy of a kind's objects by a list and then a watch from its revision on (client-go, `tools/cache/reflector.go`).
 * A watch that ends is taken up where it stood, by the last event or bookmark; one that is too old (410) begins with a list. While
 * the server can't be reached it tries again, 0.8 s to 30 s apart.
 */
export class Reflector<K extends Kind> {
  readonly #client: Client;
  readonly #kind: K;
  readonly #sink: ReflectorSink<ObjectOf<K>>;
  readonly #options: ReflectorOptions;
  readonly #process: Process<void>;
  #stopWatch: (() => void) | undefined;
  #lists = 0;
  #revision = "";

  constructor(client: Client, kind: K, sink: ReflectorSink<ObjectOf<K>>, options: ReflectorOptions = {}) {
    this.#client = client;
    this.#kind = kind;
    this.#sink = sink;
    this.#options = options;
    const { engine } = client.world;
    this.#process = engine.spawn(this.#reflect(), { name: `reflector ${served(kind).plural}`, background: true });
  }

  /** How often it had to list. */
  get lists(): number {
    return this.#lists;
  }

  /** The revision that the copy stands at. */
  get resourceVersion(): string {
    return this.#revision;
  }

  stop(): void {
    this.#process.cancel();
    this.#stopWatch?.();
    this.#stopWatch = undefined;
  }

  *#reflect(): Activity<void> {
    const { engine, rng } = this.#client.world;
    const backoff = new Backoff(rng.stream(`reflector ${served(this.#kind).plural}`));
    for (;;) {
      try {
        if (this.#revision === "") yield* this.#list();
        yield* this.#watch(backoff);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
        if (isGone(error)) {
          this.#revision = "";
          continue;
        }
        yield* engine.delay(backoff.step(), { background: true });
      }
    }
  }

  *#list(): Activity<void> {
    const { namespace = "", selection = {} } = this.#options;
    this.#lists++;
    // Of any age the first time, as client-go asks; after a 410 the server's newest, lest one that lags answers with what is too old again.
    const age = this.#lists === 1 ? { resourceVersion: "0" } : {};
    const { items, resourceVersion } = yield* this.#client.list(this.#kind, namespace, { ...selection, ...age });
    this.#revision = resourceVersion;
    this.#sink.replace(items);
  }

  *#watch(backoff: Backoff): Activity<void> {
    const { namespace = "", selection = {} } = this.#options;
    const ended = new Signal<void>("watch");
    const seconds = Math.floor(leastWatchSeconds * (1 + this.#client.world.rng.stream("watch timeouts").uniform()));
    const query = {
      ...selection,
      resourceVersion: this.#revision,
      allowWatchBookmarks: "true",
      timeoutSeconds: String(seconds),
    };
    this.#stopWatch = yield* this.#client.watch(this.#kind, namespace, query, {
      events: (events) => {
        try {
          for (const event of events) this.#take(event);
        } catch (error) {
          if (!(error instanceof ApiFailure)) throw error;
          ended.fail(error);
        }
      },
      end: () => {
        ended.fire();
      },
    });
    // Not sooner: a server that is down refuses watches, not lists alone.
    backoff.reset();
    try {
      yield* ended;
    } finally {
      this.#stopWatch();
      this.#stopWatch = undefined;
    }
  }

  #take({ type, object }: WatchEvent): void {
    if (type === "ERROR") {
      const { code } = object;
      throw new ApiFailure(typeof code === "number" ? code : 500, object);
    }
    // What a watch hands out is as stored: an object of the kind.
    const whole = object as KubeObject as ObjectOf<K>;
    this.#revision = whole.metadata.resourceVersion ?? this.#revision;
    if (type !== "BOOKMARK") this.#sink.change(type, whole);
  }
}
