import {
  formatBytes,
  UsageError,
  withDefaults,
  type LanesView,
  type TableView,
  type Viewable,
} from "../../core/index.js";
import { checkWritable, sectorSize, Window, type BlockDevice } from "../block-device.js";
import { gptSlots, readGpt, usable, writeGpt } from "./gpt.js";
import { mbrSlots, protective, readMbr, writeMbr, writeProtectiveMbr, type PlannedSlot, type Slot } from "./mbr.js";
import { checkType, type PartitionType } from "./types.js";

export interface PartitionSpec {
  /** Bytes, rounded up to whole sectors; without it, what is left of the disk up to the next partition. */
  readonly size: number | null;
  /** First sector; without it, the next boundary of 1 MiB that is free. */
  readonly start: number | null;
  readonly type: PartitionType;
  readonly bootable: boolean;
  /** GPT only. */
  readonly name: string;
}

export interface TableOptions {
  readonly scheme: "mbr" | "gpt";
  /** Sectors: 1 MiB, as fdisk aligns, so that partitions fit flash pages, stripes and clusters. */
  readonly align: number;
  /** Tells this disk from others: MBR's 32-bit identifier, and the seed of GPT's GUIDs. */
  readonly id: number;
}

/** A run of a disk's sectors that is a disk of its own: the first way to make several disks of one. */
export class Partition extends Window {
  readonly number: number;
  /** A word of `partitionTypes`; the table's own code where it is none of them. */
  readonly type: string;
  readonly bootable: boolean;
  /** GPT only; empty where there is none. */
  readonly label: string;

  constructor(device: BlockDevice, slot: Slot) {
    super(device, slot.start, slot.sectors, `partition ${slot.number} of ${device.name}`);
    this.number = slot.number;
    this.type = slot.type;
    this.bootable = slot.bootable;
    this.label = slot.name;
  }
}

/** The partitions of a disk, in the order of their numbers. */
export class PartitionTable implements Viewable {
  readonly scheme: "mbr" | "gpt";
  readonly device: BlockDevice;
  readonly partitions: readonly Partition[];
  /** As they stand in the table. */
  readonly slots: readonly Slot[];

  constructor(device: BlockDevice, scheme: "mbr" | "gpt", slots: readonly Slot[]) {
    this.device = device;
    this.scheme = scheme;
    this.slots = slots;
    this.partitions = slots.map((slot) => new Partition(device, slot));
  }

  view(): TableView {
    return {
      as: "table",
      title: `Partitions of ${this.device.name} (${this.scheme.toUpperCase()})`,
      columns: [
        { key: "number" },
        { key: "type" },
        { key: "bootable" },
        { key: "start", label: "first sector" },
        { key: "end", label: "last sector" },
        { key: "size" },
      ],
      rows: this.partitions.map(({ number, type, bootable, start, sectors }) => {
        const size = formatBytes(sectors * sectorSize);
        return { number, type, bootable, start, end: start + sectors - 1, size };
      }),
    };
  }

  /** Where the partitions lie on the disk. */
  layout(): LanesView {
    const spans = this.partitions.map(({ number, type, start, sectors }) => ({
      from: start,
      to: start + sectors,
      label: `${number}: ${type}, ${formatBytes(sectors * sectorSize)}`,
      role: "disk" as const,
    }));
    return {
      as: "lanes",
      title: `Which sectors of ${this.device.name} belong to which partition?`,
      caption: `${this.scheme.toUpperCase()}, ${this.device.sectors} sectors of ${sectorSize} bytes`,
      x: { label: "sector", unit: "" },
      lanes: [{ name: this.device.name, spans }],
    };
  }
}

/**
 * Writes a partition table, which replaces the one there was; the partitions' contents stay as they are.
 * @throws UsageError for partitions that overlap, don't fit, or are too many; nothing is written then
 */
