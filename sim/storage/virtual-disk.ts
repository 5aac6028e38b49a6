import {
  all,
  UsageError,
  withDefaults,
  type Activity,
  type GroupView,
  type HeatView,
  type Row,
  type Signal,
  type TableView,
  type Viewable,
  type World,
} from "../core/index.js";
import { checkWritable, sectorSize, type BlockDevice } from "./block-device.js";
import type { Access } from "./drive/mechanism.js";
import { Geometry, type Chs } from "./geometry.js";
import { HostFile } from "./host/file.js";
import type { Volume } from "./host/volume.js";
import { mapView, type Image, type MapRow } from "./image.js";
import { locate, type Location } from "./locate.js";
import { createQcow2 } from "./qcow2/create.js";
import type { CheckReport } from "./qcow2/check.js";
import { Qcow2Image } from "./qcow2/image.js";
import type { Snapshot } from "./qcow2/snapshots.js";
import { createRaw } from "./raw.js";
import { record, stepsOf } from "./recording.js";
import type { Completion, Request, Timed } from "./timed.js";

export interface ImageOptions {
  /** The file's name on the host; the next free "disk-1", "disk-2", … where null. */
  readonly name: string | null;
  readonly format: "raw" | "qcow2";
  /** Bytes; the backing disk's where null. */
  readonly size: number | null;
  /** qcow2 only. */
  readonly clusterSize: number | null;
  /** The disk on which this one is an overlay; qcow2 only. */
  readonly backing: VirtualDisk | null;
  /**
   * `off`: thin, room is taken when it is first written. `metadata`: qcow2's tables are filled now, the clusters' room is
   * taken later. `full`: all room is taken now, together where there is a run of it.
   */
  readonly preallocation: "off" | "metadata" | "full";
  /** Bytes of L2 tables in memory; qcow2 only. qemu's default where null. */
  readonly l2Cache: number | null;
  /** Tracks of a cylinder and sectors of a track that the virtual disk shows. */
  readonly heads: number;
  readonly sectorsPerTrack: number;
}

/** Where virtual disks live: a place for files, on a clock. */
export interface Host {
  readonly world: World;
  readonly volume: Volume;
  /** Empties the buffers of the drive under it. */
  cool(): void;
}

/**
 * A virtual disk on a host: a geometry of its own, an image in one of the host's files, and virtual time. `read` and `write`
 * move data at once; `submit` does so too and takes the time of all disk requests that the image's format needs.
 */
export class VirtualDisk implements BlockDevice, Timed, Viewable {
  readonly name: string;
  readonly world: World;
  readonly sectorSize: 512 = sectorSize;
  readonly image: Image;
  readonly geometry: Geometry;
  readonly #host: Host;
  #clones = 0;

  constructor(host: Host, image: Image, geometry: Geometry) {
    this.name = image.file.name;
    this.world = host.world;
    this.image = image;
    this.geometry = geometry;
    this.#host = host;
  }

  get sectors(): number {
    return this.image.sectors;
  }

  /** Bytes of the virtual disk. */
  get size(): number {
    return this.sectors * sectorSize;
  }

  /** Bytes that its file takes on the host. */
  get allocated(): number {
    const { file } = this.image;
    return file instanceof HostFile ? file.allocated : file.size;
  }

  get writable(): boolean {
    return this.image.writable;
  }

  get snapshots(): readonly Snapshot[] {
    return this.image instanceof Qcow2Image ? this.image.snapshots : [];
  }

  read(lba: number, count: number): Uint8Array {
    return this.image.read(lba, count);
  }

  write(lba: number, bytes: Uint8Array): void {
    this.image.write(lba, bytes);
  }

  discard(lba: number, count: number): void {
    this.image.discard(lba, count);
  }

  flush(): void {
    this.image.flush();
  }

  /** Reads or writes now and fires when the host's disks have served all that it took. A write writes `bytes`, or ones. */
  submit(access: Access & { readonly bytes?: Uint8Array }): Signal<Completion> {
    const { op, lba, count } = access;
    const issued = this.world.engine.now;
    const { accesses } = record(() => {
      if (op === "read") this.read(lba, count);
      else this.write(lba, access.bytes ?? new Uint8Array(count * sectorSize).fill(1));
    });
    const { engine } = this.world;
    function* serve(): Activity<Completion> {
      const requests: Request[] = [];
      for (const step of stepsOf(accesses)) {
        const done = yield* all(step.map((part) => part.disk.submit(part, part.purpose)));
        requests.push(...done.flatMap((completion) => completion.requests));
      }
      return { op, lba, count, issued, finished: engine.now, requests };
    }
    return engine.spawn(serve(), { name: `${op} of ${this.name}` });
  }

  cool(): void {
    this.#host.cool();
    for (let image: BlockDevice | null = this.image; image instanceof Qcow2Image; image = image.backing) image.cool();
  }

