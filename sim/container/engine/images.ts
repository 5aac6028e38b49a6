import { UsageError, type Activity } from "../../core/index.js";
import { CLONE_NEWNS, MS_PRIVATE, MS_REC } from "../../os/index.js";
import { build } from "../build/builder.js";
import { BuildCache } from "../build/cache.js";
import type { BuildOptions, Built } from "../build/progress.js";
import { RuntimeWorker } from "../build/runtime-worker.js";
import { loadArchive, saveArchive } from "../image/archive.js";
import { hexOf } from "../image/digest.js";
import type { Image } from "../image/image.js";
import type { HistoryRow, ImageStore, ImageSummary, Removal } from "../image/image-store.js";
import { familiarName, parseReference } from "../image/reference.js";
import { lookUp, pull } from "../registry/pull.js";
import type { Progress } from "../registry/progress.js";
import { push } from "../registry/push.js";
import { errorOf, type Credentials, type Session } from "../registry/session.js";
import type { Unpackable } from "../snapshot/snapshotter.js";
import type { Containers } from "./containers.js";
import { conflict, EngineError } from "./errors.js";
import type { EngineHost } from "./host.js";

/** How the engine reaches a registry ("docker.io", "localhost:5000"), as whom. Undefined where it doesn't. */
export type Registries = (name: string, credentials?: Credentials) => Session | undefined;

/** OCI's name of a processor by uname(2)'s. */
const architectures: Readonly<Record<string, string>> = { x86_64: "amd64", aarch64: "arm64", riscv64: "riscv64" };

/** The engine's images: what registries, builds and archives bring, and what containers are made of. */
export class Images {
  readonly store: ImageStore;
  readonly cache: BuildCache;
  readonly #host: EngineHost;
  readonly #containers: Containers;
  readonly #registries: Registries;
  readonly architecture: string;

  constructor(host: EngineHost, containers: Containers, store: ImageStore, registries: Registries) {
    this.store = store;
    this.cache = new BuildCache(store.content);
    this.#host = host;
    this.#containers = containers;
    this.#registries = registries;
    this.architecture = architectures[host.kernel.machine] ?? host.kernel.machine;
  }

  /** @throws EngineError 404 */
  get(name: string): Image {
    const image = this.store.find(name);
    if (image !== undefined) return image;
    // An id without a tag is shown as it was written.
    const shown = /^(sha256:)?[0-9a-f]{12,64}$/.test(name) ? name : familiarName(parseReference(name));
    throw new EngineError(404, `No such image: ${shown}`, "Pull, load or build it first.");
  }

  /** An image's layers, the lowest first. */
  layersOf({ manifest, config }: Image): Unpackable[] {
    return manifest.layers.map(({ digest }, place) => ({
      diffId: config.rootfs.diff_ids[place] ?? digest,
      blob: this.store.content.get(digest),
    }));
  }

  list(): ImageSummary[] {
    return this.store.list();
  }

  history(name: string): HistoryRow[] {
    this.get(name);
    return this.store.history(name);
  }

