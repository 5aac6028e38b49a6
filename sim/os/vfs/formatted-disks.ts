import { UsageError, type Bytes } from "../../core/index.js";
import { E } from "../errno.js";
import { makedev, S_IFBLK, S_IFDIR } from "../flags.js";
import { Task } from "../task/task.js";
import type { DriveHost } from "./block-devices.js";
import type { Clock, FileSystem, Inode } from "./inode.js";
import { resolve } from "./resolve.js";
import { Tmpfs } from "./tmpfs.js";

/** Of the numbers that are for local use: admin-guide/devices.txt. */
const major = 253;

/** A file system that grows with its disk. */
export interface FormattedDisk extends FileSystem {
  /** Has it hold so many bytes from now on. */
  grow(size: number): void;
}

/**
 * A disk with a fresh ext4 on it, that can be plugged into one kernel after another: what is written stays on it. Names and bytes alone are
 * kept: no blocks, no journal, and reading takes no time.
 * @param number tells disks apart, as the device's minor number does
 */
export const formattedDisk = (clock: Clock, size: Bytes, number: number): FormattedDisk =>
  new Tmpfs({
    device: makedev(major, number),
    clock,
    size,
    mode: 0o755,
    type: "ext4",
    // Pipes and devices belong to the kernel that opens them.
    openSpecial: (inode: Inode, flags, caller) => {
      if (!(caller instanceof Task)) throw E.ENXIO;
      return caller.kernel.openSpecial(inode, flags, caller);
    },
  });

type DiskHost = DriveHost & { readonly formattedDisks: Map<string, FileSystem> };

/** A directory below the root of the kernel's files, made where it isn't there. */
function directory(kernel: DriveHost, path: readonly string[]): Inode {
  let inode = kernel.root.inode;
  // What is mounted over /dev is where devices are.
  const [first, ...rest] = path;
  const place = resolve({ ...kernel.caller, root: kernel.root, cwd: kernel.root }, `/${first ?? ""}`).place;
  if (place !== undefined) ({ inode } = place);
  for (const name of rest)
    inode =
      inode.lookup(name, kernel.caller) ?? inode.create(name, { mode: S_IFDIR | 0o755, uid: 0, gid: 0 }, kernel.caller);
  return inode;
}

const pathOf = (serial: string): string => `/dev/disk/by-id/virtio-${serial}`;

/**
 * Plugs a disk in: it appears as a block device, to be mounted as `ext4`.
 * @returns its path
 * @throws UsageError where one of that serial number is there already
 */
export function plugDisk(kernel: DiskHost, serial: string, disk: FileSystem): string {
  const path = pathOf(serial);
  if (kernel.formattedDisks.has(path))
    throw new UsageError(`there is a disk ${serial} already`, "Pull it out first, or give another serial number.");
  kernel.formattedDisks.set(path, disk);
  const [, ...parts] = path.split("/");
  const name = parts.pop() ?? "";
  const { caller } = kernel;
  directory(kernel, parts).create(name, { mode: S_IFBLK | 0o660, uid: 0, gid: 6, rdev: disk.device }, caller);
  return path;
}

/**
 * Pulls a disk out: it can't be mounted any more.
 * Simplification: where it still is mounted it goes on being read and written, as it would not be.
 */
export function pullDisk(kernel: DiskHost, serial: string): void {
  const path = pathOf(serial);
  if (!kernel.formattedDisks.delete(path)) return;
  const [, ...parts] = path.split("/");
  const name = parts.pop() ?? "";
  directory(kernel, parts).remove(name, false, kernel.caller);
}
