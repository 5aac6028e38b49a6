import {
  createWorld,
  GiB,
  Signal,
  UsageError,
  withDefaults,
  type Engine,
  type Nanos,
  type Stop,
  type Trace,
  type World,
} from "../core/index.js";
import { ethernet, mac, type NetworkInterface } from "../net/index.js";
import { BlockDisk } from "./block/block-disk.js";
import { Cgroup, type Member } from "./cgroup/cgroup.js";
import { Cgroupfs } from "./cgroup/cgroupfs.js";
import { E } from "./errno.js";
import { makedev, O_RDWR, S_IFIFO } from "./flags.js";
import { Pipe, PipeEnd } from "./ipc/pipe.js";
import type { KernelOptions } from "./kernel-options.js";
import { bareCpus, measuredCosts, type Costs, type NetworkCard } from "./machine.js";
import { PidNamespace } from "./namespace/pid-namespace.js";
import type { NamespaceSet } from "./namespace/plain-namespaces.js";
import { UserNamespace } from "./namespace/user-namespace.js";
import { NetNamespace } from "./namespace/net-namespace.js";
import { Networks } from "./network/networks.js";
import { rootCredentials } from "./security/credentials.js";
import type { KernelFlaw } from "./security/flaws.js";
import { Scheduler } from "./scheduler/scheduler.js";
import { callsAfter } from "./syscall/since.js";
import type { SystemCallInterposer } from "./syscall/interposer.js";
import { sysOf, type ChildBody, type Sys } from "./syscall/table.js";
import { clone, enter } from "./task/clone.js";
import { PageCache } from "./memory/page-cache.js";
import { advance, frameOf, programOf } from "./task/execution.js";
import { accountOf, AddressSpace, charge, type OutOfMemory } from "./task/memory.js";
import { ProcessGroup, Session } from "./task/process-group.js";
import type { Body, Program } from "./task/program.js";
import { send } from "./task/signal-sending.js";
import { describeStatus, SIGKILL } from "./task/signals.js";
import { Task } from "./task/task.js";
import { Devices, registerMemoryDevices } from "./vfs/devices.js";
import { Devpts, Terminals } from "./tty/devpts.js";
import type { Caller } from "./vfs/caller.js";
import type { Channel, FileSystem, Inode } from "./vfs/inode.js";
import { MountNamespace, type Place } from "./vfs/mount.js";
import { DescriptorTable, OpenFile } from "./vfs/open-file.js";
import { MountNumbers } from "./vfs/propagation.js";
import { Tmpfs } from "./vfs/tmpfs.js";
import { fileSystemTypes, type Mounter } from "./file-systems.js";
import { mountRoot, plainRoot } from "./root.js";

/** Of virtio_blk's disks; numbers of this range are given out as drivers come (Debian's is 254). */
const virtioMajor = 254;

/** A simulated Linux kernel: boots with an empty set of tasks; `boot` starts pid 1. */
export class Kernel implements Mounter {
  readonly formattedDisks: Map<string, FileSystem> = new Map<string, FileSystem>();
  readonly world: World;
  readonly costs: Costs;
  readonly release: string;
  readonly callsToCome: ReadonlySet<string>;
  readonly flaws: readonly KernelFlaw[];
  readonly machine: string;
  readonly bootTime: number;
  readonly memory: number;
  readonly pageCache: PageCache;
  readonly outOfMemory: OutOfMemory;
  readonly rootDisk: BlockDisk;
  readonly disks: Map<number, BlockDisk> = new Map<number, BlockDisk>();
  readonly scheduler: Scheduler<Task>;
  readonly userNamespace: UserNamespace;
  readonly pidNamespace: PidNamespace<Task>;
  readonly namespaces: NamespaceSet;
  readonly cgroups: Cgroup = new Cgroup(undefined, "");
  readonly cgroupfs: Cgroupfs;
  readonly mountNumbers: MountNumbers = new MountNumbers();
  readonly interposers: SystemCallInterposer<Task>[] = [];
  readonly devices: Devices = new Devices();
  readonly terminals: Terminals = new Terminals();
  /** The terminals of /dev/ptmx. */
  readonly devpts: Devpts;
  /** Fires with the reason when the kernel panics. */
  readonly panics: Signal<string> = new Signal("kernel panic");
  readonly #programs = new Map<string, Program<Sys>>();
  readonly #pipes = new WeakMap<Inode, Pipe>();
  readonly networkHost: Networks | undefined;
  readonly #root: Place;
  /** The kernel itself, as who acts on files. */
  readonly caller: Caller;
  #namespaceNumber = 4026532000;
  #device = 20;
  #inode = 10000;
  #panicked: string | undefined;

