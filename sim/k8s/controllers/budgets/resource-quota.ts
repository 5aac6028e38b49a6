import { minutes, type Activity } from "../../../core/index.js";
import { keyOf, served, splitKey, type Kind, type Served } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { isConflict, isNotFound } from "../../client/failure.js";
import { inScope, usageOf, type Usage } from "../../admission/resource-quota.js";
import { formatQuantity } from "../../objects/quantity.js";
import { equal, objectAt, show, type JsonObject, type KubeObject } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { hasEnded } from "../pods.js";

/** How often all is counted anew (`--resource-quota-sync-period`). */
const period = minutes(5);

const counted = [
  "pods",
  "services",
  "persistentvolumeclaims",
  "configmaps",
  "secrets",
  "replicationcontrollers",
] as const;

/**
 * Counts what a namespace uses of its quotas (kubernetes, `pkg/controller/resourcequota`). Admission adds what comes; only here it is noticed that
 * something has gone.
 */
export class ResourceQuotaController extends Controller {
  constructor(context: ControllerContext) {
    super("resourcequota-controller", context);
    const own = (quota: KubeObject): void => {
      this.queue.add(keyOf(quota));
    };
    this.watch("resourcequotas", {
      added: own,
      updated: (quota, old) => {
        if (!equal(quota.spec, old.spec)) own(quota);
      },
    });
    for (const kind of counted) {
      this.watch(kind, {
        updated: (object, old) => {
          if (kind === "pods" && hasEnded(object as never) !== hasEnded(old as never)) this.#freed(object);
        },
        deleted: (object) => {
          this.#freed(object);
        },
      });
    }
  }

  #freed({ metadata }: KubeObject): void {
    for (const quota of this.informers.store("resourcequotas").values()) {
      if (quota.metadata.namespace === metadata.namespace) this.queue.add(keyOf(quota));
    }
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const { namespace, name } = splitKey(key);
    if (this.informers.store("resourcequotas").byKey(key) === undefined) return undefined;
    try {
      // As it is now, and not as it is cached: what admission has charged since would be lost.
      const quota = yield* this.client.get("resourcequotas", namespace, name);
      const hard = objectAt(quota.spec, "hard");
      const used: Usage = new Map();
      for (const kind of yield* this.#kinds(hard)) {
        const { items } = yield* this.client.list<Kind>(kind, namespace);
        for (const item of items) {
          if (!inScope(quota, kind, item)) continue;
          for (const [resource, amount] of usageOf(kind, item)) used.set(resource, (used.get(resource) ?? 0n) + amount);
        }
      }
      const status = {
        hard,
        used: Object.fromEntries(
          Object.keys(hard).map((resource) => [
            resource,
            formatQuantity(used.get(resource) ?? 0n, show(hard[resource])),
          ]),
        ),
      };
      if (!equal(status, quota.status))
        yield* this.client.updateStatus("resourcequotas", { ...quota, status } as typeof quota);
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error;
      if (isConflict(error)) this.queue.add(key);
    }
    return { after: period, background: true };
  }

  /** The kinds whose objects a quota counts. */
  *#kinds(hard: JsonObject): Activity<readonly Served[]> {
    const names = Object.keys(hard);
    const kinds = new Map<string, Served>();
    for (const kind of counted) {
      const own = names.some(
        (name) =>
          name === kind ||
          name === `count/${kind}` ||
          (kind === "services" && name.startsWith("services.")) ||
          (kind === "persistentvolumeclaims" && name === "requests.storage") ||
          (kind === "pods" && !name.includes("/") && /^(cpu|memory|ephemeral-storage|requests\.|limits\.)/.test(name)),
      );
      if (own) kinds.set(`count/${kind}`, served(kind));
    }
    const others = names.filter((name) => name.startsWith("count/") && !kinds.has(name));
    if (others.length > 0) {
      for (const kind of yield* this.client.discover()) {
        const name = `count/${kind.group === "" ? kind.plural : `${kind.plural}.${kind.group}`}`;
        if (kind.namespaced && others.includes(name)) kinds.set(name, kind);
      }
    }
    return [...kinds.values()];
  }
}
