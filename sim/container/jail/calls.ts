import { fail } from "./errno.js";
import { devfs, jailFriendly } from "./mount.js";
import { lookup, namei, pathFrom } from "./namei.js";
import type { OpenFile, Process } from "./process.js";
import { Vnode } from "./vnode.js";

const may = ({ credentials }: Process, node: Vnode, bit: 4 | 2 | 1): boolean => {
  if (credentials.uid === 0) return true;
  const shift = node.uid === credentials.uid ? 6 : 0;
  return ((node.mode >> shift) & bit) !== 0;
};

const demand = (process: Process, node: Vnode, bit: 4 | 2 | 1): void => {
  if (!may(process, node, bit)) fail("EACCES");
};

function vnodeAt(process: Process, descriptor: number): Extract<OpenFile, { readonly kind: "vnode" }> {
  const file = process.file(descriptor);
  return file.kind === "vnode" ? file : fail("EINVAL");
}

/** Makes a name; what it is to be is made by `make`. */
function create(process: Process, path: string, make: () => Vnode): Vnode {
  const { directory, name, node } = namei(process, path, false);
  if (node !== undefined) fail("EEXIST");
  demand(process, directory, 2);
  const made = make();
  made.uid = process.credentials.uid;
  return directory.add(name, made);
}

function demandChangeable(process: Process, node: Vnode): void {
  if (!node.immutable) return;
  process.demand("VFS_SYSFLAGS");
  process.demandLevel(0);
  fail("EPERM");
}

/** chroot(2)'s guard against descriptors by which a process would come out again: kern.chroot_allow_open_directories. */
function demandNoOpenDirectory(process: Process): void {
  const { kernel, directories, files } = process;
  const { chrootAllowOpenDirectories: rule } = kernel;
  const already = directories.root !== kernel.root;
  if (rule !== 0 && !(rule === 1 && already)) return;
  for (const file of files.values()) if (file.kind === "vnode" && file.node.type === "directory") fail("EPERM");
}

/** Gives a process another root; the first one that it ever got stays the one that ".." doesn't pass. */
export function changeRoot(process: Process, node: Vnode): void {
  if (node.type !== "directory") fail("ENOTDIR");
  demandNoOpenDirectory(process);
  const { directories } = process;
  process.directories = { ...directories, root: node, jail: directories.jail ?? node };
}