  /** Where a virtual sector lies, step by step. @param target a place in the virtual geometry, or a sector's number */
  locate(target: Chs | number): Location {
    return locate(this.image, this.geometry, target);
  }

  /** Freezes the state inside the image (qcow2). */
  snapshot(name: string): Snapshot {
    return this.#qcow2("take snapshots").snapshot(name, { seconds: Math.floor(this.world.engine.now / 1e9) });
  }

  /** Goes back to a snapshot. */
  apply(snapshot: string): void {
    this.#qcow2("go back to snapshots").apply(snapshot);
  }

  deleteSnapshot(snapshot: string): void {
    this.#qcow2("delete snapshots").deleteSnapshot(snapshot);
  }

  /** A new disk that begins as this one, as an overlay on it. This one can no longer be written, until the clone is closed. */
  clone(options?: Partial<Pick<ImageOptions, "name" | "clusterSize" | "l2Cache">>): VirtualDisk {
    this.#clones += 1;
    const { heads, sectorsPerTrack } = this.geometry;
    return createVirtualDisk(this.#host, {
      name: `${this.name}-clone-${this.#clones}`,
      ...options,
      format: "qcow2",
      backing: this,
      heads,
      sectorsPerTrack,
    });
  }

  /** Moves what this clone holds into the disk under it. */
  commit(): void {
    this.#qcow2("be committed").commit();
  }

  check(): CheckReport {
    return this.#qcow2("be checked").check();
  }

  map(): readonly MapRow[] {
    return this.image.map();
  }

  info(): Row {
    return { ...this.image.info(), room: this.allocated };
  }

  /** Writes every sector from `from` on, cluster by cluster, so that the image takes its room: in order, or shuffled. */
  fill(options?: Partial<FillOptions>): void {
    const { order, from, length, unit } = withDefaults<FillOptions>("fill", options, {
      order: "sequential",
      from: 0,
      length: null,
      unit: this.image instanceof Qcow2Image ? this.image.clusterSize : 64 * 1024,
    });
    checkWritable(this);
    const end = Math.min(this.size, length === null ? this.size : from + length);
    const starts = Array.from({ length: Math.ceil((end - from) / unit) }, (_, i) => from + i * unit);
    const ordered = order === "random" ? this.world.rng.stream(`fill ${this.name}`).shuffle(starts) : starts;
    for (const start of ordered) this.write(start / sectorSize, new Uint8Array(Math.min(unit, end - start)));
  }

  /** Which cluster of the file holds which part of the virtual disk: light to dark in the order of the file. */
  heat(columns = 64): HeatView {
    const unit = this.image instanceof Qcow2Image ? this.image.clusterSize : 64 * 1024;
    const cells: (number | null)[] = [];
    for (const { start, length, offset, kind } of this.map()) {
      for (let at = Math.ceil(start / unit) * unit; at < start + length; at += unit) {
        cells[at / unit] = kind === "data" && offset !== null ? Math.floor((offset + at - start) / unit) : null;
      }
    }
    const rows = Array.from({ length: Math.ceil(cells.length / columns) }, (_, row) =>
      Array.from({ length: columns }, (_, column) => cells[row * columns + column] ?? null),
    );
    return {
      as: "heat",
      title: `Where in its file does each part of ${this.name} lie?`,
      caption: `A cell is ${unit} bytes of the virtual disk; empty cells take no room. Seed ${this.world.seed}`,
      x: { label: "part of the virtual disk", unit: "" },
      y: { label: `× ${columns}`, unit: "" },
      value: { label: "place in the file", unit: "cells" },
      values: rows,
    };
  }

  view(): GroupView {
    const info: TableView = {
      as: "table",
      title: `Virtual disk ${this.name}`,
      columns: [{ key: "what", label: "" }, { key: "value" }],
      rows: Object.entries(this.info()).map(([what, value]) => ({ what, value })),
    };
    return { as: "group", views: [info, this.image.format === "qcow2" ? this.heat() : mapView(this.image)] };
  }

  /** Gives the image's file free, and the disk under it where this is a clone. */
  close(): void {
    this.image.close();
  }

  #qcow2(what: string): Qcow2Image {
    if (this.image instanceof Qcow2Image) return this.image;
    throw new UsageError(
      `${this.name} is a raw image and cannot ${what}`,
      'Make it with { format: "qcow2" }, or clone it.',
    );
  }
}

export interface FillOptions {
  readonly order: "sequential" | "random";
  /** Bytes. */
  readonly from: number;
  readonly length: number | null;
  /** Bytes written at a time; a cluster, or 64 KiB in a raw image. */
  readonly unit: number;
}

/**
 * Makes a virtual disk in a new file of a volume.
 * @throws UsageError for an unknown option, a name that is taken, or what the format doesn't have; no file is left then
 */
export function createVirtualDisk(host: Host, options?: Partial<ImageOptions>): VirtualDisk {
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
  const { volume } = host;
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
