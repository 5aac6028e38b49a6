import { encodeUtf8, s, type Activity } from "../../../sim/core/index.js";
import { O_WRONLY, type Sys } from "../../../sim/os/index.js";
import { code, readFile } from "./system.js";

export const root: string = "/sys/fs/cgroup";

/** Writes a file of a group. @returns the name of the error, or that there was none */
export function* set(sys: Sys, file: string, value: string): Activity<string> {
  return yield* code(
    (function* () {
      const fd = yield* sys.open(`${root}/${file}`, O_WRONLY);
      yield* sys.write(fd, encodeUtf8(value));
      yield* sys.close(fd);
    })(),
  );
}

/** What a group's file says. */
export function* get(sys: Sys, file: string): Activity<string> {
  return (yield* readFile(sys, `${root}/${file}`)).trimEnd();
}

/** Groups a and b with every controller, in a kernel with so many CPUs. */
export function* groups(sys: Sys, ...paths: readonly string[]): Activity<undefined> {
  yield* set(sys, "cgroup.subtree_control", "+cpu +memory +pids");
  for (const path of paths) yield* sys.mkdir(`${root}/${path}`);
  return undefined;
}

/** A child that works in a group until it is killed. */
export function* spinner(sys: Sys, group: string): Activity<number> {
  return yield* sys.clone(function* (child) {
    yield* set(child, `${group}/cgroup.procs`, "0");
    for (;;) yield* child.compute(s(1));
  });
}

/** Microseconds of CPU time in a cpu.stat. */
export const usage = (stat: string): number => Number(/usage_usec (\d+)/.exec(stat)?.[1]);
