import { E } from "../errno.js";
import { Group, type Entity } from "../scheduler/entity.js";
import type { CpuSet } from "./cpu-list.js";
import { Pressure } from "./pressure.js";
import type { DiskUse } from "../block/disk-use.js";
import type { LruLists } from "../memory/lru.js";
import { WaitQueue } from "../wait-queue.js";
import { allows, type DeviceAccess, type DeviceRule } from "./device-rules.js";

export const controllers = ["cpuset", "cpu", "io", "memory", "pids"] as const;
export type Controller = (typeof controllers)[number];

/** A task, as cgroups see it. */
export interface Member extends Entity {
  readonly zombie: boolean;
  /** A SIGKILL is on its way to it. */
  readonly dying: boolean;
  readonly unkillable: boolean;
  /** Bytes of its own memory, and its oom_score_adj: what the oom killer goes by. */
  readonly residentBytes: number;
  readonly oomAdjustment: number;
  kill(): void;
  freeze(frozen: boolean): void;
}

/** Counters of memory.events(5 in cgroup-v2.rst). */
export interface MemoryEvents {
  low: number;
  high: number;
  max: number;
  oom: number;
  oom_kill: number;
  oom_group_kill: number;
}

/** Counters of memory.stat: pages that reclaim looked at and freed, and that changed lists. */
export interface MemoryHappenings {
  pgscan: number;
  pgsteal: number;
  pgactivate: number;
  pgdeactivate: number;
}

/** A control group, Documentation/admin-guide/cgroup-v2.rst. Amounts of memory are in bytes. */
export class Cgroup {
  readonly parent: Cgroup | undefined;
  readonly name: string;
  readonly children: Map<string, Cgroup> = new Map();
  readonly members: Set<Member> = new Set();
  /** cgroup.subtree_control: what children are given. */
  readonly enabled: Set<Controller> = new Set();
  readonly group: Group;
  /** cgroup.freeze as written here; a group below a frozen one is frozen too. */
  frozen = false;
  /** Fires when cgroup.events change. */
  readonly change: WaitQueue = new WaitQueue("cgroup.events");

  readonly pids: { current: number; max: number; peak: number; refused: number } = {
    current: 0,
    max: Infinity,
    peak: 0,
    refused: 0,
  };
  readonly memory: {
    current: number;
    peak: number;
    max: number;
    high: number;
    low: number;
    min: number;
    oomGroup: boolean;
    /** Of `current`: pages of files on disks, and of tmpfs; the rest is tasks' own. */
    file: number;
    shmem: number;
    /** Of `file`: on the active list; written and not on the disk yet; on the way there. */
    active: number;
    dirty: number;
    writeback: number;
    readonly events: MemoryEvents;
    readonly happenings: MemoryHappenings;
  } = {
    current: 0,
    peak: 0,
    max: Infinity,
    high: Infinity,
    low: 0,
    min: 0,
    oomGroup: false,
    file: 0,
    shmem: 0,
    active: 0,
    dirty: 0,
    writeback: 0,
    happenings: { pgscan: 0, pgsteal: 0, pgactivate: 0, pgdeactivate: 0 },
    events: { low: 0, high: 0, max: 0, oom: 0, oom_kill: 0, oom_group_kill: 0 },
  };
  readonly pressure: Pressure = new Pressure();
  /** Its own pages of files, by their use. Made when it has any. */
  lru: LruLists<Cgroup> | undefined;
  weight = 100;
  /** cpuset.cpus and cpuset.mems as written; undefined and "" stand for those of the group above. */
  cpus: CpuSet | undefined;
  mems = "";
  /** io.weight; and what it has to do with each disk, by the disk's number. */
  ioWeight = 100;
  disks: Map<number, DiskUse> | undefined;
  /** What its tasks may do with devices, by bpf(2); everything where absent. A group above may refuse more. */
  deviceRules: readonly DeviceRule[] | undefined;
  /** rmdir(2) has removed it. */
  removed = false;

  constructor(parent: Cgroup | undefined, name: string) {
    this.parent = parent;
    this.name = name;
    this.group = new Group(parent?.group);
  }

  get path(): string {
    if (this.parent === undefined) return "/";
    return this.parent.parent === undefined ? `/${this.name}` : `${this.parent.path}/${this.name}`;
  }

  /** Whether a controller's files are here: its parent hands it down. */
  has(controller: Controller): boolean {
    return this.parent === undefined || this.parent.enabled.has(controller);
  }

  /** Where its tasks compete for CPUs: here, or in the next group above that the cpu controller reaches. */
  get schedulingGroup(): Group {
    return this.parent === undefined || this.has("cpu") ? this.group : this.parent.schedulingGroup;
  }

