import type { Engine, Nanos } from "../../core/index.js";
import type { CpuSource } from "../machine.js";
import { Bandwidth } from "./bandwidth.js";
import { pick, requeue, sleeperCredit } from "./queue.js";
import { allows, isFree, newCpu, type Cpu, type Runner, type Schedulable } from "./cpu.js";
import type { Entity, Group } from "./entity.js";
import { baseWeight } from "./entity.js";

/** sched_min_granularity on 8 CPUs and more, 0.75 ms times four: kernel/sched/fair.c. */
const slice = 3e6;
/** MAX_SOFTIRQ_TIME, kernel/softirq.c: so long interrupts' work goes on before tasks have a turn, too (ksoftirqd). */
const interruptTime = 2e6;
/** sched_cfs_bandwidth_slice_us. */
const bandwidthSlice = 5e6;

/**
 * Shares CPUs out, as the Completely Fair Scheduler does (I. Molnár; sched-design-CFS.rst): whoever has had least time
 * for its weight is next; groups compete as one, inside their group, level by level; cpu.max throttles a group.
 *
 * Simplified: one queue serves all CPUs where Linux balances one queue for each, so shares are exact at once that Linux
 * reaches in the long run. There is no tick: a turn is cut only while somebody waits, and at the end of its slice, also
 * where who waits is so far behind that Linux would preempt at once.
 */
export class Scheduler<T extends Schedulable> {
  readonly root: Group;
  readonly #engine: Engine;
  readonly #source: CpuSource;
  readonly #runner: Runner<T>;
  readonly #cpus: Cpu<T>[];
  readonly #switchCost: number;
  #pumping = false;
  #pumpDue = false;
  #halted = false;
  /** Whether a task was ever kept from a CPU: else nobody looks at that. */
  #restricts = false;
  switches = 0;
  steal = 0;
  /** Time in interrupts' work, of all CPUs: no task's. */
  softirq = 0;
  #idle = 0;

  constructor(engine: Engine, source: CpuSource, runner: Runner<T>, switchCost: number, root: Group) {
    this.root = root;
    this.#engine = engine;
    this.#source = source;
    this.#runner = runner;
    this.#switchCost = switchCost;
    this.#cpus = Array.from({ length: source.count }, (_, number) => newCpu<T>(number, engine.now));
  }

  get cpus(): number {
    return this.#cpus.length;
  }

  /** Time in which CPUs had nothing to do, of all together. */
  get idle(): number {
    const now = this.#engine.now;
    return this.#cpus.reduce((sum, cpu) => sum + (isFree(cpu) ? now - cpu.idleSince : 0), this.#idle);
  }

  /** Who runs, by CPU. */
  get running(): readonly (T | undefined)[] {
    return this.#cpus.map((cpu) => cpu.task);
  }

