import { GiB, type Bytes } from "../../core/index.js";

export interface MachineType {
  readonly cpus: number;
  readonly memory: Bytes;
  /** US dollars an hour. */
  readonly price: number;
  /** The most pods of a node. */
  readonly pods: number;
}

export type MachineTypeName =
  "t3.medium" | "c5.large" | "m5.large" | "r5.large" | "c5.xlarge" | "m5.xlarge" | "m5.2xlarge";

/**
 * Machines like those of Amazon's EC2. Processors, memory and prices are those of Linux on demand in us-east-1 as we remember them of 2024, and the
 * most pods those of EKS, which gives each an address of its node's network cards: declared, not looked up.
 */
export const machineTypes: Readonly<Record<MachineTypeName, MachineType>> = {
  "t3.medium": { cpus: 2, memory: GiB(4), price: 0.0416, pods: 17 },
  "c5.large": { cpus: 2, memory: GiB(4), price: 0.085, pods: 29 },
  "m5.large": { cpus: 2, memory: GiB(8), price: 0.096, pods: 29 },
  "r5.large": { cpus: 2, memory: GiB(16), price: 0.126, pods: 29 },
  "c5.xlarge": { cpus: 4, memory: GiB(8), price: 0.17, pods: 58 },
  "m5.xlarge": { cpus: 4, memory: GiB(16), price: 0.192, pods: 58 },
  "m5.2xlarge": { cpus: 8, memory: GiB(32), price: 0.384, pods: 58 },
};
