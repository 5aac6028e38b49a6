import { realpathSync } from "node:fs";
import { realpath } from "node:fs/promises";
import { basename, dirname, join, relative, sep } from "node:path";
import { HttpError } from "../http/http-error.js";

/** A file or folder below the root. */
export interface Place {
  /** As the interface names it: segments joined by slashes, none at either end; the root is "". */
  readonly path: string;
  /** Where it lies, links followed as far as it exists. */
  readonly file: string;
}

/** The folder that is served, and the only way from a path in a request to one on the disk. */
export interface Root {
  readonly folder: string;
  /**
   * The links on the way are followed; where they lead out of the root, or the path does, there is nothing.
   * @throws HttpError 400 for an impossible name, 404 for one that is hidden or leads out of the root
   */
  locate(path: string): Promise<Place>;
}

/** Files that begin with a dot are the user's and the programs' own: not shown, not served, not made. */
export const isHidden = (name: string): boolean => name.startsWith(".");

/** The segments of a path that a client sent. @throws HttpError 400, 404 */
export function segmentsOf(path: string): readonly string[] {
  const segments = path.split("/").filter((segment) => segment !== "");
  for (const segment of segments) {
    // A backslash separates on Windows, a colon names a drive or a stream there.
    const forbidden = process.platform === "win32" ? /[\u0000-\u001f<>:"|?*\\]|[. ]$/ : /\u0000/;
    if (segment === "." || segment === ".." || forbidden.test(segment))
      throw new HttpError(400, "the path is impossible");
    if (isHidden(segment)) throw new HttpError(404, "no such file or folder");
    // The longest name of the usual file systems.
    if (Buffer.byteLength(segment) > 255) throw new HttpError(400, "the name is too long");
  }
  return segments;
}

/** Follows links as far as the path exists. A link whose target is missing is no way to make that target. */
async function follow(file: string): Promise<string> {
  try {
    return await realpath(file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return join(await follow(dirname(file)), basename(file));
  }
}

/** @throws Error where the folder doesn't exist */
export function openRoot(folder: string): Root {
  const top = realpathSync(folder);
  return {
    folder: top,
    async locate(path) {
      const segments = segmentsOf(path);
      const file = await follow(join(top, ...segments));
      const inside = relative(top, file);
      const outside = inside === ".." || inside.startsWith(`..${sep}`) || /^[A-Za-z]:/.test(inside);
      if (outside || inside.split(sep).some(isHidden)) throw new HttpError(404, "no such file or folder");
      return { path: segments.join("/"), file };
    },
  };
}