export function partitionDisk(
  device: BlockDevice,
  specs: readonly Partial<PartitionSpec>[],
  options?: Partial<TableOptions>,
): PartitionTable {
  const { scheme, align, id } = withDefaults<TableOptions>("partition table", options, {
    scheme: "mbr",
    align: 2048,
    id: 0,
  });
  checkWritable(device);
  const slots = plan(device, specs, scheme, align);
  if (scheme === "gpt") {
    device.write(0, writeProtectiveMbr(device.sectors));
    writeGpt(device, slots, id);
  } else device.write(0, writeMbr(slots, id));
  return new PartitionTable(device, scheme, slots);
}

/**
 * Reads a disk's partition table. Of MBR the four primary partitions are read; logical ones in an extended partition are
 * not, it is one partition of type 0x05 or 0x0f.
 * @throws UsageError where there is none, or it is damaged
 */
export function readPartitions(device: BlockDevice): PartitionTable {
  const mbr = readMbr(device.read(0, 1));
  if (mbr === undefined) {
    throw new UsageError(
      `${device.name} has no partition table`,
      "Its first sector doesn't end in 0x55AA; partition it first.",
    );
  }
  const scheme = mbr.some(({ byte }) => byte === protective) ? "gpt" : "mbr";
  const slots = scheme === "gpt" ? readGpt(device) : mbr;
  checkOverlap(slots, device);
  return new PartitionTable(device, scheme, slots);
}

function plan(
  device: BlockDevice,
  specs: readonly Partial<PartitionSpec>[],
  scheme: "mbr" | "gpt",
  align: number,
): readonly PlannedSlot[] {
  const most = scheme === "gpt" ? gptSlots : mbrSlots;
  if (specs.length > most) {
    throw new UsageError(
      `${specs.length} partitions are too many`,
      `${scheme.toUpperCase()} has ${most}${scheme === "mbr" ? '; take { scheme: "gpt" }' : ""}.`,
    );
  }
  const range = scheme === "gpt" ? usable(device.sectors) : { first: 1, last: device.sectors - 1 };
  const defaults: PartitionSpec = { size: null, start: null, type: "linux", bootable: false, name: "" };
  const chosen = specs.map((spec) => withDefaults<PartitionSpec>("partition", spec, defaults));
  const fixed = chosen.map(({ start }) => start).filter((start) => start !== null);
  const slots: PlannedSlot[] = [];
  let free = range.first;
  for (const { size, start: wanted, type, bootable, name } of chosen) {
    checkType(type);
    const number = slots.length + 1;
    const start = wanted ?? Math.ceil(free / align) * align;
    const next = Math.min(range.last + 1, ...fixed.filter((other) => other > start));
    const sectors = size === null ? next - start : Math.ceil(size / sectorSize);
    if (!(sectors >= 1) || !(start >= range.first) || start + sectors - 1 > range.last) {
      const room = Math.max(0, range.last + 1 - start) * sectorSize;
      throw new UsageError(
        `partition ${number} of ${size === null ? "what is left" : formatBytes(size)} doesn't fit on ${device.name}`,
        `From sector ${start} on there are ${formatBytes(room)}; partitions lie in sectors ${range.first} to ${range.last}.`,
      );
    }
    slots.push({ number, start, sectors, type, bootable, name });
    free = start + sectors;
  }
  checkOverlap(slots, device);
  return slots;
}

function checkOverlap(slots: readonly Slot[], device: BlockDevice): void {
  const sorted = [...slots].sort((a, b) => a.start - b.start);
  sorted.forEach((slot, i) => {
    if (slot.start + slot.sectors > device.sectors) {
      throw new UsageError(
        `partition ${slot.number} ends at sector ${slot.start + slot.sectors - 1}, ${device.name} at ${device.sectors - 1}`,
        "The disk is smaller than the one that was partitioned; it may have been cut short.",
      );
    }
    const next = sorted[i + 1];
    if (next !== undefined && slot.start + slot.sectors > next.start) {
      throw new UsageError(
        `partitions ${slot.number} and ${next.number} of ${device.name} overlap`,
        `Partition ${slot.number} ends at sector ${slot.start + slot.sectors - 1}, ${next.number} begins at ${next.start}.`,
      );
    }
  });
}
