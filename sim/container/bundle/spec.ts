/**
 * An OCI bundle's config.json, runtime-spec 1.2 (config.md, config-linux.md): the parts that a simulated Linux can follow.
 * What is left out is accepted and ignored by the reader: apparmorProfile, selinuxLabel, intelRdt, block and network resources, RDMA,
 * time offsets, I/O priority.
 */
export interface RuntimeSpec {
  readonly ociVersion: string;
  readonly process: ProcessSpec;
  readonly root: { readonly path: string; readonly readonly?: boolean };
  readonly hostname?: string;
  readonly domainname?: string;
  readonly mounts: readonly MountSpec[];
  readonly hooks?: Hooks;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly linux: LinuxSpec;
}

export interface ProcessSpec {
  readonly terminal?: boolean;
  readonly user: {
    readonly uid: number;
    readonly gid: number;
    readonly umask?: number;
    readonly additionalGids?: readonly number[];
  };
  readonly args: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly capabilities?: CapabilitySpec;
  readonly rlimits?: readonly { readonly type: string; readonly soft: number; readonly hard: number }[];
  readonly noNewPrivileges?: boolean;
  readonly oomScoreAdj?: number;
}

export const capabilityKinds = ["bounding", "effective", "inheritable", "permitted", "ambient"] as const;
/** Names as "CAP_CHOWN". */
export type CapabilitySpec = { readonly [K in (typeof capabilityKinds)[number]]?: readonly string[] };

export interface MountSpec {
  readonly destination: string;
  readonly type?: string;
  readonly source?: string;
  readonly options?: readonly string[];
}

export interface Hook {
  readonly path: string;
  readonly args?: readonly string[];
  readonly env?: readonly string[];
}

export const hookKinds = [
  "prestart",
  "createRuntime",
  "createContainer",
  "startContainer",
  "poststart",
  "poststop",
] as const;
type HookKind = (typeof hookKinds)[number];
export type Hooks = { readonly [K in HookKind]?: readonly Hook[] };

export const namespaceTypes = ["pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"] as const;
export type NamespaceType = (typeof namespaceTypes)[number];

export interface IdMapping {
  readonly containerID: number;
  readonly hostID: number;
  readonly size: number;
}

export interface LinuxSpec {
  /** With a path an existing one is entered. */
  readonly namespaces: readonly { readonly type: NamespaceType; readonly path?: string }[];
  readonly uidMappings?: readonly IdMapping[];
  readonly gidMappings?: readonly IdMapping[];
  readonly devices?: readonly DeviceSpec[];
  readonly cgroupsPath?: string;
  readonly resources?: Resources;
  readonly rootfsPropagation?: string;
  readonly seccomp?: SeccompSpec;
  readonly maskedPaths?: readonly string[];
  readonly readonlyPaths?: readonly string[];
  readonly sysctl?: Readonly<Record<string, string>>;
}

export interface DeviceSpec {
  readonly type: "c" | "b" | "u" | "p";
  readonly path: string;
  readonly major?: number;
  readonly minor?: number;
  readonly fileMode?: number;
  readonly uid?: number;
  readonly gid?: number;
}

/** What of devices is allowed or refused, by a rule; what is left out stands for all. Later rules count. */
export interface DeviceCgroupSpec {
  readonly allow: boolean;
  readonly type?: "a" | "b" | "c";
  readonly major?: number;
  readonly minor?: number;
  /** Letters: r, w, m (make a node). */
  readonly access?: string;
}

export interface ThrottleSpec {
  readonly major: number;
  readonly minor: number;
  readonly rate: number;
}

/** Amounts as config-linux.md has them: bytes, microseconds; -1 is no limit. */
export interface Resources {
  readonly memory?: { readonly limit?: number; readonly reservation?: number; readonly swap?: number };
  readonly cpu?: { readonly shares?: number; readonly quota?: number; readonly period?: number } & {
    /** CPUs and memory nodes: "0-2,5". */
    readonly cpus?: string;
    readonly mems?: string;
  };
  /** Weights from 10 to 1000; rates in bytes and requests a second. */
  readonly blockIO?: {
    readonly weight?: number;
    readonly throttleReadBpsDevice?: readonly ThrottleSpec[];
    readonly throttleWriteBpsDevice?: readonly ThrottleSpec[];
    readonly throttleReadIOPSDevice?: readonly ThrottleSpec[];
    readonly throttleWriteIOPSDevice?: readonly ThrottleSpec[];
  };
  readonly pids?: { readonly limit: number };
  readonly devices?: readonly DeviceCgroupSpec[];
  /** Files of cgroup v2, written as they are. */
  readonly unified?: Readonly<Record<string, string>>;
}

export interface SeccompSpec {
  readonly defaultAction: string;
  readonly defaultErrnoRet?: number;
  readonly architectures?: readonly string[];
  readonly syscalls?: readonly {
    readonly names: readonly string[];
    readonly action: string;
    readonly errnoRet?: number;
    readonly args?: readonly SeccompArgument[];
  }[];
}

export interface SeccompArgument {
  readonly index: number;
  readonly value: number;
  readonly valueTwo?: number;
  readonly op: string;
}
