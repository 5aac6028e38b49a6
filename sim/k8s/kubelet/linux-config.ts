import type { Activity } from "../../core/index.js";
import { limitCgroup, makeCgroup, removeCgroup } from "../../container/index.js";
import type { Container, Pod } from "../client/pod-types.js";
import { parseQuantity } from "../objects/quantity.js";
import { at, listAt, objectAt, stringAt, type Json } from "../objects/value.js";
import type { NodeContext } from "./node-context.js";
import {
  RuntimeFailure,
  type LinuxContainerConfig,
  type LinuxSandboxConfig,
  type Mount,
  type NodeSystem,
} from "./runtime.js";

/** An amount in whole units, of CPU in thousandths; 0 where there is none. */
function amountOf(list: Readonly<Record<string, string>> | undefined, name: "cpu" | "memory"): number {
  const value = parseQuantity(list?.[name] ?? "0") ?? 0n;
  return Number(name === "cpu" ? value / 1_000_000n : value / 1_000_000_000n);
}

/** Thousandths of a CPU as shares, at least 2 (kubernetes, `pkg/kubelet/cm/helpers_linux.go`, MilliCPUToShares). */
const sharesOf = (milli: number): number => Math.min(262_144, Math.max(2, Math.floor((milli * 1024) / 1000)));

const numberAt = (value: Json | undefined, ...path: string[]): number | undefined => {
  const found = at(value, ...path);
  return typeof found === "number" ? found : undefined;
};
const isSet = (value: Json | undefined, ...path: string[]): boolean => at(value, ...path) === true;
const textsAt = (value: Json | undefined, ...path: string[]): string[] =>
  listAt(value, ...path).filter((each) => typeof each === "string");

/** The control group of a pod, by its class of service (kubernetes, `pkg/kubelet/cm/pod_container_manager_linux.go`). */
function cgroupOf({ metadata: { uid = "" }, status }: Pod): string {
  const qos = status?.qosClass ?? "BestEffort";
  return `/kubepods${qos === "Guaranteed" ? "" : `/${qos.toLowerCase()}`}/pod${uid}`;
}

/** Makes a pod's control group, with what its containers ask for together. */
export function* makePodCgroup(system: NodeSystem, pod: Pod): Activity<undefined> {
  const { containers } = pod.spec;
  const sum = (which: "requests" | "limits", name: "cpu" | "memory"): number =>
    containers.reduce((total, { resources }) => total + amountOf(resources?.[which], name), 0);
  const all = (name: "cpu" | "memory"): boolean =>
    containers.every(({ resources }) => resources?.limits?.[name] !== undefined);
  const path = cgroupOf(pod);
  return yield* system.serve("kubelet", function* (sys): Activity<undefined> {
    yield* makeCgroup(sys, path);
    return yield* limitCgroup(sys, path, {
      cpu: {
        shares: sharesOf(sum("requests", "cpu")),
        ...(all("cpu") && { quota: sum("limits", "cpu") * 100, period: 100_000 }),
      },
      ...(all("memory") && { memory: { limit: sum("limits", "memory") } }),
    });
  });
}

/** Takes it away again; nothing where there is none. */
export const removePodCgroup = (system: NodeSystem, pod: Pod): Activity<undefined> =>
  system.serve("kubelet", (sys) => removeCgroup(sys, cgroupOf(pod)));

/** At most so many search domains (kubernetes, `pkg/apis/core/validation`, MaxDNSSearchPaths). */
const mostSearches = 32;

/** What of a pod only a Linux can follow. */
export function linuxSandbox(context: NodeContext, pod: Pod): LinuxSandboxConfig {
  const { spec } = pod;
  const sysctls = listAt(spec, "securityContext", "sysctls").map(
    (each) => [stringAt(each, "name") ?? "", stringAt(each, "value") ?? ""] as const,
  );
  return {
    dns: dnsOf(context, pod),
    cgroupParent: cgroupOf(pod),
    hostPID: isSet(spec, "hostPID"),
    hostIPC: isSet(spec, "hostIPC"),
    sharedPID: isSet(spec, "shareProcessNamespace"),
    sysctls: Object.fromEntries(sysctls),
  };
}

