import { UsageError } from "../../core/index.js";
import { digestOf, type Digest } from "./digest.js";
import { gunzip, gzip, isGzip, readTar, type TarEntry, writeTar } from "../../userland/index.js";
import { mediaTypes, type Descriptor } from "./oci.js";

/**
 * Annotation of a layer's descriptor: how many bytes the layer would take compressed if its holes were full. A simulated
 * image's programs are names in sparse files: of an 80 MB layer a few kilobytes are real. Digests and descriptors' sizes are
 * those of the real bytes, so that every tool finds them right; files and images show the sizes with holes; and only
 * who moves a layer over a simulated link counts this many bytes.
 */
export const transferSizeAnnotation = "dev.virtlab.transfer-size";

/** A layer, with its blob. */
export interface Layer {
  /** The digest of the uncompressed archive. */
  readonly diffId: Digest;
  readonly descriptor: Descriptor;
  readonly blob: Uint8Array;
}

/** @param transferSize what it counts on a link, see `transferSizeAnnotation`; its real size where absent */
export function makeLayer(entries: Iterable<TarEntry>, transferSize?: number): Layer {
  const tar = writeTar(entries);
  const blob = gzip(tar);
  return {
    diffId: digestOf(tar),
    blob,
    descriptor: {
      mediaType: mediaTypes.layer,
      digest: digestOf(blob),
      size: blob.length,
      ...(transferSize !== undefined && { annotations: { [transferSizeAnnotation]: String(transferSize) } }),
    },
  };
}

/** How many bytes a layer takes on a link. */
export function transferSizeOf({ size, annotations }: Descriptor): number {
  const declared = Number(annotations?.[transferSizeAnnotation] ?? size);
  return Number.isSafeInteger(declared) && declared >= size ? declared : size;
}

/** A layer's archive, uncompressed. @throws UsageError for a compression that isn't known */
export function uncompressed(blob: Uint8Array): Uint8Array {
  if (isGzip(blob)) return gunzip(blob);
  if (blob[0] === 0x28 && blob[1] === 0xb5 && blob[2] === 0x2f && blob[3] === 0xfd)
    throw new UsageError("a layer is compressed with zstd", "Save or push the image with gzip.");
  return blob;
}

/** The entries of a layer's blob. */
export const entriesOf = (blob: Uint8Array): TarEntry[] => readTar(uncompressed(blob));

/**
 * Names stacks of layers: the lowest by its diff id, each further one by a hash over the one below and its own (config.md,
 * "Layer ChainID"). Two images share what they were unpacked to as far as their chain ids agree.
 */
export function chainIds(diffIds: readonly Digest[]): Digest[] {
  const chain: Digest[] = [];
  for (const diffId of diffIds) {
    const below = chain.at(-1);
    chain.push(below === undefined ? diffId : digestOf(asciiOf(`${below} ${diffId}`)));
  }
  return chain;
}

const asciiOf = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0));
