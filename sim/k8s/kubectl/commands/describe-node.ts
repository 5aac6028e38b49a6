import type { Activity } from "../../../core/index.js";
import { formatQuantity, parseQuantity } from "../../objects/quantity.js";
import { humanDuration, parseTime } from "../../objects/time.js";
import { isObject, listAt, objectAt, show, stringAt, type JsonObject, type KubeObject } from "../../objects/value.js";
import type { Session } from "../session.js";
import { conditionsText, listed, longTime, pairsOf, quantityText, rowsText, type Row } from "./describe-parts.js";

/** A node with its lease and its pods, as lines with tabs (kubectl, `pkg/describe`). */
export function* nodeText(session: Session, node: KubeObject): Activity<string> {
  const name = node.metadata.name ?? "";
  const labels = node.metadata.labels ?? {};
  const roles = Object.keys(labels).flatMap((key) =>
    key.startsWith("node-role.kubernetes.io/")
      ? [key.slice(24)]
      : key === "kubernetes.io/role"
        ? [labels[key] ?? ""]
        : [],
  );
  const taints = listAt(node, "spec", "taints").map((taint) => {
    const value = stringAt(taint, "value") ?? "";
    return `${stringAt(taint, "key") ?? ""}${value === "" ? "" : `=${value}`}:${stringAt(taint, "effect") ?? ""}`;
  });
  const rows: Row[] = [
    ["Name", name],
    ["Roles", listed(roles.sort())],
    ["Labels", ...pairsOf(labels)],
    ["Annotations", ...pairsOf(node.metadata.annotations ?? {}, ": ")],
    ["CreationTimestamp", longTime(node.metadata.creationTimestamp)],
    ["Taints", ...(taints.length === 0 ? ["<none>"] : taints)],
    ["Unschedulable", String(objectAt(node, "spec")["unschedulable"] === true)],
  ];
  const lease = yield* session.find({ mapping: yield* session.mapping("leases"), namespace: "kube-node-lease", name });
  const time = (key: string): string => longTime(stringAt(lease, "spec", key)?.replace(/\.\d+Z$/, "Z"));
  const held =
    lease === undefined
      ? "Lease:\tFailed to get lease\n"
      : `Lease:\n  HolderIdentity:\t${stringAt(lease, "spec", "holderIdentity") ?? "<unset>"}\n  AcquireTime:\t${time("acquireTime")}\n  RenewTime:\t${time("renewTime")}\n`;
  const amounts = (key: string): string => {
    const all = objectAt(node, "status", key);
    return `${key === "capacity" ? "Capacity" : "Allocatable"}:\n${Object.keys(all)
      .sort()
      .map((each) => `  ${each}:\t${quantityText(all[each])}\n`)
      .join("")}`;
  };
  const addresses = listAt(node, "status", "addresses").map(
    (each) => `  ${stringAt(each, "type") ?? ""}:\t${stringAt(each, "address") ?? ""}\n`,
  );
  const info = objectAt(node, "status", "nodeInfo");
  const told: readonly (readonly [string, string])[] = [
    ["Machine ID", "machineID"],
    ["System UUID", "systemUUID"],
    ["Boot ID", "bootID"],
    ["Kernel Version", "kernelVersion"],
    ["OS Image", "osImage"],
    ["Operating System", "operatingSystem"],
    ["Architecture", "architecture"],
    ["Container Runtime Version", "containerRuntimeVersion"],
    ["Kubelet Version", "kubeletVersion"],
    ["Kube-Proxy Version", "kubeProxyVersion"],
  ];
  const system = told.map(([title, key]) => `  ${title}:\t${show(info[key])}\n`).join("");
  const cidr = stringAt(node, "spec", "podCIDR");
  const ranges: Row[] =
    cidr === undefined
      ? []
      : [
          ["PodCIDR", cidr],
          ["PodCIDRs", listed(listAt(node, "spec", "podCIDRs").map(show))],
        ];
  const fieldSelector = `spec.nodeName=${name},status.phase!=Succeeded,status.phase!=Failed`;
  const pods = yield* session.list(yield* session.mapping("pods"), "", { fieldSelector });
  const columns = ["Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"];
  return (
    rowsText(rows) +
    held +
    conditionsText(node, columns, ["status", "lastHeartbeatTime", "lastTransitionTime", "reason", "message"], " ") +
    `Addresses:\n${addresses.join("")}` +
    amounts("capacity") +
    amounts("allocatable") +
    `System Info:\n${system}` +
    rowsText(ranges) +
    podsText(session, pods, objectAt(node, "status", "allocatable"))
  );
}

/** What a pod asks for of a resource: its containers together, or its largest init container. */
function asked(pod: KubeObject, list: "requests" | "limits", name: string): bigint {
  const amount = (container: unknown): bigint =>
    parseQuantity(stringAt(container as JsonObject, "resources", list, name) ?? "0") ?? 0n;
  const own = listAt(pod, "spec", "containers")
    .filter(isObject)
    .reduce((sum, each) => sum + amount(each), 0n);
  return listAt(pod, "spec", "initContainers")
    .filter(isObject)
    .reduce((most, each) => (amount(each) > most ? amount(each) : most), own);
}

function podsText(session: Session, pods: readonly KubeObject[], allocatable: JsonObject): string {
  const share = (amount: bigint, name: string): string => {
    const all = parseQuantity(stringAt(allocatable, name) ?? "0") ?? 0n;
    const percent = all === 0n ? 0n : (amount * 100n) / all;
    return `${formatQuantity(amount, name === "cpu" ? "" : "Mi")} (${percent}%)`;
  };
  const row = (cells: readonly string[]): string => `  ${cells.join("\t")}\n`;
  const titles = ["Namespace", "Name", "CPU Requests", "CPU Limits", "Memory Requests", "Memory Limits", "AGE"];
  const rules = titles.map((title) => "-".repeat(title.length));
  const rows = pods.map((pod) => {
    const age = humanDuration(session.now - (parseTime(pod.metadata.creationTimestamp ?? "") ?? session.now));
    return row([
      pod.metadata.namespace ?? "",
      pod.metadata.name ?? "",
      ...["cpu", "memory"].flatMap((name) => [
        share(asked(pod, "requests", name), name),
        share(asked(pod, "limits", name), name),
      ]),
      age,
    ]);
  });
  const total = (list: "requests" | "limits", name: string): string =>
    share(
      pods.reduce((sum, pod) => sum + asked(pod, list, name), 0n),
      name,
    );
  const resources = ["cpu", "memory", "ephemeral-storage"].map((name) =>
    row([name, total("requests", name), total("limits", name)]),
  );
  return (
    `Non-terminated Pods:\t(${pods.length} in total)\n${row(titles.map((title) => title))}${row(rules)}${rows.join("")}` +
    `Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)\n${row(["Resource", "Requests", "Limits"])}${row(["--------", "--------", "------"])}${resources.join("")}`
  );
}
