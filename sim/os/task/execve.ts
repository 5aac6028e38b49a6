import { E } from "../errno.js";
import { O_RDONLY, S_ISGID, S_ISUID } from "../flags.js";
import { noId } from "../namespace/user-namespace.js";
import { CapabilitySet } from "../security/capabilities.js";
import { afterExecve, type FilePrivileges } from "../security/credentials.js";
import type { Place } from "../vfs/mount.js";
import { demand } from "../vfs/permission.js";
import { resolve } from "../vfs/resolve.js";
import { frameOf, programOf } from "./execution.js";
import { imageHead, imageOf } from "./program.js";
import type { Task } from "./task.js";

/** How many scripts may be interpreted by scripts (the fifth fails: exec_binprm in fs/exec.c). */
const deepestScript = 5;
/** comm without its zero (TASK_COMM_LEN). */
const nameLength = 15;

/**
 * Replaces what a task runs, execve(2). Its program is found by the file's content, so a copy under another name runs too.
 * @throws ENOENT, EACCES, ENOEXEC for a file that is no program for this machine, ELOOP for scripts of scripts
 */
export function execve(task: Task, path: string, argv: readonly string[], env: readonly string[]): void {
  const { kernel } = task;
  let place = executableAt(task, path);
  const invoked = place;
  let args = argv.length === 0 ? [""] : argv;
  let file = path;
  for (let depth = 0; ; depth++) {
    const image = imageOf(headOf(task, place));
    if (image.kind === "unknown") throw E.ENOEXEC;
    if (image.kind === "program") {
      if (image.machine !== kernel.machine) throw E.ENOEXEC;
      const program = kernel.program(image.program);
      if (program === undefined) throw E.ENOEXEC;
      const credentials = afterExecve(task.credentials, privilegesOf(task, place));
      task.memory.release();
      task.credentials = credentials;
      task.memory.take(program.memory);
      task.name = (invoked.name ?? file.slice(file.lastIndexOf("/") + 1)).slice(0, nameLength);
      task.argv = args;
      task.env = env;
      task.executable = place;
      task.executed = true;
      unshareFiles(task);
      for (const [signal, action] of [...(task.actions ?? [])])
        if (action.handler !== undefined) task.actions?.delete(signal);
      task.frames = [frameOf(programOf(task, program.start(task, args, env)))];
      if (kernel.trace.kept)
        kernel.trace.emit("task.exec", `${task.pids[0] ?? 0}`, { name: task.name, args: args.join(" ") });
      return;
    }
    if (depth >= deepestScript) throw E.ELOOP;
    args = [image.interpreter, ...(image.argument === undefined ? [] : [image.argument]), file, ...args.slice(1)];
    file = image.interpreter;
    place = executableAt(task, file);
  }
}

function unshareFiles(task: Task): void {
  if (task.files.shared) {
    const own = task.files.copy();
    task.files.leave();
    task.files = own;
  }
  task.files.closeOnExec();
}

function executableAt(task: Task, path: string): Place {
  const { place } = resolve(task, path);
  if (place === undefined) throw E.ENOENT;
  if (!place.inode.isRegular || place.mount.noexec) throw E.EACCES;
  demand(task.credentials, place.inode, 1);
  return place;
}

function headOf(task: Task, { inode }: Place): Uint8Array {
  const channel = inode.open(O_RDONLY, task);
  // The kernel itself reads: nothing of it is paid by the task.
  const head = channel.read({ credentials: task.credentials }, 0, imageHead, true);
  channel.release?.();
  if (!(head instanceof Uint8Array)) throw E.EIO;
  return head;
}

/** What set-ID bits and file capabilities give: nothing on a nosuid mount, nor for ids that the caller can't see. */
function privilegesOf(task: Task, { mount, inode }: Place): FilePrivileges {
  if (mount.nosuid) return {};
  const { userNamespace } = task.credentials;
  // A mount of another namespace than the caller's own or one above gives nothing (mnt_may_suid).
  if (!userNamespace.isWithin(mount.namespace.userNamespace)) return {};
  const mapped = userNamespace.uidFromKernel(inode.uid) !== noId && userNamespace.gidFromKernel(inode.gid) !== noId;
  const setsUid = mapped && (inode.mode & S_ISUID) !== 0;
  const setsGid = mapped && (inode.mode & (S_ISGID | 0o010)) === (S_ISGID | 0o010);
  const attribute = inode.listXattrs().includes("security.capability")
    ? inode.getXattr("security.capability")
    : undefined;
  return {
    ...(setsUid && { uid: inode.uid }),
    ...(setsGid && { gid: inode.gid }),
    ...(attribute !== undefined && { capabilities: fileCapabilities(attribute) }),
  };
}

/** struct vfs_cap_data, version 2: linux/capability.h. */
function fileCapabilities(bytes: Uint8Array): NonNullable<FilePrivileges["capabilities"]> {
  if (bytes.length < 20) throw E.EINVAL;
  const word = (at: number): number =>
    (bytes[at] ?? 0) | ((bytes[at + 1] ?? 0) << 8) | ((bytes[at + 2] ?? 0) << 16) | ((bytes[at + 3] ?? 0) << 24);
  return {
    effective: (word(0) & 1) === 1,
    permitted: new CapabilitySet(word(4), word(12)),
    inheritable: new CapabilitySet(word(8), word(16)),
  };
}