  *pull(name: string, progress?: (line: Progress) => void, credentials?: Credentials): Activity<Image> {
    const reference = parseReference(name);
    const image = yield* pull(this.#session(reference.registry, credentials), reference, this.store, {
      platform: { os: "linux", architecture: this.architecture },
      ...(progress !== undefined && { progress }),
    });
    this.#host.events.emit("image", "pull", familiarName(reference), { name: reference.repository });
    return image;
  }

  *push(name: string, progress?: (line: Progress) => void, credentials?: Credentials): Activity<undefined> {
    const reference = parseReference(name);
    const image = this.get(name);
    yield* push(this.#session(reference.registry, credentials), image, reference, this.store, {
      ...(progress !== undefined && { progress }),
    });
    this.#host.events.emit("image", "push", familiarName(reference), { name: reference.repository });
    return undefined;
  }

  /** What a registry has under a name, without a pull. @throws RegistryError */
  look(name: string, credentials?: Credentials): ReturnType<typeof lookUp> {
    const reference = parseReference(name);
    return lookUp(this.#session(reference.registry, credentials), reference, this.store);
  }

  /** Whether a registry takes somebody in: `docker login`. @throws RegistryError where it doesn't */
  *login(registry: string, credentials: Credentials): Activity<undefined> {
    const answer = yield* this.#session(registry, credentials).request("", "GET", "/v2/");
    if (answer.status !== 200) throw errorOf(answer);
    return undefined;
  }

  tag(source: string, target: string): void {
    const { id } = this.get(source);
    const reference = parseReference(target);
    if (reference.digest !== undefined)
      throw new EngineError(400, "refusing to create a tag with a digest reference", "Write name:tag.");
    this.store.tag(id, reference);
    this.#host.events.emit("image", "tag", id, { name: familiarName(reference) });
  }

  /**
   * Takes a name away, and with its last one the image and its unpacked layers.
   * @throws EngineError 409 where a container needs it
   */
  *remove(name: string, force = false): Activity<Removal> {
    const image = this.get(name);
    this.#demandUnused(image, name, force);
    const removal = refused(() => this.store.remove(name, force));
    yield* this.#discard(removal);
    for (const one of removal.untagged) this.#host.events.emit("image", "untag", image.id, { name: one });
    if (removal.deleted.length > 0) this.#host.events.emit("image", "delete", image.id, { name: image.id });
    return removal;
  }

  /** Removes images without a name; all that no container has, where asked. */
  *prune(all = false): Activity<Removal> {
    const used = new Set(this.#containers.all().map(({ image }) => image.id));
    const untagged: string[] = [];
    const deleted: Removal["deleted"][number][] = [];
    if (all)
      for (const { id, tags } of this.list()) {
        if (used.has(id) || tags.length === 0) continue;
        const removal = this.store.remove(id, true);
        untagged.push(...removal.untagged);
        deleted.push(...removal.deleted);
      }
    deleted.push(...this.store.prune(used).deleted);
    const whole = { untagged, deleted };
    yield* this.#discard(whole);
    return whole;
  }

  /** @throws EngineError 404 for a name that isn't there */
  save(names: readonly string[]): Uint8Array {
    const named = new Map<Image, string[]>();
    for (const name of names) {
      const image = this.get(name);
      const isId = hexOf(image.id).startsWith(name.replace(/^sha256:/, ""));
      named.set(image, [...(named.get(image) ?? []), ...(isId ? [] : [name])]);
    }
    return saveArchive(
      this.store.content,
      [...named].map(([image, texts]) => ({ image, references: texts.map((text) => parseReference(text)) })),
    );
  }

  /** @returns in Docker's words what was loaded */
  load(archive: Uint8Array): string[] {
    const platform = { os: "linux", architecture: this.architecture };
    return loadArchive(this.store, archive, platform).flatMap(({ image, references }) =>
      references.length === 0
        ? [`Loaded image ID: ${image.id}`]
        : references.map((reference) => `Loaded image: ${familiarName(reference)}`),
    );
  }

  /** Builds a Dockerfile; commands run in containers of this host. @param names what the image is called */
  *build(names: readonly string[], options: BuildOptions): Activity<Built> {
    const references = names.map((name) => parseReference(name));
    const { runtime, networks, snapshots, root } = this.#host;
    const built = yield* this.#host.serve((sys) => {
      const worker = new RuntimeWorker(sys, {
        content: this.store.content,
        runtime,
        networks,
        snapshots,
        image: (name) => this.#found(name),
        directory: `${root}/build`,
        architecture: this.architecture,
      });
      const { store, cache } = this;
      return (function* (): Activity<Built> {
        // What it mounts is its own affair.
        yield* sys.unshare(CLONE_NEWNS);
        yield* sys.mount("", "/", undefined, MS_REC | MS_PRIVATE);
        return yield* build(store.content, worker, cache, options);
      })();
    });
    this.store.add(built.image);
    for (const reference of references) {
      this.store.tag(built.image.id, reference);
      this.#host.events.emit("image", "tag", built.image.id, { name: familiarName(reference) });
    }
    return built;
  }

  *#found(name: string): Activity<Image> {
    return this.store.find(name) ?? (yield* this.pull(name));
  }

  *#discard({ deleted }: Removal): Activity<undefined> {
    const { snapshots } = this.#host;
    const needed = new Set(
      this.list().flatMap(({ id }) => this.store.get(id).config.rootfs.diff_ids as readonly string[]),
    );
    yield* this.#host.serve(function* (sys): Activity<undefined> {
      for (const digest of deleted) if (!needed.has(digest)) yield* snapshots.discard(sys, digest);
      return undefined;
    });
    return undefined;
  }

  #demandUnused(image: Image, name: string, force: boolean): void {
    const users = this.#containers.all().filter((container) => container.image.id === image.id);
    const row = this.list().find(({ id }) => id === image.id);
    const byId = hexOf(image.id).startsWith(name.replace(/^sha256:/, ""));
    // While another name is left, the image stays.
    if (!byId && (row?.tags.length ?? 0) > 1) return;
    const short = hexOf(image.id).slice(0, 12);
    const runs = users.find((container) => container.isRunning);
    if (runs !== undefined && (byId || !force))
      throw conflict(
        byId
          ? `conflict: unable to delete ${short} (cannot be forced) - image is being used by running container ${runs.id.slice(0, 12)}`
          : `conflict: unable to remove repository reference "${name}" (must force) - container ${runs.id.slice(0, 12)} is using its referenced image ${short}`,
        "Stop and remove the container first.",
      );
    const [user] = users;
    if (user !== undefined && !force)
      throw conflict(
        byId
          ? `conflict: unable to delete ${short} (must be forced) - image is being used by stopped container ${user.id.slice(0, 12)}`
          : `conflict: unable to remove repository reference "${name}" (must force) - container ${user.id.slice(0, 12)} is using its referenced image ${short}`,
        "Remove the container first, or force it.",
      );
  }

  #session(registry: string, credentials: Credentials | undefined): Session {
    const session = this.#registries(registry, credentials);
    if (session === undefined)
      throw new EngineError(
        500,
        `Get "https://${registry}/v2/": dial tcp: lookup ${registry}: no such host`,
        "Give the engine a way to this registry.",
      );
    return session;
  }
}

/** What the store refuses is a conflict. */
function refused<T>(body: () => T): T {
  try {
    return body();
  } catch (error) {
    if (error instanceof UsageError) throw conflict(`conflict: ${error.message}`, error.hint);
    throw error;
  }
}
