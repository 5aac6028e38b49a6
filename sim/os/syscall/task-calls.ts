import { bothHave, cpusUpTo } from "../cgroup/cpu-list.js";
import { effectiveCpus, settleCpus } from "../cgroup/cpuset.js";
import type { Activity, Nanos } from "../../core/index.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import { E } from "../errno.js";
import { WCONTINUED, WNOHANG, WUNTRACED } from "../flags.js";
import { weightOfNice } from "../scheduler/entity.js";
import { capable } from "../security/credentials.js";
import type { KernelWrite } from "../security/take-over.js";
import { clone } from "../task/clone.js";
import { execve } from "../task/execve.js";
import { gone } from "../task/execution.js";
import { pause, wait } from "../task/waiting.js";
import { exit, reap } from "../task/exit.js";
import { ProcessGroup, Session } from "../task/process-group.js";
import { exited } from "../task/signals.js";
import type { Body } from "../task/program.js";
import type { Task } from "../task/task.js";
import type { Limits } from "../task/parts.js";
import { numberIn } from "../namespace/pid-namespace.js";
import { full, partial, type Rows } from "./row.js";

/** What wait4(2) says of a child. */
export interface Waited {
  readonly pid: number;
  /** As wait(2) encodes it: `describeStatus` reads it. */
  readonly status: number;
  /** Time that it had on CPUs. */
  readonly used: Nanos;
}

/** Times on CPUs: its own, and those of children that it has waited for, with theirs. */
interface Times {
  readonly user: number;
  readonly system: number;
  readonly childrenUser: number;
  readonly childrenSystem: number;
}

/** Who a pid of wait4(2) stands for. */
function matches(parent: Task, child: Task, pid: number): boolean {
  if (pid === -1) return true;
  if (pid > 0) return child.pidIn(parent.pidNamespace) === pid;
  if (pid === 0) return child.processGroup === parent.processGroup;
  return child.processGroup.numberIn(parent.pidNamespace) === -pid;
}

/** A child that has something to tell; undefined where none has. @throws ECHILD where there is none at all */
function ready(task: Task, pid: number, options: number): Waited | undefined {
  let any = false;
  for (const child of task.children ?? []) {
    if (!matches(task, child, pid)) continue;
    any = true;
    const about = { pid: child.pidIn(task.pidNamespace), used: child.used as Nanos };
    if (child.zombie) {
      const times = taskCalls.times(child);
      task.childrenUser += times.user + times.childrenUser;
      task.childrenSystem += times.system + times.childrenSystem;
      reap(child);
      return { ...about, status: child.status };
    }
    if (child.reported === "stopped" && (options & WUNTRACED) !== 0) {
      child.reported = undefined;
      return { ...about, status: (child.status << 8) | 0x7f };
    }
    if (child.reported === "continued" && (options & WCONTINUED) !== 0) {
      child.reported = undefined;
      return { ...about, status: 0xffff };
    }
  }
  if (!any) throw E.ECHILD;
  return undefined;
}

/** The task of a pid as the caller sees it; itself for 0. @throws ESRCH */
export function taskOf(task: Task, pid: number): Task {
  if (pid === 0) return task;
  const found = task.pidNamespace.tasks.get(pid);
  if (found === undefined) throw E.ESRCH;
  return found;
}

function setSession(task: Task): number {
  const own = { namespace: task.pidNamespace, numbers: task.pids };
  const leads = task.processGroup.pids.numbers[0] === task.pids[0];
  if (leads) throw E.EPERM;
  join(task, new ProcessGroup<Task>(own, new Session<Task>(own)));
  return task.pid;
}

function join(task: Task, group: ProcessGroup<Task>): void {
  task.processGroup.members.delete(task);
  task.processGroup = group;
  group.members.add(task);
}

