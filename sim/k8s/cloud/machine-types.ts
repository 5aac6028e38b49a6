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
 * Machines of Amazon's EC2. Processors, memory and price: "Amazon EC2 On-Demand Pricing", Linux, us-east-1. Pods: a node of EKS gives
 * each an address of its network cards (amazon-eks-ami, `eni-max-pods.txt`).
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
