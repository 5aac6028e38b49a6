import { invariant, Signal, type Activity, type Engine, type Trace, type Waiter } from "../../core/index.js";
import type { DeviceAccess } from "../cgroup/device-rules.js";
import type { Cgroup, Member } from "../cgroup/cgroup.js";
import { LACKS_MEMORY, ON_CPU, RUNNABLE, WAITS_FOR_IO } from "../cgroup/pressure.js";
import type { Costs } from "../machine.js";
import { numberIn, type PidNamespace } from "../namespace/pid-namespace.js";
import type { NetworkHost } from "../namespace/net-namespace.js";
import type { NamespaceSet, TimeNamespace } from "../namespace/plain-namespaces.js";
import { baseWeight, Entity } from "../scheduler/entity.js";
import type { Scheduler } from "../scheduler/scheduler.js";
import type { BlockDisk } from "../block/block-disk.js";
import type { PageCache } from "../memory/page-cache.js";
import type { PageUser } from "../memory/page-user.js";
import type { Credentials } from "../security/credentials.js";
import type { KernelFlaw } from "../security/flaws.js";
import type { Filter } from "../security/seccomp.js";
import type { SystemCallInterposer } from "../syscall/interposer.js";
import type { DescriptorTable } from "../vfs/open-file.js";
import type { Caller } from "../vfs/caller.js";
import type { Channel, FileSystem, Inode } from "../vfs/inode.js";
import type { Place } from "../vfs/mount.js";
import type { MountNumbers } from "../vfs/propagation.js";
import type { Walker } from "../vfs/resolve.js";
import { WaitQueue } from "../wait-queue.js";
import { SIGKILL } from "./signals.js";
import type { AddressSpace, OutOfMemory } from "./memory.js";
import type { FileContext, Frame, Limits, PendingSignal, SignalAction, TaskState, WaitKind } from "./parts.js";
import type { Body } from "./program.js";
import type { ProcessGroup } from "./process-group.js";
import { wait } from "./waiting.js";

/** What a task knows of the kernel that it runs in. */
export interface KernelState {
  readonly engine: Engine;
  readonly trace: Trace;
  readonly costs: Costs;
  readonly release: string;
  /** Calls that a kernel of its release hasn't got yet. */
  readonly callsToCome: ReadonlySet<string>;
  readonly flaws: readonly KernelFlaw[];
  /** The processor's name, as uname(2) gives it. */
  readonly machine: string;
  readonly bootTime: number;
  readonly scheduler: Scheduler<Task>;
  readonly pidNamespace: PidNamespace<Task>;
  readonly namespaces: NamespaceSet;
  readonly cgroups: Cgroup;
  readonly mountNumbers: MountNumbers;
  /** On every task's calls, outermost first. */
  readonly interposers: SystemCallInterposer<Task>[];
  /** Why it stopped for good; undefined while it runs. */
  readonly panicked: string | undefined;
  nextNamespace(): number;
  nextDevice(): number;
  nextInode(): number;
  /** A program's code by its name, bound to the calls of the task that is to run it. */
  program(
    name: string,
  ): { readonly memory: number; start(task: Task, argv: readonly string[], env: readonly string[]): Body } | undefined;
  /** The calls' interface for a child's own function. */
  interfaceOf(task: Task): unknown;
  /** @throws ENODEV for a type that it doesn't know, EINVAL for options that make no sense, ENOENT for a disk that isn't there */
  makeFileSystem(type: string, task: Task, options: string, source?: string): FileSystem;
  openSpecial(inode: Inode, flags: number, caller: Caller): Channel;
  /** Total memory, in bytes, and what of it is free. */
  readonly memory: number;
  readonly freeMemory: number;
  readonly pageCache: PageCache;
  /** By number. */
  readonly disks: ReadonlyMap<number, BlockDisk>;
  readonly outOfMemory: OutOfMemory;
  /** What net namespaces need; undefined on a machine without a network. */
  readonly networkHost: NetworkHost | undefined;
  random(length: number): Uint8Array;
  panic(reason: string): void;
  /** Switches the machine off. */
  halt(): void;
  /** Sends SIGKILL, from the kernel itself. */
  kill(task: Task): void;
}

export interface TaskParts {
  readonly kernel: KernelState;
  readonly pidNamespace: PidNamespace<Task>;
  /** By level. */
  readonly pids: readonly number[];
  readonly parent: Task | undefined;
  readonly credentials: Credentials;
  readonly namespaces: NamespaceSet;
  readonly cgroup: Cgroup;
  readonly files: DescriptorTable;
  readonly context: FileContext;
  readonly limits: Limits;
  readonly group: ProcessGroup<Task>;
  readonly name: string;
  readonly memory: AddressSpace;
}

