import { UsageError, type Activity } from "../../core/index.js";
import { sectorSize, type Drive } from "../../storage/index.js";
import { BlockDisk } from "../block/block-disk.js";
import { E } from "../errno.js";
import { majorOf, makedev, S_IFBLK } from "../flags.js";
import type { Mounter } from "../file-systems.js";
import { Task } from "../task/task.js";
import { wait } from "../task/waiting.js";
import type { Caller } from "./caller.js";
import type { Channel } from "./inode.js";
import { resolve } from "./resolve.js";
import type { Devices } from "./devices.js";

/** Block devices with numbers of their own: BLOCK_EXT_MAJOR, admin-guide/devices.txt. */
const major = 259;

/** A kernel, as somebody who gives it a drive sees it. */
export interface DriveHost extends Mounter {
  readonly devices: Devices;
  readonly disks: Map<number, BlockDisk>;
  readonly root: Parameters<typeof resolve>[0]["root"];
}

/**
 * Gives a machine a drive: /dev/NAME, which is read and written directly, past all caches, as with O_DIRECT. A call moves its bytes and waits
 * for the drive, and before that for its group's io.max; what it costs the CPU is the call's own, a page's copy for each page, and the switches that waiting leads to.
 * @throws UsageError for a name that is taken
 */
export function attachDrive(kernel: DriveHost, name: string, drive: Drive): void {
  const walker = { ...kernel.caller, root: kernel.root, cwd: kernel.root };
  const { place } = resolve(walker, "/dev");
  if (place?.inode.isDirectory !== true) throw new UsageError("there is no /dev", "Give the root file system one.");
  if (place.inode.lookup(name, kernel.caller) !== undefined)
    throw new UsageError(`there is a /dev/${name} already`, "Give the drive another name.");
  const minor = [...kernel.disks.keys()].filter((one) => majorOf(one) === major).length;
  const rdev = makedev(major, minor);
  const disk = new BlockDisk(kernel.engine, name, rdev, undefined);
  kernel.disks.set(rdev, disk);
  kernel.devices.register(major, minor, () => channelOf(drive, disk));
  place.inode.create(name, { mode: S_IFBLK | 0o660, uid: 0, gid: 6, rdev }, kernel.caller);
}

function channelOf(drive: Drive, disk: BlockDisk): Channel {
  /** @throws EINVAL for what O_DIRECT refuses: parts of sectors */
  const sectors = (offset: number, length: number): { readonly lba: number; readonly count: number } => {
    if (offset % sectorSize !== 0 || length % sectorSize !== 0 || length === 0) throw E.EINVAL;
    if (offset + length > drive.sectors * sectorSize) throw E.ENOSPC;
    return { lba: offset / sectorSize, count: length / sectorSize };
  };
  function* access(caller: Caller, op: "read" | "write", at: ReturnType<typeof sectors>): Activity<void> {
    if (!(caller instanceof Task)) throw E.EIO;
    const passed = disk.pass(caller.cgroup, op, at.count * sectorSize);
    if (passed !== undefined) yield* wait(caller, passed, "uninterruptible", "blk_throtl", "io");
    const done = drive.submit({ op, ...at });
    const pages = Math.round((caller.kernel.costs.page * at.count * sectorSize) / 4096);
    caller.debt += pages;
    caller.systemTime += pages;
    yield* wait(caller, done, "uninterruptible", "blkdev", "io");
  }
  return {
    seekable: true,
    *read(caller, offset, length) {
      const at = sectors(offset, length);
      yield* access(caller, "read", at);
      return drive.read(at.lba, at.count);
    },
    *write(caller, offset, bytes) {
      const at = sectors(offset, bytes.length);
      drive.write(at.lba, bytes);
      yield* access(caller, "write", at);
      return bytes.length;
    },
  };
}