  /** Whether it, or a group above, is frozen. */
  get isFrozen(): boolean {
    return this.frozen || this.parent?.isFrozen === true;
  }

  /** cgroup.events: whether anyone lives in it or below. */
  get populated(): boolean {
    for (const member of this.members) if (!member.zombie) return true;
    for (const child of this.children.values()) if (child.populated) return true;
    return false;
  }

  isWithin(other: Cgroup): boolean {
    return this === other || this.parent?.isWithin(other) === true;
  }

  *subtree(): Generator<Cgroup, void, void> {
    yield this;
    for (const child of this.children.values()) yield* child.subtree();
  }

  /** @throws EEXIST, EINVAL; ENODEV where it has been removed itself */
  make(name: string): Cgroup {
    if (this.removed) throw E.ENODEV;
    if (this.children.has(name)) throw E.EEXIST;
    const child = new Cgroup(this, name);
    this.children.set(name, child);
    return child;
  }

  /** @throws EBUSY while it has children or tasks */
  remove(): void {
    if (this.children.size > 0 || this.populated) throw E.EBUSY;
    this.removed = true;
    this.parent?.children.delete(this.name);
    this.group.bandwidth?.retire();
    if (this.lru === undefined || this.parent === undefined) return;
    if (this.parent.lru === undefined) this.parent.lru = this.lru;
    else this.parent.lru.append(this.lru);
    this.lru = undefined;
  }

  /** Something about who lives here changed: whoever watches cgroup.events looks again, here and above. */
  changed(): void {
    this.change.wake();
    this.parent?.changed();
  }

  /**
   * cgroup.subtree_control: hands a controller down, or takes it back.
   * @throws ENOENT where it isn't here itself; EBUSY for one that still is handed on below, and where tasks live in a
   * group other than the root (no internal processes)
   */
  enable(controller: Controller, on: boolean): void {
    if (this.enabled.has(controller) === on) return;
    if (!this.has(controller)) throw E.ENOENT;
    if (on) {
      if (this.parent !== undefined && this.members.size > 0) throw E.EBUSY;
      this.enabled.add(controller);
    } else {
      for (const child of this.children.values()) if (child.enabled.has(controller)) throw E.EBUSY;
      this.enabled.delete(controller);
    }
  }

  /** Whether tasks may be put here: not where controllers are handed down, but in the root. @throws EBUSY, ENODEV */
  demandRoom(): void {
    if (this.removed) throw E.ENODEV;
    if (this.parent !== undefined && this.enabled.size > 0) throw E.EBUSY;
  }

  /** Whether this group and those above let their tasks have a device: cgroup-v2.rst, "Device controller". */
  mayUse(wanted: DeviceAccess): boolean {
    const own = this.deviceRules === undefined || allows(this.deviceRules, wanted);
    return own && (this.parent === undefined || this.parent.mayUse(wanted));
  }

  /** One task more. @param forced whether limits don't count: a task that is moved. @throws EAGAIN at pids.max */
  born(forced: boolean): void {
    if (!forced) this.demandPid();
    this.bear();
  }

  died(): void {
    this.pids.current--;
    this.parent?.died();
  }

  /** The group, this or one above, that `bytes` more would lift over its memory.max; undefined where none would. */
  overLimit(bytes: number): Cgroup | undefined {
    return this.memory.current + bytes > this.memory.max ? this : this.parent?.overLimit(bytes);
  }

  /** Counts memory, of tasks where no kind is said; less where `bytes` is below 0. */
  count(bytes: number, kind?: "file" | "shmem"): void {
    const { memory } = this;
    memory.current += bytes;
    if (kind !== undefined) memory[kind] += bytes;
    if (memory.current > memory.peak) memory.peak = memory.current;
    this.parent?.count(bytes, kind);
  }

  /** Counts what pages of files are. */
  note(kind: "active" | "dirty" | "writeback", bytes: number): void {
    this.memory[kind] += bytes;
    this.parent?.note(kind, bytes);
  }

  happenedTo(what: keyof MemoryHappenings, pages: number): void {
    this.memory.happenings[what] += pages;
    this.parent?.happenedTo(what, pages);
  }

  /** Counts a kind of event, here and in every group above. */
  happened(event: keyof MemoryEvents): void {
    this.memory.events[event]++;
    this.parent?.happened(event);
  }

  private demandPid(): void {
    const { pids } = this;
    if (pids.current + 1 > pids.max) {
      pids.refused++;
      throw E.EAGAIN;
    }
    this.parent?.demandPid();
  }

  private bear(): void {
    const { pids } = this;
    pids.current++;
    pids.peak = Math.max(pids.peak, pids.current);
    this.parent?.bear();
  }
}
