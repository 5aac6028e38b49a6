import { s, type Activity } from "../../../core/index.js";
import { keyOf, splitKey } from "../../client/address.js";
import { ownedBy } from "../../client/client.js";
import type { Again } from "../../client/control-loop.js";
import { isNotFound } from "../../client/failure.js";
import type { Kinds } from "../../client/types.js";
import { equal, labelsOf, omit } from "../../objects/value.js";
import { Controller, type ControllerContext } from "../controller.js";
import { isReady, type Pod } from "../pods.js";
import {
  addressOf,
  concernsServices,
  headlessLabel,
  hostnameOf,
  indexMembership,
  isHeadless,
  podsOf,
  portsOn,
  selectsPods,
  servicesOf,
  type Service,
} from "./membership.js";
import { pack, type Endpoint } from "./packing.js";
import { SliceWrites } from "./slice-writes.js";

type Slice = Kinds["endpointslices"];
type Ports = NonNullable<Slice["ports"]>;

interface Content {
  readonly ports: Ports;
  readonly endpoints: readonly Endpoint[];
}

/** What is to be done with a service's slices, those that are there by name. */
interface Plan {
  readonly create: Content[];
  readonly update: Map<string, Content>;
  readonly remove: string[];
}

const serviceLabel = "kubernetes.io/service-name";
const managedLabel = "endpointslice.kubernetes.io/managed-by";
const manager = "endpointslice-controller.k8s.io";
const zoneLabel = "topology.kubernetes.io/zone";
const byService = "service";

/**
 * Keeps, in slices, where each service's pods are (kubernetes, `pkg/controller/endpointslice`; KEP-752). In slices and not in one object,
 * because every change goes to every node: of a service with 5,000 pods one object is some megabytes.
 *
 * Simplification: no hints of topology-aware routing.
 */
export class EndpointSliceController extends Controller {
  readonly #writes: SliceWrites;
  /** Services that can't be looked at before the cache shows what was written of them. */
  readonly #waiting = new Set<string>();

