import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_DIRECTORY, O_RDONLY, type Sys } from "../../os/index.js";

/** The names in a directory but "." and ".."; an errno where it can't be read. */
export function* namesIn(sys: Sys, path: string): Activity<readonly string[] | Errno> {
  const fd = yield* attempt(sys.open(path, O_RDONLY | O_DIRECTORY));
  if (fd instanceof Errno) return fd;
  const entries = yield* attempt(sys.getdents64(fd));
  yield* sys.close(fd);
  if (entries instanceof Errno) return entries;
  return entries.map(({ name }) => name).filter((name) => name !== "." && name !== "..");
}

export const join = (directory: string, name: string): string =>
  directory.endsWith("/") ? directory + name : `${directory}/${name}`;

export const baseName = (path: string): string => path.replace(/(.)\/+$/, "$1").replace(/^.*\/(?=.)/, "");

/** Whether it is a directory, links followed or not. */
export function* isDirectory(sys: Sys, path: string, follow = true): Activity<boolean> {
  const about = yield* attempt(follow ? sys.stat(path) : sys.lstat(path));
  return !(about instanceof Errno) && (about.mode & 0o170000) === 0o040000;
}
