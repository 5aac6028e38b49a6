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
import { demandInsight, namespaceNames, namespacesOf, placeOf, reader, shownPath, taskFiles } from "./task-files.js";

/** procfs, proc(5), as seen from one pid namespace: that of whoever mounted it. */
export function procfs(kernel: KernelState, namespace: PidNamespace<Task>): FileSystem {
  const fs = new PseudoFs("proc", kernel.nextDevice());
  const root = new ProcRoot(fs, kernel, namespace);
  fs.root = root;
  addSystemFiles(root, kernel);
  return fs;
}

const isNumber = /^(0|[1-9]\d*)$/;

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
    if (!isNumber.test(name)) return undefined;
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

const taskLinks = ["cwd", "exe", "root"] as const;

/** /proc/PID. Its entries are made as they are looked up. */
class TaskDirectory extends PseudoDirectory {
  readonly #task: Task;
  readonly #nsfs: PseudoFs;
  readonly #made: Inode[] = [];

  constructor(fs: PseudoFs, parent: Inode, name: string, task: Task, nsfs: PseudoFs) {
    super(fs, parent, name);
    this.#task = task;
    this.#nsfs = nsfs;
  }

  /** All of it is whoever the task is now. */
  belongTo(uid: number, gid: number): void {
    if (this.uid === uid && this.gid === gid) return;
    this.change({ uid, gid });
    for (const one of this.#made) one.change({ uid, gid });
  }

  override list(): readonly string[] {
    return [...taskFiles.keys(), ...taskLinks, ...(this.#task.namespaces.net.present ? ["net"] : []), "fd", "ns"];
  }

  protected override find(name: string): Inode | undefined {
    const made = this.#make(name);
    if (made === undefined) return undefined;
    if (name !== "net") this.#made.push(made);
    return this.add(name, made);
  }

  #make(name: string): Inode | undefined {
    const task = this.#task;
    const text = taskFiles.get(name)?.(task);
    if (text !== undefined) {
      const mode = name === "environ" ? 0o400 : text.write === undefined ? 0o444 : 0o644;
      return new PseudoFile(this.fs, text, mode, this);
    }
    const link = taskLinks.find((one) => one === name);
    if (link !== undefined)
      return new PseudoMagicLink(
        this.fs,
        (caller) => shownPath(placeOf(task, link, caller), caller),
        (caller) => placeOf(task, link, caller),
        this,
      );
    if (name === "fd") return new DescriptorDirectory(this.fs, this, task);
    if (name === "ns") return new NamespaceDirectory(this.fs, this, task, this.#nsfs);
    if (name !== "net" || !task.namespaces.net.present) return undefined;
    const net = new PseudoDirectory(this.fs, this, name);
    addNetworkFiles(net, () => task.namespaces.net);
    return net;
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
    const file = this.#task.files.find(Number(name));
    if (file === undefined || !isNumber.test(name)) return undefined;
    const { place, label, channel } = file;
    const follow = (who: Caller): Place => {
      if (place !== undefined) return place;
      // Of what has no name, only pipes can be opened anew.
      if (!(channel instanceof PipeEnd)) throw E.ENXIO;
      const inode = new PipeInode(this.fs, channel.pipe, this.#task);
      return { inode, mount: new Mount(0, this.fs, inode, "pipefs", 0, reader(who).namespaces.mnt) };
    };
    return new PseudoMagicLink(this.fs, (who) => (place === undefined ? label : shownPath(place, who)), follow, this);
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
  readonly #task: Task;
  readonly #nsfs: PseudoFs;

  constructor(fs: PseudoFs, parent: Inode, task: Task, nsfs: PseudoFs) {
    super(fs, parent, "ns", 0o511, { uid: task.credentials.euid, gid: task.credentials.egid });
    this.#task = task;
    this.#nsfs = nsfs;
  }

  override list(): readonly string[] {
    return namespaceNames;
  }

  protected override find(given: string): Inode | undefined {
    const name = namespaceNames.find((one) => one === given);
    if (name === undefined) return undefined;
    const task = this.#task;
    const now = (caller: Caller): NamespaceInode["namespace"] => {
      demandInsight(caller, task);
      if (task.zombie) throw E.ENOENT;
      return namespacesOf(task)[name];
    };
    const link = new PseudoMagicLink(
      this.fs,
      (caller) => `${now(caller).kind}:[${now(caller).number}]`,
      (caller) => {
        const inode = new NamespaceInode(this.#nsfs, now(caller));
        const mount = new Mount(0, this.#nsfs, inode, "nsfs", 0, reader(caller).namespaces.mnt);
        return { mount, inode };
      },
      this,
    );
    return this.add(name, link);
  }
}
