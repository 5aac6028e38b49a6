import { UsageError, type Row, type TableView, type Viewable } from "../../core/index.js";
import {
  checkSectors,
  checkWrite,
  checkWritable,
  isPinned,
  pin,
  sectorSize,
  type BlockDevice,
} from "../block-device.js";
import { acquire, type FileLike, type Purpose } from "../file.js";
import { mapView, type Image, type Mapping, type MapRow } from "../image.js";
import { checkImage, type CheckReport } from "./check.js";
import { clearAutoclear, readHeader, type Header } from "./header.js";
import { unallocated, type ClusterMap, type Entry } from "./mapping.js";
import { checkForWriting, openTables } from "./open.js";
import type { Refcounts } from "./refcounts.js";
import type { Snapshot, Snapshots } from "./snapshots.js";
import { joinChunks, spansOf, type Chunk, type Span } from "./spans.js";
import { traceCluster } from "./trace.js";

export interface Qcow2Parts {
  readonly file: FileLike;
  readonly readonly: boolean;
  /** What reads where the image has nothing of its own. */
  readonly backing: BlockDevice | null;
  /** The backing image where it is closed with this one. */
  readonly owned: Image | null;
  /** L2 tables held in memory. */
  readonly l2Tables: number;
}

/** Where a cluster that is about to be written goes, and what it was. */
interface Placement extends Span {
  readonly before: Entry;
  readonly offset: number;
}

/**
 * A qcow2 image. Without a backing image it is a thin disk: clusters take room when they are first written. On one it is
 * an overlay: what it lacks is read below, what is written is copied here first.
 *
 * A write goes to the file in an order that leaves it consistent at every step: refcounts up, data, L2 tables, L1 table,
 * refcounts down; a crash in between costs clusters and no data. Simplification: tables go to the file with each
 * operation, where qemu holds them back until the guest flushes. Compressed clusters are mapped and not read.
 */
export class Qcow2Image implements Image, Viewable {
  readonly format = "qcow2";
  readonly name: string;
  readonly sectorSize: 512 = sectorSize;
  readonly sectors: number;
  readonly file: FileLike;
  readonly clusterSize: number;
  readonly backing: BlockDevice | null;
  readonly clusters: ClusterMap;
  readonly refcounts: Refcounts;
  readonly header: Header;
  readonly #snapshots: Snapshots;
  readonly #opened: "read" | "write";
  readonly #release: () => void;
  readonly #owned: Image | null;
  #unpin: () => void = () => undefined;

