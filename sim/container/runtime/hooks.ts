import { encodeUtf8, UsageError, type Activity } from "../../core/index.js";
import { describeStatus, type Sys } from "../../os/index.js";
import type { Hook } from "../bundle/spec.js";

/**
 * Runs hooks in turn, each with the container's state on its standard input (config.md, "POSIX-platform Hooks").
 * @throws UsageError for one that fails
 */
export function* runHooks(sys: Sys, hooks: readonly Hook[] | undefined, state: object): Activity<undefined> {
  for (const { path, args, env } of hooks ?? []) {
    const [reader, writer] = yield* sys.pipe2();
    // Written first: it fits into the pipe, and a hook that doesn't read it does no harm.
    yield* sys.write(writer, encodeUtf8(JSON.stringify(state)));
    const pid = yield* sys.clone(function* (child) {
      yield* child.dup2(reader, 0);
      for (const fd of [reader, writer]) yield* child.close(fd);
      yield* child.execve(path, args ?? [path], env ?? []);
    });
    yield* sys.close(reader);
    yield* sys.close(writer);
    const status = describeStatus((yield* sys.wait4(pid))?.status ?? 0);
    if (!("exited" in status) || status.exited !== 0)
      throw new UsageError(
        `the hook ${path} ended with ${"exited" in status ? `status ${status.exited}` : `signal ${status.signal}`}`,
        "Look at what it says; a container isn't made where a hook fails.",
      );
  }
  return undefined;
}
