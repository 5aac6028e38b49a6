import { at, isObject, listAt, numberAt, objectAt, stringAt, type Json, type KubeObject, show } from "../value.js";
import { age, ago, column, condition, join, labelText, name, selectorCell, text, wide, type Column } from "./column.js";

const keys = (part: string): Column =>
  column("Data", (object) => Object.keys(objectAt(object, part)).length, "integer");

/** The roles that labels give a node: `node-role.kubernetes.io/control-plane`. */
function roles(node: KubeObject): string {
  const found = Object.entries(node.metadata.labels ?? {}).flatMap(([key, value]) =>
    key.startsWith("node-role.kubernetes.io/") && key.length > 24
      ? [key.slice(24)]
      : key === "kubernetes.io/role" && value !== ""
        ? [value]
        : [],
  );
  return join([...new Set(found)].sort());
}

function nodeStatus(node: KubeObject): string {
  const ready = condition(node, "Ready");
  const word = ready === undefined ? "Unknown" : ready === "True" ? "Ready" : "NotReady";
  return at(node, "spec", "unschedulable") === true ? `${word},SchedulingDisabled` : word;
}

const address = (node: KubeObject, type: string): string =>
  listAt(node, "status", "addresses").flatMap((each) =>
    stringAt(each, "type") === type ? [stringAt(each, "address") ?? ""] : [],
  )[0] ?? "<none>";

const balancer = (object: KubeObject): string[] =>
  listAt(object, "status", "loadBalancer", "ingress").map(
    (each) => stringAt(each, "ip") ?? stringAt(each, "hostname") ?? "",
  );

function external(service: KubeObject): string {
  const fixed = listAt(service, "spec", "externalIPs").map(String);
  switch (stringAt(service, "spec", "type")) {
    case "ExternalName":
      return stringAt(service, "spec", "externalName") ?? "<none>";
    case "LoadBalancer":
      return join([...balancer(service), ...fixed], "<pending>");
    case undefined:
    default:
      return join(fixed);
  }
}

const ports = (service: KubeObject): string =>
  join(
    listAt(service, "spec", "ports").map((port) => {
      const node = numberAt(port, "nodePort") ?? 0;
      return `${numberAt(port, "port") ?? 0}${node > 0 ? `:${node}` : ""}/${stringAt(port, "protocol") ?? "TCP"}`;
    }),
  );

const endpoints = (object: KubeObject): string => {
  const all = listAt(object, "subsets").flatMap((subset) => {
    const addresses = listAt(subset, "addresses").map((each) => stringAt(each, "ip") ?? "");
    const open = listAt(subset, "ports");
    return open.length === 0
      ? addresses
      : open.flatMap((port) => addresses.map((ip) => `${ip}:${numberAt(port, "port") ?? 0}`));
  });
  return all.length > 3 ? `${all.slice(0, 3).join(",")} + ${all.length - 3} more...` : join(all);
};

const short: Readonly<Record<string, string>> = {
  ReadWriteOnce: "RWO",
  ReadOnlyMany: "ROX",
  ReadWriteMany: "RWX",
  ReadWriteOncePod: "RWOP",
};
const modes = (list: readonly Json[]): string => list.map((mode) => short[show(mode)] ?? show(mode)).join(",");

const phase = (object: KubeObject): string =>
  object.metadata.deletionTimestamp === undefined ? (stringAt(object, "status", "phase") ?? "") : "Terminating";

const subjects =
  (kind: string) =>
  (object: KubeObject): string =>
    listAt(object, "subjects")
      .flatMap((each) =>
        stringAt(each, "kind") !== kind
          ? []
          : [
              kind === "ServiceAccount"
                ? `${stringAt(each, "namespace") ?? ""}/${stringAt(each, "name") ?? ""}`
                : (stringAt(each, "name") ?? ""),
            ],
      )
      .join(", ");
const created: Column = column("Created At", (object) => object.metadata.creationTimestamp ?? "", "date");
const binding: readonly Column[] = [
  name,
  column(
    "Role",
    (object) => `${stringAt(object, "roleRef", "kind") ?? ""}/${stringAt(object, "roleRef", "name") ?? ""}`,
  ),
  age,
  wide("Users", subjects("User")),
  wide("Groups", subjects("Group")),
  wide("ServiceAccounts", subjects("ServiceAccount")),
];