/** A pod's resolver, by its dnsPolicy (kubernetes, `pkg/kubelet/network/dns`, GetPodDNS). */
function dnsOf({ cluster }: NodeContext, { metadata: { namespace = "" }, spec }: Pod): LinuxSandboxConfig["dns"] {
  const own = objectAt(spec, "dnsConfig");
  const policy = stringAt(spec, "dnsPolicy") ?? "ClusterFirst";
  const clusters = policy === "ClusterFirstWithHostNet" || (policy === "ClusterFirst" && spec.hostNetwork !== true);
  const { domain } = cluster;
  const searches = clusters ? [`${namespace}.svc.${domain}`, `svc.${domain}`, domain] : [];
  const options = listAt(own, "options").map((each) => {
    const value = stringAt(each, "value");
    return `${stringAt(each, "name") ?? ""}${value === undefined ? "" : `:${value}`}`;
  });
  const named = new Set(options.map((each) => each.split(":")[0]));
  return {
    servers: [...new Set([...(clusters ? cluster.dns : []), ...textsAt(own, "nameservers")])],
    searches: [...new Set([...searches, ...textsAt(own, "searches")])].slice(0, mostSearches),
    options: [...(clusters && !named.has("ndots") ? ["ndots:5"] : []), ...options],
  };
}

/** Who runs a container: its own securityContext before its pod's. @throws RuntimeFailure for root where that is refused */
function userOf(pod: Pod, container: Container): string {
  const asked = (name: string): number | undefined =>
    numberAt(container, "securityContext", name) ?? numberAt(pod.spec, "securityContext", name);
  const [user, group] = [asked("runAsUser"), asked("runAsGroup")];
  const nonRoot = at(container, "securityContext", "runAsNonRoot") ?? at(pod.spec, "securityContext", "runAsNonRoot");
  if (nonRoot === true && user === 0)
    throw new RuntimeFailure(
      `container's runAsUser breaks non-root policy (pod: "${pod.metadata.name ?? ""}", container: ${container.name})`,
    );
  if (user === undefined && group === undefined) return "";
  return group === undefined ? String(user) : `${user ?? 0}:${group}`;
}

/** How soon the kernel ends it for memory: by its class, and by how much of the node it asked for (kubernetes, `pkg/kubelet/qos/policy.go`). */
function oomScoreOf({ capacity }: NodeContext, pod: Pod, container: Container): number {
  const qos = pod.status?.qosClass ?? "BestEffort";
  if (qos === "Guaranteed") return -997;
  if (qos === "BestEffort") return 1000;
  const share = Math.floor((1000 * amountOf(container.resources?.requests, "memory")) / capacity);
  return Math.min(999, Math.max(3, 1000 - share));
}

/** What of a container only a Linux can follow. @throws RuntimeFailure for what the kubelet refuses */
export function linuxContainer(
  context: NodeContext,
  pod: Pod,
  container: Container,
  mounts: readonly Mount[],
  terminationLog: string,
): LinuxContainerConfig {
  const { resources } = container;
  const security = objectAt(container, "securityContext");
  const groups = listAt(pod.spec, "securityContext", "supplementalGroups");
  const fsGroup = numberAt(pod.spec, "securityContext", "fsGroup");
  const requested = amountOf(resources?.requests, "cpu") || amountOf(resources?.limits, "cpu");
  const limit = amountOf(resources?.limits, "cpu");
  return {
    mounts,
    workingDir: stringAt(container, "workingDir"),
    stdin: isSet(container, "stdin"),
    stdinOnce: isSet(container, "stdinOnce"),
    tty: isSet(container, "tty"),
    cpuShares: sharesOf(requested),
    // At least a millisecond in 100 (MilliCPUToQuota).
    cpuQuota: limit === 0 ? 0 : Math.max(1000, limit * 100),
    oomScoreAdj: oomScoreOf(context, pod, container),
    user: userOf(pod, container),
    groups: [...groups, fsGroup].filter((each) => typeof each === "number"),
    privileged: isSet(security, "privileged"),
    readOnlyRoot: isSet(security, "readOnlyRootFilesystem"),
    noNewPrivileges: at(security, "allowPrivilegeEscalation") === false,
    addCapabilities: textsAt(security, "capabilities", "add"),
    dropCapabilities: textsAt(security, "capabilities", "drop"),
    terminationLog,
    logsAsMessage: stringAt(container, "terminationMessagePolicy") === "FallbackToLogsOnError",
  };
}
