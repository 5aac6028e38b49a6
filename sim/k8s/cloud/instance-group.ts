import { nearest, UsageError, withDefaults, type Activity } from "../../core/index.js";
import type { Node } from "../client/pod-types.js";
import { reserved } from "../kubelet/node-status.js";
import type { Instance, Order, Renting } from "./instance.js";
import { machineTypes, type MachineType, type MachineTypeName } from "./machine-types.js";
import { CloudFailure, type GroupMember, type NodeGroup } from "./provider.js";

export interface GroupOptions {
  /** A machine type's name, or one of one's own. Default `m5.large`. */
  readonly type?: MachineTypeName | (MachineType & { readonly name: string });
  /** How many machines at least and at most. Defaults 1 and 10. */
  readonly min?: number;
  readonly max?: number;
  /** How many at first. Default the least. */
  readonly size?: number;
  /** The zones' names. Default all of the cloud's. */
  readonly zones?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly taints?: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
}

const unsaid = {
  ...{ type: undefined, min: undefined, max: undefined, size: undefined },
  ...{ zones: undefined, labels: undefined, taints: undefined },
};

/** Machines of one type, spread over zones, of which the cloud keeps as many as it is told: what dies is replaced. */
export class InstanceGroup implements NodeGroup, Order {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly typeName: string;
  readonly type: MachineType;
  readonly zones: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: NonNullable<GroupOptions["taints"]>;
  readonly #cloud: Renting;
  #target: number;
  #made = 0;
  #failed: { readonly code: string; readonly message: string } | undefined;

  /** @throws UsageError for options that can't be */
  constructor(name: string, options: GroupOptions, cloud: Renting) {
    type All = { [Key in keyof GroupOptions]-?: GroupOptions[Key] | undefined };
    const given = withDefaults<All>(`group ${name}`, options, unsaid);
    const { type = "m5.large", min = 1, zones = cloud.zones } = given;
    const { max = Math.max(10, min), size = min } = given;
    if (typeof type === "string" && !Object.hasOwn(machineTypes, type)) {
      const close = nearest(type, Object.keys(machineTypes));
      const mend =
        close === undefined ? `There are ${Object.keys(machineTypes).join(", ")}.` : `Did you mean "${close}"?`;
      throw new UsageError(`there is no machine type "${type}"`, mend);
    }
    if (![min, max, size].every(Number.isInteger) || min < 0 || size < min || max < size)
      throw new UsageError(
        `the group ${name} can't have from ${min} to ${max} machines, and ${size} of them at first`,
        "Give whole numbers with 0 ≤ min ≤ size ≤ max.",
      );
    const strange = zones.find((zone) => !cloud.zones.includes(zone));
    if (strange !== undefined || zones.length === 0)
      throw new UsageError(`the group ${name} has no zone "${strange ?? ""}"`, `There are ${cloud.zones.join(", ")}.`);
    this.name = name;
    this.min = min;
    this.max = max;
    this.typeName = typeof type === "string" ? type : type.name;
    this.type = typeof type === "string" ? machineTypes[type] : type;
    this.zones = zones;
    this.labels = { "cloud/node-group": name, ...given.labels };
    this.taints = given.taints ?? [];
    this.#cloud = cloud;
    this.#target = size;
  }

  get target(): number {
    return this.#target;
  }

  get price(): number {
    return this.type.price;
  }

  get instances(): readonly Instance[] {
    return this.#cloud.rented.filter(({ group }) => group === this.name);
  }

  /** Whether it has fewer than it is to have. */
  get lacks(): boolean {
    return this.instances.length < this.#target;
  }

  get members(): readonly GroupMember[] {
    const there = this.instances.map((instance) => ({ providerID: this.#cloud.providerID(instance) }));
    const error = this.#failed;
    if (error === undefined) return there;
    const missing = Math.max(0, this.#target - there.length);
    const none = Array.from({ length: missing }, (_, i) => ({ providerID: `${this.name}/failed-${i + 1}`, error }));
    return [...there, ...none];
  }

  /** Counts the machines that it has ever had. */
  made(): number {
    return ++this.#made;
  }

  template(name: string): Node {
    const { cpus, memory, pods } = this.type;
    const [zone = ""] = this.zones;
    const kibibytes = (bytes: number): string => `${Math.floor(bytes / 1024)}Ki`;
    return {
      apiVersion: "v1",
      kind: "Node",
      metadata: {
        name,
        labels: {
          "kubernetes.io/arch": "amd64",
          "kubernetes.io/hostname": name,
          "kubernetes.io/os": "linux",
          "node.kubernetes.io/instance-type": this.typeName,
          "topology.kubernetes.io/region": this.#cloud.region,
          "topology.kubernetes.io/zone": zone,
          ...this.labels,
        },
      },
      spec: this.taints.length === 0 ? {} : { taints: this.taints },
      status: {
        capacity: { cpu: String(cpus), memory: kibibytes(memory), pods: String(pods) },
        allocatable: { cpu: String(cpus), memory: kibibytes(memory - reserved.memory), pods: String(pods) },
      },
    };
  }

  *increase(by: number): Activity<void> {
    yield* this.#cloud.ask();
    if (this.#target + by > this.max)
      throw new CloudFailure("ValidationError", `New size ${this.#target + by} is above the maximum ${this.max}`);
    this.#target += by;
    this.keep();
  }

  *remove(providerIDs: readonly string[]): Activity<void> {
    yield* this.#cloud.ask();
    for (const id of providerIDs) {
      if (this.#target <= this.min)
        throw new CloudFailure("ValidationError", `New size ${this.#target - 1} is below the minimum ${this.min}`);
      this.#target--;
      const instance = this.instances.find((each) => this.#cloud.providerID(each) === id);
      if (instance !== undefined) this.#cloud.terminate(instance.id);
    }
    if (!this.lacks) this.#failed = undefined;
  }

  /** Rents what is missing. What the cloud hasn't is told by `members`, and asked for again later. */
  keep(): void {
    this.#failed = undefined;
    while (this.lacks) {
      try {
        this.#cloud.launch(this);
      } catch (error) {
        if (!(error instanceof CloudFailure)) throw error;
        this.#failed = { code: error.code, message: error.message };
        return;
      }
    }
  }
}
