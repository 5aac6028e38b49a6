import { UsageError } from "../../core/index.js";
import type { FileLike } from "../file.js";
import { patchHeader, type Header } from "./header.js";
import { ClusterMap } from "./mapping.js";
import { damaged, Refcounts } from "./refcounts.js";
import { Snapshots } from "./snapshots.js";

/** The three structures of an image, over one header. */
export interface Tables {
  readonly refcounts: Refcounts;
  readonly map: ClusterMap;
  readonly snapshots: Snapshots;
}

/**
 * @param capacity L2 tables held in memory
 * @throws UsageError for a file that ends before its last cluster in use
 */
export function openTables(file: FileLike, header: Header, capacity: number): Tables {
  const { version, clusterBits } = header;
  let current = { ...header };
  const moved = (fields: Partial<Header>): void => {
    current = { ...current, ...fields };
    patchHeader(file, current);
  };
  const refcounts = new Refcounts({
    file,
    clusterBits,
    order: header.refcountOrder,
    tableOffset: header.refcountTableOffset,
    tableClusters: header.refcountTableClusters,
    moved: (refcountTableOffset, refcountTableClusters) => {
      moved({ refcountTableOffset, refcountTableClusters });
    },
  });
  const last = (refcounts.used() - 1) * 2 ** clusterBits;
  if (last >= file.size) {
    throw new UsageError(
      `"${file.name}" is cut short: its last cluster in use begins at byte ${last}, the file ends at ${file.size}`,
      "Copy the file again; nothing was written.",
    );
  }
  const { l1Offset, l1Size } = header;
  const map = new ClusterMap({ file, version, clusterBits, l1Offset, l1Size, refcounts, capacity });
  const snapshots = new Snapshots({
    file,
    map,
    refcounts,
    version,
    clusterBits,
    diskSize: header.size,
    count: header.snapshotCount,
    offset: header.snapshotsOffset,
    moved: (snapshotsOffset, snapshotCount) => {
      moved({ snapshotsOffset, snapshotCount });
    },
  });
  return { refcounts, map, snapshots };
}

/** @throws UsageError for an image that may be read and not written */
export function checkForWriting(file: FileLike, header: Header): void {
  if (header.suspect !== null) throw damaged(file, `it is marked as ${header.suspect}; it can be opened read-only`);
  if (!header.hasBitmaps) return;
  throw new UsageError(
    `"${file.name}" holds dirty bitmaps, which a write here would make wrong`,
    "Open it with { readonly: true }, or remove them with `qemu-img bitmap --remove`.",
  );
}
