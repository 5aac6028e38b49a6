import type { Activity } from "../../../core/index.js";
import { humanDuration, parseTime } from "../../objects/time.js";
import {
  isObject,
  listAt,
  numberAt,
  objectAt,
  omit,
  show,
  stringAt,
  type Json,
  type KubeObject,
  type ObjectMeta,
} from "../../objects/value.js";
import type { Session, Target } from "../session.js";
import { tabbed, yamlText } from "../text.js";
import { eachOf } from "./manifests.js";
import { podText, templateText } from "./describe-pod.js";
import { nodeText } from "./describe-node.js";

import { conditionsText, listed, longTime, pairsOf, rowsText, type Row } from "./describe-parts.js";

const selectorOf = (object: KubeObject): string => {
  const selector = objectAt(object, "spec", "selector");
  const labels = isObject(selector["matchLabels"])
    ? selector["matchLabels"]
    : selector["matchExpressions"] === undefined
      ? selector
      : {};
  return listed(pairsOf(labels).filter((each) => each !== "<none>"));
};

const head = (object: KubeObject): Row[] => [
  ["Name", object.metadata.name ?? ""],
  ...(object.metadata.namespace === undefined ? [] : [["Namespace", object.metadata.namespace] as Row]),
];
const labelsAnd = (object: KubeObject): Row[] => [
  ["Labels", ...pairsOf(object.metadata.labels ?? {})],
  ["Annotations", ...pairsOf(object.metadata.annotations ?? {}, ": ")],
];
const created = (object: KubeObject): Row => ["CreationTimestamp", longTime(object.metadata.creationTimestamp)];

/** `describe`. */
export function* describe(session: Session): Activity<number> {
  const targets = yield* session.targets(session.line.args, { all: true });
  if (targets.length === 0) yield* session.err(`No resources found in ${session.namespace} namespace.\n`);
  let first = true;
  return yield* eachOf(session, targets, function* (target) {
    const object = yield* session.get(target);
    const text = yield* described(session, target, object);
    const events = session.line.is("show-events", true) ? yield* eventsText(session, target, object) : "";
    yield* session.out(`${first ? "" : "\n\n"}${tabbed(text + events)}`);
    first = false;
  });
}

function* described(session: Session, target: Target, object: KubeObject): Activity<string> {
  switch (object.kind) {
    case "Pod":
      return podText(object);
    case "Node":
      return yield* nodeText(session, object);
    case "Deployment":
      return yield* deploymentText(session, target, object);
    case "ReplicaSet":
    case "StatefulSet":
    case "DaemonSet":
    case "Job":
      return yield* workloadText(session, target, object);
    case "Service":
      return yield* serviceText(session, target, object);
    default:
      return genericText(object);
  }
}

function* ownedBy(
  session: Session,
  kind: string,
  { namespace }: Target,
  object: KubeObject,
): Activity<readonly KubeObject[]> {
  const all = yield* session.list(yield* session.mapping(kind), namespace);
  return all.filter(
    ({ metadata }) => metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid) === true,
  );
}

function* deploymentText(session: Session, target: Target, object: KubeObject): Activity<string> {
  const of = (key: string): number => numberAt(object, "status", key) ?? 0;
  const rolling = objectAt(object, "spec", "strategy", "rollingUpdate");
  const strategy = stringAt(object, "spec", "strategy", "type") ?? "";
  const rows: Row[] = [
    ...head(object),
    created(object),
    ...labelsAnd(object),
    ["Selector", selectorOf(object)],
    [
      "Replicas",
      `${numberAt(object, "spec", "replicas") ?? 0} desired | ${of("updatedReplicas")} updated | ${of("replicas")} total | ${of("availableReplicas")} available | ${of("unavailableReplicas")} unavailable`,
    ],
    ["StrategyType", strategy],
    ["MinReadySeconds", String(numberAt(object, "spec", "minReadySeconds") ?? 0)],
    ...(Object.keys(rolling).length === 0
      ? []
      : [
          [
            "RollingUpdateStrategy",
            `${show(rolling["maxUnavailable"])} max unavailable, ${show(rolling["maxSurge"])} max surge`,
          ] as Row,
        ]),
  ];
  const sets = yield* ownedBy(session, "replicasets", target, object);
  const revision = (set: KubeObject): string => set.metadata.annotations?.["deployment.kubernetes.io/revision"] ?? "";
  const newest = object.metadata.annotations?.["deployment.kubernetes.io/revision"];
  const shown = (some: readonly KubeObject[]): string =>
    listed(
      some.map(
        (set) =>
          `${set.metadata.name ?? ""} (${numberAt(set, "status", "replicas") ?? 0}/${numberAt(set, "spec", "replicas") ?? 0} replicas created)`,
      ),
    ).replaceAll(",", ", ");
  const old = sets.filter((set) => revision(set) !== newest && (numberAt(set, "spec", "replicas") ?? 0) > 0);
  const tail: Row[] = [
    ["OldReplicaSets", shown(old)],
    ["NewReplicaSet", shown(sets.filter((set) => revision(set) === newest))],
  ];
  return (
    rowsText(rows) +
    templateText(objectAt(object, "spec", "template")) +
    conditionsText(object, ["Status", "Reason"], ["status", "reason"]) +
    rowsText(tail)
  );
}

