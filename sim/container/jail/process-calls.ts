import { fail } from "./errno.js";
import { lookup } from "./namei.js";
import type { Family, Interface, Socket, SocketType } from "./network.js";
import { demandVisible } from "./prison.js";
import type { Process } from "./process.js";

/** Replaces a process's program: thrown through the one that called execve(2). */
export class Executed extends Error {
  override readonly name = "Executed";
  readonly status: number | "stays";

  constructor(status: number | "stays") {
    super("execve");
    this.status = status;
  }
}

/** Ends a process from within. */
export class Exited extends Error {
  override readonly name = "Exited";
  readonly status: number;

  constructor(status: number) {
    super("exit");
    this.status = status;
  }
}

/** Another process that may be seen: p_cansee. */
function seen(process: Process, pid: number): Process {
  const other = process.kernel.processes.get(pid);
  if (other?.ended !== undefined || other === undefined) fail("ESRCH");
  demandVisible(process.prison, other.prison);
  return other;
}

/** A line of ps(1). */
export interface ProcessRow {
  readonly pid: number;
  readonly uid: number;
  readonly jid: number;
  readonly command: string;
}

export const processCalls = {
  /** The child begins with `body`; it has ended, or stays, when this returns. */
  fork(process: Process, body: (sys: never) => number | "stays"): number {
    return process.kernel.begin(process, body).pid;
  },
  execve(process: Process, path: string, argv: readonly string[]): never {
    const node = lookup(process, path);
    if (node.type !== "file" || (node.mode & 0o111) === 0) fail("EACCES");
    if (node.program === undefined) fail("ENOEXEC");
    process.command = argv;
    throw new Executed(process.kernel.runProgram(process, node.program, argv) ?? fail("ENOEXEC"));
  },
  exit(_process: Process, status: number): never {
    throw new Exited(status);
  },
  /** How a child ended; undefined for one that stays. */
  wait4(process: Process, pid: number): { readonly exited: number } | { readonly signal: number } | undefined {
    const child = process.kernel.processes.get(pid);
    if (child?.parent !== process) fail("ECHILD");
    if (child.ended !== undefined) process.kernel.processes.delete(pid);
    return child.ended;
  },
  getpid(process: Process): number {
    return process.pid;
  },
  /** A parent that isn't seen is 0. */
  getppid({ parent, prison }: Process): number {
    return parent?.prison.isWithin(prison) === true ? parent.pid : 0;
  },
  getuid(process: Process): number {
    return process.credentials.uid;
  },
  setuid(process: Process, uid: number): void {
    if (uid !== process.credentials.uid) process.demand("CRED_SETUID");
    process.credentials = { ...process.credentials, uid };
  },
  kill(process: Process, pid: number, signal: number): void {
    const other = seen(process, pid);
    if (other.credentials.uid !== process.credentials.uid) process.demand("SIGNAL_DIFFCRED");
    if (signal !== 0) process.kernel.end(other, { signal });
  },
  /** ptrace(2), PT_ATTACH: p_candebug asks who sees whom first. */
  ptrace(process: Process, request: "PT_ATTACH" | "PT_READ_D" | "PT_DETACH", pid: number): Uint8Array {
    const other = seen(process, pid);
    if (request === "PT_ATTACH") {
      if (other.credentials.uid !== process.credentials.uid) process.demand("DEBUG_DIFFCRED");
      if (other === process || other.pid === 1) fail("EINVAL");
      if (other.tracer !== undefined) fail("EBUSY");
      other.tracer = process;
      return none;
    }
    if (other.tracer !== process) fail("EBUSY");
    if (request === "PT_READ_D") return other.memory;
    other.tracer = undefined;
    return none;
  },
  /** No call, but what a program has in its memory. */
  remember(process: Process, text: string): void {
    process.memory = process.kernel.encode(text);
  },
  socket(process: Process, family: Family, type: SocketType): number {
    return process.add({ kind: "socket", socket: process.kernel.network.socket(process, family, type) });
  },
  bind(process: Process, descriptor: number, address: string, port: number): void {
    process.kernel.network.bind(process, socketAt(process, descriptor), address, port);
  },
  listen(process: Process, descriptor: number): void {
    const socket = socketAt(process, descriptor);
    if (socket.local === undefined) fail("EINVAL");
    socket.listening = true;
  },
  getsockname(process: Process, descriptor: number): { readonly address: string; readonly port: number } {
    return socketAt(process, descriptor).local ?? { address: "0.0.0.0", port: 0 };
  },
  /** Connects at once. @returns whose socket it reached, as the peer's pid would tell */
  connect(process: Process, descriptor: number, address: string, port: number): number {
    socketAt(process, descriptor);
    return process.kernel.network.listener(process, address, port).owner.pid;
  },
  /** getifaddrs(3), by the sysctl that it asks. */
  getifaddrs(process: Process): readonly Interface[] {
    return process.kernel.network.visible(process);
  },
  /** ifconfig's ioctl(2): an address more. */
  ifaddr(process: Process, name: string, address: string): void {
    process.demand("NET_ADDIFADDR");
    const card = process.kernel.network.interfaces.find((one) => one.name === name) ?? fail("ENODEV");
    card.addresses.push(address);
  },
  /** sysctl kern.proc.all: who is seen. */
  procs(process: Process): readonly ProcessRow[] {
    return [...process.kernel.processes.values()]
      .filter(({ prison, ended }) => ended === undefined && prison.isWithin(process.prison))
      .map(({ pid, credentials, prison, command }) => ({
        pid,
        uid: credentials.uid,
        jid: prison === process.prison && prison.parent !== undefined ? 0 : prison.id,
        command: command.join(" "),
      }));
  },
  /** System V's shared memory: a key leads to the segment of a namespace that the jail has, or hasn't. */
  shmget(process: Process, key: number, text?: string): Uint8Array {
    const { sysvRoot } = process.prison;
    if (sysvRoot === undefined) fail("ENOSYS");
    const segments = process.kernel.segmentsOf(sysvRoot);
    if (text !== undefined && !segments.has(key)) segments.set(key, process.kernel.encode(text));
    return segments.get(key) ?? fail("ENOENT");
  },
  gettimeofday(process: Process): number {
    return process.kernel.time;
  },
  settimeofday(process: Process, seconds: number): void {
    process.demand("CLOCK_SETTIME");
    if (seconds < process.kernel.time) process.demandLevel(1);
    process.kernel.time = seconds;
  },
  kldload(process: Process, module: string): void {
    process.demandLevel(0);
    process.demand("KLD_LOAD");
    process.kernel.modules.add(module);
  },
  kldstat(process: Process): readonly string[] {
    return [...process.kernel.modules];
  },
  reboot(process: Process): void {
    process.demand("REBOOT");
    process.kernel.halt();
  },
  /** rctl_add_rule(2), maxproc of a jail: the host's alone to set. */
  rctl_add_rule(process: Process, jail: string, processes: number): void {
    process.demand("RCTL_ADD_RULE");
    const prison = process.kernel.prisonOf(process.prison, jail);
    process.kernel.processLimits.set(prison, processes);
  },
  uname({ prison, kernel }: Process): {
    readonly sysname: string;
    readonly nodename: string;
    readonly release: string;
  } {
    return { sysname: kernel.sysname, nodename: prison.hostname, release: prison.osrelease };
  },
};

const none = new Uint8Array(0);

function socketAt(process: Process, descriptor: number): Socket {
  const file = process.file(descriptor);
  return file.kind === "socket" ? file.socket : fail("EINVAL");
}
