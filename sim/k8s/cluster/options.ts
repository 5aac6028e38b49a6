import type { World } from "../../core/index.js";
import type { Program, Sys } from "../../os/index.js";
import type { ControllerManagerOptions } from "../controllers/controller-manager.js";
import type { HollowRuntimeOptions } from "../kubelet/hollow/runtime.js";
import type { NodeDescription } from "../kubelet/node-status.js";
import type { ContainerRuntime } from "../kubelet/runtime.js";
import type { BlockStorageOptions } from "../volumes/block-storage.js";
import type { CloudOptions } from "../cloud/cloud.js";
import type { AutoscalerFlags } from "../cloud/autoscaler/flags.js";
import type { ProxyModeName } from "../proxy/mode.js";

export interface ClusterOptions extends Partial<
  Omit<NodeDescription, "name" | "address" | "podCIDR" | "cloudProvider">
> {
  readonly world: World;
  /** How many servers etcd has. With 1, the default, it answers at once; several agree by Raft, over a network and disks, and may fail. */
  readonly etcd?: number;
  /** How many nodes, called node-1 and on. Default 3. */
  readonly nodes?: number;
  /** What images there are, and what their containers do; see `HollowRuntime`. */
  readonly images?: HollowRuntimeOptions["images"];
  /**
   * What runs containers: `hollow`, the default, has no processes; with `containers` each node is a simulated Linux with a container
   * engine, and pods run what their images hold. Or a runtime for each node.
   */
  readonly runtime?:
    "hollow" | "containers" | ((node: { readonly name: string; readonly podCIDR: string }) => ContainerRuntime);
  /** With `containers`: programs that executables of images may name, beside those of the userland. */
  readonly programs?: readonly Program<Sys>[];
  /**
   * Whether there are disks in a network, with a CSI driver that makes them, and a StorageClass `standard` of them, which is the default. With
   * labels of zones on nodes, its claims wait for their first pod. Default none: then volumes are made by hand.
   */
  readonly storage?: boolean | BlockStorageOptions;
  /**
   * Whether nodes are machines of a cloud, which `groups` of it keep, in zones, for money, with a cloud-controller-manager; and whether a
   * cluster autoscaler changes the groups' sizes. With it, `nodes` is the first group's size at first, and nodes are hollow. Default none.
   */
  readonly cloud?: boolean | (CloudOptions & { readonly autoscaler?: boolean | Partial<AutoscalerFlags> });
  /** With `containers`: by what nodes' kernels lead connections to services' endpoints (`--proxy-mode`). Default `iptables`. */
  readonly proxy?: ProxyModeName;
  readonly controllers?: Partial<Omit<ControllerManagerOptions, "world" | "endpoint">>;
  /** Whether a metrics server runs: what autoscalers and `kubectl top` ask. Default false, as in a cluster that is new. */
  readonly metrics?: boolean;
  /** Default `RBAC`. */
  readonly authorization?: "RBAC" | "AlwaysAllow";
}

export interface GetOptions {
  /** Default `default`; "" for all. */
  readonly namespace?: string;
  /** `app=web,tier!=back`. */
  readonly selector?: string;
  readonly fieldSelector?: string;
}

/** Every option, none of them said. */
export const unsaid = {
  etcd: undefined,
  nodes: undefined,
  images: undefined,
  runtime: undefined,
  programs: undefined,
  storage: undefined,
  proxy: undefined,
  cloud: undefined,
  controllers: undefined,
  metrics: undefined,
  authorization: undefined,
  cpus: undefined,
  memory: undefined,
  disk: undefined,
  pods: undefined,
  labels: undefined,
  taints: undefined,
};
