import type { Activity, World } from "../../core/index.js";
import { keyOf, type Kind } from "../client/address.js";
import type { Client, ObjectOf } from "../client/client.js";
import { ControlLoop, type Again } from "../client/control-loop.js";
import { EventRecorder } from "../client/event-recorder.js";
import type { Handler, Informer, InformerFactory } from "../client/informer.js";
import type { WorkQueue } from "../client/work-queue.js";
import { parseTime } from "../objects/time.js";
import type { ControllerFlags } from "./flags.js";

/** What a controller works with. */
export interface ControllerContext {
  /** Its own: it acts in its own name and has its own share of requests. */
  readonly client: Client;
  /** Shared with the other controllers of the same process. */
  readonly informers: InformerFactory;
  readonly flags: ControllerFlags;
}

/**
 * A controller: informers that name keys, and a loop that reconciles them. A subclass registers its informers in its constructor, behind
 * its fields: handlers hear at once of what is cached already.
 */
export abstract class Controller {
  readonly name: string;
  protected readonly client: Client;
  protected readonly informers: InformerFactory;
  protected readonly flags: ControllerFlags;
  protected readonly events: EventRecorder;
  protected readonly world: World;
  readonly #loop: ControlLoop;
  readonly #watched: Informer<Kind>["synced"][] = [];
  readonly #ends: (() => void)[] = [];

  constructor(name: string, { client, informers, flags }: ControllerContext, workers = 5) {
    this.name = name;
    this.client = client;
    this.informers = informers;
    this.flags = flags;
    this.world = client.world;
    this.events = new EventRecorder(client, name);
    this.#loop = new ControlLoop({
      world: client.world,
      name,
      workers,
      reconcile: (key) => this.reconcile(key),
      ready: () => this.synced(),
    });
  }

  /** See `Reconcile`. */
  protected abstract reconcile(key: string): Activity<Again | undefined>;

  protected get queue(): WorkQueue {
    return this.#loop.queue;
  }

  /** Watches a kind from now until the controller stops, and waits for its first list before the first key is taken. */
  protected watch<K extends Kind>(kind: K, handler: Handler<ObjectOf<K>>): Informer<K> {
    const informer = this.informers.for(kind);
    this.#watched.push(informer.synced);
    this.#ends.push(informer.handle(handler));
    return informer;
  }

  /** Watches the kind whose keys the queue holds. */
  protected watchOwn<K extends Kind>(kind: K): Informer<K> {
    const add = (object: ObjectOf<K>): void => {
      this.queue.add(keyOf(object));
    };
    return this.watch(kind, { added: add, updated: add, deleted: add });
  }

  stop(): void {
    this.#loop.stop();
    for (const end of this.#ends) end();
  }

  /** Waits for the first lists of what is watched. */
  protected *synced(): Activity<void> {
    for (const signal of this.#watched) yield* signal;
  }
}

/** Seconds since 1970 of an object's time; 0 where it says none. */
export const secondsAt = (time: string | undefined): number => (time === undefined ? 0 : (parseTime(time) ?? 0));
