import { matches, type Selector } from "../../objects/selectors.js";
import { at, listAt, numberAt, objectAt, stringAt, type Json, type KubeObject } from "../../objects/value.js";
import { byHighest, byLowest, refusal, tolerates, unresolvable, untolerated, type Plugin } from "../framework.js";
import type { NodeInfo } from "../node-info.js";
import type { HostPort } from "../pod-info.js";

export const nodeUnschedulable: Plugin = {
  name: "NodeUnschedulable",
  weight: 0,
  local: true,
  filter: ({ tolerations }) => {
    const taint = { key: "node.kubernetes.io/unschedulable", value: "", effect: "NoSchedule" };
    if (tolerations.some((each) => tolerates(each, taint))) return undefined;
    const refused = unresolvable("node(s) were unschedulable");
    return ({ unschedulable }) => (unschedulable ? refused : undefined);
  },
  wakes: (_pod, { kind }) => kind === "Node",
};

export const nodeName: Plugin = {
  name: "NodeName",
  weight: 0,
  filter: ({ pod }) => {
    const wanted = stringAt(pod, "spec", "nodeName") ?? "";
    if (wanted === "") return undefined;
    const refused = unresolvable("node(s) didn't match the requested node name");
    return ({ name }) => (wanted === name ? undefined : refused);
  },
  wakes: (_pod, { kind, action }) => kind === "Node" && action === "add",
};

export const taintToleration: Plugin = {
  name: "TaintToleration",
  weight: 3,
  local: true,
  filter: ({ tolerations }) => {
    return (node) => {
      const taint = untolerated(node, tolerations);
      return taint === undefined
        ? undefined
        : unresolvable(`node(s) had untolerated taint {${taint.key}: ${taint.value}}`);
    };
  },
  score: (pod) => {
    const tolerations = pod.tolerations.filter(({ effect }) => effect === "" || effect === "PreferNoSchedule");
    return {
      of: ({ softTaints }) =>
        softTaints.length === 0
          ? 0
          : softTaints.filter((taint) => !tolerations.some((toleration) => tolerates(toleration, taint))).length,
      normalize: byLowest,
    };
  },
  wakes: (_pod, { kind }) => kind === "Node",
};

const requirements = (term: Json, list: string): Selector =>
  listAt(term, list).map((each) => ({
    key: stringAt(each, "key") ?? "",
    operator: (stringAt(each, "operator") ?? "In") as Selector[number]["operator"],
    values: listAt(each, "values").filter((value) => typeof value === "string"),
  }));

/** What selectors of nodes look at. */
type Named = Pick<NodeInfo, "labels" | "name">;

interface NodeTerm {
  readonly labels: Selector;
  readonly fields: Selector;
}

const nodeTerm = (term: Json): NodeTerm => ({
  labels: requirements(term, "matchExpressions"),
  fields: requirements(term, "matchFields"),
});

/** A node selector term: its labels and its name; an empty one matches nothing. */
const termMatches = (term: NodeTerm, { labels, name }: Named): boolean =>
  term.labels.length + term.fields.length > 0 &&
  matches(term.labels, labels) &&
  matches(term.fields, { "metadata.name": name });

/** Whether a node is one that any term of a NodeSelector means. */
export const nodeSelectorMatches = (selector: Json, node: Named): boolean =>
  listAt(selector, "nodeSelectorTerms").some((term) => termMatches(nodeTerm(term), node));

/** Whether a node is one that the pod's node selector and required node affinity mean; undefined where they mean all. */
export function requiredNodes(pod: KubeObject): ((node: Named) => boolean) | undefined {
  const selector = Object.entries(objectAt(pod, "spec", "nodeSelector"));
  const required = at(pod, "spec", "affinity", "nodeAffinity", "requiredDuringSchedulingIgnoredDuringExecution");
  if (selector.length === 0 && required === undefined) return undefined;
  const terms = listAt(required, "nodeSelectorTerms").map(nodeTerm);
  return (node) =>
    selector.every(([key, value]) => node.labels[key] === value) &&
    (required === undefined || terms.some((term) => termMatches(term, node)));
}

export const nodeAffinity: Plugin = {
  name: "NodeAffinity",
  weight: 2,
  local: true,
  filter: ({ pod }) => {
    const fits = requiredNodes(pod);
    if (fits === undefined) return undefined;
    const refused = unresolvable("node(s) didn't match Pod's node affinity/selector");
    return (node) => (fits(node) ? undefined : refused);
  },
  score: ({ pod }) => {
    const affinity = objectAt(pod, "spec", "affinity", "nodeAffinity");
    const preferred = listAt(affinity, "preferredDuringSchedulingIgnoredDuringExecution").map((each) => ({
      weight: numberAt(each, "weight") ?? 0,
      term: nodeTerm(objectAt(each, "preference")),
    }));
    if (preferred.length === 0) return undefined;
    return {
      of: (node) => {
        let sum = 0;
        for (const { weight, term } of preferred) if (termMatches(term, node)) sum += weight;
        return sum;
      },
      normalize: byHighest,
    };
  },
  wakes: (_pod, { kind }) => kind === "Node",
};

const any = "0.0.0.0";
const clash = (a: HostPort, b: HostPort): boolean =>
  a.port === b.port && a.protocol === b.protocol && (a.address === b.address || a.address === any || b.address === any);

export const nodePorts: Plugin = {
  name: "NodePorts",
  weight: 0,
  local: true,
  filter: ({ ports }) => {
    if (ports.length === 0) return undefined;
    const refused = refusal("node(s) didn't have free ports for the requested pod ports");
    return ({ pods }) => {
      for (const other of pods.values())
        if (other.ports.some((taken) => ports.some((port) => clash(port, taken)))) return refused;
      return undefined;
    };
  },
  wakes: (_pod, { kind, action }) =>
    (kind === "Node" && action !== "delete") || (kind === "AssignedPod" && action === "delete"),
};
