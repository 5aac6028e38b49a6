import type { Activity } from "../../../sim/core/index.js";
import {
  defaultSpec,
  fileEntry,
  Runtime,
  unpack,
  type DefaultSpecOptions,
  type RuntimeSpec,
  type TarEntry,
} from "../../../sim/container/index.js";
import { describeStatus, Errno, executable, type Kernel, type Sys } from "../../../sim/os/index.js";
import { kernel, play, writeFile } from "../os/system.js";
import { directory, textFile } from "./programs.js";

export const runtime: Runtime = new Runtime();

const executableEntry = (name: string, program: string): TarEntry =>
  fileEntry(name, executable(program, "x86_64"), { mode: 0o755 });

/** What a root file system has whose one program is `probe`. */
const rootfs: readonly TarEntry[] = [
  directory("bin"),
  executableEntry("bin/probe", "probe"),
  executableEntry("bin/hook", "hook"),
  executableEntry("bin/sleep", "sleep"),
  directory("etc"),
  textFile("etc/os-release", "ID=probe\n"),
  directory("tmp", 0o1777),
  directory("work"),
];

export type Change = (spec: RuntimeSpec) => RuntimeSpec;
const same: Change = (spec) => spec;

/** Writes a bundle at /srv/ID. @param owner whom its files belong to @returns its path */
export function* bundle(
  sys: Sys,
  id: string,
  change: Change = same,
  options: Partial<DefaultSpecOptions> = {},
  owner = 0,
): Activity<string> {
  const path = `/srv/${id}`;
  yield* sys.mkdir(path, 0o755);
  yield* sys.mkdir(`${path}/rootfs`, 0o755);
  yield* unpack(
    sys,
    `${path}/rootfs`,
    rootfs.map((entry) => ({ ...entry, uid: owner, gid: owner })),
  );
  yield* sys.chown(`${path}/rootfs`, owner, owner);
  const spec = change(defaultSpec({ args: ["/bin/probe", "x"], ...options }));
  yield* writeFile(sys, `${path}/config.json`, JSON.stringify(spec));
  return path;
}

/** A kernel whose program `probe` does what is given, and `sleep` waits for ever. */
export function machine(
  probe: (sys: Sys, argv: readonly string[], env: readonly string[]) => Activity<unknown>,
): Kernel {
  const made = kernel({ memory: 256 * 2 ** 20 });
  made.install({
    name: "probe",
    *main(sys, argv, env) {
      const status = yield* probe(sys, argv, env);
      return typeof status === "number" ? status : 0;
    },
  });
  made.install({
    name: "sleep",
    *main(sys) {
      for (;;) yield* sys.pause();
    },
  });
  return made;
}

/** Runs a function as the program of a container, from its creation to its removal. @returns what it gave */
export function inContainer<T>(
  body: (sys: Sys, argv: readonly string[], env: readonly string[]) => Activity<T>,
  change: Change = same,
  options: Partial<DefaultSpecOptions> = {},
  owner = 0,
): T {
  const seen: { value?: T; error?: unknown } = {};
  const host = machine(function* (sys, argv, env) {
    try {
      seen.value = yield* body(sys, argv, env);
    } catch (error) {
      seen.error = error instanceof Errno ? new Error(error.code) : error;
    }
  });
  const status = play(function* (sys) {
    yield* writeFile(sys, "/etc/secret", "secret");
    const path = yield* bundle(sys, "c", change, options, owner);
    const { pid } = yield* runtime.create(sys, "c", path);
    yield* runtime.start(sys, "c");
    const ended = yield* sys.wait4(pid);
    yield* runtime.delete(sys, "c");
    return ended?.status ?? -1;
  }, host);
  if (seen.error !== undefined) throw seen.error instanceof Error ? seen.error : new Error("failed");
  if (!("value" in seen)) throw new Error(`the container ended early: ${JSON.stringify(describeStatus(status))}`);
  return seen.value;
}
