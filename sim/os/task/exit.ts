import { describeStatus, killedBy, SIGCHLD, SIGCONT, SIGHUP, SIGKILL } from "./signals.js";
import { send } from "./signal-sending.js";
import type { Task } from "./task.js";

/** Ends a task: what it held is given back, its children get another parent, its own parent is told. exit(2), wait(2). */
export function exit(task: Task, status: number): void {
  if (task.zombie) return;
  const { kernel } = task;
  task.status = status;
  if (task.state === "waiting") task.waitsFor?.unsubscribe(task);
  task.become("zombie");
  task.frames = [];
  task.pending = undefined;
  task.attention = false;
  kernel.scheduler.remove(task);
  task.debt = 0;
  task.memory.release();
  task.files.leave();
  task.moveOut();
  kernel.networkHost?.settle();
  task.cgroup.members.delete(task);
  if (kernel.trace.kept)
    kernel.trace.emit("task.exit", `${task.pids[0] ?? 0}`, { name: task.name, ...describeStatus(status) });
  if (task.isInit) {
    endNamespace(task, status);
    if (kernel.panicked !== undefined) return;
  }
  leaveSession(task);
  giveChildrenAway(task);
  task.cgroup.changed();
  tellParent(task);
  task.tellEnd();
}

/** The death of a namespace's pid 1 is the death of all in it; of the first one, the kernel's. */
function endNamespace(task: Task, status: number): void {
  const { kernel, pidNamespace } = task;
  if (pidNamespace.parent === undefined) {
    // As do_exit() words it.
    kernel.panic(`Attempted to kill init! exitcode=0x${status.toString(16).padStart(8, "0")}`);
    return;
  }
  pidNamespace.dead = true;
  for (const other of [...pidNamespace.tasks.values()]) {
    if (other === task) continue;
    exit(other, killedBy(SIGKILL));
    reap(other);
  }
}

function leaveSession(task: Task): void {
  const { session } = task.processGroup;
  if (session.pids.numbers[0] !== task.pids[0]) return;
  const { terminal } = session;
  if (terminal === undefined) return;
  const foreground = terminal.foreground;
  terminal.session = undefined;
  terminal.foreground = undefined;
  session.terminal = undefined;
  for (const member of foreground?.members ?? []) {
    send(member, SIGHUP, undefined);
    send(member, SIGCONT, undefined);
  }
}

/** Orphans go to the nearest ancestor that is a subreaper, else to pid 1 of their namespace: prctl(2). */
function giveChildrenAway(task: Task): void {
  const { children } = task;
  if (children === undefined) return;
  task.children = undefined;
  for (const child of children) {
    let heir = task.parent;
    while (heir !== undefined && !(heir.subreaper && !heir.zombie && heir.pidNamespace === child.pidNamespace))
      heir = heir.parent;
    heir ??= child.pidNamespace.init;
    if (heir === undefined || heir.zombie || heir === child) {
      child.parent = undefined;
      if (child.zombie) reap(child);
      continue;
    }
    child.parent = heir;
    (heir.children ??= new Set()).add(child);
    if (child.deathSignal !== 0) send(child, child.deathSignal, undefined);
    if (child.zombie) tellParent(child);
  }
}

function tellParent(task: Task): void {
  const { parent } = task;
  if (parent === undefined || parent.zombie) {
    reap(task);
    return;
  }
  const action = parent.actions?.get(SIGCHLD);
  const unwanted =
    task.exitSignal === SIGCHLD && action !== undefined && (action.handler === undefined || action.noChildWait);
  if (task.exitSignal !== 0) send(parent, task.exitSignal, task);
  if (unwanted) reap(task);
  parent.childrenChange.wake();
}

/** Somebody has taken note of a task's end: its pids are free again. */
export function reap(task: Task): void {
  if (task.state === "dead") return;
  task.state = "dead";
  for (
    let level = task.pids.length - 1, namespace: Task["pidNamespace"] | undefined = task.pidNamespace;
    level >= 0;
    level--
  ) {
    namespace?.tasks.delete(task.pids[level] ?? 0);
    namespace = namespace?.parent;
  }
  task.parent?.children?.delete(task);
  task.processGroup.members.delete(task);
  task.cgroup.died();
}