export const fileCalls = {
  open(process: Process, path: string, flags: { readonly write?: boolean; readonly create?: boolean } = {}): number {
    const { write = false } = flags;
    const found = namei(process, path);
    const node =
      found.node ?? (flags.create === true ? create(process, path, () => new Vnode("file", 0o644)) : fail("ENOENT"));
    demand(process, node, write ? 2 : 4);
    if (write && node.type === "directory") fail("EISDIR");
    if (write) demandChangeable(process, node);
    // Disks are written by nobody where the securelevel is 2 or more, security(7).
    if (write && node.device?.disk === true) process.demandLevel(1);
    return process.add({ kind: "vnode", node, writable: write });
  },
  read(process: Process, descriptor: number): Uint8Array {
    const { node } = vnodeAt(process, descriptor);
    if (node.type === "directory") fail("EISDIR");
    return node.device?.read() ?? node.content;
  },
  write(process: Process, descriptor: number, text: string): number {
    const file = process.file(descriptor);
    if (file.kind === "output") file.write(text);
    else {
      const { node, writable } = vnodeAt(process, descriptor);
      if (!writable) fail("EBADF");
      const bytes = process.kernel.encode(text);
      const all = new Uint8Array(node.content.length + bytes.length);
      all.set(node.content);
      all.set(bytes, node.content.length);
      node.content = all;
    }
    return text.length;
  },
  close(process: Process, descriptor: number): void {
    process.file(descriptor);
    process.files.delete(descriptor);
  },
  closefrom(process: Process, lowest: number): void {
    for (const descriptor of [...process.files.keys()]) if (descriptor >= lowest) process.files.delete(descriptor);
  },
  getdirentries(process: Process, descriptor: number): readonly string[] {
    const { node } = vnodeAt(process, descriptor);
    if (node.type !== "directory") fail("ENOTDIR");
    return [...node.names.keys()].sort();
  },
  fstatat(process: Process, path: string): { readonly type: string; readonly mode: number; readonly uid: number } {
    const { type, mode, uid } = lookup(process, path);
    return { type, mode, uid };
  },
  mkdir(process: Process, path: string, mode: number = 0o755): void {
    create(process, path, () => new Vnode("directory", mode));
  },
  symlink(process: Process, target: string, path: string): void {
    create(process, path, () => Object.assign(new Vnode("link", 0o777), { target }));
  },
  unlink(process: Process, path: string): void {
    const { directory, name, node = fail("ENOENT") } = namei(process, path, false);
    if (node.type === "directory") fail("EISDIR");
    demand(process, directory, 2);
    demandChangeable(process, node);
    directory.names.delete(name);
  },
  chmod(process: Process, path: string, mode: number): void {
    const node = lookup(process, path);
    if (node.uid !== process.credentials.uid) process.demand("VFS_ADMIN");
    demandChangeable(process, node);
    node.mode = mode;
  },
  chown(process: Process, path: string, uid: number): void {
    const node = lookup(process, path);
    process.demand("VFS_CHOWN");
    node.uid = uid;
  },
  /** Only the flag schg. */
  chflags(process: Process, path: string, immutable: boolean): void {
    const node = lookup(process, path);
    process.demand("VFS_SYSFLAGS");
    if (node.immutable) process.demandLevel(0);
    node.immutable = immutable;
  },
  /** Device nodes outside of devfs open nothing; the privilege is asked for all the same. */
  mknodat(process: Process, path: string): void {
    process.demand("VFS_MKNOD_DEV");
    create(process, path, () => new Vnode("device", 0o600));
  },
  chdir(process: Process, path: string): void {
    const node = lookup(process, path);
    if (node.type !== "directory") fail("ENOTDIR");
    demand(process, node, 1);
    process.directories = { ...process.directories, current: node };
  },
  /** Asks nothing about where the directory is: that is what a descriptor from outside is good for. */
  fchdir(process: Process, descriptor: number): void {
    const { node } = vnodeAt(process, descriptor);
    if (node.type !== "directory") fail("ENOTDIR");
    demand(process, node, 1);
    process.directories = { ...process.directories, current: node };
  },
  /** The current directory stays what it is, chroot(2). */
  chroot(process: Process, path: string): void {
    process.demand("VFS_CHROOT");
    changeRoot(process, lookup(process, path));
  },
  /** nmount(2): devfs, nullfs and tmpfs. A jail needs the privilege, and permission for the file system. */
  nmount(
    process: Process,
    options: { readonly fstype: string; readonly fspath: string; readonly from?: string; readonly ruleset?: number },
  ): void {
    const { fstype, fspath, from, ruleset = 0 } = options;
    const { kernel, prison } = process;
    process.demand("VFS_MOUNT");
    const permission = jailFriendly[fstype];
    if (permission === undefined) fail("ENODEV");
    if (prison.parent !== undefined && !prison.allows(permission)) fail("EPERM");
    const covered = lookup(process, fspath);
    if (covered.type !== "directory") fail("ENOTDIR");
    const root =
      fstype === "devfs"
        ? devfs(kernel.devices, prison.parent === undefined ? ruleset : prison.devfsRuleset)
        : fstype === "nullfs"
          ? lookup(process, from ?? fail("EINVAL"))
          : new Vnode("directory", 0o777);
    kernel.mounts.push({
      type: fstype,
      from: from ?? fstype,
      on: pathFrom(process, kernel.root, covered),
      covered,
      root,
      prison,
    });
  },
  unmount(process: Process, path: string): void {
    process.demand("VFS_UNMOUNT");
    const node = lookup(process, path);
    const { mounts } = process.kernel;
    const at = mounts.findLastIndex(({ root }) => root === node);
    const mount = mounts[at] ?? fail("EINVAL");
    if (!mount.prison.isWithin(process.prison)) fail("EPERM");
    mounts.splice(at, 1);
  },
  /** getfsstat(2): enforce_statfs leaves the root's file system (2) or what lies below the jail's root (1). */
  getfsstat(process: Process): readonly { readonly type: string; readonly on: string }[] {
    const { kernel, prison } = process;
    const all = [{ type: "ufs", on: "/" }, ...kernel.mounts.map(({ type, on }) => ({ type, on }))];
    if (prison.enforceStatfs === 0 || prison.parent === undefined) return all;
    const below = all
      .filter(({ on }) => on.startsWith(`${prison.path}/`))
      .map(({ type, on }) => ({ type, on: on.slice(prison.path.length) }));
    const root = { type: all.findLast(({ on }) => on === prison.path)?.type ?? "ufs", on: "/" };
    return prison.enforceStatfs === 2 ? [root] : [root, ...below];
  },
};
