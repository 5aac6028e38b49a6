import { UsageError } from "../../core/index.js";
import { encodeJson } from "../json.js";
import type { ContentStore } from "./content-store.js";
import { digestOf, type Digest } from "./digest.js";
import { entriesOf, type Layer } from "./layer.js";
import {
  isIndex,
  mediaTypes,
  parseConfig,
  parseManifest,
  type Descriptor,
  type ImageConfig,
  type Index,
  type Manifest,
  type Platform,
} from "./oci.js";

/** An image for one platform, as its blobs say. */
export interface Image {
  /** The digest of its configuration. */
  readonly id: Digest;
  readonly target: Descriptor;
  readonly manifest: Manifest;
  readonly config: ImageConfig;
}

/** What an image is made of. */
export interface ImageParts {
  readonly layers: readonly Layer[];
  readonly config: Omit<ImageConfig, "rootfs">;
}

/** Writes an image's blobs: layers, configuration, manifest. The same parts give the same digests. */
export function makeImage(content: ContentStore, { layers, config }: ImageParts): Image {
  const { history, ...rest } = config;
  const whole: ImageConfig = {
    ...rest,
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history,
  };
  for (const { blob } of layers) content.put(blob);
  return imageOf(
    content,
    whole,
    layers.map(({ descriptor }) => descriptor),
  );
}

/** An image of layers whose blobs are there already. @throws UsageError where history and layers don't fit */
function imageOf(content: ContentStore, config: ImageConfig, layers: readonly Descriptor[]): Image {
  const configBytes = encodeJson(config);
  const id = content.put(configBytes);
  const manifest: Manifest = {
    schemaVersion: 2,
    mediaType: mediaTypes.manifest,
    config: { mediaType: mediaTypes.config, digest: id, size: configBytes.length },
    layers,
  };
  const bytes = encodeJson(manifest);
  const target = { mediaType: mediaTypes.manifest, digest: content.put(bytes), size: bytes.length };
  return checked({ id, target, manifest, config });
}

/** An index over images of several platforms. */
export function makeIndex(content: ContentStore, images: readonly Image[]): Descriptor {
  const index: Index = {
    schemaVersion: 2,
    mediaType: mediaTypes.index,
    manifests: images.map(({ target, config }) => ({ ...target, platform: platformOf(config) })),
  };
  const bytes = encodeJson(index);
  return { mediaType: mediaTypes.index, digest: content.put(bytes), size: bytes.length };
}

function platformOf({ architecture, os, variant }: ImageConfig): Platform {
  return { architecture, os, ...(variant !== undefined && { variant }) };
}

function checked(image: Image): Image {
  const { config, manifest } = image;
  if (config.rootfs.diff_ids.length !== manifest.layers.length)
    throw new UsageError(
      `an image has ${manifest.layers.length} layers and ${config.rootfs.diff_ids.length} diff ids`,
      "Make the image again: each layer has one diff id.",
    );
  const filled = config.history.filter(({ empty_layer }) => empty_layer !== true).length;
  if (config.history.length > 0 && filled !== manifest.layers.length)
    throw new UsageError(
      `an image's history tells of ${filled} layers, and it has ${manifest.layers.length}`,
      "Mark steps that made no layer with empty_layer.",
    );
  return image;
}

/** Which of an index's images a machine runs. @throws UsageError where there is none */
export function choosePlatform({ manifests }: Index, { os, architecture, variant }: Platform): Descriptor {
  const fitting = manifests.filter(({ platform }) => platform?.os === os && platform.architecture === architecture);
  const chosen = fitting.find(({ platform }) => platform?.variant === variant) ?? fitting[0];
  if (chosen === undefined)
    throw new UsageError(
      `no matching manifest for ${os}/${architecture} in the manifest list entries`,
      `It is there for ${manifests.map(({ platform }) => `${platform?.os ?? "?"}/${platform?.architecture ?? "?"}`).join(", ")}.`,
    );
  return chosen;
}

/**
 * Reads an image from its blobs.
 * @param target a manifest, or an index of which one is chosen
 * @throws UsageError for missing blobs and wrong ones
 */
export function readImage(content: ContentStore, target: Descriptor, platform: Platform): Image {
  const document = parseManifest(content.get(target.digest));
  if (isIndex(document)) return readImage(content, choosePlatform(document, platform), platform);
  const { digest: id } = document.config;
  return checked({
    id,
    target: { mediaType: document.mediaType, digest: target.digest, size: content.get(target.digest).length },
    manifest: document,
    config: parseConfig(content.get(id)),
  });
}

/** Every blob of an image: manifest, configuration, layers. */
export const blobsOf = ({ target, manifest }: Image): Digest[] => [
  target.digest,
  manifest.config.digest,
  ...manifest.layers.map(({ digest }) => digest),
];

/** Bytes that a layer's files have when it is unpacked, holes included: what `docker images` adds up. */
export const unpackedSize = (blob: Uint8Array): number => entriesOf(blob).reduce((sum, { size }) => sum + size, 0);

/** Checks layers against an image's diff ids. @throws UsageError for one that was changed */
export function verifyLayers({ config, manifest }: Image, uncompressedOf: (digest: Digest) => Uint8Array): void {
  for (const [place, { digest }] of manifest.layers.entries()) {
    const wanted = config.rootfs.diff_ids[place];
    const found = digestOf(uncompressedOf(digest));
    if (found !== wanted)
      throw new UsageError(
        `layer ${place} of an image is ${found}, and its configuration says ${wanted ?? "nothing"}`,
        "Pull or load the image again.",
      );
  }
}
