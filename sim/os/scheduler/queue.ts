import { allows, type Cpu, type Schedulable } from "./cpu.js";
import { Group, type Entity } from "./entity.js";

/** What a sleeper is at most ahead of those who ran: half of sched_latency, 6 ms (GENTLE_FAIR_SLEEPERS). */
export const sleeperCredit = 3e6;

/** Puts a group that has somebody waiting, and those above it, in line. */
export function requeue(group: Group): void {
  for (let at: Group = group; at.group !== undefined; at = at.group) {
    if (at.queued || at.size === 0 || at.bandwidth?.throttled === true) return;
    at.vruntime = Math.max(at.vruntime, at.group.floor - sleeperCredit);
    at.group.put(at);
  }
}

/**
 * Next in line for a CPU; groups that have used up their time leave the line. Who may not run there stays in it.
 * @param restricts whether there is anybody who may not run everywhere
 */
export function pick<T extends Schedulable>(group: Group, cpu: Cpu<T>, restricts: boolean): T | undefined {
  if (!restricts) return next(group, cpu, undefined);
  const passed: Entity[] = [];
  const found = next(group, cpu, passed);
  for (const entity of passed) group.put(entity);
  return found;
}

/** @param passed gets those that are passed over */
function next<T extends Schedulable>(group: Group, cpu: Cpu<T>, passed: Entity[] | undefined): T | undefined {
  for (;;) {
    const entity = group.take();
    if (entity === undefined) return undefined;
    if (!(entity instanceof Group)) {
      // Only tasks and groups are in line.
      const task = entity as T;
      if (passed === undefined || allows(task, cpu)) return task;
      passed.push(task);
      continue;
    }
    if (entity.bandwidth !== undefined) {
      const granted = entity.bandwidth.take(1);
      if (granted === 0) continue;
      entity.bandwidth.giveBack(granted);
    }
    const found = pick(entity, cpu, passed !== undefined);
    if (entity.size > 0 && entity.bandwidth?.throttled !== true) {
      if (found === undefined && passed !== undefined) passed.push(entity);
      else group.put(entity);
    }
    if (found !== undefined) return found;
  }
}
