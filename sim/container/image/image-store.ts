import { UsageError } from "../../core/index.js";
import type { ContentStore } from "./content-store.js";
import { hexOf, type Digest } from "./digest.js";
import { blobsOf, unpackedSize, type Image } from "./image.js";
import type { History } from "./oci.js";
import { familiarName, formatReference, parseReference, type Reference } from "./reference.js";

/** What removing a name or an image did, in `docker rmi`'s words. */
export interface Removal {
  readonly untagged: readonly string[];
  readonly deleted: readonly Digest[];
}

/** A row of `docker images`. */
export interface ImageSummary {
  readonly id: Digest;
  readonly tags: readonly string[];
  /** "alpine@sha256:…": what a registry calls it. */
  readonly digests: readonly string[];
  readonly created: string | undefined;
  /** Bytes of its files, holes included. */
  readonly size: number;
  /** Of these, bytes in layers that other images have too. */
  readonly sharedSize: number;
}

/** A row of `docker history`. */
export interface HistoryRow {
  readonly id: Digest | undefined;
  readonly created: string | undefined;
  readonly createdBy: string;
  readonly size: number;
  readonly comment: string;
}

interface Kept {
  readonly image: Image;
  readonly tags: Set<string>;
  readonly digests: Set<string>;
}

/** Images with their names, over a content store: holds each image's blobs as long as the image is there. */
export class ImageStore {
  readonly content: ContentStore;
  readonly #images = new Map<Digest, Kept>();
  /** Image ids by full names. */
  readonly #names = new Map<string, Digest>();
  readonly #sizes = new Map<Digest, number>();

  constructor(content: ContentStore) {
    this.content = content;
  }

  /** Takes an image in, under a name where one is given. @throws UsageError where a blob is missing */
  add(image: Image, reference?: Reference): Image {
    const kept = this.#images.get(image.id);
    if (kept === undefined) {
      const blobs = blobsOf(image);
      for (const digest of blobs) this.content.get(digest);
      for (const digest of blobs) this.content.hold(digest);
      this.#images.set(image.id, { image, tags: new Set(), digests: new Set() });
    }
    if (reference !== undefined) this.tag(image.id, reference);
    return kept?.image ?? image;
  }

  /** Gives an image a name; takes it from the one that had it. */
  tag(id: Digest, reference: Reference): void {
    const kept = this.#images.get(id);
    if (kept === undefined) throw missing(id);
    const name = formatReference(reference);
    const before = this.#names.get(name);
    if (before !== undefined) this.#images.get(before)?.tags.delete(name);
    this.#names.set(name, id);
    (reference.tag === undefined ? kept.digests : kept.tags).add(name);
  }

