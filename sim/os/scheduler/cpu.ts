import type { Cancel, Nanos } from "../../core/index.js";
import type { Run } from "../machine.js";
import type { Bandwidth } from "./bandwidth.js";
import type { Entity } from "./entity.js";

/** A task, as the scheduler sees it. */
export interface Schedulable extends Entity {
  /** Work that it has to do on a CPU before it goes on, in nanoseconds. */
  debt: number;
  /** Time that it has had on CPUs. */
  used: number;
  /** The CPUs that it may run on; undefined stands for all. */
  allowedCpus: ReadonlySet<number> | undefined;
  /** It has to look at something before it works on. */
  readonly attention: boolean;
}

/** Who knows what tasks do. */
export interface Runner<T> {
  /** Has a task go on up to where it needs a CPU. @returns whether it does; if not, it waits or has ended */
  advance(task: T): boolean;
  /** It was taken from a CPU while others wait, or has been given one. */
  switched?(cpu: number, task: T | undefined): void;
  /** It has got a CPU, or lost it. */
  seated?(task: T, on: boolean): void;
}

export interface Cpu<T> {
  readonly number: number;
  task: T | undefined;
  /** Who ran here before: to go on with it is no switch. */
  last: T | undefined;
  run: Run | undefined;
  since: number;
  /** How much was begun. */
  work: number;
  grants: { readonly bandwidth: Bandwidth; readonly granted: number }[];
  turnEnds: Cancel | undefined;
  idleSince: number;
  /** Work that comes before tasks; whether it is at that; and for how long without a break. */
  readonly interrupts: { readonly work: Nanos; readonly done: () => void }[];
  interrupted: boolean;
  streak: number;
  streakEnd: number;
  /** Interrupts stand back for a turn of a task. */
  yields: boolean;
}

export const newCpu = <T>(number: number, now: Nanos): Cpu<T> => ({
  number,
  task: undefined,
  last: undefined,
  run: undefined,
  since: 0,
  work: 0,
  grants: [],
  turnEnds: undefined,
  idleSince: now,
  interrupts: [],
  interrupted: false,
  streak: 0,
  streakEnd: -1,
  yields: false,
});

/** Whether a task may run on a CPU. */
export const allows = ({ allowedCpus }: Pick<Schedulable, "allowedCpus">, cpu: { readonly number: number }): boolean =>
  allowedCpus === undefined || allowedCpus.has(cpu.number);

/** Whether it has nothing to do. */
export const isFree = ({ task, interrupted }: { readonly task: unknown; readonly interrupted: boolean }): boolean =>
  task === undefined && !interrupted;
