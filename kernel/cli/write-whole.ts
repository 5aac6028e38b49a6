import { renameSync, rmSync, writeFileSync } from "node:fs";
import { UsageError } from "../../sim/core/index.js";

/** What is said of a folder of Jupyter's that can't be written. */
export function unwritable(folder: string, error: unknown): UsageError {
  const { code } = error as NodeJS.ErrnoException;
  const mend = "Choose another place with --prefix DIR, or mend the folder's permissions.";
  return new UsageError(`${folder} cannot be written (${code ?? String(error)})`, mend);
}

/** Writes a file so that whoever looks sees the old one or the whole new one, never a part. */
export function writeWhole(path: string, text: string): void {
  const part = `${path}.${process.pid}.part`;
  try {
    writeFileSync(part, text);
    renameSync(part, path);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
}
