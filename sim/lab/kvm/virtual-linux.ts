import {
  MiB,
  ms,
  Signal,
  UsageError,
  withDefaults,
  type Activity,
  type Nanos,
  type TextView,
} from "../../core/index.js";
import type { FrameLink } from "../../net/index.js";
import {
  attempt,
  attachDrive,
  mappedFiles,
  PR_SET_NAME,
  type ChildBody,
  type Kernel,
  type KernelOptions,
  type Sys,
  type Task,
} from "../../os/index.js";
import type { Drive } from "../../storage/index.js";
import { debianBoot, debianPowerOff, type BootPhase } from "./boot.js";
import { ExitCosts, usualProcessor, type ProcessorOptions } from "./exit-costs.js";
import { VirtioCable } from "./virtio-cable.js";
import { VirtioDrive } from "./virtio-drive.js";
import { VirtualCpus } from "./virtual-cpus.js";

/** What a monitor's own process takes of memory: A. Agache et al., "Firecracker", NSDI 2020, figure 7. */
const monitors: Readonly<Record<"qemu" | "cloud-hypervisor" | "firecracker", number>> = {
  qemu: MiB(131),
  "cloud-hypervisor": MiB(13),
  firecracker: MiB(3),
};
export type MonitorName = keyof typeof monitors;

export interface KvmOptions {
  readonly name: string;
  readonly cpus: number;
  /** What the guest believes to have, in bytes: the host gives it a page when the guest touches it first. */
  readonly memory: number;
  /** Whose process it is. */
  readonly monitor: MonitorName;
  readonly processor: ProcessorOptions;
  readonly boot: readonly BootPhase[];
  readonly powerOff: BootPhase;
  /** TLB misses in a second of the guest's work: 5,000 are those of a stream of 10 GB/s over pages of 2 MiB. */
  readonly misses: number;
  /** What the guest's init starts. */
  readonly service: ChildBody | undefined;
  /** Files of the host's that are its drives: /dev/vdb and on, behind that of its root. */
  readonly drives: readonly { readonly path: string; readonly drive: Drive }[];
  /** Whether it has a card: the guest's eth0, which is the host's interface vnet0 or the next that is free. */
  readonly network: boolean;
  /** What its Linux is else to be. */
  readonly kernel: Partial<Pick<KernelOptions, "release" | "flaws" | "machine">>;
}

/** How long a guest that is to switch off may take to end its processes, and then they are killed: init(8) of sysvinit waits 5 s. */
const patience = ms(5000);

/**
 * A virtual machine on a simulated Linux, with a simulated Linux in it: a process of the host, as KVM and its monitors have it. Its CPUs are
 * threads that the host schedules, its memory is pages that the process has touched, its disks and cards are work for the host, and each way
 * out of the guest costs what sim/vmm's model says. Powered on, it executes firmware, kernel and init before anything of ours runs in it.
 */
export class VirtualLinux<Guest extends Kernel = Kernel> {
  readonly name: string;
  readonly linux: Guest;
  readonly costs: ExitCosts;
  /** Fires when the guest's kernel has started its init. */
  readonly booted: Signal<void> = new Signal("the boot of a guest");
  /** Fires when it is off, its process was killed, or its host has panicked. */
  readonly ended: Signal<void> = new Signal("the end of a virtual machine");
  /** The host's interface that the guest's card leads to. */
  readonly interface: string | undefined;
  readonly #host: Kernel;
  readonly #options: KvmOptions;
  readonly #cpus: VirtualCpus;
  readonly #drives: readonly VirtioDrive[];
  #process: Task | undefined;
  #touched = 0;

  /**
   * @param make makes the guest's Linux
   * @throws UsageError for an option that there isn't
   */
  constructor(host: Kernel, make: (options: Partial<KernelOptions>) => Guest, options?: Partial<KvmOptions>) {
    const given = withDefaults<KvmOptions>("kvm", options, {
      ...{ name: "guest", cpus: 1, memory: MiB(512), monitor: "qemu", processor: usualProcessor },
      ...{ boot: debianBoot, powerOff: debianPowerOff, misses: 5000, service: undefined, drives: [] },
      ...{ network: false, kernel: {} },
    });
    if (given.memory > host.memory)
      throw new UsageError(`a guest of ${given.memory} bytes is larger than its host`, `Give at most ${host.memory}.`);
    this.#host = host;
    this.#options = given;
    this.name = given.name;
    this.costs = new ExitCosts(given.processor);
    this.#cpus = new VirtualCpus(given.cpus, 1 + (given.misses * this.costs.walk) / 1e9);
    const { world } = host;
    const cards: { link: FrameLink }[] = [];
    let cable: VirtioCable | undefined;
    if (given.network) cards.push({ link: (cable = new VirtioCable(host, this.costs)) });
    const { name: hostname, memory, kernel } = given;
    this.linux = make({ ...kernel, world, hostname, memory, cpus: this.#cpus, cards });
    if (cable !== undefined) {
      cable.guest = this.linux;
      let number = 0;
      while (host.namespaces.net.present && host.namespaces.net.net.find(`vnet${number}`) !== undefined) number++;
      this.interface = `vnet${number}`;
      host.plug({ link: cable, name: this.interface });
    }
    this.#drives = given.drives.map(({ path, drive }) => new VirtioDrive(host, this.linux, path, drive, this.costs));
    this.#drives.forEach((drive, number) => {
      attachDrive(this.linux, `vd${String.fromCharCode(98 + number)}`, drive);
    });
  }

