import type { World } from "../../core/index.js";
import type { Client } from "../client/client.js";
import type { EventRecorder } from "../client/event-recorder.js";
import type { Pod } from "../client/pod-types.js";
import type { ImageManager } from "./images.js";
import type { Prober } from "./prober.js";
import type { ContainerRuntime } from "./runtime.js";
import type { StatusManager } from "./status-manager.js";
import type { VolumeManager } from "./volumes/volume-manager.js";

/** What the parts of one kubelet share. */
export interface NodeContext {
  readonly world: World;
  readonly client: Client;
  readonly node: string;
  readonly hostIP: string;
  /** The node's memory in bytes. */
  readonly capacity: number;
  /** What pods are told of the cluster's DNS: its servers' addresses (`clusterDNS`), and the domain below which services are. */
  readonly cluster: { readonly dns: readonly string[]; readonly domain: string };
  readonly runtime: ContainerRuntime;
  readonly events: EventRecorder;
  readonly images: ImageManager;
  readonly statuses: StatusManager;
  readonly prober: Prober;
  readonly volumes: VolumeManager;
  /** Whether a pod's containers have changed since the runtime was looked at last. */
  readonly stale: (uid: string) => boolean;
}

/** `name_namespace(uid)`, as the kubelet's messages name a pod. */
export const podText = ({ metadata: { name = "", namespace = "", uid = "" } }: Pod): string =>
  `${name}_${namespace}(${uid})`;
