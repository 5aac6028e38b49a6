import type { Activity, Bytes, Nanos, Signal } from "../../core/index.js";
import type { Sys } from "../../os/index.js";
import type { ForwardSession, ProcessSession, StreamOptions } from "../apiserver/session.js";

/** The Linux of a node, where a runtime has one: what the kubelet does there itself, it does by system calls. */
export interface NodeSystem {
  /** Does something as root, in a process of that name. @throws what it throws */
  serve<T>(name: string, body: (sys: Sys) => Activity<T>): Activity<T>;
}

/** Something of the node's files that a container is to see. */
export interface Mount {
  readonly containerPath: string;
  readonly hostPath: string;
  readonly readOnly: boolean;
}

/** What /etc/resolv.conf says. */
export interface DnsConfig {
  readonly servers: readonly string[];
  readonly searches: readonly string[];
  readonly options: readonly string[];
}

/** What of a pod only a Linux can follow (`LinuxPodSandboxConfig`). */
export interface LinuxSandboxConfig {
  readonly dns: DnsConfig;
  /** The control group of the pod: `/kubepods/burstable/pod…`. */
  readonly cgroupParent: string;
  readonly hostPID: boolean;
  readonly hostIPC: boolean;
  /** Whether containers see each other's processes. */
  readonly sharedPID: boolean;
  readonly sysctls: Readonly<Record<string, string>>;
}

/** What of a container only a Linux can follow (`LinuxContainerConfig`). */
export interface LinuxContainerConfig {
  readonly mounts: readonly Mount[];
  readonly workingDir: string | undefined;
  readonly stdin: boolean;
  readonly stdinOnce: boolean;
  readonly tty: boolean;
  /** As cgroups of version 1 have them: 1024 shares are a CPU. */
  readonly cpuShares: number;
  /** Microseconds of CPU in 100 ms; 0 without a limit. */
  readonly cpuQuota: number;
  readonly oomScoreAdj: number;
  /** `uid[:gid]`; empty for the image's own. */
  readonly user: string;
  readonly groups: readonly number[];
  readonly privileged: boolean;
  readonly readOnlyRoot: boolean;
  readonly noNewPrivileges: boolean;
  readonly addCapabilities: readonly string[];
  readonly dropCapabilities: readonly string[];
  /** A file of the node where the container leaves its last words. */
  readonly terminationLog: string;
  /** Whether the log's end stands for them where it left none and failed. */
  readonly logsAsMessage: boolean;
}

/** Why a runtime could not do what it was asked to, in the words that the kubelet hands on. */
export class RuntimeFailure extends Error {
  override readonly name = "RuntimeFailure";
}

export interface SandboxConfig {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** How many sandboxes the pod had before. */
  readonly attempt: number;
  readonly hostname: string;
  /** Whether it stands in the node's own network. */
  readonly hostNetwork: boolean;
  /** Only for a runtime with a Linux. */
  readonly linux?: LinuxSandboxConfig;
}

/** What the containers of a pod share: its network above all. */
export interface Sandbox {
  readonly id: string;
  readonly uid: string;
  readonly attempt: number;
  readonly ready: boolean;
  /** Empty in the node's network. */
  readonly ip: string;
}

export interface ContainerConfig {
  readonly name: string;
  /** How often a container of this name was there before. */
  readonly attempt: number;
  readonly image: string;
  readonly command: readonly string[];
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Ports that the container says it listens on. */
  readonly ports: readonly number[];
  /** The most memory that it may use. */
  readonly memory: Bytes | undefined;
  /** Only for a runtime with a Linux. */
  readonly linux?: LinuxContainerConfig;
  /** Only for one without: the files of its persistent volumes, by where they are mounted and their path below. They outlive the container. */
  readonly volumes?: Readonly<Record<string, Map<string, string>>>;
}

export interface ContainerState {
  readonly id: string;
  readonly name: string;
  readonly attempt: number;
  readonly image: string;
  readonly imageRef: string;
  readonly state: "created" | "running" | "exited";
  readonly createdAt: Nanos;
  readonly startedAt: Nanos;
  readonly finishedAt: Nanos;
  readonly exitCode: number;
  /** `Completed`, `Error`, `OOMKilled`; empty while it runs. */
  readonly reason: string;
  /** What it left as its last words. */
  readonly message: string;
}

