import type { Activity } from "../../core/index.js";
import { attempt, Errno, O_DIRECTORY, O_PATH, RESOLVE_IN_ROOT, type Sys } from "../../os/index.js";
import { pack } from "../image/pack.js";
import { removeTree, unpack } from "../image/unpack.js";
import { listDirectory, makeDirectories } from "../runtime/files.js";
import { timestamp } from "../timestamp.js";
import { conflict, EngineError, invalid } from "./errors.js";
import type { EngineHost } from "./host.js";
import type { MountPoint, PlannedMount } from "./mounts.js";
import { isName, randomId } from "./names.js";

/** A volume as Docker's API shows it. */
export interface Volume {
  readonly Name: string;
  readonly Driver: "local";
  readonly Mountpoint: string;
  readonly CreatedAt: string;
  readonly Labels: Readonly<Record<string, string>>;
  readonly Scope: "local";
}

const anonymous = "com.docker.volume.anonymous";

/** Directories that outlive containers. */
export class Volumes {
  readonly #host: EngineHost;
  readonly #all = new Map<string, Volume>();
  /** Ids of the containers that have one. */
  readonly #users = new Map<string, Set<string>>();

  constructor(host: EngineHost) {
    this.#host = host;
  }

  /** Makes one, or gives the one of that name. */
  *create(name: string | undefined, labels: Readonly<Record<string, string>> = {}): Activity<Volume> {
    const Name = name ?? randomId(this.#host.rng);
    const there = this.#all.get(Name);
    if (there !== undefined) return there;
    if (!isName(Name))
      throw invalid(
        `create ${Name}: "${Name}" includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed`,
        "Choose another name.",
      );
    const Mountpoint = `${this.#host.root}/volumes/${Name}/_data`;
    const volume: Volume = {
      Name,
      Driver: "local",
      Mountpoint,
      CreatedAt: timestamp(this.#host.now),
      Labels: name === undefined ? { [anonymous]: "", ...labels } : labels,
      Scope: "local",
    };
    this.#all.set(Name, volume);
    yield* this.#host.serve((sys) => makeDirectories(sys, Mountpoint));
    this.#host.events.emit("volume", "create", Name, { driver: "local" });
    return volume;
  }

  /** @throws EngineError 404 */
  get(name: string): Volume {
    const volume = this.#all.get(name);
    if (volume === undefined)
      throw new EngineError(404, `get ${name}: no such volume`, "Look at the volumes that there are.");
    return volume;
  }

  list(): Volume[] {
    return [...this.#all.values()].sort((a, b) => (a.Name < b.Name ? -1 : 1));
  }

  /** Ids of the containers that have it. */
  users(name: string): readonly string[] {
    return [...(this.#users.get(name) ?? [])];
  }

  /** @throws EngineError 409 while a container has it */
  *remove(name: string, force = false): Activity<undefined> {
    if (force && !this.#all.has(name)) return undefined;
    const { Name, Mountpoint } = this.get(name);
    const users = this.users(name);
    if (users.length > 0)
      throw conflict(
        `remove ${name}: volume is in use - [${users.join(", ")}]`,
        "Remove the containers that have it first.",
      );
    this.#all.delete(Name);
    yield* this.#host.serve((sys) => removeTree(sys, Mountpoint.slice(0, -"/_data".length)));
    this.#host.events.emit("volume", "destroy", Name, { driver: "local" });
    return undefined;
  }

  /** Removes what no container has: those without a name, or all. @returns their names */
  *prune(all = false): Activity<string[]> {
    const unused = this.list().filter(
      ({ Name, Labels }) => this.users(Name).length === 0 && (all || anonymous in Labels),
    );
    for (const { Name } of unused) yield* this.remove(Name);
    return unused.map(({ Name }) => Name);
  }

  /** Finds each planned mount its place: a volume is made where there is none yet. */
  *settle(id: string, planned: readonly PlannedMount[]): Activity<MountPoint[]> {
    const points: MountPoint[] = [];
    for (const mount of planned) {
      if (mount.type !== "volume") {
        points.push({ ...mount, volume: "", path: mount.type === "bind" ? mount.source : "" });
        continue;
      }
      const { Name, Mountpoint } = yield* this.create(mount.source === "" ? undefined : mount.source);
      const users = this.#users.get(Name) ?? new Set();
      this.#users.set(Name, users.add(id));
      points.push({ ...mount, source: Name, volume: Name, path: Mountpoint });
    }
    return points;
  }

  /** A container is gone. @param anonymousToo whether volumes without a name that nobody else has go with it */
  *letGo(id: string, mounts: readonly MountPoint[], anonymousToo: boolean): Activity<undefined> {
    for (const { volume } of mounts) {
      if (volume === "") continue;
      const users = this.#users.get(volume);
      users?.delete(id);
      const there = this.#all.get(volume);
      if (anonymousToo && there !== undefined && anonymous in there.Labels && users?.size === 0)
        yield* this.remove(volume);
    }
    return undefined;
  }
}

/**
 * What has to be there before a container's process starts: a host's directory that -v names is made, an empty volume gets what
 * the image has at its place.
 */
export function* readyMount(sys: Sys, rootfs: string, mount: MountPoint): Activity<undefined> {
  const { type, path, target, copies, makes } = mount;
  if (type === "tmpfs") return undefined;
  const there = yield* attempt(sys.stat(path));
  if (there instanceof Errno) {
    if (!makes)
      throw invalid(
        `invalid mount config for type "bind": bind source path does not exist: ${path}`,
        "Make it first, or use -v, which makes it.",
      );
    yield* makeDirectories(sys, path);
  }
  if (!copies || (yield* listDirectory(sys, path)).length > 0) return undefined;
  // Links in the image lead to places inside of it.
  const root = yield* sys.open(rootfs, O_PATH | O_DIRECTORY);
  const found = yield* attempt(sys.openat2(root, target, { flags: O_PATH, resolve: RESOLVE_IN_ROOT }));
  yield* sys.close(root);
  if (found instanceof Errno) return undefined;
  const source = yield* sys.readlink(`/proc/self/fd/${found}`);
  const { mode, uid, gid } = yield* sys.lstat(source);
  yield* sys.close(found);
  if ((mode & 0o170000) !== 0o040000) return undefined;
  yield* unpack(sys, path, yield* pack(sys, source));
  yield* sys.chown(path, uid, gid);
  return yield* sys.chmod(path, mode & 0o7777);
}
