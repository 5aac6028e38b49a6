import { decode } from "../objects/decode.js";
import { evaluate } from "../objects/json-path.js";
import type { Resource } from "../objects/kinds.js";
import { matches, parseLabelSelector, selectorText } from "../objects/selectors.js";
import { structNamed } from "../objects/structs.js";
import {
  at,
  isObject,
  labelsOf,
  listAt,
  numberAt,
  objectAt,
  stringAt,
  withAt,
  type Draft,
  type Json,
  type JsonObject,
  type KubeObject,
  show,
} from "../objects/value.js";
import { storageError } from "./collection.js";
import { contentType, parseBody, patchValue } from "./body.js";
import { patched, type Call, type Machinery } from "./handlers.js";
import type { NodeCall, NodeProxy } from "./node-proxy.js";
import { json, type ApiResponse, type ApiStream } from "./request.js";
import {
  ApiError,
  badRequest,
  conflict,
  internal,
  invalid,
  methodNotAllowed,
  notFound,
  tooManyRequests,
} from "./status.js";

const scaleStruct = structNamed("autoscaling1.Scale");
const created: JsonObject = { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", code: 201 };

/** Dotted path without its first dot. */
const keys = (path: string): string[] => path.replace(/^\./, "").split(".");

/** The number of replicas that is asked for, as the kind that all scalable kinds share. */
function scaleOf(resource: Resource, object: KubeObject): KubeObject {
  const custom = resource.custom?.scale;
  const read = (path: string): number => {
    const [found] = evaluate(path, object);
    return typeof found === "number" ? found : 0;
  };
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  const selector = at(object, "spec", "selector");
  const text =
    custom !== undefined
      ? custom.selector === undefined
        ? ""
        : show(evaluate(custom.selector, object)[0] ?? "")
      : isObject(selector)
        ? selectorText(
            parseLabelSelector(resource.kind === "ReplicationController" ? { matchLabels: selector } : selector),
          )
        : "";
  const metadata: Draft = { name, namespace, uid, resourceVersion, creationTimestamp };
  for (const key of Object.keys(metadata)) if (metadata[key] === undefined) Reflect.deleteProperty(metadata, key);
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata,
    spec: { replicas: read(custom?.spec ?? ".spec.replicas") },
    status: { replicas: read(custom?.status ?? ".status.replicas"), ...(text === "" ? {} : { selector: text }) },
  };
}

const scaleResource = (resource: Resource): Resource => ({
  ...resource,
  group: "autoscaling",
  version: "v1",
  kind: "Scale",
  struct: scaleStruct,
});

const binding = { group: "", version: "v1", kind: "Binding", struct: structNamed("core.Binding") };
const eviction = { group: "policy", version: "v1", kind: "Eviction", struct: structNamed("policy.Eviction") };

export function scale(machinery: Machinery, call: Call): ApiResponse {
  const { registry } = machinery;
  const { resource, namespace, name, verb, request, writer } = call;
  const old = registry.get(resource, namespace, name);
  const now = scaleOf(resource, old);
  if (verb === "get") return json(200, now);
  const given =
    verb === "patch"
      ? patched(scaleResource(resource), now, contentType(request), () => patchValue(request, "error decoding patch"))
      : parseBody(request, scaleResource(resource));
  const { value, error } = decode(scaleStruct, given);
  if (error !== undefined) throw badRequest(`Scale in version "v1" cannot be handled as a Scale: ${error}`);
  const wanted = stringAt(value, "metadata", "resourceVersion") ?? "";
  const replicas = numberAt(value, "spec", "replicas") ?? 0;
  if (replicas < 0) {
    throw invalid("autoscaling", "Scale", name, [
      {
        reason: "FieldValueInvalid",
        field: "spec.replicas",
        message: `Invalid value: ${replicas}: must be greater than or equal to 0`,
      },
    ]);
  }
  const path = keys(resource.custom?.scale?.spec ?? ".spec.replicas");
  const make = (live: KubeObject): Draft => {
    const changed = withAt(live, path, replicas);
    const revised = wanted === "" ? changed : withAt(changed, ["metadata", "resourceVersion"], wanted);
    return decode(resource.struct, revised).value;
  };
  return json(200, scaleOf(resource, registry.update(resource, namespace, name, "scale", make, writer)));
}

