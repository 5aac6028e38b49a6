import { ms, s, type Activity, type Process } from "../../core/index.js";
import { apiVersionOf, type Served } from "../client/address.js";
import type { Again } from "../client/control-loop.js";
import { ApiFailure, isConflict, isNotFound } from "../client/failure.js";
import type { KubeObject, OwnerReference } from "../objects/value.js";
import { Controller, type ControllerContext } from "./controller.js";
import { foreground, orphan, OwnerGraph, type Owned } from "./owner-graph.js";

/** How often it asks which kinds there are (kubernetes, `garbagecollector.go`, `Sync` every 30 s). */
const rediscovery = s(30);

/** Kinds that it doesn't look after: events go by themselves (`DefaultIgnoredResources`). */
const ignored = new Set(["events"]);

/**
 * Deletes what has lost its owners (kubernetes, `pkg/controller/garbagecollector`). Background: an object goes, then, by the references
 * that now lead nowhere, what it owned. Foreground: the finalizer `foregroundDeletion` holds it until what blocks it has gone.
 * Orphan: the finalizer `orphan` holds it until its references are taken out of what it owned.
 *
 * The graph only says where to look. Before anything is deleted its owners are asked for at the API: the graph is behind, and an owner that
 * it hasn't seen yet would cost a live object.
 */
export class GarbageCollector extends Controller {
  readonly #graph = new OwnerGraph();
  /** The kinds that are watched, by `apiVersion/kind`. */
  readonly #kinds = new Map<
    string,
    { readonly kind: Served; readonly stop: () => void; readonly synced: () => boolean }
  >();
  /** Owners that the API said aren't there: a uid never comes back. */
  readonly #absent = new Set<string>();
  readonly #discovery: Process<void>;

  constructor(context: ControllerContext) {
    super("garbage-collector-controller", context, 20);
    this.#discovery = this.world.engine.spawn(this.#discover(), { name: this.name, background: true });
  }

