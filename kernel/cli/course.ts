import { cpSync, existsSync } from "node:fs";
import { homedir } from "node:os";
import { join, sep } from "node:path";
import { UsageError } from "../../sim/core/index.js";
import { packageFolder } from "../runner/index.js";
import { line, type Screen } from "./terminal.js";

/**
 * The folder of the course's notebooks for a person to work in. In a checkout it is that of the repository. An installed
 * package is replaced as a whole with its next version, so its notebooks are copied to `virtlab` in the home first: those
 * that are missing there, and none over another.
 * @throws UsageError where they can't be copied
 */
export function courseFolder(err: Screen, home: string = homedir(), from: string = packageFolder()): string {
  const source = join(from, "notebooks");
  if (!from.includes(`${sep}node_modules${sep}`)) return source;
  const folder = join(home, "virtlab");
  const isNew = !existsSync(folder);
  try {
    cpSync(source, folder, { recursive: true, force: false });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new UsageError(
      `the course's notebooks can't be copied to ${folder} (${code ?? String(error)})`,
      "Give a folder of your own: virtlab start DIR.",
    );
  }
  if (isNew) line(err, `virtlab: copied the course's notebooks to ${folder}`);
  return folder;
}
