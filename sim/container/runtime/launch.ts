import { encodeUtf8, invariant, UsageError, type Activity } from "../../core/index.js";
import { O_RDWR, type Sys } from "../../os/index.js";
import { textOf } from "../../net/index.js";
import { launch } from "./namespaces.js";

/** A container's process, and where its terminal is held. */
export interface Launched {
  /** As the caller sees it. */
  readonly pid: number;
  /** The caller's descriptor of the terminal's master, where the process has one. */
  readonly terminal?: number;
}

/** What a child says while it is made, a letter each; it waits for an answer but to the last. */
type Question = "hooks" | "terminal";

/** The child's end of its talk with the runtime. */
export interface Line {
  /** Descriptors that it needs until it is ready. */
  readonly keep: ReadonlySet<number>;
  /** Has the runtime do something, and waits for it. */
  ask(question: Question): Activity<undefined>;
  /** The number of the terminal that the runtime has opened. */
  terminal(): number;
  /** Only the program is left to run: the runtime goes on. */
  ready(): Activity<undefined>;
}

export interface Launch {
  /** Namespaces to enter. */
  readonly paths: readonly string[];
  /** Namespaces to make: flags of clone(2). */
  readonly flags: number;
  /** The runtime's part, before the child goes on: ids, cgroup. */
  readonly prepare: (pid: number) => Activity<undefined>;
  /** Where the child asks for it. */
  readonly hooks?: (pid: number) => Activity<undefined>;
  /** The child's part. */
  readonly inside: (child: Sys, line: Line) => Activity<never>;
}

/**
 * Starts a container's process and talks with it over two pipes until it is ready.
 * @throws what the child failed with
 */
export function* launchProcess(sys: Sys, { paths, flags, prepare, hooks, inside }: Launch): Activity<Launched> {
  yield* fillStandardStreams(sys);
  const go = yield* sys.pipe2();
  const report = yield* sys.pipe2();
  const shared: { error?: Error; terminal?: number } = {};
  const pid = yield* launch(sys, paths, flags, function* (child) {
    try {
      yield* child.close(go[1]);
      yield* child.close(report[0]);
      yield* child.read(go[0], 1);
      yield* inside(child, lineOf(child, go[0], report[1], shared));
    } catch (error) {
      shared.error = error instanceof Error ? error : new Error(String(error));
    }
    return 1;
  });
  yield* sys.close(go[0]);
  yield* sys.close(report[1]);
  let terminal: number | undefined;
  try {
    yield* prepare(pid);
    for (;;) {
      yield* sys.write(go[1], encodeUtf8("g"));
      const said = textOf(yield* sys.read(report[0], 1));
      if (said === "r") return { pid, ...(terminal !== undefined && { terminal }) };
      if (said === "h") yield* hooks?.(pid) ?? nothing();
      else if (said === "t") shared.terminal = yield* openTerminal(sys, pid, (fd) => (terminal = fd));
      else
        throw shared.error ?? new UsageError("the container's process ended while it was made", "Look at its limits.");
    }
  } catch (error) {
    yield* sys.kill(pid, "SIGKILL");
    yield* sys.wait4(pid);
    if (terminal !== undefined) yield* sys.close(terminal);
    throw error;
  } finally {
    yield* sys.close(go[1]);
    yield* sys.close(report[0]);
  }
}

/** 0, 1 and 2 are what the container gets: where the caller lacks one, it is /dev/null. */
function* fillStandardStreams(sys: Sys): Activity<undefined> {
  for (;;) {
    const fd = yield* sys.open("/dev/null", O_RDWR);
    if (fd > 2) return yield* sys.close(fd);
  }
}

function* nothing(): Activity<undefined> {
  return undefined;
}

function lineOf(child: Sys, go: number, report: number, shared: { readonly terminal?: number }): Line {
  return {
    keep: new Set([go, report]),
    *ask(question) {
      yield* child.write(report, encodeUtf8(question.charAt(0)));
      yield* child.read(go, 1);
      return undefined;
    },
    terminal() {
      invariant(shared.terminal !== undefined, "the terminal was asked for");
      return shared.terminal;
    },
    *ready() {
      yield* child.write(report, encodeUtf8("r"));
      yield* child.close(report);
      return yield* child.close(go);
    },
  };
}

/** Opens a terminal of the container's own devpts, from outside. @returns its number */
function* openTerminal(sys: Sys, pid: number, opened: (fd: number) => void): Activity<number> {
  const master = yield* sys.open(`/proc/${pid}/root/dev/pts/ptmx`, O_RDWR);
  opened(master);
  yield* sys.ioctl(master, "TIOCSPTLCK", 0);
  return Number(yield* sys.ioctl(master, "TIOCGPTN"));
}