  override stop(): void {
    this.#discovery.cancel();
    for (const { stop } of this.#kinds.values()) stop();
    super.stop();
  }

  *#discover(): Activity<void> {
    for (;;) {
      try {
        const found = new Map(
          (yield* this.client.background.discover())
            .filter(({ plural }) => !ignored.has(plural))
            .map((kind) => [`${apiVersionOf(kind)}/${kind.kind}`, kind]),
        );
        for (const [name, { stop, kind }] of [...this.#kinds]) {
          if (found.has(name)) continue;
          stop();
          this.#kinds.delete(name);
          this.informers.drop(kind);
        }
        for (const [name, kind] of found) if (!this.#kinds.has(name)) this.#follow(name, kind);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
      }
      yield* this.world.engine.delay(rediscovery, { background: true });
    }
  }

  #follow(name: string, kind: Served): void {
    const informer = this.informers.for(kind);
    const put = (object: KubeObject): void => {
      this.#put(kind, object);
    };
    const stop = informer.handle({
      added: put,
      updated: put,
      deleted: ({ metadata: { uid = "" } }) => {
        this.#gone(uid);
      },
    });
    this.#kinds.set(name, { kind, stop, synced: () => informer.synced.settled });
  }

  #put(kind: Served, object: KubeObject): void {
    const { node, unseen } = this.#graph.put(kind, object);
    for (const owner of unseen) this.queue.add(owner.uid);
    // Each of these needs looking at again only when something of it changed, and then costs one request.
    if (node.waits) for (const dependent of node.dependents) this.queue.add(dependent.uid);
    if (node.going || node.owners.some(({ uid }) => this.#absent.has(uid) || this.#graph.get(uid)?.waits === true)) {
      this.queue.add(node.uid);
    }
  }

  #gone(uid: string): void {
    const node = this.#graph.delete(uid);
    if (node === undefined) return;
    if (node.dependents.size > 0) this.#absent.add(uid);
    for (const dependent of node.dependents) this.queue.add(dependent.uid);
    for (const owner of node.owners) if (this.#graph.get(owner.uid)?.waits === true) this.queue.add(owner.uid);
  }

  protected override *reconcile(uid: string): Activity<Again | undefined> {
    // Half a graph would take what it hasn't seen for absent, and ask the API for each.
    if (this.#kinds.size === 0 || [...this.#kinds.values()].some(({ synced }) => !synced())) {
      return { after: ms(100) };
    }
    const node = this.#graph.get(uid);
    if (node === undefined) return undefined;
    const live = yield* this.#live(node.reference, node.namespace, uid);
    if (live === "unknown kind") return { after: rediscovery, background: true };
    if (live === undefined) {
      this.#gone(uid);
      return undefined;
    }
    const { deletionTimestamp, finalizers = [] } = live.object.metadata;
    try {
      if (deletionTimestamp !== undefined) {
        if (finalizers.includes(orphan)) yield* this.#orphan(node, live.kind, live.object);
        else if (finalizers.includes(foreground)) yield* this.#waitForDependents(node, live.kind, live.object);
      } else yield* this.#collect(node, live.kind, live.object);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      // Changed meanwhile: to be judged anew, soon.
      if (isConflict(error)) return { after: ms(5) };
      throw error;
    }
    return undefined;
  }

  /** An object as the API has it now; undefined where it is gone, or another bears its name. */
  *#live(
    reference: Owned["reference"],
    namespace: string,
    uid: string,
  ): Activity<{ readonly kind: Served; readonly object: KubeObject } | "unknown kind" | undefined> {
    const kind = this.#kinds.get(`${reference.apiVersion}/${reference.kind}`)?.kind;
    if (kind === undefined) return "unknown kind";
    try {
      const object = yield* this.client.get(kind, kind.namespaced ? namespace : "", reference.name);
      return object.metadata.uid === uid ? { kind, object } : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }

  /** Deletes an object none of whose owners is left; takes out references that lead nowhere while one is. */
  *#collect(node: Owned, kind: Served, object: KubeObject): Activity<void> {
    const { ownerReferences = [], finalizers = [] } = object.metadata;
    if (ownerReferences.length === 0) return;
    const solid: OwnerReference[] = [];
    let waiting = 0;
    for (const owner of ownerReferences) {
      const state = yield* this.#stateOf(owner, node.namespace);
      if (state === "solid") solid.push(owner);
      else if (state === "waits") waiting++;
    }
    if (solid.length === ownerReferences.length) return;
    if (solid.length > 0) {
      yield* this.#refer(kind, object, solid);
      return;
    }
    if (waiting > 0 && node.dependents.size > 0) {
      // Owners that wait for each other in a circle: one lets go first.
      if ([...node.dependents].some(({ waits }) => waits)) {
        yield* this.#refer(
          kind,
          object,
          ownerReferences.map((owner) => ({ ...owner, blockOwnerDeletion: false })),
        );
      }
      yield* this.#delete(kind, object, "Foreground");
    } else {
      const kept = finalizers.includes(orphan)
        ? "Orphan"
        : finalizers.includes(foreground)
          ? "Foreground"
          : "Background";
      yield* this.#delete(kind, object, kept);
    }
  }

  *#stateOf(owner: OwnerReference, namespace: string): Activity<"solid" | "waits" | "absent"> {
    if (this.#absent.has(owner.uid)) return "absent";
    const live = yield* this.#live(owner, namespace, owner.uid);
    // Of a kind that nobody serves nothing is known; better to keep too much.
    if (live === "unknown kind") return "solid";
    if (live === undefined) {
      this.#absent.add(owner.uid);
      return "absent";
    }
    const { deletionTimestamp, finalizers = [] } = live.object.metadata;
    return deletionTimestamp !== undefined && finalizers.includes(foreground) ? "waits" : "solid";
  }

  /** Lets an object go when nothing is left that it owns and that blocks it. */
  *#waitForDependents(node: Owned, kind: Served, object: KubeObject): Activity<void> {
    const blocking = [...node.dependents].filter(({ owners }) =>
      owners.some(({ uid, blockOwnerDeletion }) => uid === node.uid && blockOwnerDeletion === true),
    );
    if (blocking.length === 0) yield* this.#letGo(kind, object, foreground);
    else for (const dependent of blocking) if (!dependent.going) this.queue.add(dependent.uid);
  }

  /** Takes an object's references out of all that it owned, then lets it go. */
  *#orphan(node: Owned, kind: Served, object: KubeObject): Activity<void> {
    for (const dependent of node.dependents) {
      if (dependent.kind === undefined) continue;
      const { name } = dependent.reference;
      try {
        const live = yield* this.client.get(dependent.kind, dependent.namespace, name);
        const { ownerReferences = [], uid } = live.metadata;
        const left = ownerReferences.filter((owner) => owner.uid !== node.uid);
        if (uid === dependent.uid && left.length < ownerReferences.length)
          yield* this.#refer(dependent.kind, live, left);
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
    }
    yield* this.#letGo(kind, object, orphan);
  }

  *#letGo(kind: Served, { metadata }: KubeObject, finalizer: string): Activity<void> {
    const { namespace = "", name = "", finalizers = [], resourceVersion } = metadata;
    const left = finalizers.filter((each) => each !== finalizer);
    yield* this.client.patch(kind, namespace, name, { metadata: { finalizers: left, resourceVersion } });
  }

  *#refer(kind: Served, { metadata }: KubeObject, owners: readonly OwnerReference[]): Activity<void> {
    const { namespace = "", name = "", resourceVersion } = metadata;
    yield* this.client.patch(kind, namespace, name, { metadata: { ownerReferences: [...owners], resourceVersion } });
  }

  *#delete(
    kind: Served,
    { metadata }: KubeObject,
    propagationPolicy: "Orphan" | "Background" | "Foreground",
  ): Activity<void> {
    const { namespace = "", name = "", uid = "", resourceVersion = "" } = metadata;
    // Of the revision that was judged: it may have got an owner since.
    yield* this.client.delete(kind, namespace, name, { propagationPolicy, uid, resourceVersion });
  }
}