function* workloadText(session: Session, target: Target, object: KubeObject): Activity<string> {
  const of = (key: string): number => numberAt(object, "status", key) ?? 0;
  const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  const controlled: Row[] = owner === undefined ? [] : [["Controlled By", `${owner.kind}/${owner.name}`]];
  const pods = yield* ownedBy(session, "pods", target, object);
  const phase = (name: string): number => pods.filter((pod) => stringAt(pod, "status", "phase") === name).length;
  const counted: Row = [
    "Pods Status",
    `${phase("Running")} Running / ${phase("Pending")} Waiting / ${phase("Succeeded")} Succeeded / ${phase("Failed")} Failed`,
  ];
  const wanted = numberAt(object, "spec", "replicas") ?? 0;
  let rows: Row[];
  if (object.kind === "ReplicaSet")
    rows = [
      ...head(object),
      ["Selector", selectorOf(object)],
      ...labelsAnd(object),
      ...controlled,
      ["Replicas", `${of("replicas")} current / ${wanted} desired`],
      counted,
    ];
  else if (object.kind === "StatefulSet") {
    const partition = numberAt(object, "spec", "updateStrategy", "rollingUpdate", "partition");
    rows = [
      ...head(object),
      created(object),
      ["Selector", selectorOf(object)],
      ...labelsAnd(object),
      ["Replicas", `${wanted} desired | ${of("replicas")} total`],
      ["Update Strategy", stringAt(object, "spec", "updateStrategy", "type") ?? ""],
      ...(partition === undefined ? [] : [["  Partition", String(partition)] as Row]),
      counted,
    ];
  } else if (object.kind === "DaemonSet")
    rows = [
      ...[
        ["Name", object.metadata.name ?? ""] as Row,
        ["Selector", selectorOf(object)] as Row,
        [
          "Node-Selector",
          listed(
            pairsOf(objectAt(object, "spec", "template", "spec", "nodeSelector")).filter((each) => each !== "<none>"),
          ),
        ] as Row,
      ],
      ...labelsAnd(object),
      ["Desired Number of Nodes Scheduled", String(of("desiredNumberScheduled"))],
      ["Current Number of Nodes Scheduled", String(of("currentNumberScheduled"))],
      ["Number of Nodes Scheduled with Up-to-date Pods", String(of("updatedNumberScheduled"))],
      ["Number of Nodes Scheduled with Available Pods", String(of("numberAvailable"))],
      ["Number of Nodes Misscheduled", String(of("numberMisscheduled"))],
      counted,
    ];
  else
    rows = [
      ...head(object),
      ["Selector", selectorOf(object)],
      ...labelsAnd(object),
      ...controlled,
      ["Parallelism", String(numberAt(object, "spec", "parallelism") ?? 1)],
      ["Completions", String(numberAt(object, "spec", "completions") ?? "<unset>")],
      ["Start Time", longTime(stringAt(object, "status", "startTime"))],
      ...(stringAt(object, "status", "completionTime") === undefined
        ? []
        : [["Completed At", longTime(stringAt(object, "status", "completionTime"))] as Row]),
      ["Pods Statuses", `${of("active")} Active / ${of("succeeded")} Succeeded / ${of("failed")} Failed`],
    ];
  return rowsText(rows) + templateText(objectAt(object, "spec", "template"));
}

