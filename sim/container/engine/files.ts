import { type Activity } from "../../core/index.js";
import { attempt, CLONE_NEWNS, Errno, MS_BIND, MS_PRIVATE, MS_REC, S_IFDIR, S_IFMT, type Sys } from "../../os/index.js";
import { stacked, type FileSet } from "../build/file-set.js";
import { makeImage, type Image } from "../image/image.js";
import { entriesOf, makeLayer } from "../image/layer.js";
import type { ExecutionConfig } from "../image/oci.js";
import { pack } from "../image/pack.js";
import { parseReference } from "../image/reference.js";
import { readTar, type TarEntry, writeTar } from "../../userland/index.js";
import { opaqueMarker, whiteoutPrefix } from "../image/tree-path.js";
import { unpack } from "../image/unpack.js";
import { makeDirectories } from "../runtime/files.js";
import { timestamp } from "../timestamp.js";
import type { Container } from "./container.js";
import { EngineError, invalid } from "./errors.js";
import type { EngineHost } from "./host.js";
import type { Images } from "./images.js";

/** A path that was changed: modified, added, deleted, as `docker diff` marks them. */
export interface Change {
  readonly kind: "C" | "A" | "D";
  readonly path: string;
}

/** What a path in a container is: the header X-Docker-Container-Path-Stat. */
export interface PathStat {
  readonly name: string;
  readonly size: number;
  readonly mode: number;
  readonly mtime: string;
  readonly linkTarget: string;
}

/** Files of containers from outside: copies, changes, images made of them. */
export class ContainerFiles {
  readonly #host: EngineHost;
  readonly #images: Images;
  /** What images hold, by image. */
  readonly #trees = new WeakMap<Image, FileSet>();

  constructor(host: EngineHost, images: Images) {
    this.#host = host;
    this.#images = images;
  }

