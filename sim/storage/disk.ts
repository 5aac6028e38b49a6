import {
  createWorld,
  formatBytes,
  formatDuration,
  Signal,
  UsageError,
  withDefaults,
  type LanesView,
  type Nanos,
  type Persist,
  type SchedulingPolicy,
  type TableView,
  type Viewable,
  type World,
} from "../core/index.js";
import { checkSectors, checkWrite, checkWritable, sectorSize, sectorsOf } from "./block-device.js";
import { Flash } from "./drive/flash.js";
import { HardDisk } from "./drive/hard-disk.js";
import type { Access, Mechanism, MechanismState } from "./drive/mechanism.js";
import { profileOf, type DriveProfile, type ProfileName } from "./drive/profiles.js";
import { diskScheduler, type SchedulerName } from "./drive/scheduler.js";
import type { Purpose } from "./file.js";
import { Geometry } from "./geometry.js";
import { partitionDisk, readPartitions, type PartitionSpec, type TableOptions } from "./partition/table.js";
import { HostPartition, type HostPartitionState } from "./host/partition.js";
import type { Slot } from "./partition/mbr.js";
import { noteAccess } from "./recording.js";
import { SparseBytes, type SparseState } from "./sparse.js";
import type { Completion, Drive, Request } from "./timed.js";

export interface DiskOptions {
  readonly world: World | null;
  readonly name: string;
  /** Bytes; the whole drive where null. Less is the drive's outer part, as after short-stroking. */
  readonly size: number | null;
  readonly profile: ProfileName | DriveProfile;
  readonly scheduler: SchedulerName;
}

/** What a drive has done so far. */
export interface DiskStatistics {
  readonly reads: number;
  readonly writes: number;
  readonly bytes: number;
  /** Nanoseconds with a request in service, seeking, and waiting for the platter. */
  readonly busy: number;
  readonly seek: number;
  readonly rotation: number;
  /** Cylinders that the arm crossed. */
  readonly distance: number;
  /** Reads that the drive's buffer answered. */
  readonly buffered: number;
}

export interface DiskState {
  readonly bytes: SparseState;
  readonly mechanism: MechanismState;
  readonly statistics: DiskStatistics;
  readonly partitions: readonly HostPartitionState[];
}

const nothing: DiskStatistics = {
  reads: 0,
  writes: 0,
  bytes: 0,
  busy: 0,
  seek: 0,
  rotation: 0,
  distance: 0,
  buffered: 0,
};

interface Waiting {
  readonly access: Access;
  readonly purpose: Purpose;
  readonly arrived: Nanos;
  readonly done: Signal<Completion>;
}

/** A physical disk: sectors that hold data, and a drive that takes its time over them. */
export class Disk implements Drive, Viewable, Persist<DiskState> {
  readonly name: string;
  readonly world: World;
  readonly sectorSize: 512 = sectorSize;
  readonly sectors: number;
  readonly writable = true;
  readonly profile: DriveProfile;
  readonly scheduler: SchedulerName;
  readonly mechanism: Mechanism;
  /** As the disk shows itself: 16 heads, 63 sectors a track. Where sectors really lie, `mechanism` knows. */
  readonly geometry: Geometry;
  readonly #bytes = new SparseBytes();
  readonly #queue: SchedulingPolicy<Waiting>;
  #inService = 0;
  #statistics = nothing;
  #partitions: readonly HostPartition[] = [];

