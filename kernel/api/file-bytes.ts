import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, isAbsolute, resolve } from "node:path";
import { nearest, UsageError } from "../../sim/core/index.js";

/**
 * The bytes of a file of this computer, whole: an ELF program, a firmware, a kernel, an initial file system.
 *
 *     machine({ program: file("hello.elf") })
 *
 * A disk that is written to stays in its file: `openImageFile`.
 * @param path from the notebook's folder, or whole
 * @throws UsageError for a file that is missing, a folder, not permitted, or too large for memory
 */
export function file(path: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(readFileSync(path));
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code === "ENOENT") {
      const where = isAbsolute(path) ? "" : ` in ${process.cwd()}`;
      throw new UsageError(`"${path}" doesn't exist${where}`, mendFor(path));
    }
    const known = messages[code];
    if (known === undefined) throw error;
    throw new UsageError(`"${path}" ${known[0]}`, known[1]);
  }
}

const messages: Readonly<Record<string, readonly [what: string, hint: string]>> = {
  EISDIR: ["is a folder", "Give the path of a file in it."],
  ENOTDIR: ["is not in a folder", "Check the path: a part of it is a file."],
  EACCES: ["is not permitted", "Change its permissions, or copy it to where you may read it."],
  EPERM: ["is not permitted", "Change its permissions, or copy it to where you may read it."],
  ERR_FS_FILE_TOO_LARGE: ["is too large to be read whole", "Open it as a disk, with openImageFile."],
};

/** What to do about a file that isn't there: take the one beside it whose name is nearest. */
function mendFor(path: string): string {
  try {
    const near = nearest(basename(path), readdirSync(dirname(resolve(path))));
    if (near !== undefined) return `Did you mean "${near}"?`;
  } catch {
    return `There is no folder "${dirname(path)}" either. Check the path.`;
  }
  return "Check the path, or give it from the root on.";
}