/** A pod gets its node, once. */
export function bind(machinery: Machinery, call: Call, name: string): ApiResponse {
  const { registry, served } = machinery;
  const pods = served.named("pods") ?? call.resource;
  const given = parseBody(call.request, binding);
  const node = stringAt(given, "target", "name") ?? "";
  const kind = stringAt(given, "target", "kind") ?? "";
  if (node === "") {
    throw invalid("", "Binding", name, [
      { reason: "FieldValueRequired", field: "target.name", message: "Required value" },
    ]);
  }
  if (kind !== "" && kind !== "Node") {
    throw invalid("", "Binding", name, [
      {
        reason: "FieldValueNotSupported",
        field: "target.kind",
        message: `Unsupported value: ${JSON.stringify(kind)}: supported values: "Node", "<empty>"`,
      },
    ]);
  }
  const old = registry.get(pods, call.namespace, name);
  const assigned = stringAt(old, "spec", "nodeName") ?? "";
  const refuse = (why: string): ApiError => conflict({ group: "", plural: "pods/binding" }, name, why);
  if (old.metadata.deletionTimestamp !== undefined)
    throw refuse(`pod ${name} is being deleted, cannot be assigned to a host`);
  if (assigned !== "") throw refuse(`pod ${name} is already assigned to node ${JSON.stringify(assigned)}`);
  if (listAt(old, "spec", "schedulingGates").length > 0)
    throw refuse(`pod ${name} has non-empty .spec.schedulingGates`);
  registry.bind(pods, old, node, objectAt(given, "metadata"), call.writer);
  return json(201, created);
}

/** A deletion that a budget may forbid (kubernetes, `pkg/registry/core/pod/storage/eviction.go`). */
export function evict(machinery: Machinery, call: Call): ApiResponse {
  const { registry, served } = machinery;
  const { namespace, name, writer } = call;
  const given = parseBody(call.request, eviction);
  const called = stringAt(given, "metadata", "name") ?? "";
  if (called !== "" && called !== name) throw badRequest("name in URL does not match name in Eviction object");
  const pods = served.named("pods") ?? call.resource;
  const budgets = served.named("poddisruptionbudgets");
  const pod = registry.get(pods, namespace, name);
  const ended = ["Succeeded", "Failed", "Pending"].includes(stringAt(pod, "status", "phase") ?? "");
  if (!ended && pod.metadata.deletionTimestamp === undefined && budgets !== undefined) {
    const found = registry
      .collection(budgets)
      .under(registry.prefix(budgets, namespace))
      .filter((budget) => matches(parseLabelSelector(objectAt(budget, "spec", "selector")), labelsOf(pod)));
    const [budget] = found;
    if (found.length > 1)
      throw internal(
        "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
      );
    if (budget !== undefined && budget["spec"] !== undefined)
      charge(machinery, budgets, budget, name, writer.options.dryRun);
  }
  const options = objectAt(given, "deleteOptions");
  const grace = numberAt(options, "gracePeriodSeconds");
  registry.delete(
    pods,
    namespace,
    name,
    {
      gracePeriodSeconds: grace,
      propagationPolicy: undefined,
      uid: stringAt(options, "preconditions", "uid"),
      resourceVersion: stringAt(options, "preconditions", "resourceVersion"),
      dryRun: writer.options.dryRun || listAt(options, "dryRun").includes("All"),
    },
    writer,
  );
  return json(201, created);
}

function charge({ registry }: Machinery, budgets: Resource, budget: KubeObject, pod: string, dryRun: boolean): void {
  const allowed = numberAt(budget, "status", "disruptionsAllowed") ?? 0;
  const name = budget.metadata.name ?? "";
  if ((numberAt(budget, "status", "observedGeneration") ?? 0) < (budget.metadata.generation ?? 0)) {
    throw tooManyRequests("Cannot evict pod as it would violate the pod's disruption budget.", [
      { reason: "DisruptionBudget", message: `The disruption budget ${name} is still being processed by the server.` },
    ]);
  }
  if (allowed <= 0) {
    const desired = numberAt(budget, "status", "desiredHealthy") ?? 0;
    const current = numberAt(budget, "status", "currentHealthy") ?? 0;
    throw tooManyRequests(
      "Cannot evict pod as it would violate the pod's disruption budget.",
      [
        {
          reason: "DisruptionBudget",
          message: `The disruption budget ${name} needs ${desired} healthy pods and has ${current} currently`,
        },
      ],
      0,
    );
  }
  if (dryRun) return;
  const disrupted: Json = { ...objectAt(budget, "status", "disruptedPods"), [pod]: registry.time };
  registry.setStatus(budgets, budget, {
    ...objectAt(budget, "status"),
    disruptionsAllowed: allowed - 1,
    disruptedPods: disrupted,
  });
}

