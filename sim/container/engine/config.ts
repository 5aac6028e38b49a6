import type { ExecutionConfig } from "../image/oci.js";
import { invalid } from "./errors.js";

/**
 * How a container is asked for, in the field names and units of Docker's API (POST /containers/create): bytes, nanoseconds for
 * health checks, billionths of a CPU. What a field leaves out comes from the image or from the defaults below.
 */
export interface ContainerConfig {
  readonly Hostname: string;
  readonly Domainname: string;
  readonly User: string;
  readonly AttachStdin: boolean;
  readonly AttachStdout: boolean;
  readonly AttachStderr: boolean;
  readonly Tty: boolean;
  readonly OpenStdin: boolean;
  /** Whether the standard input ends with the first who was attached to it. */
  readonly StdinOnce: boolean;
  readonly Env: readonly string[];
  readonly Cmd: readonly string[];
  readonly Entrypoint: readonly string[];
  readonly Image: string;
  readonly WorkingDir: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Volumes: Readonly<Record<string, object>>;
  readonly ExposedPorts: Readonly<Record<string, object>>;
  readonly StopSignal: string;
  /** In seconds; -1 waits for ever. */
  readonly StopTimeout: number;
  readonly Healthcheck: NonNullable<ExecutionConfig["Healthcheck"]> | undefined;
}

interface RestartPolicy {
  readonly Name: "no" | "always" | "unless-stopped" | "on-failure";
  /** Of on-failure: 0 is without end. */
  readonly MaximumRetryCount: number;
}

interface MountRequest {
  readonly Type: "bind" | "volume" | "tmpfs";
  readonly Source?: string;
  readonly Target: string;
  readonly ReadOnly?: boolean;
  readonly TmpfsOptions?: { readonly SizeBytes?: number; readonly Mode?: number };
  readonly VolumeOptions?: { readonly NoCopy?: boolean; readonly Labels?: Readonly<Record<string, string>> };
}

export interface HostConfig {
  /** "/host:/inside[:ro]", "volume:/inside[:ro]". */
  readonly Binds: readonly string[];
  readonly Mounts: readonly MountRequest[];
  /** Options by paths: { "/run": "size=64m" }. */
  readonly Tmpfs: Readonly<Record<string, string>>;
  readonly VolumesFrom: readonly string[];
  /** "bridge", "host", "none", "container:NAME", or a network's name. */
  readonly NetworkMode: string;
  readonly PortBindings: Readonly<Record<string, readonly { readonly HostIp?: string; readonly HostPort?: string }[]>>;
  /** Whether what is exposed and has no place on the host is given one that is free. */
  readonly PublishAllPorts: boolean;
  readonly ExtraHosts: readonly string[];
  readonly Dns: readonly string[];
  readonly RestartPolicy: RestartPolicy;
  readonly AutoRemove: boolean;
  readonly CapAdd: readonly string[];
  readonly CapDrop: readonly string[];
  readonly Privileged: boolean;
  /** Devices of the host's that it gets; permissions as "rwm". */
  readonly Devices: readonly {
    readonly PathOnHost: string;
    readonly PathInContainer: string;
    readonly CgroupPermissions: string;
  }[];
  /** Further rules: "c 189:* rmw". */
  readonly DeviceCgroupRules: readonly string[];
  readonly ReadonlyRootfs: boolean;
  readonly SecurityOpt: readonly string[];
  readonly GroupAdd: readonly string[];
  readonly PidMode: string;
  readonly IpcMode: string;
  readonly UTSMode: string;
  readonly ShmSize: number;
  readonly Sysctls: Readonly<Record<string, string>>;
  readonly Ulimits: readonly { readonly Name: string; readonly Soft: number; readonly Hard: number }[];
  readonly OomScoreAdj: number;
  readonly Memory: number;
  readonly MemoryReservation: number;
  readonly NanoCpus: number;
  readonly CpuShares: number;
  readonly CpuPeriod: number;
  readonly CpuQuota: number;
  readonly PidsLimit: number;
  /** "0-2,5"; "" stands for all. */
  readonly CpusetCpus: string;
  readonly CpusetMems: string;
  /** From 10 to 1000; 0 for the default. */
  readonly BlkioWeight: number;
  readonly BlkioDeviceReadBps: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteBps: readonly ThrottleDevice[];
  readonly BlkioDeviceReadIOps: readonly ThrottleDevice[];
  readonly BlkioDeviceWriteIOps: readonly ThrottleDevice[];
  /** The group above the container's own: "/docker" where it is "". */
  readonly CgroupParent: string;
}

/** How fast a device of the host may be used: bytes or requests a second. */
interface ThrottleDevice {
  readonly Path: string;
  readonly Rate: number;
}

const hostDefaults: HostConfig = {
  Binds: [],
  Mounts: [],
  Tmpfs: {},
  VolumesFrom: [],
  NetworkMode: "bridge",
  PortBindings: {},
  PublishAllPorts: false,
  ExtraHosts: [],
  Dns: [],
  RestartPolicy: { Name: "no", MaximumRetryCount: 0 },
  AutoRemove: false,
  CapAdd: [],
  CapDrop: [],
  Privileged: false,
  Devices: [],
  DeviceCgroupRules: [],
  ReadonlyRootfs: false,
  SecurityOpt: [],
  GroupAdd: [],
  PidMode: "",
  IpcMode: "private",
  UTSMode: "",
  ShmSize: 67_108_864,
  Sysctls: {},
  Ulimits: [],
  OomScoreAdj: 0,
  Memory: 0,
  MemoryReservation: 0,
  NanoCpus: 0,
  CpuShares: 0,
  CpuPeriod: 0,
  CpuQuota: 0,
  PidsLimit: 0,
  CpusetCpus: "",
  CpusetMems: "",
  BlkioWeight: 0,
  BlkioDeviceReadBps: [],
  BlkioDeviceWriteBps: [],
  BlkioDeviceReadIOps: [],
  BlkioDeviceWriteIOps: [],
  CgroupParent: "",
};