  /** A file or a tree as an archive, its name first. @throws EngineError 404 */
  *get(container: Container, path: string): Activity<{ readonly archive: Uint8Array; readonly stat: PathStat }> {
    return yield* this.#inside(container, function* (sys) {
      const name = path.split("/").findLast((part) => part !== "" && part !== ".") ?? "/";
      const found = yield* attempt(sys.lstat(path));
      if (found instanceof Errno)
        throw new EngineError(
          404,
          `Could not find the file ${path} in container ${container.id}`,
          "Look at what is there: docker exec … ls.",
        );
      const linkTarget = (found.mode & S_IFMT) === 0o120000 ? yield* sys.readlink(path) : "";
      const entries = yield* pack(sys, path, { prefix: name === "/" ? "" : name });
      const stat = { name, size: found.size, mode: found.mode, mtime: timestamp(found.mtime), linkTarget };
      return { archive: writeTar(entries), stat };
    });
  }

  /** Unpacks an archive into a directory of a container. @throws EngineError 404, 400 for what is no directory */
  *put(container: Container, path: string, archive: Uint8Array): Activity<undefined> {
    const entries = readTar(archive);
    if (container.host.ReadonlyRootfs && !container.mounts.some(({ target }) => path.startsWith(target)))
      throw new EngineError(403, "container rootfs is marked read-only", "Copy into a volume.");
    return yield* this.#inside(container, function* (sys) {
      const found = yield* attempt(sys.stat(path));
      if (found instanceof Errno)
        throw new EngineError(
          404,
          `Could not find the file ${path} in container ${container.id}`,
          "Make the directory first.",
        );
      if ((found.mode & S_IFMT) !== S_IFDIR)
        throw invalid("extraction point is not a directory", "Name the directory that it goes into.");
      return yield* unpack(sys, path, entries);
    });
  }

  /** Paths that differ from the image. */
  *diff(container: Container): Activity<Change[]> {
    const { snapshots } = this.#host;
    const entries = yield* this.#host.serve((sys) => snapshots.changes(sys, container.id));
    const image = this.#tree(container.image);
    const points = mountPoints(container);
    const changes: Change[] = [];
    for (const { name } of entries) {
      const parts = name.split("/");
      const last = parts.pop() ?? "";
      if (last === opaqueMarker) continue;
      const gone = last.startsWith(whiteoutPrefix);
      const path = [...parts, gone ? last.slice(whiteoutPrefix.length) : last].join("/");
      if (points.has(`/${path}`)) continue;
      changes.push({ kind: gone ? "D" : image.has(path) ? "C" : "A", path: `/${path}` });
    }
    return changes.sort((a, b) => (a.path < b.path ? -1 : 1));
  }

  /** A container's files as an archive, without what is mounted. */
  *export(container: Container): Activity<Uint8Array> {
    return yield* this.#inside(container, function* (sys) {
      return writeTar(yield* pack(sys, "/", { oneFileSystem: true }));
    });
  }

  /** An image of what a container is now. @param changes of its configuration */
  *commit(
    container: Container,
    {
      name,
      comment = "",
      author,
      changes = {},
    }: {
      readonly name?: string;
      readonly comment?: string;
      readonly author?: string;
      readonly changes?: ExecutionConfig;
    } = {},
  ): Activity<Image> {
    const reference = name === undefined ? undefined : parseReference(name);
    const { snapshots, events } = this.#host;
    const entries = yield* this.#host.serve((sys) => snapshots.changes(sys, container.id));
    const points = mountPoints(container);
    const own = entries.filter((entry) => !isPoint(entry, points));
    const { config, image } = container;
    const created = timestamp(this.#host.now);
    const { Env, Cmd, Entrypoint, User, WorkingDir, Labels, Volumes, ExposedPorts, StopSignal } = config;
    const below = image.manifest.layers.map((descriptor, place) => ({
      descriptor,
      diffId: image.config.rootfs.diff_ids[place] ?? descriptor.digest,
      blob: this.#images.store.content.get(descriptor.digest),
    }));
    const made = makeImage(this.#images.store.content, {
      layers: [...below, makeLayer(own)],
      config: {
        created,
        ...(author !== undefined && { author }),
        architecture: image.config.architecture,
        os: "linux",
        config: {
          ...image.config.config,
          ...{ Env, Cmd, Entrypoint, User, WorkingDir, Labels, Volumes, ExposedPorts, StopSignal },
          ...changes,
        },
        history: [...image.config.history, { created, created_by: container.args.join(" "), comment }],
      },
    });
    this.#images.store.add(made, reference);
    events.emit("container", "commit", container.id, { ...container.attributes, imageID: made.id, comment });
    return made;
  }

  /** Does something in a container's root: that of its process, or one mounted for it with its volumes. */
  *#inside<T>(container: Container, body: (sys: Sys) => Activity<T>): Activity<T> {
    const { snapshots } = this.#host;
    return yield* this.#host.serve(function* (sys) {
      if (container.isRunning) {
        yield* sys.chroot(`/proc/${container.state.pid}/root`);
        yield* sys.chdir("/");
        return yield* body(sys);
      }
      yield* sys.unshare(CLONE_NEWNS);
      yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
      const rootfs = yield* snapshots.mount(sys, container.id);
      for (const { type, path, target } of container.mounts) {
        if (type === "tmpfs" || (yield* attempt(sys.stat(path))) instanceof Errno) continue;
        yield* makeDirectories(sys, `${rootfs}${target}`);
        yield* sys.mount(path, `${rootfs}${target}`, undefined, MS_BIND | MS_REC);
      }
      yield* sys.chroot(rootfs);
      yield* sys.chdir("/");
      return yield* body(sys);
    });
  }

  #tree(image: Image): FileSet {
    let tree = this.#trees.get(image);
    if (tree === undefined) {
      tree = stacked(this.#images.layersOf(image).map(({ blob }) => entriesOf(blob)));
      this.#trees.set(image, tree);
    }
    return tree;
  }
}

/** Places in a container's root that are there for what is mounted on them. */
const mountPoints = ({ mounts }: Container): ReadonlySet<string> =>
  new Set([
    ..."/dev /proc /sys /dev/pts /dev/shm /sys/fs /sys/fs/cgroup /etc/hostname /etc/hosts /etc/resolv.conf".split(" "),
    ...mounts.map(({ target }) => target),
  ]);

const isPoint = ({ name, type, size }: TarEntry, points: ReadonlySet<string>): boolean =>
  points.has(`/${name}`) && (type === "directory" || size === 0);
