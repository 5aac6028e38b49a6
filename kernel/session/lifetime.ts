import { constants } from "node:os";

/** How often the parent is looked for, in ms. */
const pollInterval = 1000;

export interface LifetimeEvents {
  interrupt(): void;
  /** The client's process is gone, or the system asks to end. */
  leave(reason: string): void;
}

/**
 * Watches for the reasons to stop that come from outside the protocol: signals, and a parent that Jupyter names and that
 * has ended. For a worker thread, so that a busy main thread delays nothing.
 */
export function watchLifetime(environment: Readonly<Record<string, string | undefined>>, events: LifetimeEvents): void {
  onSignal("SIGINT", () => {
    events.interrupt();
  });
  onSignal("SIGTERM", () => {
    events.leave("SIGTERM");
  });
  const parent = Number(environment["JPY_PARENT_PID"] ?? 0);
  if (parent > 0) watchParent(parent, events);
}

/** Node's own wrapper of a libuv signal handle. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
  unref(): void;
}

/**
 * `process.on` hears signals in the main thread alone, and only when that comes back to its event loop. A handle of this
 * thread's own loop hears them whatever the main thread does.
 */
function onSignal(name: "SIGINT" | "SIGTERM", heard: () => void): void {
  const { noDeprecation } = process;
  process.noDeprecation = true;
  try {
    const binding = Reflect.get(process, "binding") as (name: "signal_wrap") => { Signal: new () => SignalHandle };
    const { Signal } = binding.call(process, "signal_wrap");
    const handle = new Signal();
    handle.onsignal = heard;
    handle.start(constants.signals[name]);
    handle.unref();
    handles.push(handle);
  } finally {
    process.noDeprecation = noDeprecation ?? false;
  }
}

/** Kept from the garbage collector. */
const handles: SignalHandle[] = [];

function watchParent(parent: number, { leave }: LifetimeEvents): void {
  const first = process.ppid;
  const timer = setInterval(() => {
    // Orphans are given to another process; behind a launcher, the client itself has to be looked for.
    if (process.ppid === first && isAlive(parent)) return;
    clearInterval(timer);
    leave("the client's process has ended");
  }, pollInterval);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it lives, under another user.
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