/** Of a namespace: which finalizers still hold it. */
export function finalize(machinery: Machinery, call: Call): ApiResponse {
  const { resource, namespace, name, writer } = call;
  const given = parseBody(call.request, resource);
  const make = (old: KubeObject): Draft => {
    const changed = withAt(old, ["spec", "finalizers"], [...listAt(given, "spec", "finalizers")]);
    return decode(resource.struct, changed).value;
  };
  return json(200, machinery.registry.update(resource, namespace, name, "finalize", make, writer));
}

/** What only the pod's node can answer. */
export function connect(machinery: Machinery, call: Call, proxy: NodeProxy | undefined): ApiResponse | ApiStream {
  const { registry } = machinery;
  const { resource, namespace, name, subresource, rest, query, request, writer } = call;
  // The object is read as it is now, not as it is remembered (kubernetes, `getPod` in `registry/core/pod`).
  const unreachable = registry.storage.unreachable?.();
  if (unreachable !== undefined) throw storageError(unreachable);
  const object = registry.get(resource, namespace, name);
  if (resource.kind === "Service") throw methodNotAllowed();
  const pod = resource.kind === "Pod" ? object : undefined;
  const node = pod === undefined ? name : (stringAt(pod, "spec", "nodeName") ?? "");
  if (subresource === "" || !["log", "exec", "attach", "portforward", "proxy"].includes(subresource))
    throw methodNotAllowed();
  registry.admit({
    operation: "CONNECT",
    resource,
    subresource,
    namespace,
    name,
    user: writer.user,
    dryRun: false,
    object: undefined,
    old: object,
    warn: writer.warn,
  });
  if (pod !== undefined) container(pod, query["container"] ?? "", subresource);
  if (node === "") throw badRequest(`pod ${name} does not have a host assigned`);
  if (proxy === undefined)
    throw new ApiError(503, "ServiceUnavailable", `no kubelet answers for node ${JSON.stringify(node)}`);
  return proxy({
    subresource: subresource as NodeCall["subresource"],
    pod,
    node,
    query,
    path: rest,
    request,
    user: writer.user,
  });
}

/** A container must be named where there are several (kubernetes, `LogLocation`, `streamLocation`). */
function container(pod: KubeObject, wanted: string, subresource: string): void {
  if (subresource === "portforward" || subresource === "proxy") return;
  const names = (list: string): string[] => listAt(pod, "spec", list).flatMap((each) => stringAt(each, "name") ?? []);
  const own = names("containers");
  const init = names("initContainers");
  const name = pod.metadata.name ?? "";
  if (wanted === "") {
    if (own.length === 1) return;
    const inits = init.length === 0 ? "" : ` or one of the init containers: [${init.join(" ")}]`;
    throw badRequest(`a container name must be specified for pod ${name}, choose one of: [${own.join(" ")}]${inits}`);
  }
  if (![...own, ...init, ...names("ephemeralContainers")].includes(wanted))
    throw badRequest(`container ${wanted} is not valid for pod ${name}`);
}

/** Metrics come from the nodes as well. */
export type MetricsSource = (kind: "NodeMetrics" | "PodMetrics", namespace: string) => readonly KubeObject[];

export function metrics({ resource, namespace, name, verb }: Call, source: MetricsSource): ApiResponse {
  const kind = resource.kind === "NodeMetrics" ? "NodeMetrics" : "PodMetrics";
  const items = source(kind, namespace);
  if (verb === "list")
    return json(200, { kind: `${kind}List`, apiVersion: "metrics.k8s.io/v1beta1", metadata: {}, items });
  const found = items.find((item) => item.metadata.name === name);
  if (found === undefined) throw notFound(resource, name);
  return json(200, found);
}
