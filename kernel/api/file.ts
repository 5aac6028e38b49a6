import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  realpathSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { hostname } from "node:os";
import { basename, dirname, join } from "node:path";
import { UsageError, withDefaults } from "../../sim/core/index.js";

/**
 * A file of the student's disk in which a virtual disk lives. The shape is that of the simulator's own files: `read` gives
 * zeros beyond the end, `write` grows the file.
 */
export interface ImageFile {
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  readonly writable: boolean;
  read(offset: number, length: number): Uint8Array;
  write(offset: number, bytes: Uint8Array): void;
  truncate(size: number): void;
  flush(): void;
  /** Writes what the system holds back and gives the file free; any further use is an error. */
  close(): void;
}

export interface ImageFileOptions {
  /** Makes a new file; one that is there already is refused, never overwritten. */
  readonly create: boolean;
  /** Bytes of a new file: a hole, which takes no room where the file system has holes. */
  readonly size: number;
  readonly readonly: boolean;
}

/**
 * Opens, or makes, an image file on this machine.
 *
 * One writer at a time: a file `PATH.lock` beside it, made exclusively, names the process that writes; one whose process
 * is gone is removed. QEMU locks the image itself (with open file description locks, fcntl(2), which Node cannot take): a
 * lock that it holds is seen in /proc/locks on Linux and refused, but QEMU doesn't see ours.
 * @throws UsageError for a file that is missing, already there, in use, no plain file, or not permitted
 */
export function openImageFile(path: string, options?: Partial<ImageFileOptions>): ImageFile {
  const chosen = withDefaults<ImageFileOptions>("openImageFile", options, { create: false, size: 0, readonly: false });
  if (chosen.create && chosen.readonly) {
    throw new UsageError("a new image file cannot be read-only", "Take away one of { create, readonly }.");
  }
  if (!chosen.create && chosen.size !== 0) {
    throw new UsageError("only a new image file is given a size", "Add { create: true }, or take away the size.");
  }
  const release = lock(wholePath(path), chosen.readonly);
  try {
    return open(path, chosen, release);
  } catch (error) {
    release();
    throw error;
  }
}

function open(path: string, { create, size, readonly }: ImageFileOptions, release: () => void): ImageFile {
  const file = attempt(path, () => openSync(path, create ? "wx+" : readonly ? "r" : "r+"));
  try {
    const stat = fstatSync(file);
    if (!stat.isFile()) throw new UsageError(`"${path}" is no plain file`, "Give the path of an image file.");
    if (!create && isLockedByOthers(stat)) {
      throw new UsageError(`the image "${path}" is in use by another program, such as QEMU`, "Close it there first.");
    }
    if (create)
      attempt(path, () => {
        ftruncateSync(file, size);
      });
    return new OpenFile(path, file, create ? size : stat.size, !readonly, release);
  } catch (error) {
    closeSync(file);
    if (create) unlinkSync(path);
    throw error;
  }
}

class OpenFile implements ImageFile {
  readonly name: string;
  readonly writable: boolean;
  readonly #path: string;
  readonly #release: () => void;
  #file: number | undefined;
  #size: number;

  constructor(path: string, file: number, size: number, writable: boolean, release: () => void) {
    this.name = basename(path);
    this.writable = writable;
    this.#path = path;
    this.#file = file;
    this.#size = size;
    this.#release = release;
  }

  get size(): number {
    return this.#size;
  }