  constructor(context: ControllerContext) {
    super("endpointslice-controller", context);
    this.#writes = new SliceWrites(this.world.engine);
    indexMembership(this.informers);
    this.informers.store("endpointslices").index(byService, (slice) => {
      const service = ownServiceOf(slice);
      return service === undefined ? [] : [service];
    });
    this.watchOwn("services");
    const { endpointsBatchPeriod } = this.flags;
    const concerns = (pod: Pod): void => {
      for (const service of servicesOf(this.informers, pod)) this.queue.addAfter(keyOf(service), endpointsBatchPeriod);
    };
    this.watch("pods", {
      added: concerns,
      updated: (pod, old) => {
        if (!concernsServices(pod, old)) return;
        concerns(pod);
        if (!equal(pod.metadata.labels, old.metadata.labels)) concerns(old);
      },
      deleted: concerns,
    });
    this.watch("nodes", {});
    this.watch("endpointslices", {
      added: (slice) => {
        this.#changed(slice);
      },
      updated: (slice, old) => {
        this.#changed(slice);
        if (ownServiceOf(old) !== ownServiceOf(slice)) this.#changed(old);
      },
      deleted: (slice) => {
        const service = ownServiceOf(slice);
        if (service === undefined) return;
        if (this.#writes.gone(service, slice.metadata.name ?? "")) this.#shown(service);
        else this.queue.add(service);
      },
    });
  }

  #changed(slice: Slice): void {
    const service = ownServiceOf(slice);
    if (service === undefined) return;
    if (this.#writes.saw(service, slice)) this.#shown(service);
    // Somebody else's change is undone, a second later (`endpointSliceChangeMinSyncDelay`).
    else this.queue.addAfter(service, s(1));
  }

  /** The cache shows something of what was written of a service's slices. */
  #shown(service: string): void {
    if (!this.#writes.pending(service) && this.#waiting.delete(service)) this.queue.add(service);
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const service = this.informers.store("services").byKey(key);
    if (service === undefined) {
      // Its slices go with it, as what it owned.
      this.#writes.forget(key);
      return undefined;
    }
    if (!selectsPods(service) || service.metadata.deletionTimestamp !== undefined) return undefined;
    if (this.#writes.pending(key)) {
      this.#waiting.add(key);
      return { after: s(1) };
    }
    const slices = this.informers
      .store("endpointslices")
      .by(byService, key)
      .filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    yield* this.#write(key, service, slices, this.#planned(service, slices));
    return undefined;
  }

  #planned(service: Service, slices: readonly Slice[]): Plan {
    // Pods may give a named port different numbers: those can't share a slice.
    const groups = new Map<string, { readonly ports: Ports; wanted: Endpoint[]; slices: Slice[] }>();
    const groupOf = (ports: Ports) => {
      const id = JSON.stringify(
        ports.map(({ name, protocol, port, appProtocol }) => [name, protocol, port, appProtocol]),
      );
      const found = groups.get(id) ?? { ports, wanted: [], slices: [] };
      groups.set(id, found);
      return found;
    };
    for (const pod of podsOf(this.informers, service)) {
      groupOf(portsOn(service, pod)).wanted.push(this.#endpoint(service, pod));
    }
    for (const slice of slices) groupOf(slice.ports ?? []).slices.push(slice);
    const plan: Plan = { create: [], update: new Map(), remove: [] };
    for (const { ports, wanted, slices: there } of groups.values()) {
      const named = there.map(({ metadata, endpoints }) => ({ name: metadata.name ?? "", endpoints }));
      const { create, update, remove } = pack(wanted, named, this.flags.maxEndpointsPerSlice);
      plan.create.push(...create.map((endpoints) => ({ ports, endpoints })));
      for (const { name, endpoints } of update) plan.update.set(name, { ports, endpoints });
      plan.remove.push(...remove);
    }
    // Where no pod is, an empty slice says that the service is known.
    if (plan.create.length === 0 && plan.remove.length === slices.length)
      plan.create.push({ ports: [], endpoints: [] });
    // A slice that would go takes what would go into a new one: one request instead of two.
    while (plan.create.length > 0) {
      const name = plan.remove.pop();
      const content = name === undefined ? undefined : plan.create.pop();
      if (name === undefined || content === undefined) break;
      plan.update.set(name, content);
    }
    return plan;
  }

  *#write(key: string, service: Service, there: readonly Slice[], { create, update, remove }: Plan): Activity<void> {
    const { namespace } = splitKey(key);
    const labels = labelsFor(service);
    for (const content of create) {
      const made = yield* this.client.create("endpointslices", namespace, {
        metadata: {
          generateName: `${service.metadata.name ?? ""}-`,
          labels,
          ownerReferences: [ownedBy("services", service)],
        },
        addressType: "IPv4",
        ...content,
      });
      this.#writes.wrote(key, made);
    }
    for (const slice of there) {
      const { name = "" } = slice.metadata;
      if (remove.includes(name)) continue;
      const next = { ...slice, metadata: { ...slice.metadata, labels }, ...update.get(name) };
      if (equal(next, slice)) continue;
      const written = yield* this.client.update("endpointslices", next);
      // Of a write that changes nothing no watch tells.
      if (written.metadata.resourceVersion !== slice.metadata.resourceVersion) this.#writes.wrote(key, written);
    }
    for (const name of remove) {
      this.#writes.removed(key, name);
      try {
        yield* this.client.delete("endpointslices", namespace, name);
      } catch (error) {
        this.#writes.gone(key, name);
        if (!isNotFound(error)) throw error;
      }
    }
  }

  #endpoint(service: Service, pod: Pod): Endpoint {
    const { name = "", namespace = "", uid = "", deletionTimestamp } = pod.metadata;
    const serving = isReady(pod);
    const terminating = deletionTimestamp !== undefined;
    const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating);
    const { nodeName } = pod.spec;
    const node = this.informers.store("nodes").byKey(nodeName ?? "");
    const zone = node && labelsOf(node)[zoneLabel];
    const hostname = hostnameOf(service, pod);
    return {
      addresses: [addressOf(pod) ?? ""],
      conditions: { ready, serving, terminating },
      ...(hostname === undefined ? {} : { hostname }),
      targetRef: { kind: "Pod", namespace, name, uid },
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(zone === undefined ? {} : { zone }),
    };
  }
}

/** The key of the service whose slice this is, where this controller looks after it. */
function ownServiceOf(slice: Slice): string | undefined {
  const labels = labelsOf(slice);
  const service = labels[serviceLabel];
  if (service === undefined || labels[managedLabel] !== manager) return undefined;
  return `${slice.metadata.namespace ?? ""}/${service}`;
}

function labelsFor(service: Service): Readonly<Record<string, string>> {
  const own = omit(labelsOf(service), serviceLabel, managedLabel, headlessLabel) as Readonly<Record<string, string>>;
  const headless = isHeadless(service) ? { [headlessLabel]: "" } : {};
  return { ...own, ...headless, [serviceLabel]: service.metadata.name ?? "", [managedLabel]: manager };
}
