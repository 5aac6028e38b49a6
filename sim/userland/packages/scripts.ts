import type { Activity } from "../../core/index.js";
import { attempt, describeStatus, O_CREAT, O_TRUNC, O_WRONLY, type Sys } from "../../os/index.js";
import { writeAll } from "../program/streams.js";
import { makeAbove } from "./files.js";

/** Runs a package's script as a child, with the standard streams of the caller. @returns its exit status, as a shell tells it */
export function* runScript(sys: Sys, path: string, args: readonly string[], env: readonly string[]): Activity<number> {
  const pid = yield* sys.clone(function* (child) {
    yield* attempt(child.execve(path, [path, ...args], env));
    return 127;
  });
  const ended = describeStatus((yield* sys.wait4(pid))?.status ?? 0);
  return "exited" in ended ? ended.exited : 128 + ended.signal;
}

/** Writes a script to be run. */
export function* writeScript(sys: Sys, path: string, text: Uint8Array): Activity<undefined> {
  yield* makeAbove(sys, path);
  const fd = yield* sys.open(path, O_WRONLY | O_CREAT | O_TRUNC, 0o755);
  yield* writeAll(sys, fd, text);
  return yield* sys.close(fd);
}

export const scriptEnvironment: readonly string[] = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"];
