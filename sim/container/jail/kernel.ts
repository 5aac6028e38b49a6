import { encodeUtf8, UsageError, withDefaults } from "../../core/index.js";
import { BsdError, fail } from "./errno.js";
import { devfs, type Mount } from "./mount.js";
import { Network } from "./network.js";
import { permissions, Prison } from "./prison.js";
import { Process, type KernelState, type Outcome } from "./process.js";
import { Executed, Exited } from "./process-calls.js";
import { programs } from "./programs.js";
import { sysOf, type BsdProgram, type FreeBsdSys } from "./table.js";
import { plant, plantProgram, plantText, Vnode, type Device } from "./vnode.js";

export interface FreeBsdOptions {
  readonly hostname: string;
  /** Addresses of its card em0, without prefix lengths. */
  readonly addresses: readonly string[];
  readonly release: string;
  /** kern.securelevel at boot. */
  readonly securelevel: number;
}

/** What a command printed, and how it ended. */
export interface Ran {
  readonly output: string;
  readonly status: number;
}

/** A small FreeBSD, booted: init is pid 1, devfs is on /dev. */
export class FreeBsdKernel implements KernelState {
  readonly sysname = "FreeBSD";
  readonly root: Vnode = new Vnode("directory", 0o755);
  readonly mounts: Mount[] = [];
  readonly processes: Map<number, Process> = new Map();
  readonly programs: Map<string, BsdProgram> = new Map();
  readonly network: Network = new Network();
  readonly modules: Set<string> = new Set(["kernel"]);
  readonly processLimits: Map<Prison, number> = new Map();
  readonly devices: readonly Device[];
  readonly prison0: Prison;
  /** Seconds since 1970. */
  time = 1_700_000_000;
  mostProcesses = 1000;
  chrootAllowOpenDirectories = 1;
  halted = false;
  /** How often each call was made, by who: "host" or a jail's name. */
  readonly calls: Map<string, Map<string, number>> = new Map();
  readonly #segments = new Map<Prison, Map<number, Uint8Array>>();
  #pid = 0;
  #jail = 0;

  constructor(options?: Partial<FreeBsdOptions>) {
    const { hostname, addresses, release, securelevel } = withDefaults<FreeBsdOptions>("freebsd", options, {
      hostname: "bsd",
      addresses: ["192.0.2.10", "192.0.2.11", "192.0.2.12"],
      release: "14.1-RELEASE",
      securelevel: -1,
    });
    this.network.interfaces.push({ name: "em0", addresses: [...addresses] });
    this.prison0 = new Prison({
      id: 0,
      name: "0",
      parent: undefined,
      path: "/",
      root: this.root,
      hostname,
      allowed: Object.keys(permissions),
      securelevel,
      osrelease: release,
    });
    this.prison0.childrenMax = 999_999;
    this.prison0.enforceStatfs = 0;
    this.prison0.sysvshm = "new";
    const quiet = ["null", "zero", "random", "urandom", "fd"].map((name): Device => ({
      name,
      disk: false,
      read: () => new Uint8Array(0),
    }));
    // What a disk's sectors hold is what its file system holds.
    this.devices = [
      ...quiet,
      { name: "ada0", disk: true, read: () => this.root.image() },
      { name: "mem", disk: true, read: () => this.#memory() },
    ];
    for (const program of programs) this.install(program);
    this.#furnish();
    const init = new Process(this, ++this.#pid, {
      credentials: { uid: 0, prison: this.prison0 },
      directories: { current: this.root, root: this.root, jail: undefined },
    });
    init.command = ["/sbin/init"];
    this.processes.set(init.pid, init);
  }

  get init(): Process {
    return this.processes.get(1) ?? fail("ESRCH");
  }

  install(program: BsdProgram): void {
    this.programs.set(program.name, program);
  }

  encode(text: string): Uint8Array {
    return encodeUtf8(text);
  }

  runProgram(process: Process, name: string, argv: readonly string[]): Outcome | undefined {
    return this.programs.get(name)?.main(sysOf(process), argv);
  }

  count({ prison }: Process, call: string): void {
    const who = prison.parent === undefined ? "host" : prison.name;
    const counts = this.calls.get(who) ?? new Map<string, number>();
    this.calls.set(who, counts.set(call, (counts.get(call) ?? 0) + 1));
  }

