import { E } from "../errno.js";
import { AT_FDCWD } from "../flags.js";
import type { Task } from "../task/task.js";
import type { Place } from "../vfs/mount.js";
import { resolve, type Resolution, type Target } from "../vfs/resolve.js";

/** Where relative paths of an …at(2) call begin. @throws EBADF, ENOTDIR */
export function baseOf(task: Task, directory: number): Place | undefined {
  if (directory === AT_FDCWD) return undefined;
  const { place } = task.files.file(directory);
  if (place?.inode.isDirectory !== true) throw E.ENOTDIR;
  return place;
}

export function target(task: Task, directory: number, path: string, options: Resolution = {}): Target {
  const base = path.startsWith("/") && options.restrict === undefined ? undefined : baseOf(task, directory);
  return resolve(task, path, options, base);
}

/** What is at a path. @throws ENOENT and what `resolve` does */
export function existing(task: Task, directory: number, path: string, follow = true): Place {
  const { place } = target(task, directory, path, { follow });
  if (place === undefined) throw E.ENOENT;
  return place;
}

/** The first user namespace: who has a capability there has it over the machine. */
export const rootNamespace = (task: Task): Task["credentials"]["userNamespace"] =>
  task.kernel.pidNamespace.userNamespace;

/** @throws EROFS where the mount, or its file system, can't be written */
export function demandWritable(place: Place): void {
  if (place.mount.readonly) throw E.EROFS;
}