const lastSeen = (event: KubeObject, now: number): string =>
  ago(
    at(event, "series", "lastObservedTime") ??
      at(event, "lastTimestamp") ??
      at(event, "eventTime") ??
      at(event, "firstTimestamp"),
    now,
  );

function quota(part: "" | "limits.") {
  return (object: KubeObject): string => {
    const hard = objectAt(object, "status", "hard");
    const used = objectAt(object, "status", "used");
    return Object.keys(hard)
      .filter((key) => key.startsWith("limits.") === (part === "limits."))
      .sort()
      .map((key) => `${key}: ${show(used[key] ?? "0")}/${show(hard[key])}`)
      .join(", ");
  };
}

export const clusterColumns: Readonly<Record<string, readonly Column[]>> = {
  Namespace: [name, column("Status", text("status.phase", "")), age],
  Node: [
    name,
    column("Status", nodeStatus),
    column("Roles", roles),
    age,
    column("Version", text("status.nodeInfo.kubeletVersion", "")),
    wide("Internal-IP", (node) => address(node, "InternalIP")),
    wide("External-IP", (node) => address(node, "ExternalIP")),
    wide("OS-Image", text("status.nodeInfo.osImage", "<unknown>")),
    wide("Kernel-Version", text("status.nodeInfo.kernelVersion", "<unknown>")),
    wide("Container-Runtime", text("status.nodeInfo.containerRuntimeVersion", "<unknown>")),
  ],
  ConfigMap: [name, keys("data"), age],
  Secret: [name, column("Type", text("type")), keys("data"), age],
  ServiceAccount: [name, column("Secrets", (object) => listAt(object, "secrets").length, "integer"), age],
  Service: [
    name,
    column("Type", text("spec.type")),
    column("Cluster-IP", text("spec.clusterIP")),
    column("External-IP", external),
    column("Port(s)", ports),
    age,
    wide("Selector", (object) => labelText(objectAt(object, "spec", "selector"))),
  ],
  Endpoints: [name, column("Endpoints", endpoints), age],
  EndpointSlice: [
    name,
    column("AddressType", text("addressType")),
    column("Ports", (object) =>
      join(
        listAt(object, "ports").map((port) => String(numberAt(port, "port") ?? "*")),
        "<unset>",
      ),
    ),
    column("Endpoints", (object) => {
      const all = listAt(object, "endpoints").flatMap((each) => listAt(each, "addresses").map(String));
      return all.length > 3 ? `${all.slice(0, 3).join(",")} + ${all.length - 3} more...` : join(all, "<unset>");
    }),
    age,
  ],
  Event: [
    column("Last Seen", lastSeen),
    column("Type", text("type", "")),
    column("Reason", text("reason", "")),
    column(
      "Object",
      (event) =>
        `${(stringAt(event, "involvedObject", "kind") ?? "").toLowerCase()}/${stringAt(event, "involvedObject", "name") ?? ""}`,
    ),
    wide("Subobject", text("involvedObject.fieldPath", "")),
    wide("Source", (event) =>
      [
        stringAt(event, "source", "component") ?? stringAt(event, "reportingComponent") ?? "",
        stringAt(event, "source", "host") ?? "",
      ]
        .filter((part) => part !== "")
        .join(", "),
    ),
    column("Message", (event) => (stringAt(event, "message") ?? "").trim()),
    wide("First Seen", (event, now) => ago(at(event, "firstTimestamp") ?? at(event, "eventTime"), now)),
    wide("Count", (event) => String(numberAt(event, "series", "count") ?? numberAt(event, "count") ?? 1)),
    wide("Name", (event) => event.metadata.name ?? ""),
  ],
  ResourceQuota: [name, column("Request", quota("")), column("Limit", quota("limits.")), age],
  LimitRange: [name, created],
  PersistentVolume: [
    name,
    column("Capacity", text("spec.capacity.storage", "")),
    column("Access Modes", (object) => modes(listAt(object, "spec", "accessModes"))),
    column("Reclaim Policy", text("spec.persistentVolumeReclaimPolicy", "")),
    column("Status", phase),
    column("Claim", (object) => {
      const claim = at(object, "spec", "claimRef");
      return isObject(claim) ? `${stringAt(claim, "namespace") ?? ""}/${stringAt(claim, "name") ?? ""}` : "";
    }),
    column("StorageClass", text("spec.storageClassName", "")),
    column("VolumeAttributesClass", text("spec.volumeAttributesClassName", "<unset>")),
    column("Reason", text("status.reason", "")),
    age,
    wide("VolumeMode", text("spec.volumeMode", "<unset>")),
  ],
  PersistentVolumeClaim: [
    name,
    column("Status", phase),
    column("Volume", text("spec.volumeName", "")),
    column("Capacity", (object) =>
      (stringAt(object, "spec", "volumeName") ?? "") === ""
        ? ""
        : (stringAt(object, "status", "capacity", "storage") ?? ""),
    ),
    column("Access Modes", (object) =>
      (stringAt(object, "spec", "volumeName") ?? "") === "" ? "" : modes(listAt(object, "status", "accessModes")),
    ),
    column("StorageClass", text("spec.storageClassName", "")),
    column("VolumeAttributesClass", text("spec.volumeAttributesClassName", "<unset>")),
    age,
    wide("VolumeMode", text("spec.volumeMode", "<unset>")),
  ],
  StorageClass: [
    column(
      "Name",
      (object) =>
        `${object.metadata.name ?? ""}${object.metadata.annotations?.["storageclass.kubernetes.io/is-default-class"] === "true" ? " (default)" : ""}`,
    ),
    column("Provisioner", text("provisioner")),
    column("ReclaimPolicy", text("reclaimPolicy")),
    column("VolumeBindingMode", text("volumeBindingMode")),
    column("AllowVolumeExpansion", (object) => object["allowVolumeExpansion"] === true, "string"),
    age,
  ],
  VolumeAttachment: [
    name,
    column("Attacher", text("spec.attacher")),
    column("PV", text("spec.source.persistentVolumeName", "")),
    column("Node", text("spec.nodeName")),
    column("Attached", (object) => String(at(object, "status", "attached") === true)),
    age,
  ],
  Ingress: [
    name,
    column(
      "Class",
      (object) =>
        stringAt(object, "spec", "ingressClassName") ??
        object.metadata.annotations?.["kubernetes.io/ingress.class"] ??
        "<none>",
    ),
    column("Hosts", (object) =>
      join(
        listAt(object, "spec", "rules").map((rule) => stringAt(rule, "host") ?? "*"),
        "*",
      ),
    ),
    column("Address", (object) => balancer(object).join(",")),
    column("Ports", (object) => (listAt(object, "spec", "tls").length > 0 ? "80, 443" : "80")),
    age,
  ],
  IngressClass: [
    name,
    column("Controller", text("spec.controller")),
    column("Parameters", (object) => {
      const found = at(object, "spec", "parameters");
      return isObject(found)
        ? `${stringAt(found, "kind") ?? ""}${stringAt(found, "apiGroup") === undefined ? "" : `.${stringAt(found, "apiGroup") ?? ""}`}/${stringAt(found, "name") ?? ""}`
        : "<none>";
    }),
    age,
  ],
  NetworkPolicy: [name, column("Pod-Selector", (object) => selectorCell(objectAt(object, "spec", "podSelector"))), age],
  Role: [name, created],
  ClusterRole: [name, created],
  RoleBinding: binding,
  ClusterRoleBinding: binding,
  PriorityClass: [
    name,
    column("Value", (object) => numberAt(object, "value") ?? 0, "integer"),
    column("Global-Default", (object) => object["globalDefault"] === true, "boolean"),
    age,
    column("PreemptionPolicy", text("preemptionPolicy")),
  ],
  Lease: [name, column("Holder", text("spec.holderIdentity", "")), age],
  RuntimeClass: [name, column("Handler", text("handler")), age],
  CustomResourceDefinition: [name, created],
  PodTemplate: [
    name,
    column("Containers", (object) =>
      join(listAt(object, "template", "spec", "containers").map((each) => stringAt(each, "name") ?? "")),
    ),
    column("Images", (object) =>
      join(listAt(object, "template", "spec", "containers").map((each) => stringAt(each, "image") ?? "")),
    ),
    column("Pod Labels", (object) => labelText(objectAt(object, "template", "metadata", "labels"))),
  ],
};
