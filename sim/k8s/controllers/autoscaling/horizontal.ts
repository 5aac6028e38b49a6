import { s, type Activity } from "../../../core/index.js";
import { keyOf, type Kind, type Served } from "../../client/address.js";
import { seconds, timeText } from "../../client/clock.js";
import type { Again } from "../../client/control-loop.js";
import { ApiFailure } from "../../client/failure.js";
import type { Condition } from "../../client/pod-types.js";
import type { Kinds } from "../../client/types.js";
import { formatQuantity, parseQuantity } from "../../objects/quantity.js";
import { matches, parseSelectorText } from "../../objects/selectors.js";
import { equal, labelsOf, listAt, objectAt, show, stringAt, type JsonObject } from "../../objects/value.js";
import { Controller, secondsAt, type ControllerContext } from "../controller.js";
import type { Pod } from "../pods.js";
import { reach, rulesOf, stabilized, type Change, type Recommendation } from "./limits.js";
import { proposal, type Usage } from "./proposal.js";

type Autoscaler = Kinds["horizontalpodautoscalers"];
type Metric = NonNullable<Autoscaler["spec"]["metrics"]>[number];

/** `--horizontal-pod-autoscaler-sync-period` */
const period = s(15);
const podMetrics: Served = {
  group: "metrics.k8s.io",
  version: "v1beta1",
  plural: "pods",
  kind: "PodMetrics",
  namespaced: true,
};
const scalable: Readonly<Record<string, Kind>> = {
  Deployment: "deployments",
  ReplicaSet: "replicasets",
  StatefulSet: "statefulsets",
  ReplicationController: "replicationcontrollers",
};

interface Memory {
  readonly recommendations: Recommendation[];
  readonly changes: Change[];
}

interface Reading {
  readonly replicas: number;
  readonly reason: string;
  readonly status: JsonObject;
}

/**
 * Sizes workloads by what their pods use (kubernetes, `pkg/controller/podautoscaler`), every 15 s. What they use it asks metrics.k8s.io; metrics
 * of other kinds (`Pods`, `Object`, `External`, `ContainerResource`) have nobody here who serves them, and are said to fail.
 */
export class HorizontalController extends Controller {
  readonly #memory = new Map<string, Memory>();

  constructor(context: ControllerContext) {
    super("horizontal-pod-autoscaler-controller", context);
    const add = (autoscaler: Autoscaler): void => {
      this.queue.add(keyOf(autoscaler));
    };
    this.watch("horizontalpodautoscalers", {
      added: add,
      updated: (autoscaler, old) => {
        if (!equal(autoscaler.spec, old.spec)) add(autoscaler);
      },
      deleted: ({ metadata }) => {
        this.#memory.delete(metadata.uid ?? "");
      },
    });
    this.watch("pods", {});
  }

  protected override *reconcile(key: string): Activity<Again | undefined> {
    const autoscaler = this.informers.store("horizontalpodautoscalers").byKey(key);
    if (autoscaler === undefined) return undefined;
    try {
      yield* this.#sync(autoscaler);
    } catch (error) {
      // The next round tries anew; in between there is nothing to hurry for.
      if (!(error instanceof ApiFailure)) throw error;
    }
    return { after: period, background: true };
  }