/**
 * A task: a process with one thread (CLONE_THREAD is absent). It lies here as state; what happens to it is in the files
 * beside: execution, signal delivery, clone, execve, exit, wait.
 */
export class Task extends Entity implements Waiter, Walker, Member, PageUser {
  readonly kernel: KernelState;
  readonly pidNamespace: PidNamespace<Task>;
  readonly pids: readonly number[];
  parent: Task | undefined;
  children: Set<Task> | undefined;
  credentials: Credentials;
  namespaces: NamespaceSet;
  cgroup: Cgroup;
  files: DescriptorTable;
  context: FileContext;
  limits: Limits;
  processGroup: ProcessGroup<Task>;
  /** comm: at most 15 characters. */
  name: string;
  argv: readonly string[];
  env: readonly string[];
  executable: Place | undefined;
  memory: AddressSpace;
  oomAdjustment: number;
  nice: number;
  /** The CPUs that it asked for by sched_setaffinity(2), and those that it may run on. */
  affinity: ReadonlySet<number> | undefined;
  allowedCpus: ReadonlySet<number> | undefined;
  startTime: number;
  state: TaskState;
  /** As wait(2) gives it. */
  status: number;
  /** SIGCHLD, or what clone(2) was told. */
  exitSignal: number;
  /** For wait4(2): stopped or continued since its parent looked last. */
  reported: "stopped" | "continued" | undefined;
  frozen: boolean;
  subreaper: boolean;
  deathSignal: number;
  /** Pid and time namespaces that its children are born into. */
  childPidNamespace: PidNamespace<Task> | undefined;
  childTimeNamespace: TimeNamespace | undefined;
  filters: readonly Filter[] | undefined;
  interposers: readonly SystemCallInterposer<Task>[] | undefined;
  executed: boolean;

  frames: Frame[];
  /** Frozen where it stands, and to be made ready when it thaws. */
  parked: boolean;
  /** A signal is pending that isn't blocked, or it is to stop or freeze: looked at before it goes on. */
  attention: boolean;
  blocked: ReadonlySet<number> | undefined;
  pending: PendingSignal[] | undefined;
  actions: Map<number, SignalAction> | undefined;
  /** What wakes a parent that waits for children. */
  private childQueue: WaitQueue | undefined;
  /** Wakes those who read its signals as a file. */
  signalQueue: WaitQueue | undefined;
  private endSignal: Signal<void> | undefined;

  /** Pages that it has had charged since it was last looked whether memory.high is passed. */
  chargedPages: number;
  debt: number;
  used: number;
  systemTime: number;
  /** Of children that it has waited for, and theirs. */
  childrenUser: number;
  childrenSystem: number;
  switches: number;
  private onCpu: boolean;
  /** What it counts as in its groups' pressure. */
  private counts: number;

  constructor(parts: TaskParts) {
    super(parts.cgroup.schedulingGroup, baseWeight);
    const { kernel, pidNamespace, pids, parent, credentials, namespaces, cgroup, files, context, limits, group } =
      parts;
    this.kernel = kernel;
    this.pidNamespace = pidNamespace;
    this.pids = pids;
    this.parent = parent;
    this.children = undefined;
    this.credentials = credentials;
    this.namespaces = namespaces;
    this.cgroup = cgroup;
    this.files = files;
    this.context = context;
    this.limits = limits;
    this.processGroup = group;
    this.name = parts.name;
    this.argv = parent?.argv ?? [];
    this.env = parent?.env ?? [];
    this.executable = parent?.executable;
    this.memory = parts.memory;
    this.oomAdjustment = parent?.oomAdjustment ?? 0;
    this.nice = parent?.nice ?? 0;
    this.affinity = parent?.affinity;
    this.allowedCpus = undefined;
    this.weight = parent?.weight ?? baseWeight;
    this.startTime = kernel.engine.now;
    this.state = "waiting";
    this.status = 0;
    this.exitSignal = 17;
    this.reported = undefined;
    this.frozen = false;
    this.subreaper = false;
    this.deathSignal = 0;
    this.childPidNamespace = undefined;
    this.childTimeNamespace = undefined;
    this.filters = parent?.filters;
    this.interposers = parent?.interposers;
    this.executed = false;
    this.frames = [];
    this.parked = false;
    this.attention = false;
    this.blocked = parent?.blocked;
    this.pending = undefined;
    this.actions = parent?.actions === undefined ? undefined : new Map(parent.actions);
    this.childQueue = undefined;
    this.signalQueue = undefined;
    this.endSignal = undefined;
    this.chargedPages = 0;
    this.debt = 0;
    this.used = 0;
    this.systemTime = 0;
    this.childrenUser = 0;
    this.childrenSystem = 0;
    this.switches = 0;
    this.onCpu = false;
    this.counts = 0;
  }