const defaultPath = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Later settings of a variable replace earlier ones, in the place of these. */
function mergedEnv(image: readonly string[], own: readonly string[]): string[] {
  const name = (one: string): string => one.split("=")[0] ?? one;
  const values = new Map(image.map((one) => [name(one), one]));
  // A name without a value takes the variable away.
  for (const one of own) {
    if (one.includes("=")) values.set(name(one), one);
    else values.delete(one);
  }
  return [...values.values()];
}

/**
 * A container's configuration: what was asked for over what its image says, as Docker merges them. An entrypoint of one's own
 * takes the image's command away.
 * @throws EngineError where there is nothing to run
 */
export function mergedConfig(asked: Partial<ContainerConfig>, image: ExecutionConfig, id: string): ContainerConfig {
  const ownEntrypoint = asked.Entrypoint !== undefined;
  const Cmd = asked.Cmd ?? (ownEntrypoint ? [] : (image.Cmd ?? []));
  // An empty string resets the image's entrypoint.
  const Entrypoint = (asked.Entrypoint ?? image.Entrypoint ?? []).filter((one, place) => place > 0 || one !== "");
  if (Cmd.length + Entrypoint.length === 0)
    throw invalid("no command specified", "Name a command behind the image, or use an image that has one.");
  const env = mergedEnv(image.Env ?? [], asked.Env ?? []);
  const health = asked.Healthcheck ?? image.Healthcheck;
  return {
    Hostname: asked.Hostname ?? id.slice(0, 12),
    Domainname: asked.Domainname ?? "",
    User: asked.User ?? image.User ?? "",
    AttachStdin: asked.AttachStdin ?? false,
    AttachStdout: asked.AttachStdout ?? false,
    AttachStderr: asked.AttachStderr ?? false,
    Tty: asked.Tty ?? false,
    OpenStdin: asked.OpenStdin ?? false,
    StdinOnce: asked.StdinOnce ?? false,
    Env: env.some((one) => one.startsWith("PATH=")) ? env : [defaultPath, ...env],
    Cmd,
    Entrypoint,
    Image: asked.Image ?? "",
    WorkingDir: asked.WorkingDir ?? image.WorkingDir ?? "",
    Labels: { ...image.Labels, ...asked.Labels },
    Volumes: { ...image.Volumes, ...asked.Volumes },
    ExposedPorts: { ...image.ExposedPorts, ...asked.ExposedPorts },
    StopSignal: asked.StopSignal ?? image.StopSignal ?? "SIGTERM",
    StopTimeout: asked.StopTimeout ?? 10,
    Healthcheck: health === undefined || health.Test.length === 0 || health.Test[0] === "NONE" ? undefined : health,
  };
}

const policies: readonly RestartPolicy["Name"][] = ["no", "always", "unless-stopped", "on-failure"];

/** Fills in the defaults, and checks what has to fit together. @throws EngineError in Docker's words */
export function wholeHostConfig(asked: Partial<HostConfig>): HostConfig {
  const entries: [string, unknown][] = Object.entries(asked);
  const given = entries.filter(([, value]) => value !== undefined);
  const host: HostConfig = { ...hostDefaults, ...(Object.fromEntries(given) as Partial<HostConfig>) };
  const { RestartPolicy: policy, AutoRemove, Memory, MemoryReservation, NanoCpus, CpuPeriod, CpuQuota } = host;
  if (!policies.includes(policy.Name))
    throw invalid(`invalid restart policy: unknown policy '${policy.Name}'`, `Use one of ${policies.join(", ")}.`);
  if (policy.Name !== "on-failure" && policy.MaximumRetryCount !== 0)
    throw invalid(
      "invalid restart policy: maximum retry count can only be used with 'on-failure'",
      "Leave the count out, or use on-failure.",
    );
  if (AutoRemove && policy.Name !== "no")
    throw invalid("can't create 'AutoRemove' container with restart policy", "Use one of the two.");
  if (Memory !== 0 && Memory < 6 * 2 ** 20)
    throw invalid("Minimum memory limit allowed is 6MB", "Give more, or leave it out for no limit.");
  if (Memory > 0 && MemoryReservation > Memory)
    throw invalid(
      "Minimum memory limit can not be less than memory reservation limit, see usage",
      "Reserve less than the limit.",
    );
  if (NanoCpus > 0 && (CpuPeriod > 0 || CpuQuota > 0))
    throw invalid(
      "Conflicting options: Nano CPUs and CPU Period cannot both be set",
      "Use --cpus, or period and quota.",
    );
  if (host.BlkioWeight !== 0 && (host.BlkioWeight < 10 || host.BlkioWeight > 1000))
    throw invalid("range of blkio weight is from 10 to 1000", "Give a weight from 10 to 1000.");
  if (NanoCpus < 0 || NanoCpus % 1 !== 0) throw invalid(`invalid CPUs: ${NanoCpus}`, "Give billionths of a CPU.");
  return host;
}
