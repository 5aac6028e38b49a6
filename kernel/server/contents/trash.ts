import { lstat, mkdir, open, rename, rm } from "node:fs/promises";
import { basename, dirname, extname, join, relative } from "node:path";

/** What deleted files become until somebody empties it. */
export interface Trash {
  /** @returns false where this file system has no trash that can be written: the file is then where it was */
  take(file: string): Promise<boolean>;
}

/** The desktop's format of local time: 2026-11-22T08:15:00. */
function localTime(date: Date): string {
  const local = new Date(date.getTime() - date.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 19);
}

/** The folder under which a file's file system is mounted. */
async function mountPoint(file: string): Promise<string> {
  const { dev } = await lstat(file);
  let folder = dirname(file);
  while (folder !== dirname(folder) && (await lstat(dirname(folder))).dev === dev) folder = dirname(folder);
  return folder;
}

/** Writes where a file came from, under the first name that no other deleted file has. @returns that name */
async function claimName(trash: string, file: string, origin: string): Promise<string> {
  const extension = extname(file);
  const stem = basename(file, extension);
  const path = origin.split("/").map(encodeURIComponent).join("/");
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${stem}${extension}` : `${stem}.${n}${extension}`;
    try {
      const info = await open(join(trash, "info", `${name}.trashinfo`), "wx", 0o600);
      await info.writeFile(`[Trash Info]\nPath=${path}\nDeletionDate=${localTime(new Date())}\n`);
      await info.close();
      return name;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    }
  }
}

async function moveTo(trash: string, file: string, origin: string): Promise<void> {
  for (const part of ["files", "info"]) await mkdir(join(trash, part), { recursive: true, mode: 0o700 });
  const { uid } = await lstat(trash);
  // In a folder that others may write to, somebody may have made it to get at what is thrown away.
  if (uid !== process.getuid?.()) throw new Error(`${trash} is somebody else's`);
  const name = await claimName(trash, file, origin);
  try {
    await rename(file, join(trash, "files", name));
  } catch (error) {
    await rm(join(trash, "info", `${name}.trashinfo`), { force: true });
    throw error;
  }
}

/**
 * The trash of freedesktop.org's desktops (specifications.freedesktop.org/trash-spec/1.0), from which their file managers
 * and `gio trash --restore` bring back what was deleted. A file on another file system than the home's goes to
 * `.Trash-UID` at the top of its own; a `.Trash` that an administrator made there is not used.
 * @param home the user's trash: ~/.local/share/Trash
 */
export function openTrash(home: string): Trash {
  async function move(file: string): Promise<void> {
    try {
      await moveTo(home, file, file);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EXDEV") throw error;
      const top = await mountPoint(file);
      await moveTo(join(top, `.Trash-${process.getuid?.() ?? ""}`), file, relative(top, file));
    }
  }
  return {
    take: (file) =>
      move(file).then(
        () => true,
        () => false,
      ),
  };
}
