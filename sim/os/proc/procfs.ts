import { E } from "../errno.js";
import { S_IFIFO, S_IFREG } from "../flags.js";
import { PipeEnd, type Pipe } from "../ipc/pipe.js";
import { NetNamespace } from "../namespace/net-namespace.js";
import type { PidNamespace } from "../namespace/pid-namespace.js";
import type { UserNamespace } from "../namespace/user-namespace.js";
import type { Task } from "../task/task.js";
import { type KernelState } from "../task/task.js";
import type { Caller } from "../vfs/caller.js";
import type { Channel, FileSystem, Inode } from "../vfs/inode.js";
import { Mount, type Place } from "../vfs/mount.js";
import { PseudoDirectory, PseudoFile, PseudoFs, PseudoInode, PseudoLink, PseudoMagicLink } from "../vfs/pseudo.js";
import { addNetworkFiles } from "./network-files.js";
import { addSystemFiles } from "./system-files.js";
import { demandInsight, namespacesOf, placeOf, reader, shownPath, taskFiles } from "./task-files.js";

/** procfs, proc(5), as seen from one pid namespace: that of whoever mounted it. */
export function procfs(kernel: KernelState, namespace: PidNamespace<Task>): FileSystem {
  const fs = new PseudoFs("proc", kernel.nextDevice());
  const root = new ProcRoot(fs, kernel, namespace);
  fs.root = root;
  addSystemFiles(root, kernel);
  return fs;
}

class ProcRoot extends PseudoDirectory {
  readonly #namespace: PidNamespace<Task>;
  readonly #nsfs: PseudoFs;
  /** Directories that were looked at, so that they stay the same. */
  readonly #tasks = new WeakMap<Task, TaskDirectory>();

  constructor(fs: PseudoFs, kernel: KernelState, namespace: PidNamespace<Task>) {
    super(fs, undefined, "/");
    this.#namespace = namespace;
    this.#nsfs = new PseudoFs("nsfs", kernel.nextDevice());
    const self = (caller: Caller): string => {
      const pid = reader(caller).pidIn(namespace);
      if (pid === 0) throw E.ENOENT;
      return `${pid}`;
    };
    this.add("self", new PseudoLink(fs, self));
    this.add("mounts", new PseudoLink(fs, () => "self/mounts"));
    this.add("net", new PseudoLink(fs, () => "self/net"));
  }

