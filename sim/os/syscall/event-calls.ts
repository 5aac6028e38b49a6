import { any, type Activity, type Nanos, type Signal } from "../../core/index.js";
import { E } from "../errno.js";
import { O_CLOEXEC, O_CREAT, O_NONBLOCK, O_RDWR, S_IFREG } from "../flags.js";
import { Epoll, type EpollEvent } from "../ipc/epoll.js";
import { EventCounter } from "../ipc/event-counter.js";
import { SignalDescriptor } from "../ipc/signal-descriptor.js";
import { TimerDescriptor, type TimerSetting } from "../ipc/timer-descriptor.js";
import { wait } from "../task/waiting.js";
import { setBlocked } from "../task/signal-sending.js";
import { SIGKILL, SIGSTOP, type SignalName } from "../task/signals.js";
import type { Task } from "../task/task.js";
import { Mount } from "../vfs/mount.js";
import { OpenFile } from "../vfs/open-file.js";
import { add } from "./descriptors.js";
import { fileCalls } from "./file-calls.js";
import { full, partial, type Rows } from "./row.js";
import { signalNumber } from "./signal-calls.js";

function epollAt(task: Task, descriptor: number): Epoll {
  const { channel } = task.files.file(descriptor);
  if (!(channel instanceof Epoll)) throw E.EINVAL;
  return channel;
}

function timerAt(task: Task, descriptor: number): TimerDescriptor {
  const { channel } = task.files.file(descriptor);
  if (!(channel instanceof TimerDescriptor)) throw E.EINVAL;
  return channel;
}

const flagsOf = (flags: number): number => O_RDWR | (flags & (O_CLOEXEC | O_NONBLOCK));

/** Signals other than SIGKILL and SIGSTOP, which nothing holds back. */
function maskOf(signals: readonly (SignalName | number)[]): ReadonlySet<number> {
  const set = new Set(signals.map(signalNumber));
  set.delete(SIGKILL);
  set.delete(SIGSTOP);
  return set;
}

function* epollWait(
  task: Task,
  epoll: Epoll,
  most: number,
  timeout: Nanos | undefined,
): Activity<readonly EpollEvent[]> {
  const late = timeout === undefined ? undefined : task.kernel.engine.delay(timeout);
  for (;;) {
    const now = epoll.take(most);
    if (now.length > 0 || late?.settled === true) return now;
    const signals: Record<string, Signal<unknown>> = { change: epoll.change, ...(late && { late }) };
    yield* wait(task, any(signals), "once", "ep_poll");
  }
}

/** Waits with other signals blocked, and puts those back that were: sigsuspend(2), ppoll(2). */
function* masked<T>(task: Task, signals: readonly (SignalName | number)[], waits: Activity<T>): Activity<T> {
  const before = [...(task.blocked ?? [])];
  setBlocked(task, maskOf(signals));
  try {
    return yield* waits;
  } finally {
    setBlocked(task, before);
  }
}

