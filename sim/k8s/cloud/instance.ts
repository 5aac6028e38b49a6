import type { Activity } from "../../core/index.js";
import type { MachineType } from "./machine-types.js";

/** A virtual machine, by EC2's words: it is made (`pending`), runs, is switched off (`stopped`), is no more (`terminated`). */
export interface Instance {
  readonly id: string;
  /** Its host's name, and its node's. */
  readonly name: string;
  readonly group: string;
  readonly typeName: string;
  readonly type: MachineType;
  readonly zone: string;
  /** Counts the cloud's instances from 1: its place in their network. */
  readonly number: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly taints: readonly { readonly key: string; readonly value?: string; readonly effect: string }[];
  readonly state: "pending" | "running" | "impaired" | "stopped" | "terminated";
}

/** What is asked for when a machine is rented. */
export interface Order extends Pick<Instance, "typeName" | "type" | "labels" | "taints"> {
  /** The group's. */
  readonly name: string;
  readonly zones: readonly string[];
  readonly instances: readonly Instance[];
  /** Counts the machines that the group has ever had. */
  made(): number;
}

/** What a group asks of its cloud. */
export interface Renting {
  readonly region: string;
  readonly zones: readonly string[];
  readonly rented: readonly Instance[];
  providerID(instance: Instance): string;
  /** A request to the cloud's API: takes its latency. @throws CloudFailure where too much is asked */
  ask(): Activity<void>;
  /** Rents a machine. @throws CloudFailure */
  launch(order: Order): Instance;
  /** Ends one for good. */
  terminate(id: string): void;
}
