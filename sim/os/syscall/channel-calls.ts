import { any, type Activity, type Nanos, type Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { O_RDONLY, O_WRONLY, POLLERR, POLLHUP, POLLIN, POLLOUT } from "../flags.js";
import { Pipe, PipeEnd } from "../ipc/pipe.js";
import { wait } from "../task/waiting.js";
import type { Task } from "../task/task.js";
import { add } from "./descriptors.js";
import { full, partial, type Rows } from "./row.js";

export interface Polled {
  readonly fd: number;
  readonly events: number;
}

/** What of the asked events holds; errors and hang-ups always tell. */
function look(
  task: Task,
  asked: readonly Polled[],
): { readonly ready: Polled[]; readonly changes: Record<string, Signal<unknown>> } {
  const ready: Polled[] = [];
  const changes: Record<string, Signal<unknown>> = {};
  for (const [place, { fd, events }] of asked.entries()) {
    const { channel } = task.files.file(fd);
    const state = channel.poll?.() ?? { events: POLLIN | POLLOUT, change: undefined };
    const holds = state.events & (events | POLLERR | POLLHUP);
    if (holds !== 0) ready.push({ fd, events: holds });
    if (state.change !== undefined) changes[place] = state.change;
  }
  return { ready, changes };
}

export const channelCalls = {
  pipe2(task: Task, flags: number = 0): readonly [number, number] {
    const pipe = new Pipe(task.kernel.nextInode());
    const label = `pipe:[${pipe.number}]`;
    const reader = add(task, new PipeEnd(pipe, O_RDONLY), O_RDONLY | flags, label);
    return [reader, add(task, new PipeEnd(pipe, O_WRONLY), O_WRONLY | flags, label)];
  },
  close_range(task: Task, first: number, last: number): undefined {
    if (first > last) throw E.EINVAL;
    for (const [descriptor] of [...task.files.entries()])
      if (descriptor >= first && descriptor <= last) task.files.remove(descriptor);
  },
  poll(task: Task, asked: readonly Polled[], timeout?: Nanos): readonly Polled[] | Activity<readonly Polled[]> {
    const { ready } = look(task, asked);
    if (ready.length > 0 || timeout === 0) return ready;
    const { engine } = task.kernel;
    return (function* (): Activity<readonly Polled[]> {
      const late = timeout === undefined ? undefined : engine.delay(timeout);
      for (;;) {
        const now = look(task, asked);
        if (now.ready.length > 0) return now.ready;
        if (late?.settled === true) return [];
        const signals = { ...now.changes, ...(late && { late }) };
        if (Object.keys(signals).length === 0) throw E.EINTR;
        const first: { readonly key: string } = yield* wait(task, any(signals), "once", "poll_schedule_timeout");
        if (first.key === "late") return look(task, asked).ready;
      }
    })();
  },
};

export const channelRows: Rows<typeof channelCalls> = {
  pipe2: partial(293, "no O_DIRECT; the size is fixed"),
  close_range: partial(436, "no flags"),
  poll: full(7),
};