  *#sync(autoscaler: Autoscaler): Activity<void> {
    const { namespace = "" } = autoscaler.metadata;
    const { scaleTargetRef: target, minReplicas = 1, maxReplicas } = autoscaler.spec;
    const conditions = new Map((autoscaler.status?.conditions ?? []).map((each) => [each.type, each]));
    const set = (type: string, status: "True" | "False", reason: string, message: string): void => {
      const before = conditions.get(type);
      const since = before?.status === status ? before.lastTransitionTime : undefined;
      conditions.set(type, { type, status, reason, message, lastTransitionTime: since ?? timeText(this.world) });
    };
    const kind = scalable[target.kind];
    let current: number;
    let selector: string;
    try {
      if (kind === undefined) throw new ApiFailure(404, undefined, `no matches for kind "${target.kind}"`);
      const scale = yield* this.client.scale(kind, namespace, target.name);
      current = scale.spec.replicas ?? 0;
      selector = scale.status?.selector ?? "";
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      this.events.event(autoscaler, "Warning", "FailedGetScale", error.message);
      const message = `the HPA controller was unable to get the target's current scale: ${error.message}`;
      set("AbleToScale", "False", "FailedGetScale", message);
      yield* this.#writeStatus(autoscaler, {}, conditions);
      return;
    }
    set("AbleToScale", "True", "SucceededGetScale", "the HPA controller was able to get the target's current scale");
    let desired = current;
    let reason = "";
    let metrics: JsonObject[] = [];
    if (current === 0 && minReplicas !== 0) {
      set(
        "ScalingActive",
        "False",
        "ScalingDisabled",
        "scaling is disabled since the replica count of the target is zero",
      );
    } else if (current > maxReplicas)
      [desired, reason] = [maxReplicas, "Current number of replicas above Spec.MaxReplicas"];
    else if (current < minReplicas)
      [desired, reason] = [minReplicas, "Current number of replicas below Spec.MinReplicas"];
    else {
      const readings = yield* this.#readings(autoscaler, current, selector, set);
      const best = readings.toSorted((a, b) => b.replicas - a.replicas)[0];
      metrics = readings.map(({ status }) => status);
      const all = readings.length === (autoscaler.spec.metrics ?? []).length;
      // A metric that isn't known might have asked for more than the others: then it isn't shrunk.
      if (best !== undefined && (all || best.replicas > current)) {
        const now = { wanted: best.replicas, current };
        desired = this.#limited(autoscaler, now, set);
        reason = desired > current ? best.reason : "All metrics below target";
      }
    }
    let lastScaleTime = stringAt(autoscaler.status, "lastScaleTime");
    if (desired !== current) {
      yield* this.client.setScale(kind, namespace, target.name, desired);
      this.events.event(autoscaler, "Normal", "SuccessfulRescale", `New size: ${desired}; reason: ${reason}`);
      this.#of(autoscaler).changes.push({ at: seconds(this.world), by: desired - current });
      set(
        "AbleToScale",
        "True",
        "SucceededRescale",
        `the HPA controller was able to update the target scale to ${desired}`,
      );
      lastScaleTime = timeText(this.world);
    }
    const status = {
      currentReplicas: current,
      desiredReplicas: desired,
      ...(lastScaleTime === undefined ? {} : { lastScaleTime }),
      ...(metrics.length === 0 ? {} : { currentMetrics: metrics }),
    };
    yield* this.#writeStatus(autoscaler, status, conditions);
  }

  *#readings(
    autoscaler: Autoscaler,
    current: number,
    selector: string,
    set: (type: string, status: "True" | "False", reason: string, message: string) => void,
  ): Activity<Reading[]> {
    const { namespace = "" } = autoscaler.metadata;
    const parsed = parseSelectorText(selector);
    const pods = [...this.informers.store("pods").values()].filter(
      (pod) => pod.metadata.namespace === namespace && typeof parsed !== "string" && matches(parsed, labelsOf(pod)),
    );
    const found: Reading[] = [];
    let failure: { readonly reason: string; readonly message: string } | undefined;
    for (const metric of autoscaler.spec.metrics ?? []) {
      const reading = yield* this.#reading(metric, namespace, pods, current);
      if (typeof reading !== "string") found.push(reading);
      else
        failure ??= {
          reason: metric.resource === undefined ? "InvalidMetricSourceType" : "FailedGetResourceMetric",
          message: reading,
        };
    }
    if (failure === undefined || found.length > 0) {
      const message = "the HPA was able to successfully calculate a replica count from a metric";
      set("ScalingActive", "True", "ValidMetricFound", message);
    }
    if (failure !== undefined) {
      this.events.event(autoscaler, "Warning", failure.reason, failure.message);
      if (found.length === 0) {
        const message = `the HPA was unable to compute the replica count: ${failure.message}`;
        set("ScalingActive", "False", failure.reason, message);
      }
    }
    return found;
  }

  /** @returns why there is none, as a string */
  *#reading(metric: Metric, namespace: string, pods: readonly Pod[], current: number): Activity<Reading | string> {
    const { resource } = metric;
    if (resource === undefined) return `nobody serves metrics of type ${metric.type}`;
    const { name, target } = resource;
    let usage: ReadonlyMap<string, Usage>;
    try {
      usage = usageOf(name, (yield* this.client.list<Kind>(podMetrics, namespace)).items);
    } catch (error) {
      if (!(error instanceof ApiFailure)) throw error;
      return `failed to get ${name} utilization: unable to get metrics for resource ${name}: ${error.message}`;
    }
    const requests = new Map(pods.map((pod) => [pod, requestOf(pod, name)]));
    const request = (pod: Pod): number => requests.get(pod) ?? 0;
    const percent = target.averageUtilization;
    if (percent !== undefined) {
      const without = pods.find((pod) => requests.get(pod) === undefined);
      if (without !== undefined)
        return `failed to get ${name} utilization: missing request for ${name} in pod ${without.metadata.name ?? ""}`;
    }
    const fixed = Number(parseQuantity(target.averageValue ?? "0") ?? 0n) / 1e9;
    const measured = {
      pods,
      usage,
      isCpu: name === "cpu",
      target: (pod: Pod) => (percent === undefined ? fixed : (request(pod) * percent) / 100),
      full: (pod: Pod) => (percent === undefined ? fixed : request(pod) * Math.max(1, percent / 100)),
    };
    const result = proposal(measured, current, this.flags.horizontalTolerance, seconds(this.world));
    if (result === undefined)
      return `failed to get ${name} utilization: did not receive metrics for targeted pods (pods might be unready)`;
    const values = pods.flatMap((pod) => usage.get(pod.metadata.name ?? "")?.value ?? []);
    const average = values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length);
    const averageValue = formatQuantity(BigInt(Math.round(average * 1e3)) * 1_000_000n, name === "memory" ? "Mi" : "");
    const averageUtilization = percent === undefined ? {} : { averageUtilization: Math.floor(result.ratio * percent) };
    return {
      replicas: result.replicas,
      reason: `${name} resource${percent === undefined ? "" : " utilization (percentage of request)"} above target`,
      status: { type: "Resource", resource: { name, current: { averageValue, ...averageUtilization } } },
    };
  }

  #of(autoscaler: Autoscaler): Memory {
    const { uid = "" } = autoscaler.metadata;
    const found = this.#memory.get(uid);
    if (found !== undefined) return found;
    const made = { recommendations: [], changes: [] };
    this.#memory.set(uid, made);
    return made;
  }

  /** What windows, policies and bounds leave of what a metric asks for. */
  #limited(
    autoscaler: Autoscaler,
    { wanted, current }: { readonly wanted: number; readonly current: number },
    set: (type: string, status: "True" | "False", reason: string, message: string) => void,
  ): number {
    const now = seconds(this.world);
    const { minReplicas = 1, maxReplicas, behavior } = autoscaler.spec;
    const rules = rulesOf(behavior, this.flags.downscaleStabilization / 1e9);
    const memory = this.#of(autoscaler);
    const longest = 3600;
    for (const list of [memory.recommendations, memory.changes]) {
      while (list[0] !== undefined && now - list[0].at > longest) list.shift();
    }
    const steady = stabilized(wanted, current, memory.recommendations, rules, now);
    memory.recommendations.push({ at: now, replicas: wanted });
    if (steady > wanted)
      set(
        "AbleToScale",
        "True",
        "ScaleDownStabilized",
        "recent recommendations were higher than current one, applying the highest recent recommendation",
      );
    else if (steady < wanted)
      set(
        "AbleToScale",
        "True",
        "ScaleUpStabilized",
        "recent recommendations were lower than current one, applying the lowest recent recommendation",
      );
    else set("AbleToScale", "True", "ReadyForNewScale", "recommended size matches current size");
    const farthest =
      steady > current
        ? reach(current, rules.up, 1, memory.changes, now)
        : reach(current, rules.down, -1, memory.changes, now);
    const stepped = steady > current ? Math.min(steady, farthest) : Math.max(steady, farthest);
    const desired = Math.min(maxReplicas, Math.max(minReplicas, stepped));
    if (desired === steady)
      set("ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range");
    else if (desired === maxReplicas)
      set(
        "ScalingLimited",
        "True",
        "TooManyReplicas",
        "the desired replica count is more than the maximum replica count",
      );
    else if (desired === minReplicas)
      set(
        "ScalingLimited",
        "True",
        "TooFewReplicas",
        "the desired replica count is less than the minimum replica count",
      );
    else
      set(
        "ScalingLimited",
        "True",
        steady > current ? "ScaleUpLimit" : "ScaleDownLimit",
        "the desired replica count is changing faster than the policies allow",
      );
    return desired;
  }

  *#writeStatus(
    autoscaler: Autoscaler,
    status: JsonObject,
    conditions: ReadonlyMap<string, Condition>,
  ): Activity<void> {
    const next = { desiredReplicas: 0, ...autoscaler.status, ...status, conditions: [...conditions.values()] };
    if (equal(next, autoscaler.status ?? {})) return;
    yield* this.client.updateStatus("horizontalpodautoscalers", { ...autoscaler, status: next });
  }
}

