import { s, type Activity } from "../../../core/index.js";
import type { Served } from "../../client/address.js";
import { timeText } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure, isConflict, isNotFound } from "../../client/failure.js";
import type { Kinds } from "../../client/types.js";
import { equal, numberAt } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";

type Namespace = Kinds["namespaces"];
type Conditions = NonNullable<NonNullable<Namespace["status"]>["conditions"]>;

const finalizer = "kubernetes";
/** Nothing is deleted before the admission of every API server knows that the namespace goes (`namespaceDeletionGracePeriod`). */
const grace = s(5);
/** How long to wait for what has finalizers of its own (`finalizerEstimateSeconds`). */
const finalizerEstimate = 15;

interface Remains {
  readonly kind: Served;
  readonly count: number;
  readonly finalizers: readonly string[];
  /** Seconds until it may be gone. */
  readonly estimate: number;
}

/**
 * Empties namespaces that are deleted, kind by kind as discovery has them, then lets them go (kubernetes, `pkg/controller/namespace/deletion`).
 * What kinds there are is asked each time: one that a CustomResourceDefinition has brought meanwhile would else be left behind, in
 * no namespace.
 */
export class NamespaceController extends Controller {
  constructor(context: ControllerContext) {
    super("namespace-controller", context, 10);
    const concerns = ({ metadata }: Namespace): void => {
      if (metadata.deletionTimestamp !== undefined) this.queue.addAfter(metadata.name ?? "", grace);
    };
    this.watch("namespaces", { added: concerns, updated: concerns });
  }

  protected override *reconcile(name: string): Activity<Again | undefined> {
    const cached = this.informers.store("namespaces").byKey(name);
    if (cached === undefined) return undefined;
    try {
      return yield* this.#empty(name);
    } catch (error) {
      if (isNotFound(error)) return undefined;
      if (isConflict(error)) return { after: s(1) };
      throw error;
    }
  }

  *#empty(name: string): Activity<Again | undefined> {
    const namespace = yield* this.client.get("namespaces", "", name);
    if (namespace.metadata.deletionTimestamp === undefined) return undefined;
    if (!(namespace.spec?.finalizers ?? []).includes(finalizer)) return undefined;
    let kinds: readonly Served[];
    try {
      kinds = yield* this.client.discover();
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      yield* this.#note(namespace, [], { discovery: error.message, content: undefined });
      throw error;
    }
    const remaining: Remains[] = [];
    let failure: ApiFailure | undefined;
    for (const kind of kinds) {
      if (!kind.namespaced) continue;
      try {
        const left = yield* this.#emptyOf(kind, name);
        if (left !== undefined) remaining.push(left);
      } catch (error) {
        // One kind that can't be deleted mustn't keep the others.
        if (!(error instanceof ApiFailure)) throw error;
        if (!isNotFound(error)) failure ??= error;
      }
    }
    yield* this.#note(namespace, remaining, { discovery: undefined, content: failure?.message });
    if (failure !== undefined) throw failure;
    const estimate = Math.max(0, ...remaining.map((each) => each.estimate));
    if (remaining.length > 0) return { after: s(Math.floor(estimate / 2) + 1) };
    yield* this.#finalize(name);
    return undefined;
  }

  /** Deletes a kind's objects. @returns what is still there */
  *#emptyOf(kind: Served, namespace: string): Activity<Remains | undefined> {
    const before = yield* this.client.list(kind, namespace);
    if (before.items.length === 0) return undefined;
    const estimate =
      kind.plural === "pods" && kind.group === ""
        ? Math.max(0, ...before.items.map((pod) => numberAt(pod, "spec", "terminationGracePeriodSeconds") ?? 0))
        : 0;
    yield* this.client.deleteAll(kind, namespace, { propagationPolicy: "Background" });
    const { items } = yield* this.client.list(kind, namespace);
    if (items.length === 0) return undefined;
    const finalizers = items.flatMap(({ metadata }) => metadata.finalizers ?? []);
    return { kind, count: items.length, finalizers, estimate: finalizers.length > 0 ? finalizerEstimate : estimate };
  }

  *#finalize(name: string): Activity<void> {
    const live = yield* this.client.get("namespaces", "", name);
    const finalizers = (live.spec?.finalizers ?? []).filter((each) => each !== finalizer);
    yield* this.client.update("namespaces", { ...live, spec: { ...live.spec, finalizers } }, "finalize");
  }

  *#note(
    namespace: Namespace,
    remaining: readonly Remains[],
    failed: { readonly discovery: string | undefined; readonly content: string | undefined },
  ): Activity<void> {
    const held = new Map<string, number>();
    for (const each of remaining.flatMap(({ finalizers }) => finalizers)) held.set(each, (held.get(each) ?? 0) + 1);
    const resources = remaining.map(({ kind: { plural, group }, count }) => {
      const full = group === "" ? `${plural}.` : `${plural}.${group}`;
      return `${full} has ${count} resource instances`;
    });
    const finalizers = [...held].map(([each, count]) => `${each} in ${count} resource instances`);
    const rows: readonly [type: string, bad: boolean, reason: string, message: string, well: string, fine: string][] = [
      [
        "NamespaceDeletionDiscoveryFailure",
        failed.discovery !== undefined,
        "DiscoveryFailed",
        `Discovery failed for some groups, 1 failing: ${failed.discovery ?? ""}`,
        "ResourcesDiscovered",
        "All resources successfully discovered",
      ],
      [
        "NamespaceDeletionContentFailure",
        failed.content !== undefined,
        "ContentDeletionFailed",
        `Failed to delete all resource types, 1 remaining: ${failed.content ?? ""}`,
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
      ],
      [
        "NamespaceContentRemaining",
        remaining.length > 0,
        "SomeResourcesRemain",
        `Some resources are remaining: ${resources.join(", ")}`,
        "ContentRemoved",
        "All content successfully removed",
      ],
      [
        "NamespaceFinalizersRemaining",
        held.size > 0,
        "SomeFinalizersRemain",
        `Some content in the namespace has finalizers remaining: ${finalizers.join(", ")}`,
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
      ],
    ];
    const old = namespace.status?.conditions ?? [];
    const lastTransitionTime = timeText(this.world);
    const conditions: Conditions = rows.map(([type, bad, reason, message, well, fine]) => {
      const next = { type, status: bad ? "True" : "False", reason: bad ? reason : well, message: bad ? message : fine };
      const before = old.find((condition) => condition.type === type);
      const since = before?.status === next.status ? before.lastTransitionTime : lastTransitionTime;
      return { ...next, lastTransitionTime: since ?? lastTransitionTime };
    });
    if (equal(conditions, old)) return;
    const status = { ...namespace.status, phase: "Terminating", conditions };
    yield* this.client.updateStatus("namespaces", { ...namespace, status });
  }
}