  constructor(parts: Qcow2Parts) {
    const { file, backing } = parts;
    const header = readHeader(file);
    this.name = `qcow2 image ${file.name}`;
    this.file = file;
    this.header = header;
    this.sectors = header.size / sectorSize;
    this.clusterSize = 2 ** header.clusterBits;
    this.backing = backing;
    this.#owned = parts.owned;
    this.#opened = file.writable && !parts.readonly ? "write" : "read";
    if (this.#opened === "write") checkForWriting(file, header);
    const { refcounts, map, snapshots } = openTables(file, header, parts.l2Tables);
    this.refcounts = refcounts;
    this.clusters = map;
    this.#snapshots = snapshots;
    this.#release = acquire(file, this.#opened);
    if (backing !== null) this.#unpin = pin(backing);
    if (this.#opened === "write" && header.hasAutoclear) clearAutoclear(file);
  }

  get size(): number {
    return this.header.size;
  }

  get writable(): boolean {
    return this.#opened === "write" && !isPinned(this);
  }

  get snapshots(): readonly Snapshot[] {
    return this.#snapshots.list;
  }

  read(lba: number, count: number, purpose: Purpose = "data"): Uint8Array {
    checkSectors(this, lba, count);
    const from = lba * sectorSize;
    const out = new Uint8Array(count * sectorSize);
    for (const run of this.runs(from, out.length)) out.set(this.#content(run, purpose), run.start - from);
    return out;
  }

  write(lba: number, bytes: Uint8Array, purpose: Purpose = "data"): void {
    checkWrite(this, lba, bytes);
    const start = lba * sectorSize;
    const placements: Placement[] = [];
    try {
      for (const span of this.#spans(start, bytes.length)) placements.push(this.place(span));
      this.refcounts.flush();
      const chunks = placements.map((placement) => {
        const at = placement.cluster * this.clusterSize - start;
        return this.#filled(placement, bytes.subarray(at + placement.from, at + placement.to));
      });
      for (const chunk of joinChunks(chunks)) this.file.write(chunk.offset, chunk.bytes, purpose);
      const moved = placements.filter(({ before, offset }) => before.kind !== "data" || before.offset !== offset);
      this.clusters.update(
        new Map(moved.map(({ cluster, offset }) => [cluster, { kind: "data", offset, owned: true }])),
      );
    } catch (error) {
      // The file's disk is full, say: what was taken for this write is given back.
      this.clusters.rollback();
      for (const { before, offset } of placements) if (before.offset !== offset) this.refcounts.release(offset);
      this.refcounts.flush();
      throw error;
    }
    for (const { before, offset } of placements) if (before.offset !== offset) this.clusters.release(before);
    this.refcounts.flush();
  }

  discard(lba: number, count: number): void {
    checkSectors(this, lba, count);
    checkWritable(this);
    const zero: Entry = { kind: "zero", offset: 0, owned: false };
    const after = this.backing === null ? unallocated : zero;
    const changed = new Map<number, Entry>();
    for (const { cluster, from, to } of this.#spans(lba * sectorSize, count * sectorSize)) {
      const before = this.clusters.entry(cluster);
      const whole = from === 0 && (to === this.clusterSize || cluster * this.clusterSize + to === this.size);
      if (before.kind === after.kind && before.offset === 0) continue;
      if (whole && (after === unallocated || this.header.version === 3)) changed.set(cluster, after);
      else this.write((cluster * this.clusterSize + from) / sectorSize, new Uint8Array(to - from));
    }
    this.clusters.replace(changed);
  }

  /** Forgets the tables in memory, as closing and opening the image would. */
  cool(): void {
    this.clusters.cache.clear();
    this.refcounts.cool();
  }

  /** Gives every cluster of the virtual disk a place in the file now, in order: qemu's preallocation=metadata. */
  preallocate(): void {
    checkWritable(this);
    if (this.backing !== null) {
      throw new UsageError(`${this.name} has a backing image`, "Only a disk of its own can be preallocated.");
    }
    const missing = this.#spans(0, this.size).filter(
      ({ cluster }) => this.clusters.entry(cluster).kind === "unallocated",
    );
    for (const { cluster } of missing) this.clusters.prepare(cluster);
    const end = this.file.size;
    const entries = missing.map(({ cluster }) => [cluster, this.refcounts.allocate()] as const);
    // A cluster that was in use before holds what it held then.
    for (const [, offset] of entries) if (offset < end) this.file.write(offset, new Uint8Array(this.clusterSize));
    this.clusters.replace(
      new Map(entries.map(([cluster, offset]) => [cluster, { kind: "data", offset, owned: true }])),
    );
  }

  flush(): void {
    this.file.flush();
  }

  /** Freezes the state under a name. @param options.seconds the time noted with it, since the epoch of the caller's clock */
  snapshot(name: string, options: { readonly seconds?: number } = {}): Snapshot {
    checkWritable(this);
    return this.#snapshots.create(name, options.seconds ?? 0);
  }

  /** Goes back to a snapshot, by name or id; what was written since and is in no snapshot is lost. */
  apply(snapshot: string): void {
    checkWritable(this);
    this.#snapshots.apply(snapshot);
  }

  deleteSnapshot(snapshot: string): void {
    checkWritable(this);
    this.#snapshots.delete(snapshot);
  }

  /**
   * Moves all that this overlay holds into its backing image and leaves the overlay empty.
   * @throws UsageError without a backing image, or with one that is read-only or has other overlays
   */
  commit(): void {
    checkWritable(this);
    const { backing } = this;
    if (backing === null)
      throw new UsageError(`${this.name} has no backing image`, "Only an overlay can be committed.");
    this.#unpin();
    try {
      checkWritable(backing);
      if (backing.sectors < this.sectors) {
        throw new UsageError(`${backing.name} is smaller than ${this.name}`, "Commit into an image of the same size.");
      }
      const held = this.map().filter(({ kind }) => kind !== "unallocated");
      const gone = held.flatMap((run) => this.#spans(run.start, run.length));
      for (const { cluster, from, to } of gone) {
        const lba = (cluster * this.clusterSize + from) / sectorSize;
        backing.write(lba, this.read(lba, (to - from) / sectorSize));
      }
      backing.flush();
      this.clusters.replace(new Map(gone.map(({ cluster }) => [cluster, unallocated])));
    } finally {
      this.#unpin = pin(backing);
    }
  }

  /** Where a part of a cluster is to be written: in place where the cluster is owned, in a new one otherwise. */
  place(span: Span): Placement {
    this.clusters.prepare(span.cluster);
    const before = this.clusters.entry(span.cluster);
    const reusable = (before.kind === "data" || before.kind === "zero") && before.offset !== 0;
    const offset = reusable && !this.mustCopy(before) ? before.offset : this.refcounts.allocate();
    return { ...span, before, offset };
  }

  /** Whether a write must leave the cluster as it is because a snapshot shares it. */
  mustCopy(entry: Entry): boolean {
    return !entry.owned;
  }

  /** The virtual disk's runs that are kept in one way and lie together in the file. */
  *runs(start: number, length: number): Generator<MapRow> {
    let run: MapRow | undefined;
    for (const { cluster, from, to } of this.#spans(start, length)) {
      const entry = this.clusters.entry(cluster);
      const next: MapRow = {
        start: cluster * this.clusterSize + from,
        length: to - from,
        kind: entry.kind,
        offset: entry.kind === "data" ? entry.offset + from : entry.kind === "compressed" ? entry.offset : null,
      };
      const joins =
        run !== undefined &&
        run.kind === next.kind &&
        run.kind !== "compressed" &&
        (run.offset === null || run.offset + run.length === next.offset);
      if (run !== undefined && joins) run = { ...run, length: run.length + next.length };
      else {
        if (run !== undefined) yield run;
        run = next;
      }
    }
    if (run !== undefined) yield run;
  }

  map(): readonly MapRow[] {
    return [...this.runs(0, this.size)];
  }

  trace(offset: number): Mapping {
    return traceCluster(this, offset);
  }

  check(): CheckReport {
    const { file, refcounts, clusters: map } = this;
    const { version, clusterBits } = this.header;
    return checkImage({ file, version, clusterBits, map, refcounts, snapshots: this.#snapshots });
  }

  info(): Row {
    const data = this.map().filter(({ kind }) => kind === "data");
    return {
      format: this.format,
      file: this.file.name,
      virtualSize: this.size,
      fileSize: this.file.size,
      clusterSize: this.clusterSize,
      version: this.header.version,
      data: data.reduce((sum, { length }) => sum + length, 0),
      backing: this.header.backing?.name ?? null,
      snapshots: this.snapshots.length,
      l2Hits: this.clusters.cache.hits,
      l2Misses: this.clusters.cache.misses,
    };
  }

  view(): TableView {
    return mapView(this);
  }

  close(): void {
    if (this.#opened === "write") this.file.flush();
    this.#unpin();
    this.#release();
    this.file.close?.();
    this.#owned?.close();
  }

  /** The bytes of a run, from wherever they are. */
  #content(run: MapRow, purpose: Purpose): Uint8Array {
    if (run.kind === "zero") return new Uint8Array(run.length);
    if (run.kind === "unallocated") return this.readUnallocated(run.start, run.length, purpose);
    if (run.kind === "data" && run.offset !== null) return this.file.read(run.offset, run.length, purpose);
    throw new UsageError(
      `${this.name} holds compressed clusters, which this simulator cannot inflate`,
      "`qemu-img convert -O qcow2` makes an uncompressed copy.",
    );
  }

  /** What the image has nothing of its own for: the backing image's bytes, and zeros where that ends or there is none. */
  readUnallocated(start: number, length: number, purpose: Purpose): Uint8Array {
    const out = new Uint8Array(length);
    if (this.backing === null) return out;
    const below = Math.min(length, Math.max(0, this.backing.sectors * sectorSize - start));
    if (below > 0) out.set(this.backing.read(start / sectorSize, below / sectorSize, purpose));
    return out;
  }

  /** What goes to the file for a placement: the new bytes alone, or the whole cluster around them where it is new. */
  #filled(placement: Placement, bytes: Uint8Array): Chunk {
    const { cluster, from, to, before, offset } = placement;
    if (before.kind === "data" && before.offset === offset) return { offset: offset + from, bytes };
    const start = cluster * this.clusterSize;
    const whole = new Uint8Array(this.clusterSize);
    const end = Math.min(this.clusterSize, this.size - start);
    const around = [
      [0, from],
      [to, end],
    ] as const;
    for (const [first, last] of around) {
      if (last <= first) continue;
      const place =
        before.kind === "data" ? before.offset + first : before.kind === "compressed" ? before.offset : null;
      const run = { start: start + first, length: last - first, kind: before.kind, offset: place };
      whole.set(this.#content(run, "copy"), first);
    }
    whole.set(bytes, from);
    return { offset, bytes: whole };
  }

  #spans(start: number, length: number): readonly Span[] {
    return spansOf(start, length, this.clusterSize);
  }
}
