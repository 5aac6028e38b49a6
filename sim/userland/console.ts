import type { Activity } from "../core/index.js";
import { O_RDWR, type Kernel, type Task } from "../os/index.js";
import { decode, encode } from "./program/encoding.js";

/** A terminal that somebody sits at: a shell on a pseudo-terminal, with job control. */
export interface Console {
  /** The shell, or what it became. */
  readonly task: Task;
  /** Types keys: "\n" is Enter, "\x03" ^C. The world has to run on for them to have an effect. */
  type(text: string): void;
  /** What was shown since it was asked last. */
  read(): string;
}

/**
 * Opens a terminal with a shell on it, as a login does: a session of its own, whose controlling terminal it is. The shell
 * runs when the world does.
 */
export function openConsole(kernel: Kernel, env: Readonly<Record<string, string>> = {}): Console {
  const place = kernel.devpts.make(kernel.caller);
  place.locked = false;
  const master = place.master();
  const environment = { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", TERM: "dumb", ...env };
  const init = kernel.pidNamespace.init ?? kernel.boot(keep);
  const task = kernel.start(function* (sys) {
    yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
    yield* sys.setsid();
    const tty = yield* sys.open(`/dev/pts/${place.number}`, O_RDWR);
    for (const fd of [0, 1, 2]) yield* sys.dup2(tty, fd);
    if (tty > 2) yield* sys.close(tty);
    yield* sys.execve(
      "/bin/sh",
      ["sh"],
      Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    );
  }, init);
  return {
    task,
    type(text) {
      master.write(kernel.caller, 0, encode(text), true);
    },
    read() {
      return decode(place.takeOutput());
    },
  };
}

/** A pid 1 that takes in orphans. */
function* keep(sys: Parameters<Parameters<Kernel["boot"]>[0]>[0]): Activity<void> {
  yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
  for (;;) yield* sys.pause();
}
