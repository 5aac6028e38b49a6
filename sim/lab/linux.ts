import { formatDuration, UsageError, type Nanos, type TextView } from "../core/index.js";
import { installLibvirt, installLxc, installNspawn } from "../container/index.js";
import { Kernel, processTable, type KernelOptions } from "../os/index.js";
import { furnish, openConsole, runShell, type Console, type RunOptions } from "../userland/index.js";
import { Docker, type DockerOptions } from "./docker/docker.js";
import { VirtualLinux, type KvmOptions } from "./kvm/index.js";
import { shellResult, type ShellResult } from "./shell-result.js";

/** A simulated Linux with a shell and the commands of a small distribution. */
export class Linux extends Kernel {
  /** The name that it was made with: what `%%sh --on` selects it by. */
  readonly name: string;
  #docker: Docker | undefined;
  #lxc = false;
  #nspawn = false;
  #libvirt = false;

  constructor(options?: Partial<KernelOptions>) {
    super(options);
    this.name = this.namespaces.uts.hostname;
    // Who brings a root file system has put into it what shall be there.
    if (options?.root === undefined) furnish(this);
    listener?.(this);
  }

  /**
   * Runs a script by /bin/sh, as root and in /, and lets virtual time pass until it has ended.
   * @throws UsageError for a script that waits for what nothing will bring about
   */
  sh(script: string, options?: RunOptions): ShellResult {
    const begun = this.engine.now;
    const result = runShell(this, script, options);
    return shellResult(result, (this.engine.now - begun) as Nanos);
  }

  /**
   * Docker on this host: its engine is started by the first call, and is the same at each. From then on scripts have the command `docker`.
   * @param options of the first call, as `{ uplink: { down: 100e6, up: 20e6, latency: ms(10) } }`: a link to registries
   * @throws UsageError for options of a later one
   */
  docker(options?: Partial<DockerOptions>): Docker {
    if (this.#docker !== undefined && options !== undefined)
      throw new UsageError(`Docker runs on ${this.name} already`, "Give its options at the first call.");
    return (this.#docker ??= new Docker(this, options));
  }

  /** Whether `docker` was called. */
  get runsDocker(): boolean {
    return this.#docker !== undefined;
  }

  /** Installs LXC: its commands, and its bridge. What is there already stays. */
  lxc(): this {
    if (!this.#lxc) this.run((sys) => installLxc(sys, this));
    this.#lxc = true;
    return this;
  }

  /** Installs systemd-nspawn and machinectl. What is there already stays. */
  nspawn(): this {
    if (!this.#nspawn) this.run((sys) => installNspawn(sys, this));
    this.#nspawn = true;
    return this;
  }

  /** Installs virsh with libvirt's LXC driver. What is there already stays. */
  libvirt(): this {
    if (!this.#libvirt) this.run((sys) => installLibvirt(sys, this));
    this.#libvirt = true;
    return this;
  }

  /**
   * A virtual machine on this host, with another such Linux in it: `host.kvm({ memory: MiB(512) }).boot().linux.sh("uname -a")`.
   * @throws UsageError for an option that there isn't
   */
  kvm(options?: Partial<KvmOptions>): VirtualLinux<Linux> {
    return new VirtualLinux(this, (kernel) => new Linux(kernel), options);
  }

  /** Opens a terminal with a shell on it: `type("ls\n")`, let the world run, `read()`. */
  console(env?: Readonly<Record<string, string>>): Console {
    return openConsole(this, env);
  }

  view(): TextView {
    const { hostname } = this.namespaces.uts;
    const tasks = processTable(this).rows.length;
    const gibibytes = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
    const text = [
      `Linux ${this.release} on ${hostname}, ${this.machine}`,
      `${this.scheduler.cpus} CPU${this.scheduler.cpus === 1 ? "" : "s"}, ${gibibytes(this.memory)} of memory, ${gibibytes(this.freeMemory)} free`,
      `${tasks} process${tasks === 1 ? "" : "es"}, ${formatDuration(this.engine.now)} of virtual time`,
      ...(this.panicked === undefined ? [] : [`Kernel panic: ${this.panicked}`]),
    ].join("\n");
    return { as: "text", text };
  }
}

let listener: ((host: Linux) => void) | undefined;

/** Has somebody told of every Linux that is made, one listener at a time: the kernel keeps them for `%%sh`. */
export function hearHosts(told: ((host: Linux) => void) | undefined): void {
  listener = told;
}

/**
 * A simulated Linux on a machine of its own, with its commands: `linux({ cpus: 2, memory: GiB(8) })`. `sh` runs a script on it, `run`
 * has a function make system calls on it as a child of pid 1. With a `root` of one's own it has that file system's programs alone.
 * @throws UsageError for an unknown option
 */
export const linux = (options?: Partial<KernelOptions>): Linux => new Linux(options);
