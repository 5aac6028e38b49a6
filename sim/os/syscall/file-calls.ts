import type { Activity } from "../../core/index.js";
import type { Errno } from "../errno.js";
import { E } from "../errno.js";
import {
  AT_FDCWD,
  O_ACCMODE,
  O_APPEND,
  O_CLOEXEC,
  O_CREAT,
  O_DIRECTORY,
  O_EXCL,
  O_NOFOLLOW,
  O_NONBLOCK,
  O_PATH,
  O_RDONLY,
  O_TRUNC,
  S_IFBLK,
  S_IFCHR,
  S_IFLNK,
  S_IFREG,
  SEEK_CUR,
  SEEK_END,
  SEEK_SET,
} from "../flags.js";
import { send } from "../task/signal-sending.js";
import { SIGPIPE, SIGXFSZ } from "../task/signals.js";
import type { Task } from "../task/task.js";
import type { Channel, Inode } from "../vfs/inode.js";
import type { Place } from "../vfs/mount.js";
import { OpenFile } from "../vfs/open-file.js";
import { demand } from "../vfs/permission.js";
import { moved } from "./descriptors.js";
import { isActivity } from "./interposer.js";
import { demandWritable, target } from "./paths.js";
import { full, partial, type Rows } from "./row.js";

/** A directory opened, or anything by O_PATH: nothing to read or write. */
class Unreadable implements Channel {
  readonly seekable = true;
  readonly #error: Errno;

  constructor(error: Errno) {
    this.#error = error;
  }

  read(): Uint8Array {
    throw this.#error;
  }

  write(): number {
    throw this.#error;
  }
}

const directoryChannel = new Unreadable(E.EISDIR);
const pathChannel = new Unreadable(E.EBADF);

/** An inode's channel may have to wait for the other end: a named pipe's. */
interface Opening {
  opening(nonblocking: boolean): Activity<undefined> | undefined;
}

const hasOpening = (channel: Channel): channel is Channel & Opening => "opening" in channel;

/** Access bits that an open mode asks of a file. */
const wantedBy = (flags: number): number => {
  const mode = flags & O_ACCMODE;
  return (mode === O_RDONLY ? 4 : mode === 1 ? 2 : 6) | ((flags & O_TRUNC) !== 0 ? 2 : 0);
};

function find(task: Task, directory: number, path: string, flags: number, mode: number, restrict: number): Place {
  const exclusive = (flags & O_CREAT) !== 0 && (flags & O_EXCL) !== 0;
  const follow = (flags & O_NOFOLLOW) === 0 && !exclusive;
  const found = target(task, directory, path, { follow, ...(restrict !== 0 && { restrict }) });
  const { place } = found;
  if (place !== undefined) {
    if (exclusive) throw E.EEXIST;
    checkOpen(task, place, flags);
    return place;
  }
  if ((flags & O_CREAT) === 0) throw E.ENOENT;
  if (found.slash || (flags & O_DIRECTORY) !== 0) throw E.EISDIR;
  const { inode } = found.directory;
  demand(task.credentials, inode, 3);
  demandWritable(found.directory);
  const { euid: uid, egid: gid } = task.credentials;
  const made = inode.create(found.name, { mode: S_IFREG | (mode & 0o7777 & ~task.context.umask), uid, gid }, task);
  return { mount: found.directory.mount, inode: made, directory: found.directory, name: found.name };
}

function checkOpen(task: Task, { inode, mount }: Place, flags: number): void {
  if ((flags & O_PATH) === 0 && inode.type === S_IFLNK) throw E.ELOOP;
  if ((flags & O_DIRECTORY) !== 0 && !inode.isDirectory) throw E.ENOTDIR;
  if ((flags & O_PATH) !== 0) return;
  const wanted = wantedBy(flags);
  if (inode.isDirectory && ((wanted & 2) !== 0 || (flags & O_CREAT) !== 0)) throw E.EISDIR;
  const isDevice = inode.type === S_IFCHR || inode.type === S_IFBLK;
  if (isDevice && mount.nodev) throw E.EACCES;
  demand(task.credentials, inode, wanted);
  if ((wanted & 2) !== 0 && inode.isRegular && mount.readonly) throw E.EROFS;
}