  /** Runs a function as a child of a process: to its end, or until it stays. */
  begin(parent: Process, body: (sys: never) => Outcome): Process {
    const { prison } = parent;
    const most = this.processLimits.get(prison);
    if (most !== undefined && this.processesOf(prison).length >= most) fail("EAGAIN");
    if (this.processes.size >= this.mostProcesses) fail("EAGAIN");
    const child = new Process(this, ++this.#pid, parent, parent);
    this.processes.set(child.pid, child);
    let outcome: Outcome;
    try {
      // Bodies are written against FreeBsdSys, which this is.
      outcome = body(sysOf(child) as never);
    } catch (thrown) {
      if (thrown instanceof Executed) outcome = thrown.status;
      else if (thrown instanceof Exited) outcome = thrown.status;
      else if (thrown instanceof BsdError) {
        const standard = child.files.get(2);
        if (standard?.kind === "output") standard.write(`${child.command[0] ?? "program"}: ${thrown.message}\n`);
        outcome = 1;
      } else throw thrown;
    }
    if (outcome !== "stays") this.end(child, { exited: outcome });
    return child;
  }

  /** Ends a process: its children are init's, its jail goes with the last one. */
  end(process: Process, how: { readonly exited: number } | { readonly signal: number }): void {
    if (process.ended !== undefined || process.pid === 1) return;
    process.ended = how;
    for (const file of process.files.values())
      if (file.kind === "socket" && file.socket.owner === process) this.network.sockets.delete(file.socket);
    process.files.clear();
    for (const other of this.processes.values()) {
      if (other.tracer === process) other.tracer = undefined;
      if (other.parent === process) other.parent = this.init;
    }
    if (process.parent === undefined || process.parent.pid === 1) this.processes.delete(process.pid);
    const { prison } = process;
    if (
      prison.parent !== undefined &&
      !prison.persist &&
      this.processesOf(prison).length === 0 &&
      prison.children.size === 0
    )
      this.removePrison(prison);
  }

  /** Runs a command as the host's root. @throws UsageError for one that there isn't */
  command(line: string | readonly string[]): Ran {
    return this.run(typeof line === "string" ? line.split(/\s+/).filter((word) => word !== "") : line);
  }

  run(argv: readonly string[]): Ran {
    const [name = ""] = argv;
    if (!this.programs.has(name))
      throw new UsageError(
        `${name}: not found`,
        `There are ${[...this.programs.keys()].join(", ")}; install() adds a program.`,
      );
    return this.runAs((sys) => sys.execve(this.#pathOf(name), argv));
  }

  /** Runs a function as a child of init with standard streams, to its end. */
  runAs(body: (sys: FreeBsdSys) => Outcome): Ran {
    if (this.halted) throw new UsageError("this kernel has halted", "Boot another one.");
    let output = "";
    const write = (text: string): void => {
      output += text;
    };
    const shell = this.init;
    for (const fd of [0, 1, 2]) shell.files.set(fd, { kind: "output", write });
    const child = this.begin(shell, body);
    shell.files.clear();
    const { ended } = child;
    if (ended === undefined) return { output, status: 0 };
    return { output, status: "exited" in ended ? ended.exited : 128 + ended.signal };
  }

  prisons(): Prison[] {
    return this.prison0.descendants();
  }

  /** A prison by number or name, as one of those that see it calls it. */
  findPrison(from: Prison, key: string): Prison | undefined {
    return from
      .descendants()
      .find((one) => String(one.id) === key || one.name === key || one.name === `${from.name}.${key}`);
  }

  /** @throws ENOENT */
  prisonOf(from: Prison, key: string): Prison {
    return this.findPrison(from, key) ?? fail("ENOENT", `jail "${key}" not found`);
  }

  processesOf(prison: Prison): Process[] {
    return [...this.processes.values()].filter((one) => one.ended === undefined && one.prison.isWithin(prison));
  }

  removePrison(prison: Prison): void {
    for (const child of [...prison.children]) this.removePrison(child);
    prison.parent?.children.delete(prison);
    for (const process of this.processesOf(prison)) this.end(process, { signal: 9 });
    this.processLimits.delete(prison);
    this.#segments.delete(prison);
  }

  segmentsOf(prison: Prison): Map<number, Uint8Array> {
    const segments = this.#segments.get(prison) ?? new Map<number, Uint8Array>();
    this.#segments.set(prison, segments);
    return segments;
  }

  nextJail(): number {
    return ++this.#jail;
  }

  halt(): void {
    this.halted = true;
  }

  /** Writes a file anew, for who sets the system up. */
  writeText(path: string, text: string): void {
    plantText(this.root, path, text);
  }

  /** Makes a directory the root of another system: programs, /etc, and devfs by a ruleset where one is given. */
  makeTree(path: string, hostname: string, ruleset?: number): void {
    for (const name of ["bin", "dev", "etc", "mnt", "root", "tmp", "usr/sbin", "var"])
      plant(this.root, `${path}/${name}`, new Vnode("directory", 0o755));
    for (const name of this.programs.keys()) plantProgram(this.root, path + this.#pathOf(name), name);
    plantText(this.root, `${path}/etc/hostname`, `${hostname}\n`);
    if (ruleset === undefined) return;
    const covered = plant(this.root, `${path}/dev`, new Vnode("directory", 0o755));
    this.mounts.push({
      type: "devfs",
      from: "devfs",
      on: `${path}/dev`,
      covered,
      root: devfs(this.devices, ruleset),
      prison: this.prison0,
    });
  }

  #pathOf(name: string): string {
    return name === "ps" || name === "hostname" ? `/bin/${name}` : `/usr/sbin/${name}`;
  }

  #furnish(): void {
    this.makeTree("", "bsd", 0);
    plantText(this.root, "/etc/master.passwd", "root:$6$secret:0:0::0:0:Charlie &:/root:/bin/sh\n", 0o600);
    plant(this.root, "/jails", new Vnode("directory", 0o755));
  }

  /** What /dev/mem shows: every process's. */
  #memory(): Uint8Array {
    const all = [...this.processes.values()].flatMap(({ memory }) => [...memory]);
    return Uint8Array.from(all);
  }
}