  get state(): "off" | "booting" | "running" | "panicked" | "ended" {
    if (this.ended.settled) return "ended";
    if (this.linux.panicked !== undefined) return "panicked";
    if (this.booted.settled) return "running";
    return this.#process === undefined ? "off" : "booting";
  }

  /** Bytes of the host's memory that its process has. */
  get resident(): number {
    return this.#process?.memory.resident ?? 0;
  }

  /** Its process on the host. @throws UsageError while it is off */
  get process(): Task {
    if (this.#process === undefined) throw new UsageError(`${this.name} is off`, "Call powerOn() first.");
    return this.#process;
  }

  /** Starts the monitor's process; the world's time then brings the guest up: `booted`. @throws UsageError the second time */
  powerOn(): this {
    if (this.#process !== undefined)
      throw new UsageError(`${this.name} has been powered on already`, "Make another one: a guest boots once.");
    const host = this.#host;
    const init = host.pidNamespace.init ?? host.boot(reaper, { name: "init" });
    const process = host.start((sys) => this.#monitor(sys), init);
    this.#process = process;
    // The process may be killed, or the host stop for good: then nobody works for the guest any more.
    const wake = (): void => {
      this.linux.scheduler.halt();
      this.ended.fire();
    };
    process.ended.subscribe({ wake });
    host.panics.subscribe({ wake });
    return this;
  }

  /** Powers it on and lets time pass until its init runs. */
  boot(): this {
    this.powerOn();
    this.#host.engine.run(this.booted);
    return this;
  }

  /** Has the guest end its processes and switch off, as by its power button: `ended`. */
  powerOff(): void {
    const { init } = this.linux.pidNamespace;
    if (init === undefined || this.state !== "running")
      throw new UsageError(
        `${this.name} is ${this.state}, and hears no button`,
        "Only a running guest does; destroy() works on all.",
      );
    this.linux.start((sys) => this.#switchOff(sys), init);
  }

  /** Kills the monitor's process. */
  destroy(): void {
    this.#host.kill(this.process);
  }

  view(): TextView {
    const mebibytes = (this.resident / 2 ** 20).toFixed(0);
    return { as: "text", text: `${this.name}: ${this.state}, ${mebibytes} MiB of the host's memory` };
  }

  *#monitor(sys: Sys): Activity<void> {
    const { monitor, memory, boot, service, cpus } = this.#options;
    const { costs } = this.#host;
    yield* sys.prctl(PR_SET_NAME, `kvm ${this.name}`.slice(0, 15));
    yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
    yield* sys.compute((costs.fork + costs.execve) as Nanos);
    yield* sys.touch(yield* sys.mmap(monitors[monitor]), monitors[monitor]);
    const ram = yield* sys.mmap(memory);
    for (const { instructions, exits, touches } of boot) {
      yield* sys.compute(this.costs.work(instructions, exits));
      yield* this.#give(sys, ram, this.#touched + touches);
    }
    const before = this.#touched;
    /** The host gives what the guest has touched by now: pages that it lets go of later stay its own. */
    const pages = (): Activity<void> => {
      const files = mappedFiles(this.linux).reduce((sum, { size }) => sum + size, 0);
      return this.#give(sys, ram, before + this.linux.cgroups.memory.peak + files);
    };
    this.#cpus.bind(0, this.process);
    for (let number = 1; number < cpus; number++) {
      const pid = yield* sys.clone((own) => this.#cpus.thread(own, number, nothing));
      const thread = this.process.pidNamespace.tasks.get(pid);
      if (thread !== undefined) this.#cpus.bind(number, thread);
    }
    this.linux.boot(function* (own) {
      if (service !== undefined) yield* own.clone(service);
      yield* reaper(own);
    });
    this.booted.fire();
    yield* this.#cpus.thread(sys, 0, pages);
  }

  *#give(sys: Sys, ram: number, wanted: number): Activity<void> {
    const bytes = Math.min(Math.ceil(wanted / 4096) * 4096, this.#options.memory);
    if (bytes <= this.#touched) return;
    const pages = (bytes - this.#touched) / 4096;
    this.#touched = bytes;
    yield* sys.touch(ram, bytes);
    yield* sys.compute(Math.round(pages * this.costs.fill) as Nanos);
  }

  *#switchOff(sys: Sys): Activity<void> {
    const others = [...this.linux.pidNamespace.tasks.values()].filter(
      (task) => task.pid !== 1 && !task.zombie && task.parent?.pid === 1 && task.name !== "shutdown",
    );
    yield* sys.prctl(PR_SET_NAME, "shutdown");
    const own = yield* sys.getpid();
    const left = others.filter(({ pid }) => pid !== own);
    for (const { pid } of left) yield* attempt(sys.kill(pid, "SIGTERM"));
    const end = this.linux.engine.now + patience;
    while (left.some(({ zombie }) => !zombie) && this.linux.engine.now < end) yield* sys.nanosleep(ms(1));
    const { instructions, exits } = this.#options.powerOff;
    yield* sys.compute(this.costs.work(instructions, exits));
    yield* attempt(sys.reboot());
    this.destroy();
  }
}

const nothing = function* (): Activity<void> {
  // Pages are given by the first CPU's thread.
};

/** A pid 1 that takes in orphans. */
const reaper: ChildBody = function* (sys) {
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  for (;;) yield* sys.pause();
};