function channelOf(task: Task, inode: Inode, flags: number): Channel {
  if ((flags & O_PATH) !== 0) return pathChannel;
  return inode.isDirectory ? directoryChannel : inode.open(flags, task);
}

function install(task: Task, channel: Channel, flags: number, place: Place): number {
  const file = new OpenFile(channel, flags & ~(O_CREAT | O_EXCL | O_TRUNC | O_CLOEXEC), place);
  return task.files.add(file, (flags & O_CLOEXEC) !== 0, task.limits.files);
}

function open(
  task: Task,
  directory: number,
  path: string,
  flags: number,
  mode: number,
  restrict: number,
): number | Activity<number> {
  const place = find(task, directory, path, flags, mode, restrict);
  const channel = channelOf(task, place.inode, flags);
  if (!hasOpening(channel)) return install(task, channel, flags, place);
  const waits = channel.opening((flags & O_NONBLOCK) !== 0);
  if (waits === undefined) return install(task, channel, flags, place);
  return (function* () {
    yield* waits;
    return install(task, channel, flags, place);
  })();
}

function readAt(
  task: Task,
  descriptor: number,
  length: number,
  offset: number | undefined,
): Uint8Array | Activity<Uint8Array> {
  const file = task.files.file(descriptor);
  if (!file.readable) throw E.EBADF;
  if (offset !== undefined && !file.channel.seekable) throw E.ESPIPE;
  const done = (bytes: Uint8Array): Uint8Array => {
    if (offset === undefined && file.channel.seekable) file.offset += bytes.length;
    moved(task, bytes.length);
    return bytes;
  };
  const bytes = file.channel.read(task, offset ?? file.offset, length, file.nonblocking);
  if (!isActivity(bytes)) return done(bytes);
  return (function* () {
    return done(yield* bytes);
  })();
}

function writeAt(
  task: Task,
  descriptor: number,
  bytes: Uint8Array,
  offset: number | undefined,
): number | Activity<number> {
  const file = task.files.file(descriptor);
  const { channel } = file;
  if (!file.writable) throw E.EBADF;
  if (offset !== undefined && !channel.seekable) throw E.ESPIPE;
  const at = offset ?? (file.appends ? (file.place?.inode.attributes().size ?? file.offset) : file.offset);
  const regular = file.place?.inode.isRegular === true;
  if (regular && at + bytes.length > task.limits.fileSize) {
    // Nothing fits: SIGXFSZ and EFBIG; else what does.
    if (at >= task.limits.fileSize) {
      send(task, SIGXFSZ, undefined);
      throw E.EFBIG;
    }
    bytes = bytes.subarray(0, task.limits.fileSize - at);
  }
  const done = (taken: number): number => {
    if (offset === undefined && channel.seekable) file.offset = at + taken;
    moved(task, taken);
    return taken;
  };
  try {
    const taken = channel.write(task, at, bytes, file.nonblocking);
    if (!isActivity(taken)) return done(taken);
    return (function* () {
      try {
        return done(yield* taken);
      } catch (error) {
        throw broken(task, error);
      }
    })();
  } catch (error) {
    throw broken(task, error);
  }
}

/** Who writes where nobody reads any more gets SIGPIPE beside the error. */
function broken(task: Task, error: unknown): unknown {
  if (error === E.EPIPE) send(task, SIGPIPE, task);
  return error;
}

