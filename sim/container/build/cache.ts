import { encodeUtf8 } from "../../core/index.js";
import type { ContentStore } from "../image/content-store.js";
import { digestOf, type Digest } from "../image/digest.js";
import type { Layer } from "../image/layer.js";

/** What a step depends on beside the step before it. */
export interface Dependencies {
  /** The instruction, its variables replaced. */
  readonly text: string;
  /** Of a RUN: the build arguments that it sees, since their values may end up in files. */
  readonly args?: ReadonlyMap<string, string>;
  /** Of COPY, ADD and bind mounts: checksums of the files by their names. Times don't count. */
  readonly files?: ReadonlyMap<string, string>;
}

/** A step on its way through the cache. */
export interface Looked {
  readonly key: Digest;
  /** The layers that the step made when it was executed; undefined where it has to be. */
  readonly layers: readonly Layer[] | undefined;
  /** In words: why it is executed, or that it isn't. */
  readonly why: string;
}

/**
 * What steps made, by what they depend on. A step's key is a hash over the key of the step before and its own dependencies,
 * so a step that changes makes all behind it new (Docker's documentation, "Build cache invalidation").
 */
export class BuildCache {
  readonly #content: ContentStore;
  /** By keys. */
  readonly #made = new Map<Digest, readonly Layer[]>();
  /** What was executed after a step, by that step's key: to tell what is different now. */
  readonly #after = new Map<Digest, Dependencies[]>();
  /** Layers that were made anew since the last `prune`. */
  readonly #superseded = new Set<Digest>();

  /** @param content where the layers' blobs are: the cache holds them until `prune` */
  constructor(content: ContentStore) {
    this.#content = content;
  }

  /** The key that a build begins with: the base image's id, or "scratch". */
  base(image: string): Digest {
    return digestOf(encodeUtf8(`FROM ${image}`));
  }

  look(before: Digest, dependencies: Dependencies): Looked {
    const key = keyOf(before, dependencies);
    const layers = this.#made.get(key);
    return layers === undefined
      ? { key, layers, why: this.#difference(before, dependencies) }
      : { key, layers, why: "nothing that it depends on has changed" };
  }

  /** Remembers what a step made; what it made before is forgotten. */
  keep(before: Digest, { key }: Looked, dependencies: Dependencies, layers: readonly Layer[]): void {
    for (const { blob } of layers) this.#content.hold(this.#content.put(blob));
    const former = this.#made.get(key) ?? [];
    this.#release(former);
    for (const { descriptor } of former) this.#superseded.add(descriptor.digest);
    this.#made.set(key, layers);
    const others = (this.#after.get(before) ?? []).filter((one) => keyOf(before, one) !== key);
    this.#after.set(before, [...others, dependencies]);
  }

  /** Forgets everything. @returns bytes that nobody else holds */
  prune(): number {
    const layers = [...this.#made.values()].flat();
    this.#release(layers);
    const forgotten = new Set([...this.#superseded, ...layers.map(({ descriptor }) => descriptor.digest)]);
    this.#made.clear();
    this.#after.clear();
    this.#superseded.clear();
    return this.#content.collect(forgotten).bytes;
  }

  #release(layers: readonly Layer[]): void {
    for (const { descriptor } of layers) this.#content.release(descriptor.digest);
  }

  #difference(before: Digest, now: Dependencies): string {
    const siblings = this.#after.get(before);
    if (siblings === undefined) return "it was never executed after the step before it";
    const last = siblings.findLast(({ text }) => text === now.text);
    if (last === undefined) return "the instruction is new";
    const args = changes(last.args, now.args);
    if (args.length > 0) return `build arguments changed: ${args.join(", ")}`;
    const files = changes(last.files, now.files);
    const shown = files.slice(0, 3).join(", ");
    return `files changed: ${shown}${files.length > 3 ? ` and ${files.length - 3} more` : ""}`;
  }
}

const none: ReadonlyMap<string, string> = new Map();

function changes(before: ReadonlyMap<string, string> = none, now: ReadonlyMap<string, string> = none): string[] {
  return [...new Set([...before.keys(), ...now.keys()])].filter((name) => before.get(name) !== now.get(name)).sort();
}

function keyOf(before: Digest, { text, args = none, files = none }: Dependencies): Digest {
  return digestOf(encodeUtf8(JSON.stringify([before, text, [...args].sort(), [...files].sort()])));
}