  /** Lives in other namespaces from now on. */
  enter(namespaces: NamespaceSet): void {
    const before = this.namespaces;
    this.namespaces = namespaces;
    this.settleIn();
    if (before.mnt !== namespaces.mnt) before.mnt.inhabitants.delete(this);
    before.net.letGo();
  }

  /** Its namespaces know of it: a net namespace lives as long as somebody is in it. */
  settleIn(): void {
    this.namespaces.mnt.inhabitants.add(this);
    this.namespaces.net.hold();
  }

  /** It has ended. */
  moveOut(): void {
    this.namespaces.mnt.inhabitants.delete(this);
    this.namespaces.net.letGo();
  }

  mayUse(wanted: DeviceAccess): boolean {
    return this.cgroup.mayUse(wanted);
  }

  /** In its own pid namespace. */
  get pid(): number {
    return this.pids.at(-1) ?? 0;
  }

  get root(): Place {
    return this.context.root;
  }

  get cwd(): Place {
    return this.context.cwd;
  }

  get zombie(): boolean {
    return this.state === "zombie" || this.state === "dead";
  }

  get dying(): boolean {
    return this.pending?.some(({ signal }) => signal === SIGKILL) === true;
  }

  /** Whether it is pid 1 of a pid namespace. */
  get isInit(): boolean {
    return this.pidNamespace.init === this;
  }

  /** Pid 1 of all: the oom killer spares it. */
  get unkillable(): boolean {
    return this.pids[0] === 1;
  }

  get residentBytes(): number {
    return this.memory.resident;
  }

  get childrenChange(): WaitQueue {
    return (this.childQueue ??= new WaitQueue("wait"));
  }

  get signalChange(): WaitQueue {
    return (this.signalQueue ??= new WaitQueue("signalfd"));
  }

  /** Its pid in `namespace`; 0 where it isn't visible there. */
  pidIn(namespace: PidNamespace<Task>): number {
    return numberIn({ namespace: this.pidNamespace, numbers: this.pids }, namespace);
  }

  become(state: TaskState): void {
    this.state = state;
    this.notePressure();
  }

  /** It has got a CPU, or lost it. */
  seat(onCpu: boolean): void {
    this.onCpu = onCpu;
    this.notePressure();
  }

  /** Its groups are told what it counts as now. */
  notePressure(): void {
    const stall = this.zombie ? undefined : this.frames.at(-1)?.waitStall;
    let counts = stall === "memory" ? LACKS_MEMORY : 0;
    if (this.state === "running") counts |= RUNNABLE | (this.onCpu ? ON_CPU : 0);
    else if (stall === "io" && this.state === "waiting") counts |= WAITS_FOR_IO;
    this.countAs(counts);
  }

  /** It goes to another group: as nothing. */
  countAs(counts: number): void {
    const before = this.counts;
    if (before === counts) return;
    this.counts = counts;
    const { now } = this.kernel.engine;
    const { cpus } = this.kernel.scheduler;
    for (let at: Cgroup | undefined = this.cgroup; at !== undefined; at = at.parent)
      at.pressure.change(now, cpus, before, counts);
  }

  /** Called by what it waits for. */
  wake(): void {
    if (this.state !== "waiting") return;
    this.become("running");
    this.kernel.scheduler.ready(this);
  }

  /** Ends the wait, if it waits: what it waits for is given up. It then looks why. */
  rouse(): void {
    if (this.state !== "waiting") return;
    this.waitsFor?.unsubscribe(this);
    this.wake();
  }

  kill(): void {
    this.kernel.kill(this);
  }

  get pageUser(): this {
    return this;
  }

  waitForDisk(signal: Signal<unknown>, place: string): Activity<unknown> {
    return wait(this, signal, "uninterruptible", place, "io");
  }

  freeze(frozen: boolean): void {
    if (this.zombie || this.frozen === frozen) return;
    this.frozen = frozen;
    if (frozen) {
      this.attention = true;
      if (this.state === "running") this.kernel.scheduler.interrupt(this);
    } else if (this.parked) {
      this.parked = false;
      this.wake();
    }
  }

  /** Fires when it has ended. */
  get ended(): Signal<void> {
    return (this.endSignal ??= new Signal<void>(this.name));
  }

  /** Its end is told to whoever waits outside of the simulated system. */
  tellEnd(): void {
    this.endSignal?.fire();
  }

  /** What it waits for; undefined where it is about to go on. */
  get waitsFor(): Signal<unknown> | undefined {
    return this.frames.at(-1)?.waitsFor;
  }

  get waitKind(): WaitKind {
    return this.frames.at(-1)?.waitKind ?? "restartable";
  }

  get frame(): Frame {
    const frame = this.frames.at(-1);
    invariant(frame !== undefined, "a task that runs has a frame");
    return frame;
  }
}
