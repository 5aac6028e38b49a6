import { UsageError } from "../../core/index.js";

/** AUFS's names for what a layer takes away (layer.md, "Whiteouts"). */
export const whiteoutPrefix = ".wh.";
export const opaqueMarker = ".wh..wh..opq";

const refused = (why: string): UsageError =>
  new UsageError(`the archive is refused: ${why}`, "Don't unpack it: it reaches for files outside of its directory.");

/** The names on a path from the archive's top. @throws UsageError for one that leads out */
export function partsOf(name: string): string[] {
  if (name.includes("\0")) throw refused(`"${name.replaceAll("\0", "\\0")}" has a zero in its name`);
  const parts = name.split("/").filter((part) => part !== "" && part !== ".");
  if (parts.includes("..")) throw refused(`"${name}" leads upwards`);
  return parts;
}

/** @throws UsageError for a symbolic link whose target, from where it lies, is above the top */
export function demandInside(name: string, target: string): void {
  const absolute = target.startsWith("/");
  let depth = absolute ? 0 : partsOf(name).length - 1;
  for (const part of target.split("/")) {
    if (part === "" || part === ".") continue;
    depth += part === ".." ? -1 : 1;
    // At the root, ".." is the root itself: an absolute target stays inside.
    if (depth < 0 && absolute) depth = 0;
    if (depth < 0) throw refused(`the link "${name}" leads to "${target}"`);
  }
}

export const refuseDevice = (name: string): UsageError =>
  new UsageError(
    `the archive is refused: "${name}" is a device`,
    "Leave devices out of images: the runtime makes them.",
  );
