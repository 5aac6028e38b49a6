import { E } from "../errno.js";
import {
  CLONE_FILES,
  CLONE_FS,
  CLONE_NEWCGROUP,
  CLONE_NEWIPC,
  CLONE_NEWNET,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWTIME,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  CLONE_PARENT,
} from "../flags.js";
import type { Cgroup } from "../cgroup/cgroup.js";
import { settleCpus } from "../cgroup/cpuset.js";
import { changeNamespaces, newTimeNamespace, newUserNamespace } from "../namespace/unsharing.js";
import { PidNamespace } from "../namespace/pid-namespace.js";
import { capable } from "../security/credentials.js";
import { frameOf, programOf } from "./execution.js";
import type { Body } from "./program.js";
import { Task } from "./task.js";

export interface CloneOptions {
  readonly flags?: number;
  /** Sent to the parent when the child ends; SIGCHLD where absent. */
  readonly exitSignal?: number;
  /** CLONE_INTO_CGROUP: where the child is born. */
  readonly cgroup?: Cgroup;
}

/**
 * Makes a child task, clone(2). A generator that runs can't be copied: where fork(2) goes on twice, the child here begins
 * with a function of its own, `begin`. It has a copy of everything else that a child of fork(2) has.
 * @throws EPERM without CAP_SYS_ADMIN for new namespaces; EAGAIN at a limit; ENOMEM in a dead pid namespace
 */
export function clone(parent: Task, begin: (child: Task) => Body, options: CloneOptions = {}): Task {
  const { kernel } = parent;
  const { flags = 0, exitSignal = 17 } = options;
  const cgroup = options.cgroup ?? parent.cgroup;
  if (cgroup !== parent.cgroup) cgroup.demandRoom();
  if (parent.limits.processes !== Infinity) demandProcess(parent);
  if ((flags & CLONE_FS) !== 0 && (flags & (CLONE_NEWNS | CLONE_NEWUSER)) !== 0) throw E.EINVAL;
  let { credentials } = parent;
  if ((flags & CLONE_NEWUSER) !== 0) credentials = newUserNamespace(parent);
  const others =
    CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWCGROUP | CLONE_NEWPID | CLONE_NEWTIME;
  if ((flags & others) !== 0 && !capable(credentials, credentials.userNamespace, "SYS_ADMIN")) throw E.EPERM;
  let born = parent.childPidNamespace ?? parent.pidNamespace;
  if ((flags & CLONE_NEWPID) !== 0) {
    if (born !== parent.pidNamespace) throw E.EINVAL;
    if (born.level >= deepest) throw E.ENOSPC;
    born = new PidNamespace<Task>(kernel.nextNamespace(), born, credentials.userNamespace);
  }
  cgroup.born(false);
  let pids: readonly number[];
  try {
    pids = allocate(born);
  } catch (error) {
    cgroup.died();
    throw error;
  }
  const sharesContext = (flags & CLONE_FS) !== 0;
  const context = sharesContext ? parent.context : { ...parent.context };
  const child = new Task({
    kernel,
    pidNamespace: born,
    pids,
    parent,
    credentials,
    namespaces: parent.namespaces,
    cgroup,
    files: (flags & CLONE_FILES) !== 0 ? parent.files.share() : parent.files.copy(),
    context,
    limits: parent.limits,
    group: parent.processGroup,
    name: parent.name,
    memory: parent.memory.copy(cgroup),
  });
  child.namespaces = changeNamespaces(child, flags, credentials);
  const time = (flags & CLONE_NEWTIME) !== 0 ? newTimeNamespace(child, credentials) : parent.childTimeNamespace;
  if (time !== undefined) child.namespaces = { ...child.namespaces, time };
  child.exitSignal = exitSignal;
  if ((flags & CLONE_PARENT) !== 0 && parent.parent !== undefined) child.parent = parent.parent;
  enter(child);
  child.frames.push(frameOf(programOf(child, begin(child))));
  child.vruntime = parent.vruntime;
  if (cgroup.isFrozen) child.freeze(true);
  if (kernel.trace.kept) kernel.trace.emit("task.fork", `${child.pids[0] ?? 0}`, { parent: parent.pids[0] ?? 0 });
  child.wake();
  return child;
}

/** RLIMIT_NPROC counts a user's tasks, and lets the capable pass: setrlimit(2). @throws EAGAIN */
function demandProcess(parent: Task): void {
  const { credentials: who, kernel } = parent;
  if (capable(who, kernel.pidNamespace.userNamespace, "SYS_RESOURCE")) return;
  if (capable(who, kernel.pidNamespace.userNamespace, "SYS_ADMIN")) return;
  let count = 0;
  for (const other of kernel.pidNamespace.tasks.values()) if (other.credentials.uid === who.uid) count++;
  if (count >= parent.limits.processes) throw E.EAGAIN;
}

/** MAX_PID_NS_LEVEL. */
const deepest = 32;

/** A pid in a namespace and in each above it. */
function allocate(namespace: PidNamespace<Task>): number[] {
  const pids: number[] = [];
  for (let at: PidNamespace<Task> | undefined = namespace; at !== undefined; at = at.parent)
    pids.unshift(at.allocate());
  return pids;
}

/** Makes a new task known: in its namespaces, to its parent, its group, its cgroup. */
export function enter(task: Task): void {
  let level = task.pids.length - 1;
  for (let at: PidNamespace<Task> | undefined = task.pidNamespace; at !== undefined; at = at.parent)
    at.tasks.set(task.pids[level--] ?? 0, task);
  task.pidNamespace.init ??= task;
  if (task.parent !== undefined) (task.parent.children ??= new Set()).add(task);
  task.processGroup.members.add(task);
  task.cgroup.members.add(task);
  if (task.kernel.scheduler.restricts) settleCpus(task);
  task.settleIn();
}
