import { fileCalls } from "./calls.js";
import { jailCalls } from "./jail-calls.js";
import { processCalls } from "./process-calls.js";
import type { Outcome, Process, Program } from "./process.js";

const handlers: Handlers = { ...fileCalls, ...processCalls, ...jailCalls };
type Handlers = typeof fileCalls & typeof processCalls & typeof jailCalls;

type Calls = {
  readonly [K in Exclude<keyof Handlers, "fork">]: Handlers[K] extends (process: Process, ...args: infer A) => infer R
    ? (...args: A) => R
    : never;
};

/** The system calls as a program makes them: FreeBSD's names; an error is thrown as `BsdError`. */
export interface FreeBsdSys extends Calls {
  /** The child begins with `body`; when this returns it has ended, or stays. @returns its pid */
  fork(body: (sys: FreeBsdSys) => Outcome): number;
}

/** A program of FreeBSD. */
export type BsdProgram = Program<FreeBsdSys>;

/** Numbers of sys/kern/syscalls.master, and how far each call is here. What has no number is what a library does by several. */
const rows: Readonly<Record<keyof Handlers, readonly [number: number, why: string]>> = {
  exit: [1, ""],
  fork: [2, "the child runs to its end at once, or stays"],
  read: [3, "whole files"],
  write: [4, "appends"],
  open: [5, "reading, writing, creating"],
  close: [6, ""],
  wait4: [7, "doesn't wait: a child has ended, or stays"],
  unlink: [10, ""],
  chdir: [12, ""],
  fchdir: [13, ""],
  chmod: [15, ""],
  chown: [16, "no groups"],
  getpid: [20, ""],
  unmount: [22, ""],
  setuid: [23, "one id for all three"],
  getuid: [24, ""],
  ptrace: [26, "attaching, reading, letting go"],
  chflags: [34, "schg alone"],
  kill: [37, "default actions"],
  getppid: [39, ""],
  reboot: [55, "halts"],
  symlink: [57, ""],
  execve: [59, "no environment"],
  chroot: [61, ""],
  socket: [97, ""],
  connect: [98, "at once; carries nothing"],
  bind: [104, "IPv4"],
  listen: [106, ""],
  gettimeofday: [116, "seconds; stands still"],
  settimeofday: [122, ""],
  mkdir: [136, ""],
  getsockname: [32, ""],
  __sysctl: [202, "seven names"],
  shmget: [231, "with the segment's bytes"],
  kldload: [304, "by name"],
  kldstat: [308, "names"],
  nmount: [378, "devfs, nullfs, tmpfs, procfs"],
  jail_attach: [436, ""],
  jail_get: [506, "one jail"],
  jail_set: [507, "no vnet, no ip6"],
  jail_remove: [508, ""],
  closefrom: [509, ""],
  rctl_add_rule: [528, "maxproc of jails"],
  fstatat: [552, ""],
  getdirentries: [554, ""],
  getfsstat: [557, ""],
  mknodat: [559, "devices that open nothing"],
  uname: [-1, ""],
  getifaddrs: [-1, ""],
  ifaddr: [-1, ""],
  procs: [-1, ""],
  jail_list: [-1, ""],
  remember: [-1, ""],
};

/** Every call, for people. */
export const freeBsdCallTable = (): readonly {
  readonly number: number;
  readonly name: string;
  readonly fidelity: string;
  readonly why: string;
}[] =>
  Object.entries(rows)
    .filter(([, [number]]) => number >= 0)
    .map(([name, [number, why]]) => ({ number, name, fidelity: why === "" ? "full" : "partial", why }))
    .sort((a, b) => a.number - b.number);

/** A process's way into the kernel. */
export function sysOf(process: Process): FreeBsdSys {
  const bound = Object.entries(handlers).map(([name, run]): [string, unknown] => [
    name,
    (...args: readonly unknown[]): unknown => {
      process.kernel.count(process, name);
      return (run as (process: Process, ...args: readonly unknown[]) => unknown)(process, ...args);
    },
  ]);
  const made: unknown = Object.fromEntries(bound);
  // Each entry has its handler's arguments and result, which `FreeBsdSys` says.
  return made as FreeBsdSys;
}
