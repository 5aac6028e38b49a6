import type { Digest } from "../image/digest.js";

/** What one repository of a registry holds: links to blobs and manifests, which the registry keeps once for all. */
export class Repository {
  readonly name: string;
  readonly blobs: Set<Digest> = new Set();
  /** Media types of manifests by their digests. */
  readonly manifests: Map<Digest, string> = new Map();
  readonly tags: Map<string, Digest> = new Map();

  constructor(name: string) {
    this.name = name;
  }

  /** What a tag or a digest stands for; undefined where it is unknown. */
  resolve(reference: string): Digest | undefined {
    const digest = this.tags.get(reference) ?? (reference as Digest);
    return this.manifests.has(digest) ? digest : undefined;
  }

  removeManifest(digest: Digest): void {
    this.manifests.delete(digest);
    for (const [tag, target] of this.tags) if (target === digest) this.tags.delete(tag);
  }
}
