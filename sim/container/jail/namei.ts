import { fail } from "./errno.js";
import type { Process } from "./process.js";
import type { Vnode } from "./vnode.js";

/** Where a path leads: a file, or the name under which there is none yet. */
export interface Found {
  readonly directory: Vnode;
  readonly name: string;
  readonly node: Vnode | undefined;
}

/** What covers a directory, where something is mounted on it. */
function above(process: Process, node: Vnode): Vnode {
  let at = node;
  for (;;) {
    const mount = process.kernel.mounts.findLast(({ covered }) => covered === at);
    if (mount === undefined) return at;
    at = mount.root;
  }
}

/** The directory above, from the root of a mount that of the directory that it covers. */
function up(process: Process, node: Vnode): Vnode {
  let at = node;
  for (;;) {
    const mount = process.kernel.mounts.find(({ root }) => root === at);
    if (mount === undefined) return at.parent ?? at;
    at = mount.covered;
  }
}

/**
 * Whether ".." ends here: at the process's root, at the first root that it was given, and at the root of each prison that it is in. The last
 * is what a jail has and chroot(2) hasn't: however a process came below, it comes no further up (vfs_lookup).
 */
function isTop(process: Process, node: Vnode): boolean {
  const { root, jail } = process.directories;
  if (node === root || node === jail || node === process.kernel.root) return true;
  for (let prison = process.credentials.prison; prison.parent !== undefined; prison = prison.parent)
    if (prison.root === node) return true;
  return false;
}

function demandSearch({ credentials }: Process, node: Vnode): void {
  if (node.type !== "directory") fail("ENOTDIR");
  if (credentials.uid !== 0 && (node.uid === credentials.uid ? node.mode & 0o100 : node.mode & 0o001) === 0)
    fail("EACCES");
}

/** Looks a path up as namei(9) does. @param follow whether a link at its end is followed */
export function namei(process: Process, path: string, follow = true, depth = 0, from?: Vnode): Found {
  if (depth > 32) fail("ELOOP");
  if (path === "") fail("ENOENT");
  const { root, current } = process.directories;
  let at = path.startsWith("/") ? above(process, root) : (from ?? current);
  const names = path.split("/").filter((name) => name !== "" && name !== ".");
  for (const [place, name] of names.entries()) {
    demandSearch(process, at);
    const last = place === names.length - 1;
    if (name === "..") {
      const next = isTop(process, at) ? at : above(process, up(process, at));
      if (last) return { directory: next, name: ".", node: next };
      at = next;
      continue;
    }
    let node = at.names.get(name);
    if (node === undefined) {
      if (last) return { directory: at, name, node: undefined };
      fail("ENOENT");
    }
    if (node.type === "link" && (!last || follow))
      node = namei(process, node.target, true, depth + 1, at).node ?? fail("ENOENT");
    node = above(process, node);
    if (last) return { directory: at, name, node };
    at = node;
  }
  return { directory: at, name: ".", node: at };
}

/** A file that has to be there. @throws ENOENT and what namei throws */
export const lookup = (process: Process, path: string, follow = true): Vnode =>
  namei(process, path, follow).node ?? fail("ENOENT");

/** A path from a root: what the host calls a file. */
export function pathFrom(process: Process, top: Vnode, node: Vnode): string {
  const names: string[] = [];
  for (let at = node; at !== top;) {
    const mount = process.kernel.mounts.find(({ root }) => root === at);
    const held = mount === undefined ? at : mount.covered;
    const { parent } = held;
    if (parent === undefined) break;
    names.unshift([...parent.names].find(([, one]) => one === held)?.[0] ?? "?");
    at = parent;
  }
  return `/${names.join("/")}`;
}