/** In thousandths, rounded up, as an autoscaler counts whatever it is told (apimachinery, `Quantity.MilliValue`). */
const milli = (quantity: bigint): number => Number((quantity + 999_999n) / 1_000_000n);

/** What pods use of a resource, their containers together (kubernetes, `metrics/client.go`, getPodMetrics). */
function usageOf(
  resource: string,
  items: readonly { readonly metadata: { readonly name?: string } }[],
): ReadonlyMap<string, Usage> {
  return new Map(
    items.map((item) => {
      const row = item as unknown as JsonObject;
      const thousandths = listAt(row, "containers").reduce<number>(
        (sum, container) => sum + milli(parseQuantity(show(objectAt(container, "usage")[resource] ?? "0")) ?? 0n),
        0,
      );
      const value = thousandths / 1e3;
      const window = Number.parseFloat(stringAt(row, "window") ?? "0");
      return [item.metadata.name ?? "", { value, at: secondsAt(stringAt(row, "timestamp")), window }] as const;
    }),
  );
}

/** What a pod's containers ask for together; undefined where one doesn't say. */
function requestOf({ spec }: Pod, resource: string): number | undefined {
  let sum = 0;
  for (const { resources } of spec.containers) {
    const quantity = parseQuantity(resources?.requests?.[resource] ?? "");
    if (quantity === undefined) return undefined;
    sum += Number(quantity) / 1e9;
  }
  return sum;
}