  constructor(options: DiskOptions) {
    this.name = options.name;
    this.world = options.world ?? createWorld();
    this.profile = profileOf(options.profile);
    this.mechanism = this.profile.kind === "flash" ? new Flash(this.profile) : new HardDisk(this.profile);
    const whole = this.mechanism.sectors;
    this.sectors = options.size === null ? whole : sectorsOf("a disk", options.size);
    if (this.sectors > whole) {
      throw new UsageError(
        `a ${this.profile.name} drive has ${formatBytes(whole * sectorSize)}, not ${formatBytes(this.sectors * sectorSize)}`,
        "Give a smaller size, none for the whole drive, or a larger profile.",
      );
    }
    this.scheduler = options.scheduler;
    this.geometry = Geometry.of(this.sectors);
    this.#queue = diskScheduler<Waiting>(options.scheduler, {
      now: () => this.mechanism.cylinder,
      cylinderOf: ({ access }) => this.mechanism.cylinderOf(access.lba),
    });
  }

  get statistics(): DiskStatistics {
    return this.#statistics;
  }

  /** Of the last `partition` or `readPartitions`. */
  get partitions(): readonly HostPartition[] {
    return this.#partitions;
  }

  read(lba: number, count: number, purpose: Purpose = "data"): Uint8Array {
    checkSectors(this, lba, count);
    noteAccess({ disk: this, op: "read", lba, count, purpose });
    return this.#bytes.read(lba * sectorSize, count * sectorSize);
  }

  write(lba: number, bytes: Uint8Array, purpose: Purpose = "data"): void {
    const count = checkWrite(this, lba, bytes);
    noteAccess({ disk: this, op: "write", lba, count, purpose });
    this.#bytes.write(lba * sectorSize, bytes);
  }

  discard(lba: number, count: number): void {
    checkSectors(this, lba, count);
    checkWritable(this);
    this.#bytes.clear(lba * sectorSize, count * sectorSize);
  }

  flush(): void {
    // A write ends when it is on the medium.
  }

  /** Puts an access into the drive's queue. It carries no data: that is moved by `read` and `write`. */
  submit(access: Access, purpose: Purpose = "data"): Signal<Completion> {
    checkSectors(this, access.lba, access.count);
    const done = new Signal<Completion>(`${access.op} of ${this.name}`);
    this.#queue.enqueue({ access, purpose, arrived: this.world.engine.now, done });
    this.#serve();
    return done;
  }

  cool(): void {
    this.mechanism.cool();
  }

  describe(lba: number): string {
    return this.mechanism.describe(lba);
  }

  /** Writes a partition table; what the partitions hold stays, what lay in files on them is forgotten. */
  partition(specs: readonly Partial<PartitionSpec>[], options?: Partial<TableOptions>): readonly HostPartition[] {
    const id = this.world.rng.stream(`identifier of ${this.name}`).uint32();
    return this.#take(partitionDisk(this, specs, { id, ...options }).slots);
  }

  /** Reads the partition table that the disk holds. */
  readPartitions(): readonly HostPartition[] {
    return this.#take(readPartitions(this).slots);
  }

  /** The drive's numbers. */
  table(): TableView {
    const { reads, writes, bytes, busy, seek, rotation, distance, buffered } = this.#statistics;
    const row = (what: string, value: string | number): Record<string, string | number> => ({ what, value });
    return {
      as: "table",
      title: `${this.name}: ${this.profile.name}, ${formatBytes(this.sectors * sectorSize)}`,
      columns: [{ key: "what", label: "" }, { key: "value" }],
      rows: [
        row("profile", `${this.profile.name} (${this.profile.source})`),
        row("scheduler", this.scheduler),
        row("reads, writes", `${reads}, ${writes}`),
        row("moved", formatBytes(bytes)),
        row("busy", formatDuration(busy)),
        row("seeking", formatDuration(seek)),
        row("waiting for the platter", formatDuration(rotation)),
        row("cylinders crossed", distance),
        row("reads from the buffer", buffered),
      ],
    };
  }

  /** What lies where: partitions, and the files on them. */
  view(): LanesView {
    const partitions = this.#partitions.map((partition) => ({
      from: partition.start,
      to: partition.start + partition.sectors,
      label: `${partition.number}: ${partition.type}, ${formatBytes(partition.sectors * sectorSize)}`,
      role: "host" as const,
    }));
    const lanes = [
      { name: this.name, spans: partitions },
      ...this.#partitions.flatMap((partition) => partition.lanes()),
    ];
    const mebibytes = (sectors: number): number => (sectors * sectorSize) / 2 ** 20;
    return {
      as: "lanes",
      title: `What lies where on ${this.name}?`,
      caption: `${this.profile.name}, ${this.sectors} sectors of ${sectorSize} bytes; seed ${this.world.seed}`,
      x: { label: "place on the disk", unit: "MiB" },
      lanes: lanes.map(({ name, spans }) => ({
        name,
        spans: spans.map((span) => ({ ...span, from: mebibytes(span.from), to: mebibytes(span.to) })),
      })),
    };
  }

  /** The sectors, the drive's state, the partitions and their files. Virtual disks are opened anew after a restore. */
  save(): DiskState {
    return {
      bytes: this.#bytes.save(),
      mechanism: this.mechanism.save(),
      statistics: this.#statistics,
      partitions: this.#partitions.map((partition) => partition.save()),
    };
  }

  restore(state: DiskState): void {
    this.#bytes.restore(state.bytes);
    this.mechanism.restore(state.mechanism);
    this.#statistics = state.statistics;
    this.#take(state.partitions).forEach((partition, i) => {
      const saved = state.partitions[i];
      if (saved !== undefined) partition.restore(saved);
    });
  }

  #take(slots: readonly Slot[]): readonly HostPartition[] {
    this.#partitions = slots.map((slot) => new HostPartition(this, slot));
    return this.#partitions;
  }

  #serve(): void {
    while (this.#inService < this.mechanism.width) {
      const next = this.#queue.pick();
      if (next === undefined) return;
      const { engine } = this.world;
      const started = engine.now;
      const service = this.mechanism.serve(next.access, next.arrived, started);
      this.#inService += 1;
      engine.at(
        service.finish,
        () => {
          this.#inService -= 1;
          this.#finish(next, {
            ...next.access,
            purpose: next.purpose,
            arrived: next.arrived,
            started,
            finished: service.finish,
            service,
          });
          this.#serve();
        },
        { name: `${this.name} serves` },
      );
    }
  }

  #finish({ done }: Waiting, request: Request): void {
    const { op, lba, count, arrived, started, finished, service } = request;
    const before = this.#statistics;
    this.#statistics = {
      reads: before.reads + (op === "read" ? 1 : 0),
      writes: before.writes + (op === "write" ? 1 : 0),
      bytes: before.bytes + count * sectorSize,
      busy: before.busy + (finished - started),
      seek: before.seek + service.seek,
      rotation: before.rotation + service.rotation,
      distance: before.distance + service.distance,
      buffered: before.buffered + (service.buffered ? 1 : 0),
    };
    const { purpose } = request;
    const { seek, rotation, transfer, distance } = service;
    const fields = { lba, count, purpose, queued: started - arrived, seek, rotation, transfer, distance };
    this.world.trace.emit(`disk.${op}`, this.name, fields);
    done.fire({ op, lba, count, issued: arrived, finished, requests: [request] });
  }
}

/**
 * Makes a physical disk on a world's clock.
 * @throws UsageError for an unknown option, profile or scheduler, or a size that the drive doesn't have
 */
export function createDisk(options?: Partial<DiskOptions>): Disk {
  return new Disk(
    withDefaults<DiskOptions>("disk", options, {
      world: null,
      name: "sda",
      size: null,
      profile: "hdd-7200",
      scheduler: "look",
    }),
  );
}
