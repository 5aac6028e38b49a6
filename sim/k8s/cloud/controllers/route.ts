import { s, type Activity, type Process } from "../../../core/index.js";
import { timeText } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure } from "../../client/failure.js";
import type { Node } from "../../client/pod-types.js";
import { Controller, type ControllerContext } from "../../controllers/controller.js";
import { conditionOf } from "../../controllers/nodes/taints.js";
import { asked, type CloudProvider, type Route, type Routes } from "../provider.js";

/** `--route-reconciliation-period`. */
const period = s(10);

/** Has the cloud's network lead each node's pods' range to that node (k8s.io/cloud-provider, `controllers/route`). */
export class RouteController extends Controller {
  readonly #cloud: CloudProvider;
  readonly #process: Process<void>;

  constructor(context: ControllerContext, cloud: CloudProvider) {
    super("node-route-controller", context, 1);
    this.#cloud = cloud;
    this.watch("nodes", {});
    this.#process = this.world.engine.spawn(this.#run(), { name: this.name, background: true });
  }

  override stop(): void {
    this.#process.cancel();
    super.stop();
  }

  // It compares all routes with all nodes from time to time.
  protected override *reconcile(): Activity<Again | undefined> {
    return undefined;
  }

  *#run(): Activity<void> {
    const { routes } = this.#cloud;
    if (routes === undefined) return;
    yield* this.synced();
    for (;;) {
      try {
        yield* this.#compare(routes);
      } catch (error) {
        if (!(error instanceof ApiFailure)) throw error;
      }
      yield* this.world.engine.delay(period, { background: true });
    }
  }

  *#compare(routes: Routes): Activity<void> {
    const nodes = [...this.informers.store("nodes").values()];
    const known = new Map((yield* asked(routes.list())).map((route) => [route.name, route]));
    const wanted = new Map<string, Route>();
    for (const node of nodes) {
      const { name = "" } = node.metadata;
      const destination = node.spec?.podCIDR;
      if (destination === undefined || node.spec?.providerID === undefined) continue;
      const route = { name: `${name}-${destination}`, node: name, destination };
      wanted.set(route.name, route);
      if (!known.has(route.name)) yield* asked(routes.create(route));
      yield* this.#mark(node);
    }
    for (const [name, route] of known) if (!wanted.has(name)) yield* asked(routes.remove(route));
  }

  *#mark(node: Node): Activity<void> {
    if (conditionOf(node, "NetworkUnavailable")?.status === "False") return;
    const client = this.client.background;
    const current = yield* client.get("nodes", "", node.metadata.name ?? "");
    const others = (current.status?.conditions ?? []).filter(({ type }) => type !== "NetworkUnavailable");
    const time = timeText(this.world);
    const made = {
      ...{ type: "NetworkUnavailable", status: "False", reason: "RouteCreated" },
      ...{ message: "RouteController created a route", lastHeartbeatTime: time, lastTransitionTime: time },
    };
    yield* client.updateStatus("nodes", { ...current, status: { ...current.status, conditions: [...others, made] } });
  }
}
