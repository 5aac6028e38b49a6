import { UsageError } from "../../core/index.js";
import type { TarEntry } from "../../userland/index.js";
import { resolved, unlinked, type FileSet } from "./file-set.js";
import { cleanPath, isPattern, pathExpression } from "./patterns.js";

/** Where what is copied goes: the state of the file system that it is copied into. */
export interface Destination {
  /** As the instruction says it, absolute. */
  readonly path: string;
  /** Whether there is a directory already. */
  readonly isDirectory: boolean;
}

export interface Selection {
  readonly keyword: "COPY" | "ADD";
  readonly sources: readonly string[];
  readonly exclude: readonly string[];
  readonly parents: boolean;
}

/**
 * The files that an instruction copies, under the names that they get (Dockerfile reference, "COPY"): of a directory its
 * content; a file under its own name where the destination is a directory or ends with a slash, else under the destination's.
 * @throws UsageError in Docker's words for sources that there aren't, and several of them for one name
 */
export function select(files: FileSet, destination: Destination, selection: Selection): TarEntry[] {
  const { keyword, sources, exclude, parents } = selection;
  const found = sources.flatMap((source) => matching(files, source, keyword));
  const into = destination.isDirectory || destination.path.endsWith("/") || parents;
  if (found.length > 1 && !destination.path.endsWith("/") && !destination.isDirectory)
    throw new UsageError(
      `When using ${keyword} with more than one source file, the destination must be a directory and end with a /`,
      `Write "${destination.path}/".`,
    );
  const excluded = exclude.map((pattern) => new RegExp(`^(?:${pathExpression(cleanPath(pattern))})(?:/.*)?$`));
  const place = cleanPath(destination.path);
  const under = (name: string): string => (place === "" ? name : `${place}/${name}`);
  const chosen = new Map<string, TarEntry>();
  const put = (name: string, entry: TarEntry): void => {
    if (name !== "") chosen.set(name, { ...unlinked(files, entry), name });
  };
  for (const path of found) {
    const at = resolved(files, path);
    const entry = files.get(at);
    const base = path.slice(path.lastIndexOf("/") + 1);
    if (entry !== undefined && entry.type !== "directory") {
      if (!excluded.some((one) => one.test(path))) put(parents ? under(path) : into ? under(base) : place, entry);
      continue;
    }
    const top = parents ? under(path) : place;
    if (entry !== undefined && top !== "" && !chosen.has(top)) put(top, entry);
    const prefix = at === "" ? "" : `${at}/`;
    for (const [inner, one] of files) {
      if (!inner.startsWith(prefix) || inner === at) continue;
      const below = inner.slice(prefix.length);
      if (excluded.some((pattern) => pattern.test(below) || pattern.test(inner))) continue;
      put(top === "" ? below : `${top}/${below}`, one);
    }
  }
  // Directories come before what is in them.
  return [...chosen.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}

function matching(files: FileSet, source: string, keyword: string): string[] {
  const path = cleanPath(source);
  const missing = new UsageError(
    `${keyword} failed: file not found in build context or excluded by .dockerignore: stat ${path}: file does not exist`,
    "Name a file of the context; paths are from its top.",
  );
  if (path === "") return [""];
  if (!isPattern(source)) {
    if (!files.has(resolved(files, path))) throw missing;
    return [path];
  }
  const expression = new RegExp(`^(?:${pathExpression(path)})$`);
  const found = [...files.keys()].filter((one) => expression.test(one)).sort();
  if (found.length === 0)
    throw new UsageError(
      `${keyword} failed: no source files were specified`,
      `Nothing in the context is like "${source}".`,
    );
  return found;
}
