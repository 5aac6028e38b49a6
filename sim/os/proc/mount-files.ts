import { majorOf, minorOf, MS_NODEV, MS_NOEXEC, MS_NOSUID, MS_RDONLY } from "../flags.js";
import type { Task } from "../task/task.js";
import type { Mount } from "../vfs/mount.js";
import { reaches } from "../vfs/propagation.js";
import { pathOf } from "../vfs/resolve.js";

const mountFlags = ({ flags }: Mount): string =>
  [
    (flags & MS_RDONLY) !== 0 ? "ro" : "rw",
    ...((flags & MS_NOSUID) !== 0 ? ["nosuid"] : []),
    ...((flags & MS_NODEV) !== 0 ? ["nodev"] : []),
    ...((flags & MS_NOEXEC) !== 0 ? ["noexec"] : []),
    "relatime",
  ].join(",");

/** Mounts that the task's root reaches, with their paths from it. */
function visible(task: Task): { readonly mount: Mount; readonly path: string }[] {
  const found: { readonly mount: Mount; readonly path: string }[] = [];
  for (const mount of task.namespaces.mnt.mounts) {
    const path = pathOf({ mount, inode: mount.root }, task.root, task);
    if (!path.startsWith("(unreachable)")) found.push({ mount, path });
  }
  return found;
}

const escaped = (path: string): string =>
  path.replace(/[ \t\n\\]/g, (one) => `\\${one.charCodeAt(0).toString(8).padStart(3, "0")}`);

/** /proc/PID/mounts, proc_pid_mounts(5). */
export function mounts(task: Task): string {
  return visible(task)
    .map(({ mount, path }) => {
      const options = [mountFlags(mount), ...(mount.fs.options === "" ? [] : [mount.fs.options])].join(",");
      return `${escaped(mount.source)} ${escaped(path)} ${mount.fs.type} ${options} 0 0\n`;
    })
    .join("");
}

/** What of its file system a mount shows. */
function shownRoot(mount: Mount): string {
  let path = "";
  for (let at = mount.root; at.isDirectory && at !== mount.fs.root; at = at.parent) {
    path = `/${at.name ?? ""}${path}`;
    if (!reaches(at, undefined, mount.fs.root)) return path;
  }
  if (!mount.root.isDirectory) return `/${mount.placeName ?? ""}`;
  return path === "" ? "/" : path;
}

/** /proc/PID/mountinfo, proc_pid_mountinfo(5). */
export function mountInfo(task: Task): string {
  return visible(task)
    .map(({ mount, path }) => {
      const tags = [
        ...(mount.peers === undefined ? [] : [`shared:${mount.peers.number}`]),
        ...(mount.master === undefined ? [] : [`master:${mount.master.number}`]),
        ...(mount.unbindable ? ["unbindable"] : []),
      ];
      const own = `${mount.number} ${mount.parent?.number ?? mount.number} ${majorOf(mount.fs.device)}:${minorOf(mount.fs.device)}`;
      const here = `${escaped(shownRoot(mount))} ${escaped(path)} ${mountFlags(mount)}`;
      const options = mount.fs.options === "" ? "rw" : `rw,${mount.fs.options}`;
      return `${[own, here, ...tags, "-", mount.fs.type, escaped(mount.source), options].join(" ")}\n`;
    })
    .join("");
}