export const taskCalls = {
  clone(
    task: Task,
    begin: (sys: never) => Body,
    options: { readonly flags?: number; readonly exitSignal?: number; readonly cgroup?: Cgroup } = {},
  ): number {
    // The interface that a child's function is written against is the one that its kernel hands out.
    const child = clone(task, (born) => begin(task.kernel.interfaceOf(born) as never), options);
    return child.pidIn(task.pidNamespace);
  },
  execve(task: Task, path: string, argv: readonly string[], env: readonly string[] = task.env): typeof gone {
    execve(task, path, argv, env);
    return gone;
  },
  exit_group(task: Task, code: number): typeof gone {
    exit(task, exited(code));
    return gone;
  },
  wait4(task: Task, pid: number = -1, options: number = 0): Waited | undefined | Activity<Waited | undefined> {
    const now = ready(task, pid, options);
    if (now !== undefined || (options & WNOHANG) !== 0) return now;
    return (function* (): Activity<Waited | undefined> {
      for (;;) {
        yield* wait(task, task.childrenChange.change, "restartable", "do_wait");
        const child = ready(task, pid, options);
        if (child !== undefined) return child;
      }
    })();
  },
  /**
   * @param into where the answer is written: the caller's own memory, or somewhere in the kernel's
   * @throws EFAULT for the kernel's memory, unless the kernel forgets to look
   */
  *waitid(task: Task, pid: number = -1, into?: KernelWrite): Activity<Waited | undefined> {
    if (into !== undefined) {
      if (!task.kernel.flaws.includes("waitid-unchecked")) throw E.EFAULT;
      into(task.kernel, task);
      return undefined;
    }
    for (;;) {
      const child = ready(task, pid, 0);
      if (child !== undefined) return child;
      yield* wait(task, task.childrenChange.change, "restartable", "do_wait");
    }
  },
  getpid(task: Task): number {
    return task.pid;
  },
  gettid(task: Task): number {
    return task.pid;
  },
  getppid(task: Task): number {
    return task.parent?.pidIn(task.pidNamespace) ?? 0;
  },
  getpgid(task: Task, pid: number = 0): number {
    return taskOf(task, pid).processGroup.numberIn(task.pidNamespace);
  },
  getsid(task: Task, pid: number = 0): number {
    return numberIn(taskOf(task, pid).processGroup.session.pids, task.pidNamespace);
  },
  setsid(task: Task): number {
    return setSession(task);
  },
  setpgid(task: Task, pid: number, group: number): undefined {
    const other = taskOf(task, pid);
    if (other !== task && other.parent !== task) throw E.ESRCH;
    if (other !== task && other.executed) throw E.EACCES;
    const { session } = other.processGroup;
    if (session !== task.processGroup.session || session.pids.numbers[0] === other.pids[0]) throw E.EPERM;
    const wanted = group === 0 ? other.pidIn(task.pidNamespace) : group;
    if (wanted === other.pidIn(task.pidNamespace)) {
      if (other.processGroup.pids.numbers[0] === other.pids[0]) return;
      join(other, new ProcessGroup<Task>({ namespace: other.pidNamespace, numbers: other.pids }, session));
      return;
    }
    for (const member of task.pidNamespace.tasks.values()) {
      if (member.processGroup.numberIn(task.pidNamespace) !== wanted) continue;
      if (member.processGroup.session !== session) throw E.EPERM;
      join(other, member.processGroup);
      return;
    }
    throw E.EPERM;
  },
  sched_yield(): Activity<undefined> {
    return (function* () {
      // Its work up to here is done, and who waits longer comes first.
      yield pause;
      return undefined;
    })();
  },
  setpriority(task: Task, pid: number, nice: number): undefined {
    const other = taskOf(task, pid);
    const wanted = Math.max(-20, Math.min(19, Math.trunc(nice)));
    if (
      other.credentials.uid !== task.credentials.euid &&
      !capable(task.credentials, other.credentials.userNamespace, "SYS_NICE")
    )
      throw E.EPERM;
    if (wanted < other.nice && !capable(task.credentials, task.kernel.pidNamespace.userNamespace, "SYS_NICE"))
      throw E.EACCES;
    other.nice = wanted;
    task.kernel.scheduler.weigh(other, weightOfNice(wanted));
  },
  getpriority(task: Task, pid: number = 0): number {
    return taskOf(task, pid).nice;
  },
  sched_setaffinity(task: Task, pid: number, cpus: Iterable<number>): undefined {
    const other = taskOf(task, pid);
    const { credentials: who } = task;
    const mine = other.credentials.uid === who.euid || other.credentials.euid === who.euid;
    if (!mine && !capable(who, other.credentials.userNamespace, "SYS_NICE")) throw E.EPERM;
    const count = task.kernel.scheduler.cpus;
    const wanted = new Set([...cpus].filter((cpu) => Number.isInteger(cpu) && cpu >= 0 && cpu < count));
    if (bothHave(wanted, effectiveCpus(other.cgroup))?.size === 0) throw E.EINVAL;
    other.affinity = wanted;
    settleCpus(other);
  },
  sched_getaffinity(task: Task, pid: number = 0): readonly number[] {
    return [...(taskOf(task, pid).allowedCpus ?? cpusUpTo(task.kernel.scheduler.cpus))].sort((a, b) => a - b);
  },
  prlimit64(task: Task, pid: number, limits?: Partial<Limits>): Limits {
    const other = taskOf(task, pid);
    const before = other.limits;
    if (limits !== undefined) {
      if (other !== task && !capable(task.credentials, other.credentials.userNamespace, "SYS_RESOURCE")) throw E.EPERM;
      const raises = Object.entries(limits).some(([name, value]) => value > before[name as keyof Limits]);
      if (raises && !capable(task.credentials, task.kernel.pidNamespace.userNamespace, "SYS_RESOURCE")) throw E.EPERM;
      other.limits = { ...before, ...limits };
    }
    return before;
  },
  getrlimit(task: Task): Limits {
    return task.limits;
  },
  setrlimit(task: Task, limits: Partial<Limits>): undefined {
    taskCalls.prlimit64(task, 0, limits);
  },
  getrusage(task: Task): { readonly user: number; readonly system: number; readonly switches: number } {
    return { ...taskCalls.times(task), switches: task.switches };
  },
  sysinfo(task: Task): {
    readonly uptime: number;
    readonly totalram: number;
    readonly freeram: number;
    readonly procs: number;
  } {
    const { kernel } = task;
    const uptime = Math.floor((kernel.engine.now + task.namespaces.time.boottime) / 1e9);
    const procs = kernel.pidNamespace.tasks.size;
    return { uptime, totalram: kernel.memory, freeram: kernel.freeMemory, procs };
  },
  gettimeofday(task: Task): { readonly seconds: number; readonly microseconds: number } {
    const now = taskCalls.clock_gettime(task, "CLOCK_REALTIME");
    const seconds = Math.floor(now / 1e9);
    return { seconds, microseconds: Math.floor((now - seconds * 1e9) / 1000) };
  },
  time(task: Task): number {
    return taskCalls.gettimeofday(task).seconds;
  },
  getpgrp(task: Task): number {
    return task.processGroup.numberIn(task.pidNamespace);
  },
  nanosleep(task: Task, duration: Nanos): Activity<undefined> {
    const delay = task.kernel.engine.delay(duration);
    return (function* () {
      yield* wait(task, delay, "once", "hrtimer_nanosleep");
      return undefined;
    })();
  },
  clock_gettime(
    task: Task,
    clock: "CLOCK_REALTIME" | "CLOCK_MONOTONIC" | "CLOCK_BOOTTIME" | "CLOCK_PROCESS_CPUTIME_ID",
  ): number {
    // What it has worked since the engine's clock stood still counts: time goes on for it.
    const now = task.kernel.engine.now + task.debt;
    const { time } = task.namespaces;
    switch (clock) {
      case "CLOCK_REALTIME":
        return task.kernel.bootTime + now;
      case "CLOCK_MONOTONIC":
        return now + time.monotonic;
      case "CLOCK_BOOTTIME":
        return now + time.boottime;
      case "CLOCK_PROCESS_CPUTIME_ID":
        return task.used + task.debt;
    }
  },
  times(task: Task): Times {
    const { used, systemTime, childrenUser, childrenSystem } = task;
    return { user: Math.max(0, used - systemTime), system: Math.min(systemTime, used), childrenUser, childrenSystem };
  },
  mmap(task: Task, length: number): number {
    if (task.memory.size + length > task.limits.addressSpace) throw E.ENOMEM;
    return task.memory.map(length);
  },
  munmap(task: Task, address: number): undefined {
    task.memory.unmap(address);
  },
  getrandom(task: Task, length: number): Uint8Array {
    return task.kernel.random(length);
  },
};

