import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_DIRECTORY, O_RDONLY, S_IFDIR, S_IFLNK, type Sys } from "../../os/index.js";
import { compareBytes } from "../program/encoding.js";
import { isPattern, matches, unescapePattern } from "./pattern.js";

/** The paths that a pattern stands for, in the order of their bytes; none where nothing matches. POSIX 2.14.3. */
export function* expandPathname(sys: Sys, pattern: string): Activity<readonly string[]> {
  const components = pattern.split(/(\/+)/);
  let found: string[] = [""];
  for (let at = 0; at < components.length && found.length > 0; at += 2) {
    const component = components[at] ?? "";
    const slashes = components[at + 1] ?? "";
    const next: string[] = [];
    for (const base of found) {
      if (component === "") next.push(base + slashes);
      else if (!isPattern(component)) {
        const path = base + unescapePattern(component);
        if (yield* exists(sys, path, slashes !== "")) next.push(path + slashes);
      } else
        for (const name of yield* matchingNames(sys, base, component, slashes !== "")) next.push(base + name + slashes);
    }
    found = next;
  }
  return found.sort(compareBytes);
}

function* exists(sys: Sys, path: string, directory: boolean): Activity<boolean> {
  const about = yield* attempt(directory ? sys.stat(path) : sys.lstat(path));
  return !(about instanceof Errno) && (!directory || (about.mode & 0o170000) === S_IFDIR);
}

function* matchingNames(sys: Sys, base: string, pattern: string, directories: boolean): Activity<string[]> {
  const fd = yield* attempt(sys.open(base === "" ? "." : base, O_RDONLY | O_DIRECTORY));
  if (fd instanceof Errno) return [];
  const entries = yield* sys.getdents64(fd);
  yield* sys.close(fd);
  const names: string[] = [];
  const shown = pattern.startsWith(".") || pattern.startsWith("\\.");
  for (const { name, type } of entries) {
    if ((name.startsWith(".") && !shown) || !matches(pattern, name)) continue;
    if (directories && type !== S_IFDIR && !(type === S_IFLNK && (yield* exists(sys, base + name, true)))) continue;
    names.push(name);
  }
  return names;
}