  /** A task can go on: it was woken, or is new. */
  ready(task: T): void {
    if (this.#halted || task.queued) return;
    const { group } = task;
    if (group === undefined) return;
    task.vruntime = Math.max(task.vruntime, group.floor - sleeperCredit);
    this.#enqueue(task);
    this.#pump();
  }

  /** A task doesn't wait for a CPU any more, nor run: it has ended, or was stopped. */
  remove(task: T): void {
    task.group?.drop(task);
    if (this.#evict(task)) this.#pump();
  }

  /** A task has to look at something at once: where it runs, it gets in line anew. */
  interrupt(task: T): void {
    if (!this.#evict(task)) return;
    this.#enqueue(task);
    this.#pump();
  }

  /**
   * Has a CPU work for the kernel, in no task's name: what an interrupt left to be done (softirq). It comes before tasks; after
   * 2 ms of it those that wait have a turn.
   */
  raise(number: number, work: Nanos, done: () => void): void {
    const cpu = this.#cpus[number];
    if (this.#halted || cpu === undefined) return;
    cpu.interrupts.push({ work, done });
    if (!cpu.interrupted && !cpu.yields) this.#serve(cpu);
  }

  /** Puts a task into another group; it keeps its place in the time of the new one. */
  move(task: T, group: Group): void {
    const { queued } = task;
    task.group?.drop(task);
    const running = this.#cpus.find((one) => one.task === task && one.run !== undefined);
    if (running !== undefined) this.#stop(running);
    task.vruntime = group.floor;
    task.group = group;
    if (queued) this.#enqueue(task);
    if (running !== undefined) this.#begin(running, task);
    this.#pump();
  }

  get restricts(): boolean {
    return this.#restricts;
  }

  /** Says on which CPUs a task may run; undefined stands for all. Where it runs on another, it gets in line for one of these. */
  allow(task: T, cpus: ReadonlySet<number> | undefined): void {
    if (cpus === undefined && task.allowedCpus === undefined) return;
    this.#restricts = true;
    task.allowedCpus = cpus;
    const cpu = this.#cpus.find((one) => one.task === task && one.run !== undefined);
    if (cpu !== undefined && !allows(task, cpu)) this.interrupt(task);
    else this.#pump();
  }

  /** Sets cpu.max; undefined lifts the limit. */
  limit(group: Group, max: { readonly quota: number; readonly period: number } | undefined): void {
    const before = group.bandwidth;
    before?.retire();
    const wake = (): void => {
      requeue(group);
      this.#pump();
    };
    group.bandwidth = max && new Bandwidth(this.#engine, max.quota, max.period, wake);
    if (group.bandwidth !== undefined && before !== undefined) {
      group.bandwidth.periods = before.periods;
      group.bandwidth.throttledPeriods = before.throttledPeriods;
    }
    wake();
  }

  /** Sets a weight, of a task by nice or of a group by cpu.weight. */
  weigh(entity: Entity, weight: number): void {
    entity.weight = weight;
  }

  /** Stops every CPU for good. */
  halt(): void {
    this.#halted = true;
    for (const cpu of this.#cpus) {
      if (cpu.run !== undefined) this.#stop(cpu);
      cpu.task = undefined;
    }
  }

  #serve(cpu: Cpu<T>): void {
    const next = cpu.interrupts.shift();
    if (next === undefined || this.#halted) return;
    const { now } = this.#engine;
    const { task } = cpu;
    if (isFree(cpu)) this.#idle += now - cpu.idleSince;
    if (task !== undefined && cpu.run !== undefined) {
      this.#stop(cpu);
      this.#vacate(cpu);
      this.#enqueue(task);
    }
    cpu.interrupted = true;
    if (cpu.streakEnd !== now) cpu.streak = 0;
    this.#source.start(cpu.number, next.work, () => {
      const end = this.#engine.now;
      this.softirq += next.work;
      this.steal += end - now - next.work;
      cpu.interrupted = false;
      cpu.idleSince = end;
      cpu.streak += next.work;
      cpu.streakEnd = end;
      if (this.#halted) return;
      if (cpu.streak >= interruptTime && this.root.size > 0) {
        cpu.streak = 0;
        cpu.yields = true;
        this.#engine.after(
          slice as Nanos,
          () => {
            cpu.yields = false;
            if (!cpu.interrupted) this.#serve(cpu);
          },
          { name: "ksoftirqd" },
        );
      }
      next.done();
      if (!cpu.yields && !this.#isInterrupted(cpu)) this.#serve(cpu);
      this.#pump();
    });
  }

  #isInterrupted({ interrupted }: Cpu<T>): boolean {
    return interrupted;
  }

  #enqueue(task: T): void {
    const { group } = task;
    if (group === undefined) return;
    group.put(task);
    requeue(group);
  }

  /** Gives work to CPUs that have none, and takes CPUs from those who have had more than who waits. */
  #pump(): void {
    if (this.#pumping || this.#pumpDue) return;
    this.#pumpDue = true;
    this.#engine.after(
      0 as Nanos,
      () => {
        this.#pumpDue = false;
        this.pump();
      },
      { name: "scheduler" },
    );
  }

  /** Called in an event of its own: tasks go on in it. */
  pump(): void {
    if (this.#halted) return;
    this.#pumping = true;
    try {
      while (!this.#restricts && this.root.size > 0) {
        const idle = this.#cpus.find(isFree);
        if (idle === undefined) break;
        this.#fill(idle);
      }
      if (this.#restricts) this.#fillAll();
      if (this.root.size > 0) for (const cpu of this.#cpus) this.#contest(cpu);
    } finally {
      this.#pumping = false;
    }
  }

  /** Where not everybody may run everywhere, a free CPU may stay free while somebody waits. */
  #fillAll(): void {
    for (let picked = true; picked;) {
      picked = false;
      for (const cpu of this.#cpus) if (this.root.size > 0 && isFree(cpu) && this.#fill(cpu)) picked = true;
    }
  }

  /** @returns whether there was anybody for it */
  #fill(cpu: Cpu<T>): boolean {
    for (let picked = false; ; picked = true) {
      const task = this.#isHalted() ? undefined : pick<T>(this.root, cpu, this.#restricts);
      if (task === undefined) return picked;
      if ((task.debt <= 0 || task.attention) && !this.#runner.advance(task)) continue;
      if (this.#isHalted()) return true;
      if (!allows(task, cpu)) {
        // It has just said so itself.
        this.#enqueue(task);
        continue;
      }
      if (cpu.last !== task && this.#switchCost > 0) {
        task.debt += this.#switchCost;
        this.switches++;
      }
      if (this.#begin(cpu, task)) return true;
    }
  }

  /** Takes a task from its CPU. @returns whether it had one */
  #evict(task: T): boolean {
    const cpu = this.#cpus.find((one) => one.task === task && one.run !== undefined);
    if (cpu === undefined) return false;
    this.#stop(cpu);
    this.#vacate(cpu);
    return true;
  }

  /** A CPU has no task any more. */
  #vacate(cpu: Cpu<T>): void {
    const { task } = cpu;
    cpu.task = undefined;
    cpu.idleSince = this.#engine.now;
    if (task !== undefined) this.#runner.seated?.(task, false);
  }

  #isHalted(): boolean {
    return this.#halted;
  }

  /** @returns whether it could begin: a group above may be out of time, and then the task waits */
  #begin(cpu: Cpu<T>, task: T): boolean {
    let { debt } = task;
    const grants: Cpu<T>["grants"] = [];
    for (let { group } = task; group !== undefined; group = group.group) {
      if (group.bandwidth === undefined) continue;
      const granted = group.bandwidth.take(Math.min(debt, bandwidthSlice));
      if (granted === 0) {
        for (const { bandwidth, granted: back } of grants) bandwidth.giveBack(back);
        if (cpu.task === task) this.#vacate(cpu);
        group.group?.drop(group);
        task.group?.put(task);
        if (task.group !== undefined) requeue(task.group);
        return false;
      }
      grants.push({ bandwidth: group.bandwidth, granted });
      debt = Math.min(debt, granted);
    }
    if (cpu.task === undefined) this.#idle += this.#engine.now - cpu.idleSince;
    if (cpu.last !== task || cpu.task === undefined) this.#runner.switched?.(cpu.number, task);
    if (cpu.task !== task) this.#runner.seated?.(task, true);
    cpu.task = task;
    cpu.last = task;
    cpu.since = this.#engine.now;
    cpu.work = debt;
    cpu.grants = grants;
    cpu.run = this.#source.start(cpu.number, debt as Nanos, () => {
      this.#finished(cpu);
    });
    if (this.root.size > 0) this.#contest(cpu);
    return true;
  }

