import {
  at,
  isObject,
  listAt,
  numberAt,
  objectAt,
  show,
  stringAt,
  type Json,
  type JsonObject,
  type KubeObject,
} from "../../objects/value.js";
import { formatQuantity, parseQuantity } from "../../objects/quantity.js";
import { conditionsText, listed, longTime, pairsOf, quantityText, rowsText, type Row } from "./describe-parts.js";

/** A pod, as lines with tabs (kubectl, `pkg/describe`). */
export function podText(pod: KubeObject): string {
  const { metadata } = pod;
  const owner = metadata.ownerReferences?.find(({ controller }) => controller === true);
  const node = stringAt(pod, "spec", "nodeName");
  const host = stringAt(pod, "status", "hostIP");
  const priority = numberAt(pod, "spec", "priority");
  const className = stringAt(pod, "spec", "priorityClassName");
  const account = stringAt(pod, "spec", "serviceAccountName");
  const deleted = metadata.deletionTimestamp;
  const start = stringAt(pod, "status", "startTime");
  const [reason, message] = [stringAt(pod, "status", "reason"), stringAt(pod, "status", "message")];
  const ips = listAt(pod, "status", "podIPs").map((each) => stringAt(each, "ip") ?? "");
  const rows: Row[] = [
    ["Name", metadata.name ?? ""],
    ["Namespace", metadata.namespace ?? ""],
    ...(priority === undefined ? [] : [["Priority", String(priority)] as Row]),
    ...(className === undefined || className === "" ? [] : [["Priority Class Name", className] as Row]),
    ...(account === undefined ? [] : [["Service Account", account] as Row]),
    ["Node", node === undefined ? "<none>" : host === undefined ? `${node}/` : `${node}/${host}`],
    ...(start === undefined ? [] : [["Start Time", longTime(start)] as Row]),
    ["Labels", ...pairsOf(metadata.labels ?? {})],
    ["Annotations", ...pairsOf(metadata.annotations ?? {}, ": ")],
    deleted === undefined
      ? ["Status", stringAt(pod, "status", "phase") ?? ""]
      : ["Status", `Terminating (lasts <invalid>)`],
    ...(deleted === undefined
      ? []
      : [["Termination Grace Period", `${metadata.deletionGracePeriodSeconds ?? 0}s`] as Row]),
    ...(reason === undefined ? [] : [["Reason", reason] as Row]),
    ...(message === undefined ? [] : [["Message", message] as Row]),
    ["IP", stringAt(pod, "status", "podIP") ?? ""],
  ];
  const addresses = ips.length === 0 ? "IPs:\t<none>\n" : `IPs:\n${ips.map((ip) => `  IP:\t${ip}\n`).join("")}`;
  const controlled = owner === undefined ? "" : `Controlled By:\t${owner.kind}/${owner.name}\n`;
  const spec = objectAt(pod, "spec");
  const volumes = volumesText(spec, "  ");
  const selectors = pairsOf(objectAt(spec, "nodeSelector"));
  const tail: Row[] = [
    ["QoS Class", stringAt(pod, "status", "qosClass") ?? ""],
    ["Node-Selectors", ...selectors],
    ["Tolerations", ...tolerations(spec)],
  ];
  return (
    rowsText(rows) +
    addresses +
    controlled +
    containersText(spec, "initContainers", "Init Containers", "", listAt(pod, "status", "initContainerStatuses")) +
    containersText(spec, "containers", "Containers", "", listAt(pod, "status", "containerStatuses")) +
    conditionsText(pod, ["Status"], ["status"], " ") +
    volumes +
    rowsText(tail)
  );
}

function tolerations(spec: JsonObject): string[] {
  const all = listAt(spec, "tolerations").map((each) => {
    const [key = "", value = "", effect = "", operator = ""] = ["key", "value", "effect", "operator"].map((name) =>
      stringAt(each, name),
    );
    const seconds = numberAt(each, "tolerationSeconds");
    return `${key}${value === "" ? "" : `=${value}`}${effect === "" ? "" : `:${effect}`}${operator === "Exists" && value === "" ? (key === "" && effect === "" ? "op=Exists" : " op=Exists") : ""}${seconds === undefined ? "" : ` for ${seconds}s`}`;
  });
  return all.length === 0 ? ["<none>"] : all.sort();
}

