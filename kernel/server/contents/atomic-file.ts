import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { access, open, rename, rm, stat, type FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";

/** What is being written and not yet in place. Hidden, so that no listing shows it, and in the target's own folder. */
export const partOf = (file: string, mark: string): string =>
  // The name is cut so that it stays within the 255 bytes of a file name.
  join(
    dirname(file),
    `.${Buffer.from(basename(file))
      .subarray(0, 180)
      .toString("latin1")
      .replace(/[^\w.-]/g, "_")}.${mark}.part`,
  );

/** Puts a folder's list of names on the disk, which a renaming alone may leave in memory. */
async function syncFolder(folder: string): Promise<void> {
  // Windows opens no folders.
  if (process.platform === "win32") return;
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } catch (error) {
    // Some network and FUSE file systems can't.
    if (!["EINVAL", "ENOTSUP"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
  } finally {
    await handle.close();
  }
}

/** The permissions of the file that is replaced. @throws for one that may not be written: renaming wouldn't ask */
async function modeOf(file: string): Promise<number | undefined> {
  try {
    await access(file, constants.W_OK);
    return (await stat(file)).mode & 0o777;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Puts a finished part in the place of a file. @throws where the file may not be written */
export async function commitPart(part: string, handle: FileHandle, file: string): Promise<void> {
  const mode = await modeOf(file);
  if (mode !== undefined) await handle.chmod(mode);
  await handle.sync();
  await handle.close();
  await rename(part, file);
  await syncFolder(dirname(file));
}

/**
 * Writes a file so that whoever reads it, after a crash at any moment too, finds the old one or the whole new one; when
 * this resolves, the new one is on the disk.
 */
export async function writeAtomically(file: string, data: Uint8Array): Promise<void> {
  const part = partOf(file, randomBytes(6).toString("hex"));
  const handle = await open(part, "wx");
  try {
    await handle.writeFile(data);
    await commitPart(part, handle, file);
  } catch (error) {
    await handle.close();
    await rm(part, { force: true });
    throw error;
  }
}