export const taskRows: Rows<typeof taskCalls> = {
  clone: {
    number: 56,
    cost: "fork",
    fidelity: {
      partial: "the child begins with a function of its own; no threads, no CLONE_VM, CLONE_VFORK, CLONE_PIDFD",
    },
  },
  execve: full(59, "execve"),
  exit_group: full(231, "exit"),
  wait4: full(61),
  waitid: partial(247, "children that have ended, by pid; none is left waitable"),
  getpid: full(39),
  gettid: full(186),
  getppid: full(110),
  getpgid: full(121),
  getsid: full(124),
  setsid: full(112),
  setpgid: full(109),
  sched_yield: full(24),
  setpriority: partial(141, "PRIO_PROCESS alone; no RLIMIT_NICE"),
  getpriority: partial(140, "PRIO_PROCESS alone"),
  sched_setaffinity: full(203),
  sched_getaffinity: full(204),
  prlimit64: partial(302, "soft limits of open files, processes, file size, address space"),
  getrlimit: partial(97, "as prlimit64"),
  setrlimit: partial(160, "as prlimit64"),
  getrusage: partial(98, "times and switches; in nanoseconds"),
  sysinfo: partial(99, "no load averages"),
  gettimeofday: full(96),
  time: full(201),
  getpgrp: full(111),
  nanosleep: partial(35, "what was left to sleep is not told"),
  clock_gettime: partial(228, "four clocks, in nanoseconds"),
  times: partial(100, "in nanoseconds"),
  mmap: partial(9, "anonymous private memory; mappings hold no bytes"),
  munmap: partial(11, "whole mappings"),
  getrandom: full(318),
};