/** A pod as its runtime sees it: sandboxes and containers, the newest of each first. */
export interface PodState {
  readonly sandboxes: readonly Sandbox[];
  readonly containers: readonly ContainerState[];
}

export interface ImageState {
  /** By which the runtime knows it: a digest. */
  readonly ref: string;
  readonly names: readonly string[];
  readonly size: Bytes;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly output: string;
}

export interface HttpProbe {
  readonly port: number;
  readonly path: string;
  readonly host: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What of a line of a container's log. */
export interface LogLine {
  readonly time: Nanos;
  readonly text: string;
}

/** What is left on the node, and what its pods use (the kubelet's summary API). */
export interface RuntimeStats {
  readonly memoryAvailable: Bytes;
  readonly disk: { readonly available: Bytes; readonly capacity: Bytes };
  /** By a pod's uid: what each of its running containers uses, by name. */
  pods(): ReadonlyMap<string, ReadonlyMap<string, ContainerUsage>>;
}

/** What a container uses. */
export interface ContainerUsage {
  readonly memory: Bytes;
  readonly disk: Bytes;
  /** The processors' time that it has had since it started. */
  readonly cpu: Nanos;
}

/** What a runtime with processes can do beside CRI's plain calls: its `Exec`, `Attach`, `PortForward`, and logs that grow. */
export interface StreamingRuntime {
  exec(id: string, command: readonly string[], options: StreamOptions): ProcessSession;
  /** @throws RuntimeFailure for a container that doesn't run */
  attach(id: string, options: StreamOptions): ProcessSession;
  forward(sandbox: string): ForwardSession;
  /** Fires when a container's log grows or ends; undefined where it has ended. */
  grown(id: string): Signal<unknown> | undefined;
}

/**
 * What a kubelet asks of a container runtime, after the Container Runtime Interface (kubernetes, `cri-api/pkg/apis/runtime/v1`). Calls
 * that take time are activities and fail with a `RuntimeFailure`. Beside it, how the kubelet reaches its pods over the node's network.
 */
export interface ContainerRuntime {
  readonly name: string;
  readonly version: string;
  /** Undefined where containers have no processes: then there is nothing to mount. */
  readonly system: NodeSystem | undefined;
  /** Undefined where nobody can be spoken with. */
  readonly streaming: StreamingRuntime | undefined;

  runPodSandbox(config: SandboxConfig): Activity<string>;
  /** Kills what is left of its containers and gives its address back. */
  stopPodSandbox(id: string): Activity<void>;
  /** Removes it with its containers. */
  removePodSandbox(id: string): Activity<void>;

  createContainer(sandbox: string, config: ContainerConfig): Activity<string>;
  startContainer(id: string): Activity<void>;
  /** SIGTERM, and SIGKILL when `grace` has passed; returns when it has ended. Again, with less grace: sooner. */
  stopContainer(id: string, grace: Nanos): Activity<void>;
  removeContainer(id: string): Activity<void>;
  /** Runs a command in a container. Fails where it takes longer than `timeout`. */
  execSync(id: string, command: readonly string[], timeout: Nanos): Activity<ExecResult>;
  /** The lines that a container has printed. */
  logs(id: string): readonly LogLine[];

  imageStatus(image: string): ImageState | undefined;
  pullImage(image: string): Activity<ImageState>;
  removeImage(image: string): void;
  listImages(): readonly ImageState[];

  podState(uid: string): PodState;
  /** The pods that it has anything of. */
  pods(): readonly string[];
  stats(): RuntimeStats;
  /** Tells of pods whose sandboxes or containers have changed (`GetContainerEvents`). @returns what ends it */
  listen(changed: (uid: string) => void): () => void;

  /** The status code of an answer to a GET of a pod; fails where none comes within `timeout`. */
  httpGet(sandbox: string, probe: HttpProbe, timeout: Nanos): Activity<number>;
  /** Opens a connection to a pod and closes it; fails where that isn't done within `timeout`. */
  connect(sandbox: string, port: number, timeout: Nanos): Activity<void>;
}