  protected override find(name: string): Inode | undefined {
    if (!/^[1-9]\d*$/.test(name)) return undefined;
    const task = this.#namespace.tasks.get(Number(name));
    if (task === undefined) return undefined;
    let directory = this.#tasks.get(task);
    if (directory === undefined) {
      directory = new TaskDirectory(this.fs, this, name, task, this.#nsfs);
      this.#tasks.set(task, directory);
    }
    directory.belongTo(task.credentials.euid, task.credentials.egid);
    return directory;
  }

  protected override others(): readonly string[] {
    return [...this.#namespace.tasks.keys()].sort((a, b) => a - b).map(String);
  }
}

class TaskDirectory extends PseudoDirectory {
  readonly #below: Inode[] = [];

  constructor(fs: PseudoFs, parent: Inode, name: string, task: Task, nsfs: PseudoFs) {
    super(fs, parent, name);
    for (const [file, text] of Object.entries(taskFiles(task))) {
      const mode = file === "environ" ? 0o400 : text.write === undefined ? 0o444 : 0o644;
      const owner = { uid: task.credentials.euid, gid: task.credentials.egid };
      this.#below.push(this.add(file, new PseudoFile(fs, text, mode, owner)));
    }
    for (const link of ["cwd", "exe", "root"] as const) {
      this.add(
        link,
        new PseudoMagicLink(
          fs,
          (caller) => shownPath(placeOf(task, link, caller), caller),
          (caller) => placeOf(task, link, caller),
        ),
      );
    }
    if (task.namespaces.net.present) addNetworkFiles(this.directory("net"), () => task.namespaces.net);
    this.#below.push(this.add("fd", new DescriptorDirectory(fs, this, task)));
    this.#below.push(this.add("ns", new NamespaceDirectory(fs, this, task, nsfs)));
  }

  /** All of it is whoever the task is now. */
  belongTo(uid: number, gid: number): void {
    if (this.uid === uid && this.gid === gid) return;
    for (const one of [this, ...this.#below]) one.change({ uid, gid });
  }
}

class DescriptorDirectory extends PseudoDirectory {
  readonly #task: Task;

  constructor(fs: PseudoFs, parent: Inode, task: Task) {
    super(fs, parent, "fd", 0o500, { uid: task.credentials.euid, gid: task.credentials.egid });
    this.#task = task;
  }

  protected override find(name: string, caller: Caller): Inode | undefined {
    demandInsight(caller, this.#task);
    for (const [descriptor, file] of this.#task.files.entries()) {
      if (String(descriptor) !== name) continue;
      const { place, label, channel } = file;
      const follow = (who: Caller): Place => {
        if (place !== undefined) return place;
        // Of what has no name, only pipes can be opened anew.
        if (!(channel instanceof PipeEnd)) throw E.ENXIO;
        const inode = new PipeInode(this.fs, channel.pipe, this.#task);
        return { inode, mount: new Mount(0, this.fs, inode, "pipefs", 0, reader(who).namespaces.mnt) };
      };
      return new PseudoMagicLink(this.fs, (who) => (place === undefined ? label : shownPath(place, who)), follow);
    }
    return undefined;
  }

  protected override others(caller: Caller): readonly string[] {
    demandInsight(caller, this.#task);
    return [...this.#task.files.entries()].map(([descriptor]) => String(descriptor));
  }
}

/** A pipe, where it is opened anew: /dev/stdout. It is its holder's, as runc hands a container's standard streams to its user. */
class PipeInode extends PseudoInode {
  readonly #pipe: Pipe;

  constructor(fs: PseudoFs, pipe: Pipe, holder: Task) {
    super(fs, S_IFIFO | 0o600, holder.credentials.euid, holder.credentials.egid);
    this.#pipe = pipe;
  }

  override open(flags: number): Channel {
    return new PipeEnd(this.#pipe, flags, true);
  }
}

/** What a namespace's link leads to: opened, it is what setns(2) takes; bound somewhere, it keeps the namespace. */
class NamespaceInode extends PseudoInode {
  readonly namespace: { readonly kind: string; readonly number: number; readonly userNamespace: UserNamespace };

  constructor(fs: PseudoFs, namespace: NamespaceInode["namespace"]) {
    super(fs, S_IFREG | 0o444);
    this.namespace = namespace;
  }

  override attributes(): ReturnType<PseudoInode["attributes"]> {
    return { ...super.attributes(), ino: this.namespace.number };
  }

  override open(): Channel {
    const refuse = (): never => {
      throw E.EINVAL;
    };
    const { namespace } = this;
    const plain = { seekable: false, read: refuse, write: refuse };
    if (!(namespace instanceof NetNamespace)) return plain;
    // An opened file keeps its namespace.
    namespace.hold();
    return {
      ...plain,
      release: () => {
        namespace.letGo();
      },
    };
  }
}

class NamespaceDirectory extends PseudoDirectory {
  constructor(fs: PseudoFs, parent: Inode, task: Task, nsfs: PseudoFs) {
    super(fs, parent, "ns", 0o511, { uid: task.credentials.euid, gid: task.credentials.egid });
    for (const name of Object.keys(namespacesOf(task))) {
      const now = (): NamespaceInode["namespace"] => {
        const namespace = namespacesOf(task)[name];
        if (namespace === undefined || task.zombie) throw E.ENOENT;
        return namespace;
      };
      this.add(
        name,
        new PseudoMagicLink(
          fs,
          (caller) => {
            demandInsight(caller, task);
            return `${now().kind}:[${now().number}]`;
          },
          (caller) => {
            demandInsight(caller, task);
            const inode = new NamespaceInode(nsfs, now());
            const mount = new Mount(0, nsfs, inode, "nsfs", 0, reader(caller).namespaces.mnt);
            return { mount, inode };
          },
        ),
      );
    }
  }
}
