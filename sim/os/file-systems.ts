import { UsageError } from "../core/index.js";
import type { BlockDisk } from "./block/block-disk.js";
import type { Cgroupfs } from "./cgroup/cgroupfs.js";
import { E } from "./errno.js";
import { AT_FDCWD } from "./flags.js";
import { noId } from "./namespace/user-namespace.js";
import { procfs } from "./proc/procfs.js";
import { sysfs } from "./proc/sysfs.js";
import { existing } from "./syscall/paths.js";
import type { KernelState, Task } from "./task/task.js";
import { Devpts, type Terminals } from "./tty/devpts.js";
import type { Caller } from "./vfs/caller.js";
import { devtmpfs } from "./vfs/devices.js";
import type { FileSystem, Inode } from "./vfs/inode.js";
import { Overlayfs } from "./vfs/overlay/overlayfs.js";
import type { Tmpfs } from "./vfs/tmpfs.js";

/** The kernel, as mounting asks of it. */
export interface Mounter extends KernelState {
  readonly caller: Caller;
  readonly cgroupfs: Cgroupfs;
  readonly terminals: Terminals;
  readonly devpts: Devpts;
  /** What the root file system lies on. */
  readonly rootDisk: BlockDisk;
  /** File systems of disks that are plugged in, by the path of the disk; see `plugDisk`. */
  readonly formattedDisks: ReadonlyMap<string, FileSystem>;
  /** A tmpfs whose pages are paid by whoever writes them. */
  tmpfs(size?: number, mode?: number, owner?: { readonly uid: number; readonly gid: number }): Tmpfs;
}

/** What mount(2) was told. */
interface Mounting {
  readonly kernel: Mounter;
  /** Undefined at boot. */
  readonly task: Task | undefined;
  readonly options: string;
  /** A disk's path, for types that need one. */
  readonly source: string;
}

/** "a=1,b" → a: "1", b: "". */
function parse(options: string): Map<string, string> {
  return new Map(
    options
      .split(",")
      .filter((one) => one !== "")
      .map((one) => {
        const at = one.indexOf("=");
        return at < 0 ? [one, ""] : [one.slice(0, at), one.slice(at + 1)];
      }),
  );
}

/** "64m" in bytes, as tmpfs(5) takes sizes. @throws EINVAL */
function sizeOf(text: string | undefined, memory: number): number | undefined {
  if (text === undefined) return undefined;
  const match = /^(\d+)([kmg%]?)$/i.exec(text);
  if (match === null) throw E.EINVAL;
  const units: Record<string, number> = { "": 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, "%": memory / 100 };
  return Number(match[1]) * (units[(match[2] ?? "").toLowerCase()] ?? 1);
}

function tmpfs({ kernel, task, options }: Mounting): FileSystem {
  const given = parse(options);
  const mode = given.get("mode");
  const names = task?.credentials.userNamespace ?? kernel.pidNamespace.userNamespace;
  const uid = names.uidToKernel(Number(given.get("uid") ?? names.shownUid(task?.credentials.euid ?? 0)));
  const gid = names.gidToKernel(Number(given.get("gid") ?? names.shownGid(task?.credentials.egid ?? 0)));
  if (uid === noId || gid === noId) throw E.EINVAL;
  // Half of the memory where nothing is said.
  const size = sizeOf(given.get("size"), kernel.memory) ?? kernel.memory / 2;
  return kernel.tmpfs(size, mode === undefined ? 0o1777 : Number.parseInt(mode, 8), { uid, gid });
}

function overlay({ kernel, task, options }: Mounting): FileSystem {
  if (task === undefined) throw new UsageError("an overlay is mounted by a task", "Mount it after boot.");
  const given = parse(options);
  const at = (path: string): Inode => {
    const { inode } = existing(task, AT_FDCWD, path);
    if (!inode.isDirectory) throw E.ENOTDIR;
    return inode;
  };
  const lower = given.get("lowerdir");
  const upper = given.get("upperdir");
  const work = given.get("workdir");
  if (lower === undefined) throw E.EINVAL;
  if (upper !== undefined) {
    if (work === undefined) throw E.EINVAL;
    // Both must be on one file system, and apart.
    const [above, beside] = [at(upper), at(work)];
    if (above.fs !== beside.fs || above === beside) throw E.EINVAL;
  }
  return new Overlayfs({
    device: kernel.nextDevice(),
    lower: lower.split(":").map(at),
    ...(upper !== undefined && { upper: at(upper) }),
    options,
    kernel: kernel.caller,
  });
}

/** The file system that is on a disk. @throws ENOENT where none is plugged in there, EINVAL where it is of another type */
const onDisk =
  (type: string) =>
  ({ kernel, source }: Mounting): FileSystem => {
    const found = kernel.formattedDisks.get(source);
    if (found === undefined) throw E.ENOENT;
    if (found.type !== type) throw E.EINVAL;
    return found;
  };

/** What mount(2) knows, by type. */
export const fileSystemTypes: Readonly<Record<string, ((mounting: Mounting) => FileSystem) | undefined>> = {
  tmpfs,
  overlay,
  ext4: onDisk("ext4"),
  proc: ({ kernel, task }) => procfs(kernel, task?.pidNamespace ?? kernel.pidNamespace),
  sysfs: ({ kernel, task }) => sysfs(kernel, (task?.namespaces ?? kernel.namespaces).net),
  devpts: ({ kernel }) => new Devpts(kernel.nextDevice(), kernel.terminals),
  cgroup2: ({ kernel, task }) => kernel.cgroupfs.at(task?.namespaces.cgroup.root ?? kernel.cgroups),
  devtmpfs: ({ kernel }) =>
    devtmpfs(
      kernel.nextDevice(),
      kernel.engine,
      (inode, flags, caller) => kernel.openSpecial(inode, flags, caller),
      kernel.disks.values(),
    ),
};
