import { UsageError, type Activity } from "../core/index.js";
import { describeStatus, type Kernel, POLLIN, type Sys } from "../os/index.js";
import { concat, decode, encode } from "./program/encoding.js";
import { writeAll } from "./program/streams.js";

/** What a program printed, and how it ended. */
export interface Result {
  readonly stdout: string;
  readonly stderr: string;
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
}

const usualEnvironment: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
};

/** Runs a script by /bin/sh as a child of pid 1, to its end. @throws UsageError for a kernel without userland */
export function runShell(kernel: Kernel, script: string, options: RunOptions = {}): Result {
  let result: Result | undefined;
  kernel.run(function* (sys) {
    result = yield* capture(sys, ["/bin/sh", "-c", script, "sh", ...(options.args ?? [])], options);
  });
  if (result === undefined)
    throw new UsageError("the kernel stopped before the script ended", "Look at kernel.panicked.");
  return result;
}

/** Runs a program with its output caught. */
export function* capture(sys: Sys, argv: readonly string[], options: RunOptions = {}): Activity<Result> {
  const [outReader, outWriter] = yield* sys.pipe2();
  const [errorReader, errorWriter] = yield* sys.pipe2();
  const [inReader, inWriter] = yield* sys.pipe2();
  const ends = [outReader, outWriter, errorReader, errorWriter, inReader, inWriter];
  const env = Object.entries({ ...usualEnvironment, ...options.env }).map(([name, value]) => `${name}=${value}`);
  const pid = yield* sys.clone(function* (child) {
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
  for (const fd of [outWriter, errorWriter, inReader]) yield* sys.close(fd);
  const writer = yield* sys.clone(function* (child) {
    for (const fd of [outReader, errorReader]) yield* child.close(fd);
    yield* writeAll(child, inWriter, encode(options.stdin ?? ""));
  });
  yield* sys.close(inWriter);
  const pieces = new Map<number, Uint8Array[]>([outReader, errorReader].map((fd) => [fd, []]));
  const open = new Set(pieces.keys());
  while (open.size > 0)
    for (const { fd } of yield* sys.poll([...open].map((one) => ({ fd: one, events: POLLIN })))) {
      const bytes = yield* sys.read(fd, 65536);
      if (bytes.length > 0) pieces.get(fd)?.push(bytes);
      else open.delete(fd);
    }
  for (const fd of pieces.keys()) yield* sys.close(fd);
  const ended = yield* sys.wait4(pid);
  yield* sys.wait4(writer);
  const how = describeStatus(ended?.status ?? 0);
  const said = (fd: number): string => decode(concat(pieces.get(fd) ?? []));
  return {
    stdout: said(outReader),
    stderr: said(errorReader),
    status: "exited" in how ? how.exited : 128 + how.signal,
  };
}
