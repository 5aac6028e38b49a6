import type { Activity } from "../../core/index.js";
import type { ObjectOf } from "../client/client.js";
import { ApiFailure } from "../client/failure.js";
import type { Node } from "../client/pod-types.js";

export type Service = ObjectOf<"services">;

/** What a cloud refuses: out of stock, over its quota, asked too often. */
export class CloudFailure extends Error {
  override readonly name = "CloudFailure";
  /** The cloud's own word, as EC2 has them: `InsufficientInstanceCapacity`. */
  readonly code: string;

  constructor(code: string, message: string) {
    super(`${code}: ${message}`);
    this.code = code;
  }
}

/** Asks a cloud where a refusal is to be like one of the API's: the key is tried again later. */
export function* asked<T>(request: Activity<T>): Activity<T> {
  try {
    return yield* request;
  } catch (error) {
    throw error instanceof CloudFailure ? new ApiFailure(0, undefined, error.message) : error;
  }
}

/** What a cloud knows of the instance that is a node. */
export interface InstanceMetadata {
  /** `cloud://zone/instance`: how the instance is called for good. */
  readonly providerID: string;
  readonly instanceType: string;
  readonly addresses: readonly { readonly type: string; readonly address: string }[];
  readonly zone: string;
  readonly region: string;
}

/** k8s.io/cloud-provider, `InstancesV2`. Each asks the cloud's API, and fails with a `CloudFailure`. */
export interface Instances {
  exists(node: Node): Activity<boolean>;
  isShutDown(node: Node): Activity<boolean>;
  /** @returns undefined for a node that is none of the cloud's */
  metadata(node: Node): Activity<InstanceMetadata | undefined>;
}

/** Leads a node's pods' range to that node, in the cloud's network. */
export interface Route {
  readonly name: string;
  readonly node: string;
  readonly destination: string;
}

/** k8s.io/cloud-provider, `Routes`. */
export interface Routes {
  list(): Activity<readonly Route[]>;
  create(route: Route): Activity<void>;
  remove(route: Route): Activity<void>;
}

export interface LoadBalancerStatus {
  readonly ingress: readonly { readonly ip: string }[];
}

/** k8s.io/cloud-provider, `LoadBalancer`. */
export interface LoadBalancers {
  /** @returns undefined where there is none for the service */
  status(service: Service): Activity<LoadBalancerStatus | undefined>;
  /** Makes a load balancer, or has it be as the service is now. */
  ensure(service: Service, nodes: readonly Node[]): Activity<LoadBalancerStatus>;
  /** Tells it of other nodes. */
  update(service: Service, nodes: readonly Node[]): Activity<void>;
  remove(service: Service): Activity<void>;
}

/** An instance of a node group: one that runs or starts, or one that the cloud could not make. */
export interface GroupMember {
  readonly providerID: string;
  readonly error?: { readonly code: string; readonly message: string };
}

/** Machines of one kind of which a cloud keeps as many as it is told (cluster-autoscaler, `cloudprovider.NodeGroup`). */
export interface NodeGroup {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  /** How many there are to be. */
  readonly target: number;
  /** US dollars an hour for each. */
  readonly price: number;
  readonly members: readonly GroupMember[];
  /** A node as the next one will be. */
  template(name: string): Node;
  /** @throws CloudFailure */
  increase(by: number): Activity<void>;
  /** Ends these instances, and wants as many fewer. @throws CloudFailure */
  remove(providerIDs: readonly string[]): Activity<void>;
}

/** A cloud, as Kubernetes asks it. Whatever fills this may run its machines where it likes. */
export interface CloudProvider {
  /** The first part of its instances' `providerID`. */
  readonly name: string;
  readonly instances: Instances;
  /** undefined where the cloud's network needs none. */
  readonly routes: Routes | undefined;
  readonly loadBalancers: LoadBalancers | undefined;
  readonly groups: readonly NodeGroup[];
}
