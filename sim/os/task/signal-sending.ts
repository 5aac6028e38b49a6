import type { Task } from "./task.js";
import type { PendingSignal } from "./parts.js";
import { defaultAction, SIGCONT, SIGKILL, SIGSTOP } from "./signals.js";

/** Who sends: a task, or undefined for the kernel. */
export type Sender = Task | undefined;

const isStop = (signal: number): boolean => defaultAction(signal) === "stop";

/** Whether a signal that isn't blocked would do nothing. */
export function ignores(task: Task, signal: number, forced: boolean): boolean {
  const action = task.actions?.get(signal);
  if (action !== undefined) return action.handler === undefined;
  // Pid 1 of a namespace has no default actions, but for what comes from above: pid_namespaces(7).
  if (task.isInit && !(forced && (signal === SIGKILL || signal === SIGSTOP))) return true;
  return defaultAction(signal) === "ignore";
}

/** Sends a signal, whatever permissions say: kill(2) has checked them. A standard signal is pending once. */
export function send(task: Task, signal: number, sender: Sender): void {
  if (task.zombie || signal === 0) return;
  const forced = sender === undefined || sender.pidIn(task.pidNamespace) === 0;
  if (signal === SIGCONT) {
    task.pending = task.pending?.filter((one) => !isStop(one.signal));
    if (task.state === "stopped") {
      task.reported = "continued";
      task.state = "waiting";
      task.parent?.childrenChange.wake();
      task.rouse();
    }
  } else if (isStop(signal)) task.pending = task.pending?.filter((one) => one.signal !== SIGCONT);
  const blocked = task.blocked?.has(signal) ?? false;
  if (!blocked && ignores(task, signal, forced)) return;
  if (task.pending?.some((one) => one.signal === signal) === true) return;
  const pending: PendingSignal = { signal, sender: sender?.pidIn(task.pidNamespace) ?? 0, forced };
  (task.pending ??= []).push(pending);
  task.signalQueue?.wake();
  if (blocked) return;
  task.attention = true;
  if (task.state === "stopped") {
    if (signal !== SIGKILL) return;
    task.state = "waiting";
    task.rouse();
  } else if (task.state === "waiting") {
    if (task.waitKind !== "uninterruptible") task.rouse();
  } else task.kernel.scheduler.interrupt(task);
}

/** The next signal that may be delivered: SIGKILL before all, then by number. */
export function takePending(task: Task): PendingSignal | undefined {
  const { pending, blocked } = task;
  if (pending === undefined) return undefined;
  let first: PendingSignal | undefined;
  for (const one of pending) {
    if (blocked?.has(one.signal) === true) continue;
    if (one.signal === SIGKILL) {
      first = one;
      break;
    }
    if (first === undefined || one.signal < first.signal) first = one;
  }
  if (first === undefined) return undefined;
  const rest = pending.filter((one) => one !== first);
  task.pending = rest.length === 0 ? undefined : rest;
  return first;
}

/** The next pending one of some signals, blocked or not: what signalfd(2) reads. */
export function takePendingOf(task: Task, signals: ReadonlySet<number>): PendingSignal | undefined {
  const found = task.pending?.filter(({ signal }) => signals.has(signal)).sort((a, b) => a.signal - b.signal)[0];
  if (found !== undefined) task.pending = task.pending?.filter((one) => one !== found);
  return found;
}

/** Blocks other signals; SIGKILL and SIGSTOP can't be. */
export function setBlocked(task: Task, signals: Iterable<number>): void {
  const set = new Set(signals);
  set.delete(SIGKILL);
  set.delete(SIGSTOP);
  task.blocked = set.size === 0 ? undefined : set;
  if (task.pending?.some((one) => task.blocked?.has(one.signal) !== true) === true) task.attention = true;
}
