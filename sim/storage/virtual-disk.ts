import {
  all,
  formatBytes,
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
import { Explanation } from "./explain.js";
import type { Chs, Geometry } from "./geometry.js";
import { HostFile } from "./host/file.js";
import { mapView, type Image, type MapRow } from "./image.js";
import { locate, type Location } from "./locate.js";
import type { CheckReport } from "./qcow2/check.js";
import { Qcow2Image } from "./qcow2/image.js";
import type { Snapshot } from "./qcow2/snapshots.js";
import { record, stepsOf, type RecordedAccess, type Recording } from "./recording.js";
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

/** An access with what it writes. */
export interface DataAccess extends Access {
  readonly bytes?: Uint8Array;
}

/** Where virtual disks live: it makes files for them, on a clock. */
export interface Host {
  readonly world: World;
  image(options?: Partial<ImageOptions>): VirtualDisk;
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
  submit(access: DataAccess): Signal<Completion> {
    return this.#serve(access, this.#record(access).accesses);
  }

  /** Reads or writes, lets the time pass that it takes, and shows what became of it: file accesses and disk requests. */
  explain(access: DataAccess): Explanation {
    const { files, accesses } = this.#record(access);
    const done = this.#serve(access, accesses);
    this.world.engine.run(done);
    if (!done.settled) throw new UsageError("the access was interrupted", "Run it again.");
    return new Explanation(this.name, done.value, files);
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
    return this.#host.image({
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

  /**
   * Which cluster of the file holds which part of the virtual disk: light to dark in the order of the file. A part is a
   * cluster, or so many of them that the picture has no more than 64 rows; then its first cluster stands for it.
   */
  heat(columns = 64): HeatView {
    let unit = this.image instanceof Qcow2Image ? this.image.clusterSize : 64 * 1024;
    while (this.size / unit > columns * 64) unit *= 2;
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
      caption: `A cell is ${formatBytes(unit)} of the virtual disk; empty cells take no room. Seed ${this.world.seed}`,
      x: { label: "part of the virtual disk", unit: "" },
      y: { label: `row of ${columns} parts`, unit: "" },
      value: { label: `place in the file, in ${formatBytes(unit)}`, unit: "" },
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

  #record(access: DataAccess): Recording<void> {
    const { op, lba, count } = access;
    return record(() => {
      if (op === "read") this.read(lba, count);
      else this.write(lba, access.bytes ?? new Uint8Array(count * sectorSize).fill(1));
    });
  }

  #serve({ op, lba, count }: Access, accesses: readonly RecordedAccess[]): Signal<Completion> {
    const { engine } = this.world;
    const issued = engine.now;
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