  read(offset: number, length: number): Uint8Array {
    const file = this.#open();
    const out = new Uint8Array(length);
    const there = Math.max(0, Math.min(length, this.#size - offset));
    for (let done = 0; done < there;) {
      const count = attempt(this.#path, () => readSync(file, out, done, there - done, offset + done));
      if (count === 0) {
        throw new UsageError(
          `"${this.#path}" was cut short while it was open: byte ${offset + done} is gone`,
          "Another program changed it. Restore it from a copy.",
        );
      }
      done += count;
    }
    return out;
  }

  write(offset: number, bytes: Uint8Array): void {
    const file = this.#open(true);
    for (let done = 0; done < bytes.length;) {
      done += attempt(this.#path, () => writeSync(file, bytes, done, bytes.length - done, offset + done));
    }
    this.#size = Math.max(this.#size, offset + bytes.length);
  }

  truncate(size: number): void {
    const file = this.#open(true);
    attempt(this.#path, () => {
      ftruncateSync(file, size);
    });
    this.#size = size;
  }

  flush(): void {
    const file = this.#open();
    if (this.writable)
      attempt(this.#path, () => {
        fsyncSync(file);
      });
  }

  close(): void {
    if (this.#file === undefined) return;
    try {
      this.flush();
    } finally {
      closeSync(this.#file);
      this.#file = undefined;
      this.#release();
    }
  }

  #open(forWriting = false): number {
    if (this.#file === undefined)
      throw new UsageError(`"${this.#path}" is closed`, "Open it again with openImageFile.");
    if (forWriting && !this.writable) {
      throw new UsageError(`"${this.#path}" is open for reading only`, "Open it without { readonly: true }.");
    }
    return this.#file;
  }
}

/** Runs a call of the system and says what went wrong in words. */
function attempt<T>(path: string, call: () => T): T {
  try {
    return call();
  } catch (error) {
    const known = messages[(error as NodeJS.ErrnoException).code ?? ""];
    if (known === undefined) throw error;
    throw new UsageError(`"${path}" ${known[0]}`, known[1]);
  }
}

const messages: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  ENOENT: ["doesn't exist", "Make it with { create: true }, in a folder that exists."],
  EEXIST: [
    "already exists and is not overwritten",
    "Give another name, open it without { create: true }, or remove it.",
  ],
  EACCES: ["is not permitted", "Change its permissions, or open it with { readonly: true }."],
  EPERM: ["is not permitted", "Change its permissions, or open it with { readonly: true }."],
  EROFS: ["is on a file system that is read-only", "Open it with { readonly: true }, or copy it elsewhere."],
  EISDIR: ["is a folder", "Give the path of an image file."],
  ENOTDIR: ["is not in a folder", "Check the path."],
  ENOSPC: ["doesn't fit: the disk is full", "Make room; what was written before is still there."],
  EFBIG: ["would be larger than its file system allows", "Make the image smaller, or put it on another disk."],
};

/** One name for a file however it is written, so that two ways to it meet at the same lock. */
function wholePath(path: string): string {
  return attempt(path, () => {
    try {
      return realpathSync(path);
    } catch {
      return join(realpathSync(dirname(path)), basename(path));
    }
  });
}

const locks = new Set<string>();

/** What ends with the process must not stay behind it. */
process.on("exit", () => {
  for (const path of locks) unlinkQuietly(path);
});

/** Takes the write lock, or for a reader makes sure that nobody has it. @returns the function that gives it back */
function lock(path: string, readonly: boolean): () => void {
  const lockPath = `${path}.lock`;
  for (;;) {
    const owner = ownerOf(lockPath);
    if (owner !== undefined && isAlive(owner)) {
      throw new UsageError(
        `the image "${path}" is in use for writing by ${owner.pid === process.pid ? "this kernel" : `process ${owner.pid} on ${owner.host}`}`,
        `Close it there first. If nothing uses it any more, remove "${lockPath}".`,
      );
    }
    if (owner !== undefined) unlinkQuietly(lockPath);
    if (readonly) return () => undefined;
    try {
      writeFileSync(lockPath, `${process.pid} ${hostname()}\n`, { flag: "wx" });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST") continue; // someone else was faster
      return attempt(lockPath, () => {
        throw error;
      });
    }
    locks.add(lockPath);
    return () => {
      locks.delete(lockPath);
      unlinkQuietly(lockPath);
    };
  }
}

interface Owner {
  readonly pid: number;
  readonly host: string;
}

function ownerOf(lockPath: string): Owner | undefined {
  try {
    const [pid = "", host = ""] = readFileSync(lockPath, "utf8").trim().split(" ");
    return { pid: Number(pid), host };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    return attempt(lockPath, () => {
      throw error;
    });
  }
}

/** A process of another machine, and a lock that says nothing, are taken to be alive. */
function isAlive({ pid, host }: Owner): boolean {
  if (host !== hostname() || !(pid > 0)) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** Whether /proc/locks (proc(5)) shows a lock on the file by someone else; false where there is no such list. */
function isLockedByOthers({ dev, ino }: { readonly dev: number; readonly ino: number }): boolean {
  const major = ((dev >> 8) & 0xfff).toString(16).padStart(2, "0");
  const minor = ((dev & 0xff) | ((dev >> 12) & 0xfff00)).toString(16).padStart(2, "0");
  try {
    return readFileSync("/proc/locks", "utf8").includes(` ${major}:${minor}:${ino} `);
  } catch {
    return false;
  }
}

function unlinkQuietly(path: string): void {
  try {
    unlinkSync(path);
  } catch {
    // It is gone already, which is what was wanted.
  }
}