  constructor(options?: Partial<KernelOptions>) {
    const given = withDefaults<KernelOptions>("Kernel", options, {
      world: options?.world ?? createWorld(),
      hostname: "linux",
      cpus: 1,
      memory: GiB(4),
      disk: undefined,
      machine: "x86_64",
      release: "6.12.0",
      flaws: [],
      costs: measuredCosts,
      bootTime: 0,
      root: undefined,
      network: true,
      cards: [],
    });
    this.world = given.world;
    this.costs = given.costs;
    this.release = given.release;
    this.callsToCome = callsAfter(given.release);
    this.flaws = given.flaws;
    this.machine = given.machine;
    this.bootTime = given.bootTime;
    this.memory = given.memory;
    const { engine } = given.world;
    const cpus = typeof given.cpus === "number" ? bareCpus(engine, given.cpus) : given.cpus;
    this.scheduler = new Scheduler<Task>(engine, cpus, runner, given.costs.contextSwitch, this.cgroups.group);
    this.cgroups.memory.max = given.memory;
    this.pageCache = new PageCache(engine, this.cgroups, (payer, bytes) => {
      charge(payer, bytes, "file", this.outOfMemory);
    });
    this.outOfMemory = {
      total: given.memory,
      reclaimer: this.pageCache,
      oom: (over, victim) => {
        this.#outOfMemory(over, victim);
      },
    };
    this.rootDisk = new BlockDisk(engine, "vda", makedev(virtioMajor, 0), given.disk);
    this.disks.set(this.rootDisk.number, this.rootDisk);
    // The numbers of the initial namespaces are fixed: include/linux/proc_ns.h.
    const user = new UserNamespace(4026531837, undefined, 0, 0);
    this.userNamespace = user;
    this.pidNamespace = new PidNamespace<Task>(4026531836, undefined, user);
    this.caller = { credentials: rootCredentials(user) };
    this.networkHost = given.network
      ? new Networks(this.world, given.costs, this.scheduler, () => this.pidNamespace.tasks.values())
      : undefined;
    const net = new NetNamespace(4026531840, user, this.networkHost).hold();
    const mnt = new MountNamespace(4026531841, user);
    this.namespaces = {
      mnt,
      uts: { kind: "uts", number: 4026531838, userNamespace: user, hostname: given.hostname, domainname: "(none)" },
      ipc: { kind: "ipc", number: 4026531839, userNamespace: user },
      net,
      cgroup: { kind: "cgroup", number: 4026531835, userNamespace: user, root: this.cgroups },
      time: { kind: "time", number: 4026531834, userNamespace: user, monotonic: 0, boottime: 0 },
    };
    this.cgroupfs = new Cgroupfs(this);
    this.devpts = new Devpts(this.nextDevice(), this.terminals);
    this.terminals.register(this.devices, () => this.devpts);
    registerMemoryDevices(this.devices, (length) => this.random(length));
    // Its lo is up, as the first thing that an init does; others come with theirs down.
    if (this.networkHost !== undefined && net.net.lo.up) this.networkHost.initial = net;
    for (const card of given.cards) this.plug(card);
    this.#root = mountRoot(this, given.root ?? plainRoot(this), mnt);
  }