  /** By name, id, or an id's beginning. Undefined where there is none. @throws UsageError where several begin so */
  find(text: string): Image | undefined {
    const hex = /^(?:sha256:)?([0-9a-f]{4,64})$/.exec(text)?.[1];
    if (hex !== undefined) {
      const found = [...this.#images.keys()].filter((id) => hexOf(id).startsWith(hex));
      if (found.length > 1)
        throw new UsageError(`ambiguous image id "${text}"`, `Give more of it: ${found.join(", ")}.`);
      const [id] = found;
      if (id !== undefined) return this.#images.get(id)?.image;
      if (text.startsWith("sha256:")) return undefined;
    }
    const id = this.#names.get(formatReference(parseReference(text)));
    return id === undefined ? undefined : this.#images.get(id)?.image;
  }

  /** @throws UsageError where there is none */
  get(text: string): Image {
    const image = this.find(text);
    if (image === undefined) throw missing(text);
    return image;
  }

  /**
   * `docker rmi`: takes a name away, and with its last name the image; all names of an image that is named by its id.
   * @throws UsageError where an id has several names, unless forced
   */
  remove(text: string, force = false): Removal {
    const { id } = this.get(text);
    const kept = this.#images.get(id);
    if (kept === undefined) throw missing(text);
    const byId = hexOf(id).startsWith(text.replace(/^sha256:/, ""));
    if (byId && kept.tags.size > 1 && !force)
      throw new UsageError(
        `unable to delete ${hexOf(id).slice(0, 12)} (must be forced) - image is referenced in multiple repositories`,
        "Remove its names one by one, or force it.",
      );
    const untagged = byId ? [...kept.tags, ...kept.digests] : [formatReference(parseReference(text))];
    for (const name of untagged) this.#untag(kept, name);
    if (kept.tags.size > 0) return { untagged: untagged.map(shown), deleted: [] };
    for (const name of [...kept.digests]) {
      this.#untag(kept, name);
      untagged.push(name);
    }
    return { untagged: untagged.map(shown), deleted: this.#delete(kept) };
  }

  /** Removes images without a name. @param used ids that are needed nevertheless */
  prune(used: ReadonlySet<Digest> = new Set()): Removal {
    const deleted: Digest[] = [];
    for (const [id, kept] of [...this.#images])
      if (kept.tags.size === 0 && !used.has(id)) deleted.push(...this.#delete(kept));
    return { untagged: [], deleted };
  }

  /** The newest first; in the order of arrival where they are equally old. */
  list(): ImageSummary[] {
    const users = new Map<Digest, number>();
    for (const { image } of this.#images.values())
      for (const diffId of new Set(image.config.rootfs.diff_ids)) users.set(diffId, (users.get(diffId) ?? 0) + 1);
    const rows = [...this.#images.values()].map(({ image, tags, digests }) => {
      const sizes = this.#layerSizes(image);
      const shared = sizes.filter((_, place) => (users.get(image.config.rootfs.diff_ids[place] ?? image.id) ?? 0) > 1);
      return {
        id: image.id,
        tags: [...tags].map(shown),
        digests: [...digests].map(shown),
        created: image.config.created,
        size: sum(sizes),
        sharedSize: sum(shared),
      };
    });
    return rows.sort((a, b) =>
      (b.created ?? "") < (a.created ?? "") ? -1 : (b.created ?? "") > (a.created ?? "") ? 1 : 0,
    );
  }

  /** An image's steps, the last first, with what each added. */
  history(text: string): HistoryRow[] {
    const image = this.get(text);
    const sizes = this.#layerSizes(image);
    let layer = 0;
    const row = (step: History): HistoryRow => ({
      id: undefined,
      created: step.created,
      createdBy: step.created_by ?? "",
      size: step.empty_layer === true ? 0 : (sizes[layer++] ?? 0),
      comment: step.comment ?? "",
    });
    return image.config.history
      .map(row)
      .reverse()
      .map((one, place) => (place === 0 ? { ...one, id: image.id } : one));
  }

  #layerSizes({ manifest }: Image): number[] {
    return manifest.layers.map(({ digest }) => {
      let size = this.#sizes.get(digest);
      if (size === undefined) {
        size = unpackedSize(this.content.get(digest));
        this.#sizes.set(digest, size);
      }
      return size;
    });
  }

  #untag(kept: Kept, name: string): void {
    kept.tags.delete(name);
    kept.digests.delete(name);
    if (this.#names.get(name) === kept.image.id) this.#names.delete(name);
  }

  #delete({ image }: Kept): Digest[] {
    this.#images.delete(image.id);
    const blobs = blobsOf(image);
    for (const digest of blobs) this.content.release(digest);
    const gone = new Set(this.content.collect(blobs).digests);
    // As Docker tells it: the image, then its layers that nobody else has.
    const layers = image.manifest.layers.flatMap(({ digest }, place) => {
      const diffId = image.config.rootfs.diff_ids[place];
      return gone.has(digest) && diffId !== undefined ? [diffId] : [];
    });
    return [image.id, ...layers.reverse()];
  }
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const shown = (name: string): string => familiarName(parseReference(name));
const missing = (name: string): UsageError =>
  new UsageError(`No such image: ${name}`, "Pull, load or build it first; look at the images that there are.");
