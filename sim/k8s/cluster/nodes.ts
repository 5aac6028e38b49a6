import { UsageError } from "../../core/index.js";
import type { FrameLink } from "../../net/index.js";
import type { ApiEndpoint } from "../client/client.js";
import { HollowRuntime } from "../kubelet/hollow/runtime.js";
import { Kubelet } from "../kubelet/kubelet.js";
import type { NodeDescription } from "../kubelet/node-status.js";
import type { ContainerRuntime } from "../kubelet/runtime.js";
import type { NodeMachine } from "../node/machine.js";
import type { NodeDriver } from "../volumes/driver.js";
import { nodeAddress, podRange } from "./addresses.js";
import { ContainerNodes } from "./container-nodes.js";
import type { ClusterOptions } from "./options.js";

/** What a cloud says of a machine of its that joins. */
export interface RentedNode extends Pick<NodeDescription, "cpus" | "memory" | "pods" | "labels" | "taints"> {
  /** Counts the cloud's machines from 1: gives its address and its pods' range. */
  readonly place: number;
}

/** How many machines a cloud may have made: each has a range of pods' addresses of its own. */
export const mostRented = 30_000;

/** A cluster's nodes, node-1 and on: of each its runtime, its kubelet while that runs, and its computer unless it is hollow. */
export class Nodes {
  readonly #options: ClusterOptions;
  /** Those that the cluster has from the start. */
  readonly #count: number;
  /** What is beneath nodes that a cloud's machines are. */
  readonly #rented = new Map<string, RentedNode>();
  readonly #kubelets = new Map<string, Kubelet>();
  readonly #runtimes = new Map<string, ContainerRuntime>();
  readonly #containers: ContainerNodes | undefined;
  readonly #drivers: (node: string) => readonly NodeDriver[];
  #endpoint: ApiEndpoint | undefined;

  /** @throws UsageError for a number of nodes that can't be */
  constructor(options: ClusterOptions, drivers: (node: string) => readonly NodeDriver[]) {
    this.#drivers = drivers;
    const { world, runtime, cpus, memory, programs, proxy, cloud = false } = options;
    const nodes = cloud === false ? (options.nodes ?? 3) : 0;
    if (!Number.isInteger(nodes) || nodes < 0 || nodes > 30_000)
      throw new UsageError(`a cluster can't have ${nodes} nodes`, "Give a whole number from 0 to 30,000.");
    this.#options = options;
    this.#count = nodes;
    this.#containers =
      runtime === "containers" ? new ContainerNodes({ world, nodes, cpus, memory, programs, proxy }) : undefined;
  }

  get count(): number {
    return this.#count + this.#rented.size;
  }

  /** A machine joins, with a kubelet that a cloud's controller has to introduce. */
  join(name: string, rented: RentedNode): void {
    const runtime = this.#makeRuntime(name, podRange(rented.place, mostRented), rented.memory);
    this.#rented.set(name, rented);
    this.#runtimes.set(name, runtime);
    this.#start(name, runtime);
  }

  /** Its power is cut: its kubelet and its containers are gone. */
  leave(name: string): void {
    this.#kubelets.get(name)?.stop();
    this.#kubelets.delete(name);
    const runtime = this.#runtimes.get(name);
    if (runtime instanceof HollowRuntime) runtime.halt();
    this.#runtimes.delete(name);
    this.#rented.delete(name);
  }

  /** Whether they have processes and a network. */
  get areMachines(): boolean {
    return this.#containers !== undefined;
  }

  /** Starts the kubelets. */
  begin(endpoint: ApiEndpoint): void {
    this.#endpoint = endpoint;
    for (let place = 1; place <= this.#count; place++) {
      const name = `node-${place}`;
      const runtime = this.#makeRuntime(name, podRange(place, this.#count));
      this.#runtimes.set(name, runtime);
      this.#start(name, runtime);
    }
  }

  /** Starts what runs beside the kubelets. */
  beginNetwork(): void {
    if (this.#endpoint !== undefined) this.#containers?.start(this.#endpoint);
  }

  /** Ends what runs beside the kubelets. */
  endNetwork(): void {
    this.#containers?.stop();
  }

  get kubelets(): readonly Kubelet[] {
    return [...this.#kubelets.values()];
  }

  running(node: string): Kubelet | undefined {
    return this.#kubelets.get(node);
  }

  /** @throws UsageError for a node whose kubelet doesn't run */
  kubelet(node: string): Kubelet {
    const found = this.#kubelets.get(node);
    if (found !== undefined) return found;
    const all = [...this.#runtimes.keys()];
    const known = all.includes(node);
    throw new UsageError(
      known ? `the kubelet of ${node} doesn't run` : `there is no node "${node}"`,
      known
        ? `Start it with startKubelet("${node}").`
        : `There are ${all.slice(0, 5).join(", ")}${all.length > 5 ? ", …" : ""}.`,
    );
  }

  stopKubelet(node: string): void {
    this.kubelet(node).stop();
    this.#kubelets.delete(node);
  }

  startKubelet(node: string): void {
    const runtime = this.#runtimes.get(node);
    if (this.#kubelets.has(node) || runtime === undefined) this.kubelet(node);
    else this.#start(node, runtime);
  }

  stopKubelets(): void {
    for (const node of [...this.#kubelets.keys()]) this.stopKubelet(node);
  }

  startKubelets(): void {
    for (const node of this.#runtimes.keys()) this.startKubelet(node);
  }

  /** @throws UsageError where there is none */
  machine(node: string): NodeMachine {
    if (this.#containers !== undefined) return this.#containers.machine(node);
    throw new UsageError(`${node} is hollow: it has no Linux`, 'Make the cluster with { runtime: "containers" }.');
  }

  /** @throws UsageError where nodes are hollow */
  get lan(): FrameLink {
    if (this.#containers !== undefined) return this.#containers.lan;
    throw new UsageError("hollow nodes have no network", 'Make the cluster with { runtime: "containers" }.');
  }

  /** @throws UsageError where there is none */
  stopProxy(node: string): void {
    this.machine(node);
    this.#containers?.stopProxy(node);
  }

  #makeRuntime(name: string, podCIDR: string, memory = this.#options.memory): ContainerRuntime {
    const { world, disk, images, runtime: asked } = this.#options;
    const given = typeof asked === "function" ? asked({ name, podCIDR }) : this.#containers?.runtime(name);
    return (
      given ??
      new HollowRuntime({
        ...{ world, podCIDR },
        ...(memory === undefined ? {} : { memory }),
        ...(disk === undefined ? {} : { disk }),
        ...(images === undefined ? {} : { images }),
      })
    );
  }

  #start(name: string, runtime: ContainerRuntime): void {
    const rented = this.#rented.get(name);
    const { world, disk } = this.#options;
    const { cpus, memory, pods, labels, taints } = rented ?? this.#options;
    const place = rented?.place ?? Number(name.slice("node-".length));
    const podCIDR = podRange(place, rented === undefined ? this.#count : mostRented);
    const cloudProvider = rented === undefined ? undefined : "external";
    const description = Object.fromEntries(
      Object.entries({ cpus, memory, disk, pods, labels, taints, podCIDR, cloudProvider }).filter(
        ([, value]) => value !== undefined,
      ),
    ) as Partial<NodeDescription>;
    const endpoint = this.#endpoint;
    if (endpoint === undefined) return;
    const address = nodeAddress(place);
    const drivers = this.#drivers(name);
    this.#kubelets.set(name, new Kubelet({ ...description, name, address, world, endpoint, runtime, drivers }));
  }
}