export const eventCalls = {
  eventfd2(
    task: Task,
    count: number = 0,
    flags: { readonly semaphore?: boolean; readonly flags?: number } = {},
  ): number {
    const counter = new EventCounter(count, flags.semaphore ?? false);
    return add(task, counter, O_RDWR | (flags.flags ?? 0), "anon_inode:[eventfd]");
  },
  epoll_create1(task: Task, flags: number = 0): number {
    return add(task, new Epoll(), flagsOf(flags), "anon_inode:[eventpoll]");
  },
  epoll_ctl(
    task: Task,
    descriptor: number,
    operation: "EPOLL_CTL_ADD" | "EPOLL_CTL_MOD" | "EPOLL_CTL_DEL",
    about: number,
    event: { readonly events: number; readonly data?: unknown } = { events: 0 },
  ): undefined {
    const epoll = epollAt(task, descriptor);
    const file = task.files.file(about);
    const wanted = { events: event.events, data: event.data ?? about };
    if (operation === "EPOLL_CTL_ADD") epoll.add(about, file, wanted);
    else if (operation === "EPOLL_CTL_MOD") epoll.modify(about, wanted);
    else epoll.remove(about);
  },
  epoll_wait(
    task: Task,
    descriptor: number,
    most: number = 64,
    timeout?: Nanos,
  ): readonly EpollEvent[] | Activity<readonly EpollEvent[]> {
    const epoll = epollAt(task, descriptor);
    if (!(most > 0)) throw E.EINVAL;
    const now = epoll.take(most);
    return now.length > 0 || timeout === 0 ? now : epollWait(task, epoll, most, timeout);
  },
  timerfd_create(
    task: Task,
    _clock: "CLOCK_REALTIME" | "CLOCK_MONOTONIC" | "CLOCK_BOOTTIME",
    flags: number = 0,
  ): number {
    return add(task, new TimerDescriptor(task.kernel.engine), flagsOf(flags), "anon_inode:[timerfd]");
  },
  timerfd_settime(
    task: Task,
    descriptor: number,
    setting: TimerSetting,
  ): { readonly value: number; readonly interval: number } {
    const timer = timerAt(task, descriptor);
    const before = timer.setting;
    timer.set(setting);
    return before;
  },
  timerfd_gettime(task: Task, descriptor: number): { readonly value: number; readonly interval: number } {
    return timerAt(task, descriptor).setting;
  },
  signalfd4(task: Task, descriptor: number, signals: readonly (SignalName | number)[], flags: number = 0): number {
    const mask = maskOf(signals);
    if (descriptor === -1) return add(task, new SignalDescriptor(task, mask), flagsOf(flags), "anon_inode:[signalfd]");
    const { channel } = task.files.file(descriptor);
    if (!(channel instanceof SignalDescriptor)) throw E.EINVAL;
    channel.signals = mask;
    return descriptor;
  },
  rt_sigsuspend(task: Task, signals: readonly (SignalName | number)[]): Activity<never> {
    const { engine } = task.kernel;
    return masked(
      task,
      signals,
      (function* (): Activity<never> {
        // Nothing but a signal ends this.
        for (;;) yield* wait(task, engine.delay(1e15 as Nanos), "once", "sigsuspend");
      })(),
    );
  },
  memfd_create(task: Task, name: string, flags: number = 0): number {
    if (name.length > 249) throw E.EINVAL;
    const { kernel } = task;
    const fs = kernel.makeFileSystem("tmpfs", task, "size=100%");
    const { euid: uid, egid: gid } = task.credentials;
    const inode = fs.root.create("memfd", { mode: S_IFREG | 0o777, uid, gid }, task);
    const channel = inode.open(O_RDWR | O_CREAT, task);
    // Without a name its pages are free when the last descriptor goes.
    fs.root.remove("memfd", false, task);
    const mount = new Mount(0, fs, inode, "memfd", 0, task.namespaces.mnt);
    const file = new OpenFile(channel, O_RDWR, { mount, inode }, `/memfd:${name} (deleted)`);
    return task.files.add(file, (flags & 1) !== 0, task.limits.files);
  },
  readv(task: Task, descriptor: number, lengths: readonly number[]): Uint8Array | Activity<Uint8Array> {
    return fileCalls.read(
      task,
      descriptor,
      lengths.reduce((sum, length) => sum + length, 0),
    );
  },
  writev(task: Task, descriptor: number, parts: readonly Uint8Array[]): number | Activity<number> {
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return fileCalls.write(task, descriptor, whole);
  },
};

export const eventRows: Rows<typeof eventCalls> = {
  eventfd2: partial(290, "counts exact to 2^53"),
  epoll_create1: full(291),
  epoll_ctl: partial(233, "no EPOLLEXCLUSIVE, EPOLLWAKEUP"),
  epoll_wait: partial(232, "the time limit is in nanoseconds"),
  timerfd_create: partial(283, "all clocks run alike"),
  timerfd_settime: partial(286, "relative times"),
  timerfd_gettime: full(287),
  signalfd4: partial(289, "of the task that made it; number and sender alone"),
  rt_sigsuspend: full(130),
  memfd_create: partial(319, "no seals, no huge pages"),
  readv: partial(19, "the parts are returned as one"),
  writev: full(20),
};
