import { byPriority, type SchedulingPolicy } from "../../core/index.js";
import type { Bandwidth } from "./bandwidth.js";

/** Of nice 0, and of cpu.weight 100. */
export const baseWeight = 1024;

/** What is scheduled: a task, or a group of them. Its virtual run time is its time on a CPU over its weight. */
export class Entity {
  vruntime: number;
  weight: number;
  group: Group | undefined;
  /** Whether it waits in its group's queue. */
  queued: boolean;

  constructor(group: Group | undefined, weight: number) {
    this.vruntime = 0;
    this.weight = weight;
    this.group = group;
    this.queued = false;
  }
}

/** Tasks and groups that share what their group gets: a cgroup, as the scheduler sees it. */
export class Group extends Entity {
  /** Who waits here, least virtual run time first. Made when somebody does. */
  private waiting: SchedulingPolicy<Entity> | undefined;
  /** Never goes back: where newcomers are placed. */
  floor: number;
  bandwidth: Bandwidth | undefined;
  /** Time on CPUs of all below, in nanoseconds. */
  usage: number;

  constructor(group: Group | undefined) {
    super(group, baseWeight);
    this.waiting = undefined;
    this.floor = 0;
    this.bandwidth = undefined;
    this.usage = 0;
  }

  get depth(): number {
    return this.group === undefined ? 0 : this.group.depth + 1;
  }

  get size(): number {
    return this.waiting?.size ?? 0;
  }

  put(entity: Entity): void {
    entity.queued = true;
    (this.waiting ??= byPriority<Entity>((one) => one.vruntime)).enqueue(entity);
  }

  take(): Entity | undefined {
    const entity = this.waiting?.pick();
    if (entity === undefined) return undefined;
    entity.queued = false;
    this.floor = Math.max(this.floor, entity.vruntime);
    return entity;
  }

  drop(entity: Entity): void {
    if (entity.queued) this.waiting?.dequeue(entity);
    entity.queued = false;
  }
}

/**
 * Weights of nice −20 to 19: each step is 1.25 times (sched_prio_to_weight, kernel/sched/core.c).
 */
const niceWeights = [
  88761, 71755, 56483, 46273, 36291, 29154, 23254, 18705, 14949, 11916, 9548, 7620, 6100, 4904, 3906, 3121, 2501, 1991,
  1586, 1277, 1024, 820, 655, 526, 423, 335, 272, 215, 172, 137, 110, 87, 70, 56, 45, 36, 29, 23, 18, 15,
] as const;

export const weightOfNice = (nice: number): number => niceWeights[nice + 20] ?? baseWeight;