  get engine(): Engine {
    return this.world.engine;
  }

  get trace(): Trace {
    return this.world.trace;
  }

  get panicked(): string | undefined {
    return this.#panicked;
  }

  get freeMemory(): number {
    return this.memory - this.cgroups.memory.current;
  }

  /** The root directory that pid 1 will have. */
  get root(): Place {
    return this.#root;
  }

  /** Makes a program known: executables that name it run it. */
  install(program: Program<Sys>): void {
    if (!/^[^\s]+$/.test(program.name)) {
      throw new UsageError(`"${program.name}" names no program`, "Give a name without spaces.");
    }
    this.#programs.set(program.name, program);
  }

  /**
   * Starts pid 1 with a function as its program; its standard streams are /dev/console, or none.
   * @throws UsageError where there is a pid 1 already
   */
  boot(body: ChildBody, options: { readonly name?: string; readonly files?: readonly Channel[] } = {}): Task {
    if (this.pidNamespace.init !== undefined) {
      throw new UsageError("this kernel has been booted already", "Make another Kernel, or clone a task of this one.");
    }
    const pid = this.pidNamespace.allocate();
    const ids = { namespace: this.pidNamespace, numbers: [pid] };
    const task = new Task({
      kernel: this,
      pidNamespace: this.pidNamespace,
      pids: [pid],
      parent: undefined,
      credentials: this.caller.credentials,
      namespaces: this.namespaces,
      cgroup: this.cgroups,
      files: new DescriptorTable(),
      context: { root: this.#root, cwd: this.#root, umask: 0o022 },
      limits: { files: 1024, processes: Infinity, fileSize: Infinity, addressSpace: Infinity },
      group: new ProcessGroup<Task>(ids, new Session<Task>(ids)),
      name: options.name ?? "init",
      memory: new AddressSpace(this.cgroups, (payer, bytes) => {
        charge(payer, bytes, undefined, this.outOfMemory);
      }),
    });
    for (const channel of options.files ?? []) {
      task.files.add(new OpenFile(channel, O_RDWR, undefined, "console"), false, task.limits.files);
    }
    this.cgroups.born(true);
    enter(task);
    task.frames.push(frameOf(programOf(task, body(sysOf(task)))));
    task.wake();
    return task;
  }

  /**
   * Runs a function as a child of pid 1, booting with an idle pid 1 first where there is none, until it ends.
   * @returns how it ended
   */
  run(body: ChildBody): { readonly exited: number } | { readonly signal: number } {
    const init = this.pidNamespace.init ?? this.boot(idle);
    const child = this.start(function* (sys) {
      // Pid 1 may ignore its children's ends, as the idle one does; this one is to hear of its own.
      yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
      const status = yield* body(sys);
      return typeof status === "number" ? status : 0;
    }, init);
    this.engine.run(child.ended);
    if (!child.zombie && this.#panicked === undefined) {
      throw new UsageError(
        `${child.name} (${child.pids[0] ?? 0}) waits for what nothing will bring about`,
        "End it with a signal, or start() it and let the world run for a time.",
      );
    }
    return describeStatus(child.status);
  }

  /** Starts a function as a child of a task. */
  start(body: ChildBody, parent: Task, flags = 0): Task {
    return clone(parent, (child) => body(sysOf(child)), { flags });
  }

  nextNamespace(): number {
    return ++this.#namespaceNumber;
  }

  nextDevice(): number {
    return makedev(0, ++this.#device);
  }

  nextInode(): number {
    return ++this.#inode;
  }

  program(
    name: string,
  ): { readonly memory: number; start(task: Task, argv: readonly string[], env: readonly string[]): Body } | undefined {
    const program = this.#programs.get(name);
    if (program === undefined) return undefined;
    return {
      memory: program.memory ?? 0,
      start: (task, argv, env) => program.main(sysOf(task), argv, env),
    };
  }

  interfaceOf(task: Task): Sys {
    return sysOf(task);
  }

  makeFileSystem(type: string, task: Task, options: string, source = ""): FileSystem {
    const make = fileSystemTypes[type];
    if (make === undefined) throw E.ENODEV;
    return make({ kernel: this, task, options, source });
  }

  /** A tmpfs whose pages are paid by whoever writes them. */
  tmpfs(
    size: number = Infinity,
    mode: number = 0o1777,
    owner: { readonly uid: number; readonly gid: number } = { uid: 0, gid: 0 },
  ): Tmpfs {
    return new Tmpfs({
      device: this.nextDevice(),
      clock: this.engine,
      size,
      mode,
      ...owner,
      account: (caller) => accountOf(caller, this.outOfMemory),
      openSpecial: (inode, flags, caller) => this.openSpecial(inode, flags, caller),
    });
  }

  openSpecial(inode: Inode, flags: number, caller: Caller): Channel {
    if (inode.type !== S_IFIFO) return this.devices.open(inode, flags, caller);
    let pipe = this.#pipes.get(inode);
    if (pipe === undefined) {
      pipe = new Pipe(inode.ino);
      this.#pipes.set(inode, pipe);
    }
    return new PipeEnd(pipe, flags, true);
  }

  /**
   * Plugs a network card in: an interface of the initial network namespace, down and without addresses.
   * @throws UsageError on a machine without a network
   */
  plug({ link, name, mac: address, mtu = 1500 }: NetworkCard): NetworkInterface {
    const { net } = this.namespaces;
    if (!net.present) throw new UsageError("this kernel has no network", "Make it with { network: true }.");
    let number = 0;
    while (net.net.find(`eth${number}`) !== undefined) number++;
    const card = ethernet(this.world, name ?? `eth${number}`);
    if (address !== undefined) card.mac = mac(address);
    card.mtu = mtu;
    card.plug(link);
    return net.net.addInterface(card);
  }

  random(length: number): Uint8Array {
    const rng = this.world.rng.stream("getrandom");
    return Uint8Array.from({ length }, () => rng.uint32() & 0xff);
  }

  kill(task: Task): void {
    send(task, SIGKILL, undefined);
  }

  /** Stops everything for good: no task goes on, and nothing but another kernel helps. */
  panic(reason: string): void {
    if (this.#panicked !== undefined) return;
    this.#panicked = reason;
    this.scheduler.halt();
    this.trace.emit("kernel.panic", this.namespaces.uts.hostname, { reason: `Kernel panic - not syncing: ${reason}` });
    this.panics.fire(reason);
  }

  halt(): void {
    this.scheduler.halt();
    this.trace.emit("kernel.halt", this.namespaces.uts.hostname);
  }

  /** Lets virtual time pass: see Engine.run. */
  advance(until?: Nanos): Stop {
    return this.engine.run(until);
  }

  #outOfMemory(over: Cgroup, victim: Member | undefined): void {
    if (victim === undefined) {
      // out_of_memory(), mm/oom_kill.c: of a group it is only told.
      this.trace.emit("oom.none", over.path, { reason: "Out of memory and no killable processes" });
      if (over.parent === undefined) this.panic("System is deadlocked on memory");
      return;
    }
    if (!(victim instanceof Task)) return;
    this.trace.emit("oom.kill", `${victim.pids[0] ?? 0}`, {
      name: victim.name,
      cgroup: over.path,
      bytes: victim.residentBytes,
    });
    // Its memory is free at once, as the oom reaper sees to it.
    victim.memory.release();
    send(victim, SIGKILL, undefined);
  }
}

const runner = {
  advance,
  seated: (task: Task, on: boolean): void => {
    task.seat(on);
  },
};

/** A pid 1 that takes in orphans. */
const idle: ChildBody = function* (sys) {
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  for (;;) yield* sys.pause();
};
