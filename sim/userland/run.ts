import { UsageError, type Activity } from "../core/index.js";
import { describeStatus, type Kernel, POLLIN, type Sys } from "../os/index.js";
import { concat, decode, encode } from "./program/encoding.js";
import { writeAll } from "./program/streams.js";

/** What a program printed, and how it ended. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  /** Both in the order in which they came, as a terminal would have shown them. */
  readonly output: string;
  /** The exit status; 128 and the signal's number where one ended it. */
  readonly status: number;
}

export interface RunOptions {
  /** NAME=value. */
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  readonly stdin?: string;
  /** Words behind the script: $1, $2 … */
  readonly args?: readonly string[];
  /** Told what is printed when it is printed. */
  readonly hear?: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
}

const usualEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
};

/**
 * Runs a script by /bin/sh as a child of pid 1, to its end. What it leaves in the background goes on when the world does. Where the
 * run is cut short, it gets ^C: SIGINT goes to its process group, and takes effect when the world runs again.
 * @throws UsageError for a kernel without userland, and for a script that waits for what nothing will bring about
 */
export function runShell(kernel: Kernel, script: string, options: RunOptions = {}): Result {
  let result: Result | undefined;
  let group: number | undefined;
  const argv = ["/bin/sh", "-c", script, "sh", ...(options.args ?? [])];
  try {
    kernel.run(function* (sys) {
      result = yield* capture(sys, argv, options, (pid) => {
        group = pid;
      });
    });
  } catch (error) {
    const init = kernel.pidNamespace.init;
    if (group !== undefined && init !== undefined) kernel.start((sys) => sys.kill(-(group ?? 0), "SIGINT"), init);
    throw error;
  }
  if (result === undefined)
    throw new UsageError("the kernel stopped before the script ended", "Look at kernel.panicked.");
  return result;
}

/** Runs a program in a process group of its own, with its output caught. @param begun told its pid, which is the group's */
export function* capture(
  sys: Sys,
  argv: readonly string[],
  options: RunOptions = {},
  begun?: (pid: number) => void,
): Activity<Result> {
  const [outReader, outWriter] = yield* sys.pipe2();
  const [errorReader, errorWriter] = yield* sys.pipe2();
  const [inReader, inWriter] = yield* sys.pipe2();
  const ends = [outReader, outWriter, errorReader, errorWriter, inReader, inWriter];
  const env = Object.entries({ ...usualEnvironment, ...options.env }).map(([name, value]) => `${name}=${value}`);
  const pid = yield* sys.clone(function* (child) {
    yield* child.setpgid(0, 0);
    yield* child.dup2(inReader, 10);
    yield* child.dup2(outWriter, 11);
    yield* child.dup2(errorWriter, 12);
    for (const fd of ends) yield* child.close(fd);
    for (const fd of [0, 1, 2]) {
      yield* child.dup2(fd + 10, fd);
      yield* child.close(fd + 10);
    }
    if (options.cwd !== undefined) yield* child.chdir(options.cwd);
    yield* child.execve(argv[0] ?? "", argv, env);
  });
  begun?.(pid);
  for (const fd of [outWriter, errorWriter, inReader]) yield* sys.close(fd);
  const writer = yield* sys.clone(function* (child) {
    for (const fd of [outReader, errorReader]) yield* child.close(fd);
    yield* writeAll(child, inWriter, encode(options.stdin ?? ""));
  });
  yield* sys.close(inWriter);
  const pieces: { readonly fd: number; readonly bytes: Uint8Array }[] = [];
  const open = new Set([outReader, errorReader]);
  while (open.size > 0)
    for (const { fd } of yield* sys.poll([...open].map((one) => ({ fd: one, events: POLLIN })))) {
      const bytes = yield* sys.read(fd, 65536);
      if (bytes.length === 0) open.delete(fd);
      else {
        pieces.push({ fd, bytes });
        options.hear?.(fd === outReader ? "stdout" : "stderr", bytes);
      }
    }
  for (const fd of [outReader, errorReader]) yield* sys.close(fd);
  const ended = yield* sys.wait4(pid);
  yield* sys.wait4(writer);
  const how = describeStatus(ended?.status ?? 0);
  const said = (...fds: readonly number[]): string =>
    decode(concat(pieces.filter(({ fd }) => fds.includes(fd)).map(({ bytes }) => bytes)));
  return {
    stdout: said(outReader),
    stderr: said(errorReader),
    output: said(outReader, errorReader),
    status: "exited" in how ? how.exited : 128 + how.signal,
  };
}