function* serviceText(session: Session, { namespace, name }: Target, object: KubeObject): Activity<string> {
  const mapping = yield* session.mapping("endpoints");
  const endpoints = yield* session.find({ mapping, namespace, name });
  const spec = objectAt(object, "spec");
  const rows: Row[] = [
    ...head(object),
    ...labelsAnd(object),
    ["Selector", listed(pairsOf(objectAt(spec, "selector")).filter((each) => each !== "<none>"))],
    ["Type", stringAt(spec, "type") ?? ""],
    ["IP Family Policy", stringAt(spec, "ipFamilyPolicy") ?? "<none>"],
    ["IP Families", listed(listAt(spec, "ipFamilies").map(show))],
    ["IP", stringAt(spec, "clusterIP") ?? "<none>"],
    ["IPs", listed(listAt(spec, "clusterIPs").map(show))],
  ];
  for (const port of listAt(spec, "ports")) {
    const called = stringAt(port, "name") ?? "<unset>";
    const protocol = stringAt(port, "protocol") ?? "";
    const addresses = listAt(endpoints, "subsets").flatMap((subset) => {
      const number = listAt(subset, "ports").find((each) => (stringAt(each, "name") ?? "<unset>") === called);
      return number === undefined
        ? []
        : listAt(subset, "addresses").map((each) => `${stringAt(each, "ip") ?? ""}:${numberAt(number, "port") ?? ""}`);
    });
    rows.push(
      ["Port", `${called}  ${numberAt(port, "port") ?? ""}/${protocol}`],
      ["TargetPort", `${show(objectAt(port)["targetPort"])}/${protocol}`],
    );
    const node = numberAt(port, "nodePort");
    if (node !== undefined) rows.push(["NodePort", `${called}  ${node}/${protocol}`]);
    const more = addresses.length > 3 ? ` + ${addresses.length - 3} more...` : "";
    rows.push(["Endpoints", listed(addresses.slice(0, 3)) + more]);
  }
  rows.push(["Session Affinity", stringAt(spec, "sessionAffinity") ?? "None"]);
  return rowsText(rows);
}

/** Any other kind: its fields, as they stand there. */
function genericText(object: KubeObject): string {
  const { metadata, apiVersion, kind, ...rest } = object;
  const { name, namespace, labels = {}, annotations = {}, ...more } = omit(metadata, "managedFields") as ObjectMeta;
  const rows: Row[] = [
    ["Name", name ?? ""],
    ...(namespace === undefined ? [] : [["Namespace", namespace] as Row]),
    ["Labels", ...pairsOf(labels)],
    ["Annotations", ...pairsOf(annotations, ": ")],
    ["API Version", apiVersion],
    ["Kind", kind],
  ];
  const body = yamlText({
    Metadata: more as Json,
    ...Object.fromEntries(
      Object.entries(rest).map(([key, value]) => [key.charAt(0).toUpperCase() + key.slice(1), value ?? null]),
    ),
  });
  return rowsText(rows) + body;
}

function* eventsText(session: Session, { namespace }: Target, object: KubeObject): Activity<string> {
  const { name = "", uid = "" } = object.metadata;
  const node = object.kind === "Node";
  const fieldSelector = `involvedObject.kind=${object.kind},involvedObject.name=${name}${node || uid === "" ? "" : `,involvedObject.uid=${uid}`}`;
  const found = yield* session.list(yield* session.mapping("events.v1"), node ? "" : namespace, { fieldSelector });
  if (found.length === 0) return rowsText([["Events", "<none>"]]);
  const events = [...found].sort((a, b) =>
    (stringAt(a, "lastTimestamp") ?? "") < (stringAt(b, "lastTimestamp") ?? "")
      ? -1
      : (stringAt(a, "lastTimestamp") ?? "") > (stringAt(b, "lastTimestamp") ?? "")
        ? 1
        : 0,
  );
  const ago = (text: string | undefined): string => humanDuration(session.now - (parseTime(text ?? "") ?? session.now));
  const rows = events.map((event) => {
    const count = numberAt(event, "count") ?? 1;
    const last = ago(stringAt(event, "lastTimestamp"));
    return [
      stringAt(event, "type") ?? "",
      stringAt(event, "reason") ?? "",
      count > 1 ? `${last} (x${count} over ${ago(stringAt(event, "firstTimestamp"))})` : last,
      stringAt(event, "source", "component") ?? stringAt(event, "reportingComponent") ?? "",
      stringAt(event, "message") ?? "",
    ];
  });
  const row = (cells: readonly string[]): string => `  ${cells.join("\t")}\n`;
  return `Events:\n${[["Type", "Reason", "Age", "From", "Message"], ["----", "------", "----", "----", "-------"], ...rows].map(row).join("")}`;
}
