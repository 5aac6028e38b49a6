import { UsageError, withDefaults } from "../../core/index.js";
import { sectorSize } from "../block-device.js";
import { Geometry } from "../geometry.js";
import type { Image } from "../image.js";
import { createQcow2, isQcow2, openQcow2 } from "../qcow2/create.js";
import { createRaw, openRaw } from "../raw.js";
import { VirtualDisk, type Host, type ImageOptions } from "../virtual-disk.js";
import type { HostFile } from "./file.js";
import type { Volume } from "./volume.js";

/**
 * Makes a virtual disk in a new file of a volume.
 * @throws UsageError for an unknown option, a name that is taken, or what the format doesn't have; no file is left then
 */
export function createVirtualDisk(host: Host, volume: Volume, options?: Partial<ImageOptions>): VirtualDisk {
  const chosen = withDefaults<ImageOptions>("image", options, {
    name: null,
    format: "qcow2",
    size: null,
    clusterSize: null,
    backing: null,
    preallocation: "off",
    l2Cache: null,
    heads: 16,
    sectorsPerTrack: 63,
  });
  const { heads, sectorsPerTrack, backing } = chosen;
  checkFormat(chosen);
  const size = chosen.size ?? backing?.size ?? 0;
  if (size === 0) throw new UsageError("a virtual disk needs a size", "Give one, as { size: GiB(1) }.");
  const geometry = Geometry.of(Math.ceil(size / sectorSize), { heads, sectorsPerTrack });
  const file = volume.create(chosen.name ?? freeName(volume));
  try {
    return new VirtualDisk(host, createImage(file, size, chosen), geometry);
  } catch (error) {
    volume.remove(file.name);
    throw error;
  }
}

function createImage(file: HostFile, size: number, chosen: ImageOptions): Image {
  const { format, backing, clusterSize, l2Cache, preallocation } = chosen;
  if (format === "raw") {
    const image = createRaw(file, { size });
    if (preallocation === "full") file.preallocate(size);
    return image;
  }
  const image = createQcow2(file, {
    size,
    ...(clusterSize === null ? {} : { clusterSize }),
    ...(l2Cache === null ? {} : { l2Cache }),
    ...(backing === null
      ? {}
      : { backing: { device: backing.image, name: backing.name, format: backing.image.format } }),
  });
  if (preallocation !== "off") image.preallocate();
  if (preallocation === "full") file.preallocate(file.size);
  return image;
}

function checkFormat({ format, clusterSize, backing, preallocation, l2Cache }: ImageOptions): void {
  const formats: readonly string[] = ["raw", "qcow2"];
  if (!formats.includes(format)) {
    throw new UsageError(
      `there is no image format "${format}"`,
      'There are "raw" and "qcow2"; a thin disk is a qcow2 image.',
    );
  }
  const ways: readonly string[] = ["off", "metadata", "full"];
  if (!ways.includes(preallocation)) {
    throw new UsageError(`there is no preallocation "${preallocation}"`, `There are ${ways.join(", ")}.`);
  }
  const lacks =
    clusterSize !== null ? "clusters" : backing !== null ? "a backing disk" : l2Cache !== null ? "an L2 cache" : null;
  if (format === "raw" && (lacks !== null || preallocation === "metadata")) {
    throw new UsageError(`a raw image has no ${lacks ?? "tables to preallocate"}`, 'Take { format: "qcow2" }.');
  }
}

function freeName(volume: Volume): string {
  const taken = new Set(volume.files.map(({ name }) => name));
  for (let number = 1; ; number++) if (!taken.has(`disk-${number}`)) return `disk-${number}`;
}

export type OpenDiskOptions = Pick<ImageOptions, "heads" | "sectorsPerTrack" | "l2Cache"> & {
  /** By the file's first bytes where null. */
  readonly format: "raw" | "qcow2" | null;
  readonly readonly: boolean;
};

/**
 * Opens the virtual disk in a file of a volume, and read-only those on which it is an overlay, by their names on the volume.
 * @throws UsageError for an unknown option or name, or a file that is in use or no image
 */
export function openVirtualDisk(
  host: Host,
  volume: Volume,
  name: string,
  options?: Partial<OpenDiskOptions>,
): VirtualDisk {
  const { format, readonly, l2Cache, heads, sectorsPerTrack } = withDefaults<OpenDiskOptions>("open", options, {
    format: null,
    readonly: false,
    l2Cache: null,
    heads: 16,
    sectorsPerTrack: 63,
  });
  const open = (file: HostFile, kind: string | null, only: boolean): Image => {
    if (kind === "raw" || (kind === null && !isQcow2(file))) return openRaw(file, { readonly: only });
    return openQcow2(file, {
      readonly: only,
      ...(l2Cache === null ? {} : { l2Cache }),
      backing: (below, belowFormat) => open(volume.open(below), belowFormat, true),
    });
  };
  const image = open(volume.open(name), format, readonly);
  return new VirtualDisk(host, image, Geometry.of(image.sectors, { heads, sectorsPerTrack }));
}
