import { UsageError } from "../core/index.js";
import type { Purpose } from "./file.js";
import { SparseBytes, type SparseState } from "./sparse.js";

/** Bytes of a sector: the unit that a disk reads and writes as a whole. */
export const sectorSize = 512;

/**
 * A disk as software sees it: numbered sectors of 512 bytes. A whole disk, a partition, an image in a file, an overlay:
 * each is one, so that each can stand on any other.
 */
export interface BlockDevice {
  /** What it is, for messages: `partition 1 of disk`. */
  readonly name: string;
  readonly sectorSize: 512;
  /** How many sectors there are; they are numbered from 0. */
  readonly sectors: number;
  readonly writable: boolean;
  /**
   * @param purpose what the access is for, carried down for those who record accesses; "data" where absent
   * @throws UsageError for sectors that the device doesn't have
   */
  read(lba: number, count: number, purpose?: Purpose): Uint8Array;
  /** @throws UsageError for sectors that it doesn't have, a part of a sector, or a device that is read-only */
  write(lba: number, bytes: Uint8Array, purpose?: Purpose): void;
  /** The sectors read as zeros from now on, and their room is given back where the device can. */
  discard(lba: number, count: number): void;
  flush(): void;
}

/** @throws UsageError unless the device has all sectors from `lba` on */
export function checkSectors(device: BlockDevice, lba: number, count: number): void {
  if (Number.isSafeInteger(lba) && Number.isSafeInteger(count) && lba >= 0 && count >= 0) {
    if (lba + count <= device.sectors) return;
  }
  throw new UsageError(
    `${device.name} has no sectors ${lba} to ${lba + count - 1}`,
    `Its sectors are 0 to ${device.sectors - 1}, in whole numbers.`,
  );
}

/**
 * @returns how many sectors the bytes fill
 * @throws UsageError unless they are whole sectors that the device has and lets be written
 */
export function checkWrite(device: BlockDevice, lba: number, bytes: Uint8Array): number {
  if (bytes.length % sectorSize !== 0) {
    throw new UsageError(
      `${bytes.length} bytes are no whole number of sectors`,
      `Write a multiple of ${sectorSize} bytes; read the sector first to change a part of it.`,
    );
  }
  checkSectors(device, lba, bytes.length / sectorSize);
  checkWritable(device);
  return bytes.length / sectorSize;
}

export function checkWritable(device: BlockDevice): void {
  const overlays = pins.get(device) ?? 0;
  if (overlays > 0) {
    throw new UsageError(
      `${device.name} is the backing of ${overlays} overlay${overlays === 1 ? "" : "s"}, whose contents a write would change`,
      "Write to a clone, or close the overlays first.",
    );
  }
  if (device.writable) return;
  throw new UsageError(`${device.name} is read-only`, "Open it for writing, or write to an overlay (a clone) of it.");
}

/** How many overlays take what they lack from a device. */
const pins = new WeakMap<BlockDevice, number>();

/** An overlay begins to use a device, which stays as it is until the function returned is called. */
export function pin(device: BlockDevice): () => void {
  pins.set(device, (pins.get(device) ?? 0) + 1);
  let pinned = true;
  return () => {
    if (pinned) pins.set(device, (pins.get(device) ?? 1) - 1);
    pinned = false;
  };
}

export function isPinned(device: BlockDevice): boolean {
  return (pins.get(device) ?? 0) > 0;
}

/** @returns the sectors of a disk of `size` bytes */
export function sectorsOf(noun: string, size: number): number {
  if (Number.isSafeInteger(size) && size > 0 && size % sectorSize === 0) return size / sectorSize;
  throw new UsageError(
    `${noun} cannot have ${size} bytes`,
    `Give a size above 0 that is a multiple of the sector's ${sectorSize} bytes, as MiB(64).`,
  );
}

/** A disk in memory of which only sectors that hold data take room. */
export class MemoryDisk implements BlockDevice {
  readonly name: string;
  readonly sectorSize: 512 = sectorSize;
  readonly sectors: number;
  readonly writable = true;
  readonly #bytes = new SparseBytes();

  /** @param options.size in bytes */
  constructor(options: { readonly size: number; readonly name?: string }) {
    this.name = options.name ?? "disk";
    this.sectors = sectorsOf(this.name, options.size);
  }

  /** Bytes of memory behind it. */
  get allocated(): number {
    return this.#bytes.allocated;
  }

  read(lba: number, count: number): Uint8Array {
    checkSectors(this, lba, count);
    return this.#bytes.read(lba * sectorSize, count * sectorSize);
  }

  write(lba: number, bytes: Uint8Array): void {
    checkWrite(this, lba, bytes);
    this.#bytes.write(lba * sectorSize, bytes);
  }

  discard(lba: number, count: number): void {
    checkSectors(this, lba, count);
    this.#bytes.clear(lba * sectorSize, count * sectorSize);
  }

  flush(): void {
    // Memory is as lasting as it gets.
  }

  save(): SparseState {
    return this.#bytes.save();
  }

  restore(state: SparseState): void {
    this.#bytes.restore(state);
  }
}

/** A run of another device's sectors, numbered from 0 again: what a partition is. */
export class Window implements BlockDevice {
  readonly name: string;
  readonly sectorSize: 512 = sectorSize;
  readonly sectors: number;
  /** The device under it, and the sector of it at which the window begins. */
  readonly device: BlockDevice;
  readonly start: number;

  constructor(device: BlockDevice, start: number, sectors: number, name: string) {
    checkSectors(device, start, sectors);
    this.device = device;
    this.start = start;
    this.sectors = sectors;
    this.name = name;
  }

  get writable(): boolean {
    return this.device.writable;
  }

  /** The sector of the device underneath. */
  below(lba: number): number {
    return this.start + lba;
  }

  read(lba: number, count: number, purpose?: Purpose): Uint8Array {
    checkSectors(this, lba, count);
    return this.device.read(this.below(lba), count, purpose);
  }

  write(lba: number, bytes: Uint8Array, purpose?: Purpose): void {
    checkWrite(this, lba, bytes);
    this.device.write(this.below(lba), bytes, purpose);
  }

  discard(lba: number, count: number): void {
    checkSectors(this, lba, count);
    checkWritable(this);
    this.device.discard(this.below(lba), count);
  }

  flush(): void {
    this.device.flush();
  }
}
