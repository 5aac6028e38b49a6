import { Signal, type Activity } from "../../core/index.js";
import { attempt, Errno, type Sys } from "../../os/index.js";
import { hexOf } from "../image/digest.js";
import { entriesOf, type Layer } from "../image/layer.js";
import { pack } from "../image/pack.js";
import type { TarEntry } from "../../userland/index.js";
import { removeTree, unpack } from "../image/unpack.js";
import { makeDirectories, readText, readTextIfThere, writeText } from "../runtime/files.js";

/** What of a layer is needed to unpack it. */
export type Unpackable = Pick<Layer, "diffId" | "blob">;

/**
 * Unpacked images for containers and builds, as Docker's overlay2 keeps them: each layer is unpacked once, whoever uses it; a
 * snapshot is a writable directory over some layers. What was written is what its upper directory holds.
 */
export class Snapshotter {
  readonly directory: string;
  /** Layers that somebody unpacks just now: others wait. */
  readonly #unpacking = new Map<string, Signal<void>>();

  /** @param directory where all of it lies; it must be no overlay itself */
  constructor(directory: string = "/var/lib/docker/overlay2") {
    this.directory = directory;
  }

  /** The directory of an unpacked layer; unpacks it where it isn't yet. @throws UsageError for a layer that is refused */
  *layer(sys: Sys, { diffId, blob }: Unpackable): Activity<string> {
    const path = this.#layerPath(diffId);
    for (;;) {
      const busy = this.#unpacking.get(path);
      if (busy === undefined) break;
      yield* busy;
    }
    if (!((yield* attempt(sys.stat(path))) instanceof Errno)) return path;
    const done = new Signal<void>("a layer that is unpacked");
    this.#unpacking.set(path, done);
    const partial = `${path}.partial`;
    try {
      // Under another name until it is whole.
      yield* removeTree(sys, partial);
      yield* makeDirectories(sys, partial);
      yield* unpack(sys, partial, entriesOf(blob), { layer: true });
      yield* sys.rename(partial, path);
    } finally {
      this.#unpacking.delete(path);
      done.fire();
    }
    return path;
  }

  /** Makes a writable snapshot over layers, the lowest first. @throws Errno EEXIST for a key that is taken */
  *prepare(sys: Sys, key: string, layers: readonly Unpackable[]): Activity<undefined> {
    const lower: string[] = [];
    for (const layer of layers) lower.unshift(yield* this.layer(sys, layer));
    const place = this.#place(key);
    yield* makeDirectories(sys, this.directory);
    yield* sys.mkdir(place, 0o710);
    for (const name of ["diff", "work", "merged"]) yield* sys.mkdir(`${place}/${name}`, 0o755);
    if (lower.length === 0) {
      yield* sys.mkdir(`${place}/empty`, 0o755);
      lower.push(`${place}/empty`);
    }
    yield* writeText(sys, `${place}/lower`, lower.join(":"), true);
    return undefined;
  }

  /**
   * Mounts a snapshot in the caller's mount namespace. One that has it mounted there alone leaves the host's table of mounts as short
   * as it was: each new mount namespace copies all of that.
   * @returns where
   */
  *mount(sys: Sys, key: string): Activity<string> {
    const place = this.#place(key);
    const lower = yield* readText(sys, `${place}/lower`);
    const options = `lowerdir=${lower},upperdir=${place}/diff,workdir=${place}/work`;
    yield* sys.mount("overlay", `${place}/merged`, "overlay", 0, options);
    return `${place}/merged`;
  }

  *unmount(sys: Sys, key: string): Activity<undefined> {
    return yield* sys.umount2(`${this.#place(key)}/merged`, 0);
  }

  /** What was changed in a snapshot, as a layer's entries: whiteouts stand for what was removed. */
  *changes(sys: Sys, key: string): Activity<TarEntry[]> {
    return yield* pack(sys, `${this.#place(key)}/diff`, { layer: true });
  }

  /** Removes a snapshot; its layers stay. Nothing where there is none. */
  *remove(sys: Sys, key: string): Activity<undefined> {
    return yield* removeTree(sys, this.#place(key));
  }

  /** Removes an unpacked layer that nobody stands on. */
  *discard(sys: Sys, diffId: Unpackable["diffId"]): Activity<undefined> {
    return yield* removeTree(sys, this.#layerPath(diffId));
  }

  /** Whether there is a snapshot of this name. */
  *has(sys: Sys, key: string): Activity<boolean> {
    return (yield* readTextIfThere(sys, `${this.#place(key)}/lower`)) !== undefined;
  }

  #place(key: string): string {
    return `${this.directory}/${key}`;
  }

  #layerPath(diffId: Unpackable["diffId"]): string {
    return `${this.directory}/layers/${hexOf(diffId).slice(0, 32)}`;
  }
}
