/** Pods and nodes, and what they share with other kinds; see `types.ts` for what these shapes promise. */
import type { Json, JsonObject, KubeObject } from "../objects/value.js";

export type Labels = Readonly<Record<string, string>>;

export interface LabelSelector extends JsonObject {
  readonly matchLabels?: Labels;
  readonly matchExpressions?: readonly JsonObject[];
}

export interface Condition extends JsonObject {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
  readonly lastTransitionTime?: string;
}

export interface ObjectReference extends JsonObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly namespace?: string;
  readonly name?: string;
  readonly uid?: string;
}

interface Taint extends JsonObject {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

interface Toleration extends JsonObject {
  readonly key?: string;
  readonly operator?: string;
  readonly value?: string;
  readonly effect?: string;
  readonly tolerationSeconds?: number;
}

interface ContainerPort extends JsonObject {
  readonly name?: string;
  readonly containerPort: number;
  readonly protocol?: string;
}

interface Container extends JsonObject {
  readonly name: string;
  readonly image?: string;
  readonly ports?: readonly ContainerPort[];
  readonly resources?: {
    readonly requests?: Labels;
    readonly limits?: Labels;
  };
}

interface Volume extends JsonObject {
  readonly name: string;
  readonly persistentVolumeClaim?: { readonly claimName: string };
}

interface PodSpec extends JsonObject {
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly nodeName?: string;
  readonly nodeSelector?: Labels;
  readonly affinity?: JsonObject;
  readonly tolerations?: readonly Toleration[];
  readonly restartPolicy?: string;
  readonly hostname?: string;
  readonly subdomain?: string;
  readonly volumes?: readonly Volume[];
  readonly terminationGracePeriodSeconds?: number;
}

interface ContainerStatus extends JsonObject {
  readonly name: string;
  readonly restartCount?: number;
  readonly state?: { readonly terminated?: { readonly exitCode?: number }; readonly [key: string]: Json | undefined };
}

interface PodStatus extends JsonObject {
  readonly phase?: string;
  readonly conditions?: readonly Condition[];
  readonly podIP?: string;
  readonly podIPs?: readonly { readonly ip: string }[];
  readonly containerStatuses?: readonly ContainerStatus[];
  readonly reason?: string;
}

export interface Pod extends KubeObject {
  readonly spec: PodSpec;
  readonly status?: PodStatus;
}

export interface PodTemplate extends JsonObject {
  readonly metadata?: {
    readonly labels?: Labels;
    readonly annotations?: Labels;
    readonly [key: string]: Json | undefined;
  };
  readonly spec: PodSpec;
}

export interface Node extends KubeObject {
  readonly spec?: {
    readonly providerID?: string;
    readonly podCIDR?: string;
    readonly unschedulable?: boolean;
    readonly taints?: readonly Taint[];
    readonly [key: string]: Json | undefined;
  };
  readonly status?: {
    readonly conditions?: readonly Condition[];
    readonly allocatable?: Labels;
    readonly capacity?: Labels;
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly [key: string]: Json | undefined;
  };
}
