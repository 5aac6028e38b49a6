import { renameSync, rmSync, writeFileSync } from "node:fs";

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
