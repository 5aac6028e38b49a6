import { parseQuantity } from "../objects/quantity.js";
import { parseLabelSelector, type Selector } from "../objects/selectors.js";
import {
  at,
  isObject,
  labelsOf,
  listAt,
  numberAt,
  objectAt,
  show,
  stringAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../objects/value.js";

/** Amounts of resources: thousandths of a processor, bytes of memory, whole units of all else by name. */
export interface Resources {
  cpu: number;
  memory: number;
  readonly others: Map<string, number>;
}

export const noResources = (): Resources => ({ cpu: 0, memory: 0, others: new Map() });

const nanos = 1_000_000_000n;
/** Pods ask for the same few amounts over and over. */
const parsed = new Map<string, number>();

function amount(text: string, unit: bigint): number {
  const key = `${unit} ${text}`;
  let value = parsed.get(key);
  if (value === undefined) {
    value = Number(((parseQuantity(text) ?? 0n) + unit - 1n) / unit);
    if (parsed.size < 10_000) parsed.set(key, value);
  }
  return value;
}

/** Quantities as amounts, rounded up (kubernetes, `framework.Resource`). */
export function resourcesOf(quantities: JsonObject): Resources {
  const found = noResources();
  for (const [name, quantity] of Object.entries(quantities)) {
    if (name === "cpu") found.cpu = amount(show(quantity), nanos / 1000n);
    else if (name === "memory") found.memory = amount(show(quantity), nanos);
    else found.others.set(name, amount(show(quantity), nanos));
  }
  return found;
}

/** Adds (1) or takes away (-1). */
export function addTo(to: Resources, more: Resources, times: 1 | -1 = 1): Resources {
  to.cpu += more.cpu * times;
  to.memory += more.memory * times;
  for (const [name, value] of more.others) to.others.set(name, (to.others.get(name) ?? 0) + value * times);
  return to;
}

function raise(to: Resources, least: Resources): void {
  to.cpu = Math.max(to.cpu, least.cpu);
  to.memory = Math.max(to.memory, least.memory);
  for (const [name, value] of least.others) to.others.set(name, Math.max(to.others.get(name) ?? 0, value));
}

/** What a container counts as in scores where it asks for nothing (kubernetes, `scheduler/util/pod_resources.go`): 0.1 CPU, 200 MiB. */
const assumed = { cpu: 100, memory: 200 * 1024 * 1024 };

/**
 * What a pod asks for: its containers together with the sidecars, or the most that an init container needs beside the sidecars that
 * have started before it, whichever is more; and its overhead (kubernetes, component-helpers, `PodRequests`).
 * @param nonzero counts containers that ask for no CPU or memory by what they are assumed to use
 */
function requestsOf(spec: JsonObject, nonzero: boolean): Resources {
  const of = (container: Json): Resources => {
    const given = objectAt(container, "resources", "requests");
    const asked = resourcesOf(given);
    if (nonzero && given["cpu"] === undefined) asked.cpu = assumed.cpu;
    if (nonzero && given["memory"] === undefined) asked.memory = assumed.memory;
    return asked;
  };
  const total = noResources();
  for (const container of listAt(spec, "containers")) addTo(total, of(container));
  const sidecars = noResources();
  const starting = noResources();
  for (const container of listAt(spec, "initContainers")) {
    const asked = of(container);
    if (stringAt(container, "restartPolicy") === "Always") {
      addTo(sidecars, asked);
      raise(starting, sidecars);
    } else raise(starting, addTo(asked, sidecars));
  }
  addTo(total, sidecars);
  raise(total, starting);
  return addTo(total, resourcesOf(objectAt(spec, "overhead")));
}

/** A port of the node that a pod takes. */
export interface HostPort {
  readonly address: string;
  readonly protocol: string;
  readonly port: number;
}

const hostPortsOf = (spec: JsonObject): readonly HostPort[] =>
  listAt(spec, "containers").flatMap((container) =>
    listAt(container, "ports").flatMap((each): HostPort[] => {
      const port = isObject(each) ? each["hostPort"] : undefined;
      if (typeof port !== "number" || port <= 0) return [];
      return [{ address: stringAt(each, "hostIP") || "0.0.0.0", protocol: stringAt(each, "protocol") || "TCP", port }];
    }),
  );

export interface Toleration {
  readonly key: string;
  readonly exists: boolean;
  readonly value: string;
  readonly effect: string;
}

/** Which pods a term of (anti-)affinity means, and what a domain is for it. */
export interface AffinityTerm {
  readonly namespaces: ReadonlySet<string>;
  /** Of namespaces' labels; undefined where the term names none. */
  readonly namespaceSelector: Selector | undefined;
  readonly selector: Selector | undefined;
  readonly topologyKey: string;
  /** 0 for a required one. */
  readonly weight: number;
}

interface AffinityTerms {
  readonly required: readonly AffinityTerm[];
  readonly preferred: readonly AffinityTerm[];
}

function termOf(term: Json, pod: KubeObject, weight: number): AffinityTerm {
  const listed = listAt(term, "namespaces").filter((name) => typeof name === "string");
  const bySelector = isObject(term) && isObject(term["namespaceSelector"]) ? term["namespaceSelector"] : undefined;
  const own = listed.length === 0 && bySelector === undefined ? [pod.metadata.namespace ?? ""] : listed;
  const selector = isObject(term) && isObject(term["labelSelector"]) ? term["labelSelector"] : undefined;
  const by = (key: string, operator: "In" | "NotIn"): Selector =>
    listAt(term, key).flatMap((label) => {
      const value = typeof label === "string" ? labelsOf(pod)[label] : undefined;
      return typeof label === "string" && value !== undefined ? [{ key: label, operator, values: [value] }] : [];
    });
  return {
    namespaces: new Set(own),
    namespaceSelector: bySelector === undefined ? undefined : parseLabelSelector(bySelector),
    // No selector means no pods, an empty one all.
    selector:
      selector === undefined
        ? undefined
        : [...parseLabelSelector(selector), ...by("matchLabelKeys", "In"), ...by("mismatchLabelKeys", "NotIn")],
    topologyKey: stringAt(term, "topologyKey") ?? "",
    weight,
  };
}

const noTerms: AffinityTerms = { required: [], preferred: [] };

function termsOf(pod: KubeObject, which: "podAffinity" | "podAntiAffinity"): AffinityTerms {
  if (at(pod, "spec", "affinity", which) === undefined) return noTerms;
  const terms = objectAt(pod, "spec", "affinity", which);
  return {
    required: listAt(terms, "requiredDuringSchedulingIgnoredDuringExecution").map((term) => termOf(term, pod, 0)),
    preferred: listAt(terms, "preferredDuringSchedulingIgnoredDuringExecution").map((each) =>
      termOf(objectAt(each, "podAffinityTerm"), pod, numberAt(each, "weight") ?? 0),
    ),
  };
}

/** What of a pod many others have alike: those of one Deployment, say. Read once for all of them. */
interface PodClass {
  readonly text: string;
  readonly requests: Resources;
  readonly counted: Resources;
  readonly ports: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
}

const classes = new Map<string, PodClass>();
/** So many are remembered, those that came first longest. */
const mostClasses = 1000;

function classOf(spec: JsonObject): PodClass {
  const parts = (list: string): Json =>
    listAt(spec, list).map((each): Json => {
      const { resources = null, ports = null, restartPolicy = null } = objectAt(each);
      return [resources, ports, restartPolicy];
    });
  const { overhead = null, tolerations = null, nodeSelector = null } = spec;
  const affinity = at(spec, "affinity", "nodeAffinity") ?? null;
  const text = JSON.stringify([
    parts("containers"),
    parts("initContainers"),
    overhead,
    tolerations,
    nodeSelector,
    affinity,
  ]);
  let found = classes.get(text);
  if (found === undefined) {
    found = {
      text,
      requests: requestsOf(spec, false),
      counted: requestsOf(spec, true),
      ports: hostPortsOf(spec),
      tolerations: listAt(spec, "tolerations").map((each) => ({
        key: stringAt(each, "key") ?? "",
        exists: stringAt(each, "operator") === "Exists",
        value: stringAt(each, "value") ?? "",
        effect: stringAt(each, "effect") ?? "",
      })),
    };
    if (classes.size < mostClasses) classes.set(text, found);
  }
  return found;
}

/** A pod as the scheduler looks at it: read once, compared with many nodes. */
export class PodInfo {
  /** The pod as it is now: its status may change while all that is read here stays. */
  pod: KubeObject;
  /** `namespace/name`. */
  readonly key: string;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly priority: number;
  readonly requests: Resources;
  /** As `requests`, where containers that ask for nothing count too: what scores go by. */
  readonly counted: Resources;
  readonly ports: readonly HostPort[];
  readonly tolerations: readonly Toleration[];
  readonly affinity: AffinityTerms;
  readonly antiAffinity: AffinityTerms;
  readonly terminating: boolean;
  /** All of the pod that local plugins look at, but for its node's name: pods of the same text are the same to them. */
  readonly class: string;

  constructor(pod: KubeObject) {
    const spec = objectAt(pod, "spec");
    const { namespace = "", name = "" } = pod.metadata;
    this.pod = pod;
    this.key = `${namespace}/${name}`;
    this.namespace = namespace;
    this.labels = labelsOf(pod);
    this.priority = numberAt(spec, "priority") ?? 0;
    const { text, requests, counted, ports, tolerations } = classOf(spec);
    this.class = text;
    this.requests = requests;
    this.counted = counted;
    this.ports = ports;
    this.tolerations = tolerations;
    this.affinity = termsOf(pod, "podAffinity");
    this.antiAffinity = termsOf(pod, "podAntiAffinity");
    this.terminating = pod.metadata.deletionTimestamp !== undefined;
  }

  /** Whether it has terms that count for pods that come later. */
  get hasAffinity(): boolean {
    const { affinity, antiAffinity } = this;
    return (
      affinity.required.length +
        affinity.preferred.length +
        antiAffinity.required.length +
        antiAffinity.preferred.length >
      0
    );
  }
}
