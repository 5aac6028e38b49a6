import type { Activity } from "../../core/index.js";
import { executable, O_CREAT, O_TRUNC, O_WRONLY, type Sys } from "../../os/index.js";
import { makeDirectories, writeText } from "./files.js";

/** What a package puts into a root file system. */
export interface Package {
  /** Paths of executables: each runs the program of its last part's name. */
  readonly programs: readonly string[];
  readonly files: Readonly<Record<string, string>>;
  readonly directories: readonly string[];
}

const parent = (path: string): string => path.slice(0, path.lastIndexOf("/"));

/** Writes an executable that runs a program, under whatever name. */
export function* writeExecutable(sys: Sys, path: string, name: string): Activity<undefined> {
  const { machine } = yield* sys.uname();
  const fd = yield* sys.open(path, O_CREAT | O_WRONLY | O_TRUNC, 0o755);
  yield* sys.write(fd, executable(name, machine));
  return yield* sys.close(fd);
}

/** Puts a package's files in their places, as dpkg would. */
export function* installPackage(sys: Sys, { programs, files, directories }: Package): Activity<undefined> {
  for (const path of directories) yield* makeDirectories(sys, path);
  for (const path of programs) {
    yield* makeDirectories(sys, parent(path));
    yield* writeExecutable(sys, path, path.slice(path.lastIndexOf("/") + 1));
  }
  for (const [path, text] of Object.entries(files)) {
    yield* makeDirectories(sys, parent(path));
    yield* writeText(sys, path, text, true);
  }
  return undefined;
}
