import type { Activity } from "../../../core/index.js";
import { keyOf, splitKey } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { isNotFound } from "../../client/failure.js";
import { equal, labelsOf, listAt, omit, type Json, type JsonObject } from "../../objects/value.js";
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

/** At most so many addresses are in an Endpoints object (kubernetes, `maxCapacity`); more would be too large to be sent to every node. */
const capacity = 1000;
const overCapacity = "endpoints.kubernetes.io/over-capacity";

/**
 * Keeps the older form of what slices say: one object for each service (kubernetes, `pkg/controller/endpoint`). Nothing here reads it but
 * old clients. Endpoints that somebody else made are not mirrored into slices.
 */
export class EndpointsController extends Controller {
  constructor(context: ControllerContext) {
    super("endpoints-controller", context);
    indexMembership(this.informers);
    this.watchOwn("services");
    const concerns = (pod: Pod): void => {
      for (const service of servicesOf(this.informers, pod)) {
        this.queue.addAfter(keyOf(service), this.flags.endpointsBatchPeriod);
      }
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
    this.watchOwn("endpoints");
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const { namespace, name } = splitKey(key);
    const service = this.informers.store("services").byKey(key);
    const there = this.informers.store("endpoints").byKey(key);
    if (service === undefined) {
      if (there === undefined) return undefined;
      // By name: this object has no owner to go with, so that Endpoints can be there before their service.
      try {
        yield* this.client.delete("endpoints", namespace, name, { uid: there.metadata.uid ?? "" });
      } catch (error) {
        if (!isNotFound(error)) throw error;
      }
      return undefined;
    }
    if (!selectsPods(service)) return undefined;
    const { subsets, truncated } = subsetsOf(service, podsOf(this.informers, service));
    const labels = { ...labelsOf(service), ...(isHeadless(service) ? { [headlessLabel]: "" } : {}) };
    const rest = omit(there?.metadata.annotations ?? {}, overCapacity) as Readonly<Record<string, string>>;
    const annotations = truncated ? { ...rest, [overCapacity]: "truncated" } : rest;
    const metadata = {
      ...(there?.metadata ?? { name }),
      ...(Object.keys(labels).length === 0 ? { labels: undefined } : { labels }),
      ...(Object.keys(annotations).length === 0 ? { annotations: undefined } : { annotations }),
    };
    if (there === undefined) {
      yield* this.client.create("endpoints", namespace, { metadata, subsets });
      return undefined;
    }
    const same =
      equal(listAt(there, "subsets"), subsets) &&
      equal(metadata.labels, there.metadata.labels) &&
      equal(metadata.annotations, there.metadata.annotations);
    if (!same) yield* this.client.update("endpoints", { ...there, metadata, subsets } as typeof there);
    return undefined;
  }
}

/** Addresses by the ports that they have, ready ones and others, in the order of their addresses. */
function subsetsOf(
  service: Service,
  pods: readonly Pod[],
): { readonly subsets: readonly JsonObject[]; readonly truncated: boolean } {
  const all = service.spec.publishNotReadyAddresses === true;
  const counted = pods.filter(({ metadata }) => all || metadata.deletionTimestamp === undefined);
  // Ready ones are kept first where there are too many.
  const kept = [...counted].sort((a, b) => Number(isReady(b)) - Number(isReady(a))).slice(0, capacity);
  const groups = new Map<
    string,
    { readonly ports: readonly Json[]; readonly ready: JsonObject[]; readonly not: JsonObject[] }
  >();
  for (const pod of kept) {
    const ports = portsOn(service, pod).map(({ name, ...port }) => (name === "" ? port : { ...port, name }));
    if (ports.length === 0 && !isHeadless(service)) continue;
    const id = JSON.stringify(ports);
    const group = groups.get(id) ?? { ports, ready: [], not: [] };
    groups.set(id, group);
    (all || isReady(pod) ? group.ready : group.not).push(addressIn(service, pod));
  }
  const byAddress = (list: JsonObject[]): JsonObject[] =>
    list.sort((a, b) => ((a["ip"] ?? "") < (b["ip"] ?? "") ? -1 : 1));
  const subsets = [...groups.entries()]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, { ports, ready, not }]) => ({
      ...(ready.length === 0 ? {} : { addresses: byAddress(ready) }),
      ...(not.length === 0 ? {} : { notReadyAddresses: byAddress(not) }),
      ...(ports.length === 0 ? {} : { ports }),
    }));
  return { subsets, truncated: kept.length < counted.length };
}

function addressIn(service: Service, pod: Pod): JsonObject {
  const { name = "", namespace = "", uid = "" } = pod.metadata;
  const hostname = hostnameOf(service, pod);
  const { nodeName } = pod.spec;
  return {
    ip: addressOf(pod) ?? "",
    ...(hostname === undefined ? {} : { hostname }),
    ...(nodeName === undefined ? {} : { nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
  };
}
