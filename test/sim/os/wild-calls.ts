import fc from "fast-check";
import { encodeUtf8 } from "../../../sim/core/index.js";
import {
  allCapabilities,
  CLONE_NEWNS,
  CLONE_NEWPID,
  CLONE_NEWUSER,
  CLONE_NEWUTS,
  MNT_DETACH,
  MS_BIND,
  MS_REC,
  MS_SHARED,
  noCapabilities,
  O_CREAT,
  O_RDWR,
  O_WRONLY,
} from "../../../sim/os/index.js";

/** A system call by its name, with its arguments. */
export type Call = readonly [name: string, ...args: readonly unknown[]];

/** Paths of up to six of these names, from where one stands or from the root. */
export const pathsOf = (...names: readonly string[]): fc.Arbitrary<string> =>
  fc
    .tuple(fc.constantFrom("", "/"), fc.array(fc.constantFrom("..", ".", ...names), { minLength: 1, maxLength: 6 }))
    .map(([root, parts]) => `${root}${parts.join("/")}`);

/** What a root tries that wants to reach what is outside of its container: one call at a time, on files, processes, names, rights. */
export const wildCall = ({
  path,
  pid,
}: {
  readonly path: fc.Arbitrary<string>;
  readonly pid: fc.Arbitrary<number>;
}): fc.Arbitrary<Call> =>
  fc.oneof(
    fc.tuple(fc.constantFrom("chdir", "chroot", "rmdir", "unlink", "mkdir", "readlink"), path),
    fc.tuple(fc.constantFrom("rename", "link", "symlink", "pivot_root"), path, path),
    fc.tuple(fc.constant("open"), path, fc.constantFrom(0, O_RDWR, O_WRONLY | O_CREAT)),
    fc.tuple(fc.constant("write"), fc.integer({ min: 0, max: 8 }), fc.constant(encodeUtf8("overwritten"))),
    fc.tuple(
      fc.constant("mount"),
      path,
      path,
      fc.constantFrom("proc", "tmpfs", "sysfs", "cgroup2", "devtmpfs", undefined),
      fc.constantFrom(0, MS_BIND, MS_BIND | MS_REC, MS_SHARED | MS_REC),
    ),
    fc.tuple(fc.constant("umount2"), path, fc.constantFrom(0, MNT_DETACH)),
    fc.tuple(fc.constant("kill"), pid, fc.constantFrom("SIGKILL", "SIGSTOP", "SIGTERM")),
    fc.tuple(fc.constantFrom("setuid", "setgid"), fc.integer({ min: 0, max: 70_000 })),
    fc.tuple(fc.constant("unshare"), fc.constantFrom(CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWUTS)),
    fc.tuple(fc.constant("setns"), fc.integer({ min: 0, max: 6 }), fc.constant(0)),
    fc.tuple(fc.constant("sethostname"), fc.constant("taken")),
    fc.tuple(fc.constant("mknod"), path, fc.constantFrom(0o010666, 0o020666, 0o060666), fc.constantFrom(0, 259, 2048)),
    fc.tuple(fc.constant("chown"), path, fc.integer({ min: -1, max: 70_000 }), fc.constant(0)),
    fc.tuple(fc.constant("chmod"), path, fc.constant(0o777)),
    fc.tuple(
      fc.constant("capset"),
      fc.constant({ permitted: allCapabilities, effective: allCapabilities, inheritable: noCapabilities }),
    ),
    fc.tuple(fc.constant("setpriority"), pid, fc.constant(-20)),
  );