export const fileCalls = {
  open(task: Task, path: string, flags: number = O_RDONLY, mode: number = 0o666): number | Activity<number> {
    return open(task, AT_FDCWD, path, flags, mode, 0);
  },
  openat(
    task: Task,
    directory: number,
    path: string,
    flags: number = O_RDONLY,
    mode: number = 0o666,
  ): number | Activity<number> {
    return open(task, directory, path, flags, mode, 0);
  },
  openat2(
    task: Task,
    directory: number,
    path: string,
    how: { readonly flags: number; readonly mode?: number; readonly resolve?: number },
  ): number | Activity<number> {
    return open(task, directory, path, how.flags, how.mode ?? 0, how.resolve ?? 0);
  },
  close(task: Task, descriptor: number): undefined {
    task.files.remove(descriptor);
  },
  read(task: Task, descriptor: number, length: number): Uint8Array | Activity<Uint8Array> {
    return readAt(task, descriptor, length, undefined);
  },
  pread64(task: Task, descriptor: number, length: number, offset: number): Uint8Array | Activity<Uint8Array> {
    return readAt(task, descriptor, length, offset);
  },
  write(task: Task, descriptor: number, bytes: Uint8Array): number | Activity<number> {
    return writeAt(task, descriptor, bytes, undefined);
  },
  pwrite64(task: Task, descriptor: number, bytes: Uint8Array, offset: number): number | Activity<number> {
    return writeAt(task, descriptor, bytes, offset);
  },
  lseek(task: Task, descriptor: number, offset: number, whence: number = SEEK_SET): number {
    const file = task.files.file(descriptor);
    if (!file.channel.seekable) throw E.ESPIPE;
    const size = (): number => file.place?.inode.attributes().size ?? 0;
    const from = whence === SEEK_SET ? 0 : whence === SEEK_CUR ? file.offset : whence === SEEK_END ? size() : undefined;
    if (from === undefined || from + offset < 0) throw E.EINVAL;
    file.offset = from + offset;
    return file.offset;
  },
  dup(task: Task, descriptor: number): number {
    return task.files.add(task.files.file(descriptor), false, task.limits.files);
  },
  dup2(task: Task, descriptor: number, to: number): number {
    const file = task.files.file(descriptor);
    if (to < 0 || to >= task.limits.files) throw E.EBADF;
    if (to !== descriptor) task.files.set(to, file, false);
    return to;
  },
  dup3(task: Task, descriptor: number, to: number, flags: number = 0): number {
    const file = task.files.file(descriptor);
    if (to === descriptor) throw E.EINVAL;
    if (to < 0 || to >= task.limits.files) throw E.EBADF;
    task.files.set(to, file, (flags & O_CLOEXEC) !== 0);
    return to;
  },
  fcntl(task: Task, descriptor: number, command: string, argument: number = 0): number {
    const file = task.files.file(descriptor);
    switch (command) {
      case "F_DUPFD":
      case "F_DUPFD_CLOEXEC":
        return task.files.add(file, command === "F_DUPFD_CLOEXEC", task.limits.files, argument);
      case "F_GETFD":
        return task.files.closesOnExec(descriptor) ? 1 : 0;
      case "F_SETFD":
        task.files.set(descriptor, file, (argument & 1) !== 0);
        return 0;
      case "F_GETFL":
        return file.flags;
      case "F_SETFL":
        file.flags = (file.flags & ~(O_APPEND | O_NONBLOCK)) | (argument & (O_APPEND | O_NONBLOCK));
        return 0;
      default:
        throw E.EINVAL;
    }
  },
  ioctl(task: Task, descriptor: number, request: string, argument?: unknown): unknown {
    const { channel } = task.files.file(descriptor);
    if (channel.ioctl === undefined) throw E.ENOTTY;
    return channel.ioctl(task, request, argument);
  },
  fsync(task: Task, descriptor: number): undefined | Activity<undefined> {
    return task.files.file(descriptor).channel.sync?.(task);
  },
  fdatasync(task: Task, descriptor: number): undefined | Activity<undefined> {
    return fileCalls.fsync(task, descriptor);
  },
  sync(task: Task): undefined | Activity<undefined> {
    return task.kernel.pageCache.sync(task);
  },
  syncfs(task: Task, descriptor: number): undefined | Activity<undefined> {
    task.files.file(descriptor);
    return fileCalls.sync(task);
  },
};

const stringCommands = "commands and requests are names, not numbers";

export const fileRows: Rows<typeof fileCalls> = {
  open: full(2, "path"),
  openat: full(257, "path"),
  openat2: partial(437, "no RESOLVE_CACHED", "path"),
  close: full(3),
  read: full(0),
  pread64: full(17),
  write: full(1),
  pwrite64: full(18),
  lseek: partial(8, "no SEEK_DATA, SEEK_HOLE"),
  dup: full(32),
  dup2: full(33),
  dup3: full(292),
  fcntl: partial(72, `${stringCommands}; no locks, leases, seals`),
  ioctl: partial(16, `${stringCommands}; those of terminals`),
  fsync: partial(74, "no error for pipes and sockets"),
  fdatasync: partial(75, "as fsync: there is no metadata to be spared"),
  sync: full(162),
  syncfs: partial(306, "writes all file systems"),
};