/** A template of pods. */
export function templateText(template: JsonObject): string {
  const spec = objectAt(template, "spec");
  const [labels, annotations] = [
    objectAt(template, "metadata", "labels"),
    objectAt(template, "metadata", "annotations"),
  ];
  const account = stringAt(spec, "serviceAccountName");
  const indented = (row: Row): string => rowsText([row]).replace(/^(?=[^\t])/gm, "  ");
  return (
    "Pod Template:\n" +
    indented(["Labels", ...pairsOf(labels)]) +
    (Object.keys(annotations).length === 0 ? "" : indented(["Annotations", ...pairsOf(annotations, ": ")])) +
    (account === undefined || account === "" ? "" : indented(["Service Account", account])) +
    containersText(spec, "initContainers", "Init Containers", " ", undefined) +
    containersText(spec, "containers", "Containers", " ", undefined) +
    volumesText(spec, "   ", "  ")
  );
}

/** @param space before the containers' names, beside two blanks: templates stand further in */
function containersText(
  spec: JsonObject,
  list: string,
  title: string,
  space: string,
  statuses: readonly Json[] | undefined,
): string {
  const all = listAt(spec, list).filter(isObject);
  if (all.length === 0) return list === "containers" ? `${space === "" ? "" : "  "}Containers:\t<none>\n` : "";
  const text = all.map((container) => {
    const status = statuses?.find((each) => stringAt(each, "name") === stringAt(container, "name"));
    return `${space}  ${stringAt(container, "name") ?? ""}:\n` + indent(containerText(container, status), "    ");
  });
  return `${space === "" ? "" : "  "}${title}:\n${text.join("")}`;
}

const indent = (text: string, by: string): string => text.replace(/^(?=.)/gm, by);

function containerText(container: JsonObject, status: Json | undefined): string {
  const ports = listAt(container, "ports");
  const port = (key: string): string =>
    listed(ports.map((each) => `${numberAt(each, key) ?? 0}/${stringAt(each, "protocol") ?? "TCP"}`)).replaceAll(
      ",",
      ", ",
    );
  const word = ports.length > 1 ? "Ports" : "Port";
  const lines: string[] = [];
  const row = (name: string, value: string): void => {
    lines.push(`${name}:\t${value}\n`);
  };
  if (status !== undefined) row("Container ID", stringAt(status, "containerID") ?? "");
  row("Image", stringAt(container, "image") ?? "");
  if (status !== undefined) row("Image ID", stringAt(status, "imageID") ?? "");
  row(word, port("containerPort"));
  row(`Host ${word}`, port("hostPort"));
  for (const [title, key] of [
    ["Command", "command"],
    ["Args", "args"],
  ] as const) {
    const all = listAt(container, key);
    if (all.length > 0)
      lines.push(
        `${title}:\n`,
        ...all.flatMap((each) =>
          show(each)
            .split("\n")
            .map((part) => `  ${part}\n`),
        ),
      );
  }
  if (status !== undefined) {
    lines.push(stateText("State", objectAt(status, "state")));
    if (Object.keys(objectAt(status, "lastState")).length > 0)
      lines.push(stateText("Last State", objectAt(status, "lastState")));
    row("Ready", at(status, "ready") === true ? "True" : "False");
    row("Restart Count", String(numberAt(status, "restartCount") ?? 0));
  }
  for (const [title, key] of [
    ["Limits", "limits"],
    ["Requests", "requests"],
  ] as const) {
    const amounts = objectAt(container, "resources", key);
    const names = Object.keys(amounts).sort();
    if (names.length > 0)
      lines.push(`${title}:\n`, ...names.map((name) => `  ${name}:\t${quantityText(amounts[name])}\n`));
  }
  for (const [title, key] of [
    ["Liveness", "livenessProbe"],
    ["Readiness", "readinessProbe"],
    ["Startup", "startupProbe"],
  ] as const)
    if (container[key] !== undefined) row(title, probeText(objectAt(container, key)));
  const from = listAt(container, "envFrom");
  if (from.length > 0) {
    lines.push("Environment Variables from:\n");
    for (const each of from) {
      const map = at(each, "configMapRef") !== undefined;
      const reference = objectAt(each, map ? "configMapRef" : "secretRef");
      const prefix = stringAt(each, "prefix");
      lines.push(
        `  ${show(reference["name"])}\t${map ? "ConfigMap" : "Secret"}${prefix === undefined ? "" : ` with prefix '${prefix}'`}\tOptional: ${String(reference["optional"] === true)}\n`,
      );
    }
  }
  const env = listAt(container, "env");
  lines.push(
    env.length === 0 ? "Environment:\t<none>\n" : "Environment:\n",
    ...env.map((each) => envText(each, container)),
  );
  const mounts = [...listAt(container, "volumeMounts")].sort((a, b) =>
    (stringAt(a, "mountPath") ?? "") < (stringAt(b, "mountPath") ?? "") ? -1 : 1,
  );
  lines.push(mounts.length === 0 ? "Mounts:\t<none>\n" : "Mounts:\n");
  for (const mount of mounts) {
    const sub = stringAt(mount, "subPath");
    lines.push(
      `  ${stringAt(mount, "mountPath") ?? ""} from ${stringAt(mount, "name") ?? ""} (${at(mount, "readOnly") === true ? "ro" : "rw"}${sub === undefined ? "" : `,path="${sub}"`})\n`,
    );
  }
  return lines.join("");
}