  #finished(cpu: Cpu<T>): void {
    const { task } = cpu;
    if (task === undefined) return;
    this.#account(cpu, cpu.work);
    this.#release(cpu, task);
  }

  /** Its work is done, or its turn over: it goes on, or gets in line, and the CPU takes who is next. */
  #release(cpu: Cpu<T>, task: T): void {
    this.#pumping = true;
    try {
      const goesOn = (task.debt > 0 && !task.attention) || this.#runner.advance(task);
      if (this.#isHalted()) return;
      if (goesOn && this.root.size === 0 && allows(task, cpu)) {
        if (this.#begin(cpu, task)) return;
      } else {
        this.#vacate(cpu);
        if (goesOn) this.#enqueue(task);
        else this.#runner.switched?.(cpu.number, undefined);
      }
    } finally {
      this.#pumping = false;
    }
    this.pump();
  }

  /** Somebody waits: a turn ends with its slice. */
  #contest(cpu: Cpu<T>): void {
    const { task } = cpu;
    if (task === undefined || cpu.run === undefined || cpu.work <= slice || cpu.turnEnds !== undefined) return;
    const now = this.#engine.now;
    cpu.turnEnds = this.#engine.at(
      Math.max(now, cpu.since + slice) as Nanos,
      () => {
        cpu.turnEnds = undefined;
        if (cpu.task !== task || cpu.run === undefined) return;
        this.#stop(cpu);
        this.#release(cpu, task);
      },
      { name: "slice" },
    );
  }

  #stop(cpu: Cpu<T>): void {
    const done = cpu.run?.stop() ?? 0;
    this.#account(cpu, done);
  }

  /** Charges a task, and every group above, for what it had. */
  #account(cpu: Cpu<T>, done: number): void {
    const { task } = cpu;
    cpu.turnEnds?.();
    cpu.turnEnds = undefined;
    cpu.run = undefined;
    if (task === undefined) return;
    this.steal += this.#engine.now - cpu.since - done;
    for (const { bandwidth, granted } of cpu.grants) bandwidth.giveBack(granted - Math.min(done, granted));
    cpu.grants = [];
    task.debt -= done;
    task.used += done;
    task.vruntime += (done * baseWeight) / task.weight;
    for (let { group } = task; group !== undefined; group = group.group) {
      group.usage += done;
      if (group.group === undefined) break;
      // Its place in line goes by its virtual time: it takes the new one.
      const { queued } = group;
      if (queued) group.group.drop(group);
      group.vruntime += (done * baseWeight) / group.weight;
      if (queued) group.group.put(group);
    }
  }
}
