import { UsageError, withDefaults } from "../../core/index.js";
import { sectorsOf, sectorSize, type BlockDevice } from "../block-device.js";
import { checkEmpty, type FileLike } from "../file.js";
import type { Image } from "../image.js";
import { headerCluster, l1EntriesFor, readHeader } from "./header.js";
import { Qcow2Image } from "./image.js";
import { Refcounts } from "./refcounts.js";

export interface CreateOptions {
  /** Bytes of the virtual disk; those of the backing image where absent. */
  readonly size: number | null;
  /** Bytes: a power of two from 512 to 2 MiB. qemu's default is 64 KiB. */
  readonly clusterSize: number;
  /** 3 is what qemu calls compat 1.1, 2 what it calls 0.10. */
  readonly version: 2 | 3;
  /** What reads where nothing has been written, and the name by which the image refers to it. */
  readonly backing: Backing | null;
  /** Bytes of L2 tables held in memory; at least one table is. */
  readonly l2Cache: number;
}

export interface Backing {
  readonly device: BlockDevice;
  /** As other programs find it: a path, relative to the overlay's own. */
  readonly name: string;
  readonly format: "raw" | "qcow2";
}

/** qemu's default is at most 32 MiB of L2 tables (docs/qcow2-cache.txt), enough for 256 GiB in clusters of 64 KiB. */
const defaultL2Cache = 32 * 2 ** 20;

/**
 * Makes an empty qcow2 image in an empty file: a thin disk, or with `backing` an overlay.
 * @throws UsageError for a file that holds anything, or options that no image can have; nothing is written then
 */
export function createQcow2(file: FileLike, options?: Partial<CreateOptions>): Qcow2Image {
  const chosen = withDefaults<CreateOptions>("qcow2", options, {
    size: null,
    clusterSize: 64 * 1024,
    version: 3,
    backing: null,
    l2Cache: defaultL2Cache,
  });
  const { clusterSize, version, backing } = chosen;
  const size = chosen.size ?? (backing === null ? 0 : backing.device.sectors * sectorSize);
  if (size === 0)
    throw new UsageError("a qcow2 image needs a size", "Give one, as { size: GiB(1) }, or a backing image.");
  sectorsOf("a qcow2 image", size);
  const clusterBits = Math.log2(clusterSize);
  if (!Number.isInteger(clusterBits) || clusterBits < 9 || clusterBits > 21) {
    throw new UsageError(`a cluster cannot have ${clusterSize} bytes`, "Give a power of two from 512 to 2 MiB.");
  }
  const l1Size = l1EntriesFor(size, clusterSize);
  if (l1Size * 8 > 32 * 2 ** 20) {
    throw new UsageError(
      `${size} bytes are too many for clusters of ${clusterSize}: the L1 table would be larger than 32 MiB`,
      "Make the clusters larger.",
    );
  }
  const fixed = { version, clusterBits, size, refcountOrder: 4, snapshotCount: 0, snapshotsOffset: 0 };
  const tables = { refcountTableOffset: clusterSize, refcountTableClusters: 1, l1Size };
  const name = backing === null ? null : { name: backing.name, format: backing.format };
  const draft = { ...fixed, ...tables, backing: name, l1Offset: 0 };
  headerCluster(draft);
  checkEmpty(file);

  let table = { refcountTableOffset: clusterSize, refcountTableClusters: 1 };
  const refcounts = new Refcounts({
    file,
    clusterBits,
    order: fixed.refcountOrder,
    tableOffset: clusterSize,
    tableClusters: 1,
    moved: (offset, clusters) => {
      table = { refcountTableOffset: offset, refcountTableClusters: clusters };
    },
  });
  // Zeros where the header will be: a file that is not finished is no image.
  file.write(0, new Uint8Array(2 * clusterSize), "header");
  refcounts.adopt(2);
  const l1Clusters = Math.ceil((l1Size * 8) / clusterSize);
  const l1Offset = refcounts.allocate(l1Clusters);
  refcounts.flush();
  file.write(l1Offset, new Uint8Array(l1Clusters * clusterSize), "L1 table");
  file.write(0, headerCluster({ ...draft, ...table, l1Offset }), "header");
  return new Qcow2Image({
    file,
    readonly: false,
    backing: backing?.device ?? null,
    owned: null,
    l2Tables: tablesIn(chosen.l2Cache, clusterSize),
  });
}

export interface OpenOptions {
  readonly readonly: boolean;
  /** The backing image, or how to open it by the name and format in the header; it is then closed with this one. */
  readonly backing: BlockDevice | ((name: string, format: string | null) => BlockDevice) | null;
  readonly l2Cache: number;
}

/**
 * Opens a qcow2 image of versions 2 and 3, as qemu-img makes them.
 * @throws UsageError for a file that is no qcow2, cut short, damaged, in use, encrypted, or with features that this
 * implementation lacks (an external data file, zstd, extended L2 entries, dirty bitmaps for writing); nothing is written
 */
export function openQcow2(file: FileLike, options?: Partial<OpenOptions>): Qcow2Image {
  const defaults: OpenOptions = { readonly: false, backing: null, l2Cache: defaultL2Cache };
  const chosen = withDefaults<OpenOptions>("openQcow2", options, defaults);
  const header = readHeader(file);
  const { backing } = chosen;
  const found =
    header.backing !== null && typeof backing === "function"
      ? backing(header.backing.name, header.backing.format)
      : backing;
  if (header.backing !== null && (found === null || typeof found === "function")) {
    throw new UsageError(
      `"${file.name}" is an overlay on "${header.backing.name}"`,
      "Open that image and give it as { backing }.",
    );
  }
  const below = header.backing === null || typeof found === "function" ? null : found;
  const owned = typeof backing === "function" && below !== null && "close" in below ? (below as Image) : null;
  try {
    return new Qcow2Image({
      file,
      readonly: chosen.readonly,
      backing: below,
      owned,
      l2Tables: tablesIn(chosen.l2Cache, 2 ** header.clusterBits),
    });
  } catch (error) {
    owned?.close();
    throw error;
  }
}

/** Whether a file begins as qcow2 images do. */
export function isQcow2(file: FileLike): boolean {
  const [q, f, i, end] = file.read(0, 4, "header");
  return q === 0x51 && f === 0x46 && i === 0x49 && end === 0xfb;
}

function tablesIn(bytes: number, clusterSize: number): number {
  return Math.max(1, Math.floor(bytes / clusterSize));
}
