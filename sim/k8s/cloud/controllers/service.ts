import type { Activity } from "../../../core/index.js";
import { keyOf, splitKey } from "../../client/address.js";
import type { Again } from "../../client/control-loop.js";
import { isNotFound } from "../../client/failure.js";
import type { Node } from "../../client/pod-types.js";
import { Controller, type ControllerContext } from "../../controllers/controller.js";
import { conditionOf, taintsOf } from "../../controllers/nodes/taints.js";
import { equal, listAt, type JsonObject } from "../../objects/value.js";
import { asked, type CloudProvider, type LoadBalancers, type Service } from "../provider.js";
import { toBeDeletedKey } from "../taints.js";

const finalizer = "service.kubernetes.io/load-balancer-cleanup";
const excludedKey = "node.kubernetes.io/exclude-from-external-load-balancers";

const isWanted = ({ spec, metadata }: Service): boolean =>
  spec.type === "LoadBalancer" && spec.loadBalancerClass === undefined && metadata.deletionTimestamp === undefined;

const finalizersOf = (service: Service): readonly string[] =>
  listAt(service, "metadata", "finalizers").filter((each) => typeof each === "string");

const addressesOf = (ingress: readonly { readonly ip?: string }[] = []): string[] => ingress.map(({ ip = "" }) => ip);

/** Whether a load balancer may send to a node: it is ready, and nobody is about to delete it. */
const takesTraffic = (node: Node): boolean =>
  node.metadata.labels?.[excludedKey] === undefined &&
  !taintsOf(node).some(({ key }) => key === toBeDeletedKey) &&
  conditionOf(node, "Ready")?.status === "True";

/**
 * Gets services of type LoadBalancer one from the cloud, and has it know the nodes that are ready (k8s.io/cloud-provider,
 * `controllers/service`). A finalizer keeps the service until its load balancer is gone.
 */
export class ServiceController extends Controller {
  readonly #balancers: LoadBalancers | undefined;

  constructor(context: ControllerContext, cloud: CloudProvider) {
    super("service-controller", context, 1);
    this.#balancers = cloud.loadBalancers;
    const add = (service: Service): void => {
      if (isWanted(service) || finalizersOf(service).includes(finalizer)) this.queue.add(keyOf(service));
    };
    this.watch("services", {
      added: add,
      updated: (service, old) => {
        if (!equal(service.spec, old.spec) || !equal(service.metadata, old.metadata)) add(service);
      },
    });
    const all = (): void => {
      for (const service of this.informers.store("services").values()) if (isWanted(service)) add(service);
    };
    this.watch("nodes", {
      added: all,
      deleted: all,
      updated: (node, old) => {
        if (takesTraffic(node) !== takesTraffic(old)) all();
      },
    });
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const balancers = this.#balancers;
    const service = this.informers.store("services").byKey(key);
    if (service === undefined || balancers === undefined) return undefined;
    if (isWanted(service)) yield* this.#ensure(service, balancers);
    else if (finalizersOf(service).includes(finalizer)) yield* this.#remove(service, balancers);
    return undefined;
  }

  *#ensure(service: Service, balancers: LoadBalancers): Activity<void> {
    const nodes = [...this.informers.store("nodes").values()].filter(takesTraffic);
    const there = yield* asked(balancers.status(service));
    const isKept = finalizersOf(service).includes(finalizer);
    if (
      there !== undefined &&
      isKept &&
      equal(addressesOf(service.status?.loadBalancer?.ingress), addressesOf(there.ingress))
    ) {
      yield* asked(balancers.update(service, nodes));
      return;
    }
    this.events.event(service, "Normal", "EnsuringLoadBalancer", "Ensuring load balancer");
    if (!isKept) yield* this.#patch(service, { metadata: { finalizers: [...finalizersOf(service), finalizer] } });
    if (nodes.length === 0) {
      const text = "There are no available nodes for LoadBalancer";
      this.events.event(service, "Warning", "UnAvailableLoadBalancer", text);
    }
    const { ingress } = yield* asked(balancers.ensure(service, nodes));
    this.events.event(service, "Normal", "EnsuredLoadBalancer", "Ensured load balancer");
    const told = ingress.map(({ ip }) => ({ ip, ipMode: "VIP" }));
    yield* this.#patch(service, { status: { loadBalancer: { ingress: told } } }, "status");
  }

  *#remove(service: Service, balancers: LoadBalancers): Activity<void> {
    if ((yield* asked(balancers.status(service))) !== undefined) {
      this.events.event(service, "Normal", "DeletingLoadBalancer", "Deleting load balancer");
      yield* asked(balancers.remove(service));
    }
    const left = finalizersOf(service).filter((each) => each !== finalizer);
    // First: a service that nothing holds any more is gone.
    if (service.metadata.deletionTimestamp === undefined)
      yield* this.#patch(service, { status: { loadBalancer: null } }, "status");
    yield* this.#patch(service, { metadata: { finalizers: left.length === 0 ? null : left } });
    this.events.event(service, "Normal", "DeletedLoadBalancer", "Deleted load balancer");
  }

  *#patch(service: Service, patch: JsonObject, subresource = ""): Activity<void> {
    const { namespace, name } = splitKey(keyOf(service));
    try {
      yield* this.client.patch("services", namespace, name, patch, subresource);
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }
}
