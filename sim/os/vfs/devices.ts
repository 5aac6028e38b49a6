import { E } from "../errno.js";
import { majorOf, makedev, minorOf, O_ACCMODE, O_RDONLY, O_WRONLY, S_IFBLK, S_IFCHR } from "../flags.js";
import type { Caller } from "./caller.js";
import type { Channel, Clock, Inode } from "./inode.js";
import { Tmpfs } from "./tmpfs.js";

/** A character device's driver: opens it for a caller. */
export type Driver = (inode: Inode, flags: number, caller: Caller) => Channel;

/** Which driver serves a device, by its number: admin-guide/devices.txt. */
export class Devices {
  readonly #drivers = new Map<number, Driver>();

  /** @param minor undefined for all of a major's */
  register(major: number, minor: number | undefined, driver: Driver): void {
    this.#drivers.set(minor === undefined ? -major : makedev(major, minor), driver);
  }

  /** @throws EPERM where its control group refuses it; ENXIO where nobody serves it */
  open(inode: Inode, flags: number, caller: Caller): Channel {
    const { rdev } = inode;
    demandDevice(caller, inode.type, rdev, accessOf(flags));
    const driver = this.#drivers.get(rdev) ?? this.#drivers.get(-majorOf(rdev));
    if (driver === undefined || (inode.type !== S_IFCHR && inode.type !== S_IFBLK)) throw E.ENXIO;
    return driver(inode, flags, caller);
  }
}

const accessOf = (flags: number): string => {
  const mode = flags & O_ACCMODE;
  return mode === O_RDONLY ? "r" : mode === O_WRONLY ? "w" : "rw";
};

/** devcgroup_check_permission() in Linux. @param access letters of a rule's @throws EPERM */
export function demandDevice(caller: Caller, type: number, device: number, access: string): void {
  const wanted = {
    type: type === S_IFBLK ? "b" : "c",
    major: majorOf(device),
    minor: minorOf(device),
    access,
  } as const;
  if (caller.mayUse?.(wanted) === false) throw E.EPERM;
}

const sink = (_caller: Caller, _offset: number, bytes: Uint8Array): number => bytes.length;

/** null, zero, full, random, urandom: drivers/char/mem.c, null(4), full(4), random(4). */
export function registerMemoryDevices(devices: Devices, random: (length: number) => Uint8Array): void {
  const memory = (read: (length: number) => Uint8Array, write: Channel["write"] = sink): Driver => {
    const channel: Channel = { seekable: false, read: (_caller, _offset, length) => read(length), write };
    return () => channel;
  };
  const zeros = (length: number): Uint8Array => new Uint8Array(length);
  devices.register(
    1,
    3,
    memory(() => new Uint8Array(0)),
  );
  devices.register(1, 5, memory(zeros));
  devices.register(
    1,
    7,
    memory(zeros, () => {
      throw E.ENOSPC;
    }),
  );
  devices.register(1, 8, memory(random));
  devices.register(1, 9, memory(random));
}

/** devtmpfs: a tmpfs with the nodes of the devices that there are. */
export function devtmpfs(
  device: number,
  clock: Clock,
  open: (inode: Inode, flags: number, caller: Caller) => Channel,
  disks: Iterable<{ readonly name: string; readonly number: number }>,
): Tmpfs {
  const fs = new Tmpfs({ device, clock, mode: 0o755, openSpecial: open, type: "devtmpfs" });
  const { root } = fs;
  const owner = { uid: 0, gid: 0 };
  for (const [name, minor] of [
    ["null", 3],
    ["zero", 5],
    ["full", 7],
    ["random", 8],
    ["urandom", 9],
  ] as const) {
    root.create(name, { mode: S_IFCHR | 0o666, ...owner, rdev: makedev(1, minor) });
  }
  for (const { name, number } of disks) root.create(name, { mode: S_IFBLK | 0o660, uid: 0, gid: 6, rdev: number });
  root.create("tty", { mode: S_IFCHR | 0o666, uid: 0, gid: 5, rdev: makedev(5, 0) });
  root.create("console", { mode: S_IFCHR | 0o600, ...owner, rdev: makedev(5, 1) });
  root.create("ptmx", { mode: S_IFCHR | 0o666, uid: 0, gid: 5, rdev: makedev(5, 2) });
  root.create("pts", { mode: 0o040755, ...owner });
  root.create("shm", { mode: 0o041777, ...owner });
  for (const [name, target] of [
    ["fd", "/proc/self/fd"],
    ["stdin", "/proc/self/fd/0"],
    ["stdout", "/proc/self/fd/1"],
    ["stderr", "/proc/self/fd/2"],
  ] as const) {
    root.create(name, { mode: 0o120777, ...owner, target });
  }
  return fs;
}
