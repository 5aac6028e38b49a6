import type { Row, TableView } from "../core/index.js";
import type { BlockDevice } from "./block-device.js";
import type { FileLike } from "./file.js";

/** A virtual disk: a block device whose sectors are kept in a file. */
export interface Image extends BlockDevice {
  readonly format: "raw" | "qcow2";
  readonly file: FileLike;
  /** Bytes of the virtual disk; the file may be smaller or larger. */
  readonly size: number;
  /** What lies where in the file, in order of the virtual disk, without gaps. */
  map(): readonly MapRow[];
  /** Follows one byte of the virtual disk to its place in a file. */
  trace(offset: number): Mapping;
  /** Format, sizes and what else `qemu-img info` would show. */
  info(): Row;
  /** Writes what is still held back and closes the file. The image is of no use afterwards. */
  close(): void;
}

/** A run of the virtual disk that is kept in one way. */
export interface MapRow {
  /** First byte of the run in the virtual disk, and how many there are. */
  readonly start: number;
  readonly length: number;
  /**
   * `data`: at `offset` in the file. `zero`: reads as zeros by a mark in the table. `unallocated`: not in this file, reads
   * from the backing image or as zeros. `compressed`: kept deflated, from `offset` on.
   */
  readonly kind: "data" | "zero" | "unallocated" | "compressed";
  readonly offset: number | null;
}

/** One step of a mapping: what is computed, the formula with its numbers, and what comes out. */
export interface Step {
  /** A stable word for the step, by which an exercise names where an answer went wrong. */
  readonly key: string;
  readonly what: string;
  readonly formula: string;
  readonly value: number | string;
  readonly unit: string;
}

export interface Mapping {
  readonly steps: readonly Step[];
  /** Where the byte lies; null where no file holds it, so that it reads as zero. */
  readonly place: { readonly file: FileLike; readonly offset: number } | null;
}

export function mapView(image: Image): TableView {
  return {
    as: "table",
    title: `What lies where in ${image.file.name}`,
    columns: [
      { key: "start", label: "virtual byte" },
      { key: "length", unit: "B" },
      { key: "kind" },
      { key: "offset", label: "byte of the file" },
    ],
    rows: image.map().map((row) => ({ ...row })),
  };
}
