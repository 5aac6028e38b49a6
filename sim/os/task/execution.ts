import type { Signal } from "../../core/index.js";
import { encodeUtf8, type Activity } from "../../core/index.js";
import { E, Errno } from "../errno.js";
import { exit } from "./exit.js";
import { send, setBlocked, takePending } from "./signal-sending.js";
import { defaultAction, exited, killedBy, SIGCHLD, SIGKILL, SIGSTOP } from "./signals.js";
import type { Task } from "./task.js";
import type { Frame, PendingSignal, SignalAction } from "./parts.js";
import { pause } from "./waiting.js";

/** What a call gives that doesn't return: the task has ended, or runs another program. */
export const gone: unique symbol = Symbol("gone");

/** A program as a task's activity: what it did, and its end, take their time before it is gone. */
export function* programOf(task: Task, body: Activity<unknown>): Activity<unknown> {
  const value = yield* body;
  task.debt += task.kernel.costs.exit;
  task.systemTime += task.kernel.costs.exit;
  yield pause;
  return value;
}

export const frameOf = (body: Activity<unknown>): Frame => ({
  body,
  blocked: undefined,
  handler: false,
  thrown: undefined,
  interrupted: false,
  waitsFor: undefined,
  waitKind: "restartable",
  waitName: "",
  waitStall: undefined,
});

/**
 * Has a task go on: its program runs up to where it waits, or has work to do on a CPU. Called by the scheduler.
 * @returns whether it has work to do
 */
export function advance(task: Task): boolean {
  if (task.state !== "running") task.become("running");
  for (;;) {
    if (task.attention && !lookAround(task)) return false;
    const { frame } = task;
    const awaited = frame.waitsFor;
    if (awaited !== undefined && frame.thrown === undefined) {
      if (!awaited.settled) {
        // Its work up to here is done first: then it looks whether it still has to wait.
        if (task.debt > 0) return true;
        task.become("waiting");
        awaited.subscribe(task);
        return false;
      }
      if (awaited.failed) frame.thrown = awaited.error;
    }
    frame.waitsFor = undefined;
    const result = step(task, frame);
    if (task.zombie) return false;
    if (result === undefined || task.frames.at(-1) !== frame) continue;
    if (result.done === true) {
      finish(task, frame, result.value);
      if (isGone(task)) return false;
    } else if (result.value !== pause) frame.waitsFor = result.value;
    else if (task.debt > 0 && !task.attention) return true;
  }
}

const isGone = (task: Task): boolean => task.zombie;

/** Undefined where it threw and that is dealt with. */
function step(task: Task, frame: Frame): IteratorResult<Signal<unknown>, unknown> | undefined {
  try {
    if (frame.thrown === undefined) return frame.body.next();
    const { thrown } = frame;
    frame.thrown = undefined;
    return frame.body.throw(thrown);
  } catch (error) {
    if (task.zombie) return undefined;
    if (!(error instanceof Errno)) throw error;
    complain(task, error);
    exit(task, exited(1));
    return undefined;
  }
}

/** A program that doesn't catch an error ends with a word about it, as those of most languages do. */
function complain(task: Task, error: Errno): void {
  try {
    const file = task.files.file(2);
    if (file.writable) file.channel.write(task, file.offset, encodeUtf8(`${task.name}: ${error.message}\n`), true);
  } catch {
    // Without a standard error nobody hears it.
  }
}

/** A program, or a handler, has come to its end. */
function finish(task: Task, frame: Frame, value: unknown): void {
  task.frames.pop();
  if (frame.handler) {
    setBlocked(task, frame.blocked ?? []);
    return;
  }
  exit(task, exited(typeof value === "number" ? value : 0));
}

/** Looks at signals, and whether it is frozen. @returns whether it goes on */
function lookAround(task: Task): boolean {
  for (;;) {
    if (task.frozen && task.pending?.some((one) => one.signal === SIGKILL) !== true) {
      task.become("waiting");
      task.parked = true;
      return false;
    }
    const pending = takePending(task);
    if (pending === undefined) {
      task.attention = false;
      return true;
    }
    if (!deliver(task, pending)) return false;
  }
}

/** @returns whether the task goes on */
function deliver(task: Task, { signal, forced }: PendingSignal): boolean {
  const action = task.actions?.get(signal);
  if (action?.handler !== undefined) {
    handle(task, signal, action);
    return true;
  }
  if (action !== undefined) return true;
  if (task.isInit && !(forced && (signal === SIGKILL || signal === SIGSTOP))) return true;
  switch (defaultAction(signal)) {
    case "ignore":
    case "continue":
      return true;
    case "stop":
      task.become("stopped");
      task.reported = "stopped";
      if (task.parent !== undefined) {
        send(task.parent, SIGCHLD, task);
        task.parent.childrenChange.wake();
      }
      task.status = signal;
      return false;
    case "terminate":
    case "core":
      exit(task, killedBy(signal));
      return false;
  }
}

/** Puts a handler on top of what a task does; a call that waited is restarted after it, or fails with EINTR. */
function handle(task: Task, signal: number, action: SignalAction): void {
  const { handler } = action;
  if (handler === undefined) return;
  const waited = task.waitsFor?.settled === false;
  if (task.waitKind === "once" || !action.restart) {
    if (waited) task.frame.thrown = E.EINTR;
    else if (task.frame.waitName !== "") task.frame.interrupted = true;
  }
  task.frames.push({ ...frameOf(handler(signal)), blocked: task.blocked ?? new Set(), handler: true });
  if (action.reset) task.actions?.delete(signal);
  setBlocked(task, [...(task.blocked ?? []), ...action.mask, signal]);
}
