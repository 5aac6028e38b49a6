import { createRequire } from "node:module";
import { constants } from "node:os";

/** How often the parent is looked for, in ms. */
const pollInterval = 500;

export interface LifetimeEvents {
  readonly interrupt: () => void;
  /** The client's process is gone, or the system asks to end. */
  readonly leave: (reason: string) => void;
  readonly log: (reason: string) => void;
}

/**
 * Watches for the reasons to stop that come from outside the protocol: signals, and a parent that Jupyter names and that
 * has ended. For a worker thread, so that a busy main thread delays nothing.
 */
export function watchLifetime(environment: Readonly<Record<string, string | undefined>>, events: LifetimeEvents): void {
  try {
    onSignal("SIGINT", events.interrupt);
    onSignal("SIGTERM", () => {
      events.leave("SIGTERM");
    });
  } catch (error) {
    events.log(`signals aren't heard, interrupts come by message alone: ${String(error)}`);
  }
  const parent = Number(environment["JPY_PARENT_PID"] ?? 0);
  if (parent > 0) watchParent(parent, events);
}

/** Node's own wrapper of a libuv signal handle. */
interface SignalHandle {
  onsignal: () => void;
  start(signal: number): number;
  unref(): void;
}

/** What Node's flag --expose-internals opens. */
interface InternalBinding {
  readonly internalBinding: (name: "signal_wrap") => { readonly Signal: new () => SignalHandle };
}

/**
 * `process.on` hears signals in the main thread alone, and only when that comes back to its event loop. A handle of this
 * thread's own loop hears them whatever the main thread does; Node has it, but hands it out for tests only.
 * @throws Error where this Node has it no more
 */
function onSignal(name: "SIGINT" | "SIGTERM", heard: () => void): void {
  const emitWarning = process.emitWarning.bind(process);
  process.emitWarning = () => undefined;
  try {
    const { internalBinding } = createRequire(import.meta.url)("internal/test/binding") as InternalBinding;
    const handle = new (internalBinding("signal_wrap").Signal)();
    handle.onsignal = heard;
    handle.start(constants.signals[name]);
    handle.unref();
    handles.push(handle);
  } finally {
    process.emitWarning = emitWarning;
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