function stateText(title: string, state: JsonObject): string {
  const waiting = state["waiting"];
  const running = state["running"];
  const ended = state["terminated"];
  if (isObject(running)) return `${title}:\tRunning\n  Started:\t${longTime(stringAt(running, "startedAt"))}\n`;
  if (isObject(ended)) {
    const [reason, message] = [stringAt(ended, "reason"), stringAt(ended, "message")];
    const signal = numberAt(ended, "signal") ?? 0;
    return (
      `${title}:\tTerminated\n` +
      (reason === undefined ? "" : `  Reason:\t${reason}\n`) +
      (message === undefined ? "" : `  Message:\t${message}\n`) +
      `  Exit Code:\t${numberAt(ended, "exitCode") ?? 0}\n` +
      (signal > 0 ? `  Signal:\t${signal}\n` : "") +
      `  Started:\t${longTime(stringAt(ended, "startedAt"))}\n  Finished:\t${longTime(stringAt(ended, "finishedAt"))}\n`
    );
  }
  const reason = stringAt(waiting, "reason");
  return `${title}:\tWaiting\n${reason === undefined ? "" : `  Reason:\t${reason}\n`}`;
}

function probeText(probe: JsonObject): string {
  const number = (key: string, otherwise: number): number => numberAt(probe, key) ?? otherwise;
  const attributes = `delay=${number("initialDelaySeconds", 0)}s timeout=${number("timeoutSeconds", 1)}s period=${number("periodSeconds", 10)}s #success=${number("successThreshold", 1)} #failure=${number("failureThreshold", 3)}`;
  if (isObject(probe["exec"])) return `exec [${listAt(probe, "exec", "command").map(show).join(" ")}] ${attributes}`;
  const http = probe["httpGet"];
  if (isObject(http))
    return `http-get ${(stringAt(http, "scheme") ?? "HTTP").toLowerCase()}://${stringAt(http, "host") ?? ""}:${show(http["port"])}${stringAt(http, "path") ?? ""} ${attributes}`;
  const tcp = probe["tcpSocket"];
  if (isObject(tcp)) return `tcp-socket ${stringAt(tcp, "host") ?? ""}:${show(tcp["port"])} ${attributes}`;
  return `grpc <pod>:${show(at(probe, "grpc", "port"))} ${stringAt(probe, "grpc", "service") ?? ""} ${attributes}`;
}

