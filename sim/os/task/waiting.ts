import { Signal, type Activity } from "../../core/index.js";
import { E } from "../errno.js";
import type { Frame, Stall, WaitKind } from "./parts.js";

/** A task, as far as waiting needs it. */
export interface Sleeper {
  readonly frame: Frame;
  notePressure(): void;
}

/** Yielded by a task that has work to do on a CPU, or something to look at, before it goes on. */
export const pause: Signal<void> = new Signal<void>("cpu");

/** Waits inside a system call. A signal that has a handler ends the wait, and the call with EINTR, or is restarted. */
export function* wait<T>(task: Sleeper, signal: Signal<T>, kind: WaitKind, name: string, stall?: Stall): Activity<T> {
  const { frame } = task;
  if (frame.interrupted) {
    frame.interrupted = false;
    throw E.EINTR;
  }
  frame.waitKind = kind;
  frame.waitName = name;
  if (stall !== undefined) {
    frame.waitStall = stall;
    task.notePressure();
  }
  try {
    return yield* signal;
  } finally {
    frame.waitKind = "restartable";
    frame.waitName = "";
    if (stall !== undefined) {
      frame.waitStall = undefined;
      task.notePressure();
    }
  }
}

/** Does its work so far as one that is held up by a lack. */
export function* stalled(task: Sleeper, stall: Stall): Activity<undefined> {
  const { frame } = task;
  frame.waitStall = stall;
  task.notePressure();
  try {
    yield pause;
  } finally {
    frame.waitStall = undefined;
    task.notePressure();
  }
  return undefined;
}
