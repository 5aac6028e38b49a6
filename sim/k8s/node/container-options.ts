import type { ContainerEngine } from "../../container/index.js";
import type { ContainerConfig, SandboxConfig } from "../kubelet/runtime.js";
import { pauseImage } from "./system-images.js";

type CreateOptions = Parameters<ContainerEngine["create"]>[0];

/** What says of a container of the engine which pod it belongs to (cri-dockerd, `core/naming.go` and labels). */
const labels = {
  type: "io.kubernetes.docker.type",
  container: "io.kubernetes.container.name",
  pod: "io.kubernetes.pod.name",
  namespace: "io.kubernetes.pod.namespace",
  uid: "io.kubernetes.pod.uid",
} as const;

const labelsOf = (sandbox: SandboxConfig, type: string, container: string): Record<string, string> => ({
  [labels.type]: type,
  [labels.container]: container,
  [labels.pod]: sandbox.name,
  [labels.namespace]: sandbox.namespace,
  [labels.uid]: sandbox.uid,
});

/** `k8s_NAME_POD_NAMESPACE_UID_ATTEMPT`. */
const nameOf = (name: string, { name: pod, namespace, uid }: SandboxConfig, attempt: number): string =>
  ["k8s", name, pod, namespace, uid, attempt].join("_");

/** The container that holds a pod's namespaces. Its network is the CNI's to give. */
export function sandboxOptions(config: SandboxConfig): CreateOptions {
  const { linux, hostNetwork, hostname } = config;
  return {
    name: nameOf("POD", config, config.attempt),
    config: { Image: pauseImage, Hostname: hostname, Labels: labelsOf(config, "podsandbox", "POD") },
    host: {
      NetworkMode: hostNetwork ? "host" : "none",
      ...(hostNetwork && { UTSMode: "host" }),
      ...(linux?.hostPID === true && { PidMode: "host" }),
      ...(linux?.hostIPC === true && { IpcMode: "host" }),
      // The last to be killed for memory (kubernetes, `pkg/kubelet/qos/policy.go`).
      OomScoreAdj: -998,
      CpuShares: 2,
      Sysctls: linux?.sysctls ?? {},
      CgroupParent: linux?.cgroupParent ?? "",
    },
  };
}

/** A container of a pod: in its sandbox's namespaces, with what its spec asks for. @param resolvConf the pod's file */
export function containerOptions(
  config: ContainerConfig,
  sandbox: { readonly id: string; readonly config: SandboxConfig },
  resolvConf: string,
): CreateOptions {
  const { name, attempt, image, command, args, env, memory, linux } = config;
  const { id, config: pod } = sandbox;
  const own = `container:${id}`;
  const sharesPID = pod.linux?.sharedPID === true;
  const mounts = (linux?.mounts ?? []).map(({ hostPath, containerPath, readOnly }) => ({
    Type: "bind" as const,
    Source: hostPath,
    Target: containerPath,
    ReadOnly: readOnly,
  }));
  const resolv = { Type: "bind" as const, Source: resolvConf, Target: "/etc/resolv.conf" };
  const hasOwn = mounts.some(({ Target }) => Target === resolv.Target);
  return {
    name: nameOf(name, pod, attempt),
    config: {
      Image: image,
      Hostname: pod.hostname,
      Env: Object.entries(env).map(([key, value]) => `${key}=${value}`),
      ...(command.length > 0 && { Entrypoint: command }),
      ...(args.length > 0 && { Cmd: args }),
      ...(linux?.workingDir !== undefined && { WorkingDir: linux.workingDir }),
      ...(linux !== undefined && linux.user !== "" && { User: linux.user }),
      OpenStdin: linux?.stdin ?? false,
      StdinOnce: linux?.stdinOnce ?? false,
      Tty: linux?.tty ?? false,
      Labels: labelsOf(pod, "container", name),
    },
    host: {
      NetworkMode: pod.hostNetwork ? "host" : own,
      UTSMode: pod.hostNetwork ? "host" : own,
      IpcMode: pod.linux?.hostIPC === true ? "host" : own,
      PidMode: pod.linux?.hostPID === true ? "host" : sharesPID ? own : "",
      Mounts: hasOwn ? mounts : [...mounts, resolv],
      Memory: memory ?? 0,
      CpuShares: linux?.cpuShares ?? 2,
      ...((linux?.cpuQuota ?? 0) > 0 && { CpuPeriod: 100_000, CpuQuota: linux?.cpuQuota ?? 0 }),
      OomScoreAdj: linux?.oomScoreAdj ?? 0,
      GroupAdd: (linux?.groups ?? []).map(String),
      Privileged: linux?.privileged ?? false,
      ReadonlyRootfs: linux?.readOnlyRoot ?? false,
      SecurityOpt: linux?.noNewPrivileges === true ? ["no-new-privileges"] : [],
      CapAdd: linux?.addCapabilities ?? [],
      CapDrop: linux?.dropCapabilities ?? [],
      CgroupParent: pod.linux?.cgroupParent ?? "",
    },
  };
}
