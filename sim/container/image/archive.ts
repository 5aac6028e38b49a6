import { UsageError } from "../../core/index.js";
import { encodeJson, Field, parseJson } from "../json.js";
import type { ContentStore } from "./content-store.js";
import { digestOf, hexOf, type Digest } from "./digest.js";
import { readImage, verifyLayers, type Image } from "./image.js";
import { bytesOf, fileEntry, isGzip, readTar, type TarEntry, writeTar } from "../../userland/index.js";
import type { ImageStore } from "./image-store.js";
import { uncompressed } from "./layer.js";
import { isIndex, mediaTypes, parseManifest, type Descriptor, type Platform } from "./oci.js";
import { familiarName, formatReference, parseReference, type Reference } from "./reference.js";

/** An image with the names that it is saved under. */
export interface Named {
  readonly image: Image;
  readonly references: readonly Reference[];
}

const blobPath = (digest: Digest): string => `blobs/sha256/${hexOf(digest)}`;

/**
 * An archive of images as `docker save` has made it since 25: an OCI image layout (image-layout.md) with Docker's
 * manifest.json beside it, so that both kinds of readers understand it. Layers stay compressed, as with Docker's containerd
 * store: their digests are the registry's.
 */
export function saveArchive(content: ContentStore, images: readonly Named[]): Uint8Array {
  const blobs = new Map<string, Uint8Array>();
  const add = (digest: Digest): void => {
    blobs.set(blobPath(digest), content.get(digest));
  };
  const manifests: Descriptor[] = [];
  const docker: object[] = [];
  for (const { image, references } of images) {
    const { target, manifest } = image;
    for (const digest of [target.digest, manifest.config.digest, ...manifest.layers.map((one) => one.digest)])
      add(digest);
    const named = references.map((reference) => ({
      ...target,
      annotations: {
        "io.containerd.image.name": formatReference(reference),
        "org.opencontainers.image.ref.name": reference.tag ?? "",
      },
    }));
    manifests.push(...(named.length === 0 ? [target] : named));
    docker.push({
      Config: blobPath(manifest.config.digest),
      RepoTags: references.map(familiarName),
      Layers: manifest.layers.map(({ digest }) => blobPath(digest)),
    });
  }
  const file = (name: string, bytes: Uint8Array): TarEntry => fileEntry(name, bytes);
  const folder = (name: string): TarEntry => ({ ...file(name, empty), type: "directory", mode: 0o755 });
  return writeTar([
    folder("blobs"),
    folder("blobs/sha256"),
    ...[...blobs].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, bytes]) => file(name, bytes)),
    file("index.json", encodeJson({ schemaVersion: 2, mediaType: mediaTypes.index, manifests })),
    file("manifest.json", encodeJson(docker)),
    file("oci-layout", encodeJson({ imageLayoutVersion: "1.0.0" })),
  ]);
}

const empty: Uint8Array = new Uint8Array(0);

/** The files of an archive by their names: links followed once, as old `docker save` links layers that repeat. */
function filesOf(archive: Uint8Array): Map<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const entry of readTar(archive)) {
    const name = entry.name.replace(/^\.\//, "");
    if (entry.type === "file") files.set(name, bytesOf(entry));
    else if (entry.type === "hardlink" || entry.type === "symlink") {
      const from = entry.type === "symlink" ? name.split("/").slice(0, -1) : [];
      for (const part of (entry.target ?? "").split("/")) {
        if (part === "..") from.pop();
        else if (part !== "." && part !== "") from.push(part);
      }
      const target = files.get(from.join("/"));
      if (target !== undefined) files.set(name, target);
    }
  }
  return files;
}

const needed = (files: ReadonlyMap<string, Uint8Array>, name: string): Uint8Array => {
  const bytes = files.get(name);
  if (bytes === undefined) throw new UsageError(`the archive lacks ${name}`, "Save the image again, whole.");
  return bytes;
};

/** A layout's blobs. @throws UsageError for one that isn't what it is called */
function takeBlobs(files: ReadonlyMap<string, Uint8Array>, content: ContentStore): void {
  for (const [name, bytes] of files) {
    const hex = /^blobs\/sha256\/([0-9a-f]{64})$/.exec(name)?.[1];
    if (hex === undefined) continue;
    if (digestOf(bytes) !== `sha256:${hex}`)
      throw new UsageError(`the archive's blob ${hex} holds other bytes than it says`, "Save the image again.");
    content.put(bytes);
  }
}

