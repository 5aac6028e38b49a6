import type { Problem } from "../problem.js";

/**
 * Where a byte of a thin disk lies in its file.
 * @param table for each cluster of the disk, the file offset of the cluster that holds it; null where none is allocated
 * @param clusterSize bytes in a cluster
 * @param offset a byte of the virtual disk, from 0
 * @returns the byte's offset in the file, null where the disk reads as zeros
 */
export type ThinLocate = (table: readonly (number | null)[], clusterSize: number, offset: number) => number | null;

const locate: ThinLocate = (table, clusterSize, offset) => {
  const cluster = table[Math.floor(offset / clusterSize)] ?? null;
  return cluster === null ? null : cluster + (offset % clusterSize);
};

const table = [327680, null, 393216, 458752];

export const thinLocate: Problem<ThinLocate> = {
  title: "Locate a byte in a thin image",
  statement:
    "A thin disk's table holds, for each cluster, the file offset of the cluster allocated for it, or null. Return the file offset of a byte of the disk, or null where the disk reads as zeros.",
  hints: [
    "Two numbers come out of the offset: which cluster, and how far into it.",
    "The cluster is Math.floor(offset / clusterSize); how far into it is offset % clusterSize.",
    "Look the cluster up in the table; null stays null, anything else gets the second number added.",
  ],
  examples: [
    { about: "the first byte", args: [table, 65536, 0] },
    { about: "a byte inside the first cluster", args: [table, 65536, 513] },
    { about: "an unmapped cluster", args: [table, 65536, 65536] },
    { about: "the last byte of the disk", args: [table, 65536, 262143] },
    { about: "other clusters, other size", args: [[4096, 12288, null, 8192], 4096, 4097] },
  ],
  reference: locate,
  slips: [
    {
      step: "the offset within the cluster is added",
      solution: (t, size, offset) => t[Math.floor(offset / size)] ?? null,
    },
    {
      step: "an unmapped cluster is not at file offset 0: it has no place in the file",
      solution: (t, size, offset) => (t[Math.floor(offset / size)] ?? 0) + (offset % size),
    },
    {
      step: "clusters count from 0",
      solution: (t, size, offset) => {
        const cluster = t[Math.floor(offset / size) + 1] ?? null;
        return cluster === null ? null : cluster + (offset % size);
      },
    },
    {
      step: "the size of a cluster is an argument, not always 64 KiB",
      solution: (t, _size, offset) => locate(t, 65536, offset),
    },
  ],
};