function envText(each: Json, container: JsonObject): string {
  const name = stringAt(each, "name") ?? "";
  const source = at(each, "valueFrom");
  if (!isObject(source)) {
    const [first = "", ...more] = (stringAt(each, "value") ?? "").split("\n");
    return `  ${name}:\t${first}\n${more.map((line) => `  \t${line}\n`).join("")}`;
  }
  const field = source["fieldRef"];
  if (isObject(field))
    return `  ${name}:\t (${stringAt(field, "apiVersion") ?? "v1"}:${stringAt(field, "fieldPath") ?? ""})\n`;
  const resource = source["resourceFieldRef"];
  if (isObject(resource)) {
    const wanted = stringAt(resource, "resource") ?? "";
    const amount = parseQuantity(stringAt(container, "resources", ...wanted.split(".")) ?? "0") ?? 0n;
    const divisor = parseQuantity(stringAt(resource, "divisor") ?? "0") ?? 0n;
    const value = divisor === 0n ? formatQuantity(amount) : String((amount + divisor - 1n) / divisor);
    return `  ${name}:\t${value} (${wanted})\n`;
  }
  const kind = source["configMapKeyRef"] === undefined ? "secret" : "config map";
  const reference = objectAt(source, kind === "secret" ? "secretKeyRef" : "configMapKeyRef");
  return `  ${name}:\t<set to the key '${show(reference["key"])}' ${kind === "secret" ? "in" : "of"} ${kind} '${show(reference["name"])}'>\tOptional: ${String(reference["optional"] === true)}\n`;
}

/** What volumes are, in words, and what of each is shown. */
function volumeRows(volume: JsonObject): readonly string[] {
  const [kind = ""] = Object.keys(volume).filter((key) => key !== "name");
  const of = (key: string, otherwise = ""): string => show(at(volume, kind, key)) || otherwise;
  switch (kind) {
    case "configMap":
      return [
        "Type:\tConfigMap (a volume populated by a ConfigMap)",
        `Name:\t${of("name")}`,
        `Optional:\t${of("optional", "false")}`,
      ];
    case "secret":
      return [
        "Type:\tSecret (a volume populated by a Secret)",
        `SecretName:\t${of("secretName")}`,
        `Optional:\t${of("optional", "false")}`,
      ];
    case "emptyDir":
      return [
        "Type:\tEmptyDir (a temporary directory that shares a pod's lifetime)",
        `Medium:\t${of("medium")}`,
        `SizeLimit:\t${of("sizeLimit", "<unset>")}`,
      ];
    case "hostPath":
      return ["Type:\tHostPath (bare host directory volume)", `Path:\t${of("path")}`, `HostPathType:\t${of("type")}`];
    case "persistentVolumeClaim":
      return [
        "Type:\tPersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        `ClaimName:\t${of("claimName")}`,
        `ReadOnly:\t${of("readOnly", "false")}`,
      ];
    case "projected":
      return [
        "Type:\tProjected (a volume that contains injected data from multiple sources)",
        ...listAt(volume, "projected", "sources").flatMap((source) => {
          if (at(source, "serviceAccountToken") !== undefined)
            return [`TokenExpirationSeconds:\t${show(at(source, "serviceAccountToken", "expirationSeconds"))}`];
          if (at(source, "configMap") !== undefined)
            return [
              `ConfigMapName:\t${show(at(source, "configMap", "name"))}`,
              `ConfigMapOptional:\t${show(at(source, "configMap", "optional")) || "<nil>"}`,
            ];
          if (at(source, "secret") !== undefined)
            return [
              `SecretName:\t${show(at(source, "secret", "name"))}`,
              `SecretOptionalName:\t${show(at(source, "secret", "optional")) || "<nil>"}`,
            ];
          return ["DownwardAPI:\ttrue"];
        }),
      ];
    case "downwardAPI":
      return ["Type:\tDownwardAPI (a volume populated by information about the pod)"];
    default:
      return [`Type:\t<unknown>`];
  }
}

/** @param by before a volume's name, @param outer before the title */
function volumesText(spec: JsonObject, by: string, outer = ""): string {
  const volumes = listAt(spec, "volumes").filter(isObject);
  if (volumes.length === 0) return `${outer}Volumes:\t<none>\n`;
  const text = volumes.map(
    (volume) =>
      `${by}${stringAt(volume, "name") ?? ""}:\n${volumeRows(volume)
        .map((line) => `    ${line}\n`)
        .join("")}`,
  );
  return `${outer}Volumes:\n${text.join("")}`;
}