function referenceOf({ annotations = {} }: Descriptor): Reference | undefined {
  const whole = annotations["io.containerd.image.name"];
  if (whole !== undefined) return parseReference(whole);
  const name = annotations["org.opencontainers.image.ref.name"];
  // A layout's tag alone names no repository.
  return name?.includes("/") === true || name?.includes(":") === true ? parseReference(name) : undefined;
}

/** OCI's way in: index.json names manifests. */
function loadLayout(files: ReadonlyMap<string, Uint8Array>, content: ContentStore, platform: Platform): Named[] {
  takeBlobs(files, content);
  const index = parseManifest(needed(files, "index.json"));
  if (!isIndex(index)) throw new UsageError("the archive's index.json is no index", "Save the image again.");
  const found = new Map<Digest, { image: Image; references: Reference[] }>();
  for (const target of index.manifests) {
    const image = readImage(content, target, platform);
    const kept = found.get(image.id) ?? { image, references: [] };
    const reference = referenceOf(target);
    if (reference !== undefined) kept.references.push(reference);
    found.set(image.id, kept);
  }
  return [...found.values()];
}

/** Docker's way in: manifest.json names configurations and layers by their files; a manifest is made of them. */
function loadDocker(files: ReadonlyMap<string, Uint8Array>, content: ContentStore): Named[] {
  const list = new Field(parseJson(needed(files, "manifest.json"), "manifest.json"), "manifest.json").list();
  return list.map((item) => {
    const configBytes = needed(files, item.at("Config").text());
    const layers = item
      .at("Layers")
      .texts()
      .map((name): Descriptor => {
        const bytes = needed(files, name);
        const mediaType = isGzip(bytes) ? mediaTypes.layer : mediaTypes.plainLayer;
        return { mediaType, digest: content.put(bytes), size: bytes.length };
      });
    const references = item.at("RepoTags").optional((one) => one.texts()) ?? [];
    return {
      image: dockerImage(content, configBytes, layers),
      references: references.map((one) => parseReference(one)),
    };
  });
}

function dockerImage(content: ContentStore, configBytes: Uint8Array, layers: readonly Descriptor[]): Image {
  const id = content.put(configBytes);
  const bytes = encodeJson({
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: id, size: configBytes.length },
    layers,
  });
  const digest = content.put(bytes);
  return readImage(content, { mediaType: mediaTypes.manifest, digest, size: bytes.length }, anyPlatform);
}

const anyPlatform: Platform = { os: "linux", architecture: "amd64" };

/**
 * Takes in what `docker save` or an OCI tool saved, and checks every digest.
 * @returns the images, as the store has them now
 * @throws UsageError for an archive that holds no image, or a changed one
 */
export function loadArchive(store: ImageStore, archive: Uint8Array, platform: Platform = anyPlatform): Named[] {
  const files = filesOf(isGzip(archive) ? uncompressed(archive) : archive);
  const { content } = store;
  if (!files.has("index.json") && !files.has("manifest.json"))
    throw new UsageError(
      "the archive holds no image: it has neither index.json nor manifest.json",
      "Give one made by `docker save`, or an OCI layout in a tar.",
    );
  const layout = files.has("index.json") ? loadLayout(files, content, platform) : undefined;
  const names = files.has("manifest.json") ? dockerNames(files) : new Map<Digest, Reference[]>();
  const loaded =
    layout?.map(({ image, references }) => ({
      image,
      references: references.length > 0 ? references : (names.get(image.id) ?? []),
    })) ?? loadDocker(files, content);
  for (const { image, references } of loaded) {
    verifyLayers(image, (digest) => uncompressed(content.get(digest)));
    store.add(image);
    for (const reference of references) store.tag(image.id, reference);
  }
  return loaded;
}

/** The names in manifest.json, by image ids. */
function dockerNames(files: ReadonlyMap<string, Uint8Array>): Map<Digest, Reference[]> {
  const list = new Field(parseJson(needed(files, "manifest.json"), "manifest.json"), "manifest.json").list();
  return new Map(
    list.map((item) => [
      digestOf(needed(files, item.at("Config").text())),
      (item.at("RepoTags").optional((one) => one.texts()) ?? []).map((one) => parseReference(one)),
    ]),
  );
}
