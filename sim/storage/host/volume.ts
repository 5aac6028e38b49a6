import { UsageError, type Persist, type Span, type TableView, type Viewable } from "../../core/index.js";
import { sectorSize, type BlockDevice } from "../block-device.js";
import { HostFile, type HostFileState } from "./file.js";
import { FreeSpace, type Run } from "./space.js";

export interface VolumeState {
  readonly blockSize: number;
  readonly free: readonly Run[];
  readonly files: readonly HostFileState[];
}

/**
 * The files of a simulated host on one partition: what a file system does about placing them and nothing else. There is
 * one folder; names and extents are in memory and take no room.
 */
export class Volume implements Viewable, Persist<VolumeState> {
  readonly name: string;
  readonly device: BlockDevice;
  readonly blockSize: number;
  readonly #space: FreeSpace;
  readonly #files = new Map<string, HostFile>();

  /** @param blockSize bytes; 4096 is what ext4 and XFS take */
  constructor(device: BlockDevice, blockSize = 4096) {
    if (!Number.isInteger(Math.log2(blockSize)) || blockSize < sectorSize) {
      throw new UsageError(
        `a block cannot have ${blockSize} bytes`,
        `Give a power of two from ${sectorSize} on, as KiB(4).`,
      );
    }
    this.name = `volume on ${device.name}`;
    this.device = device;
    this.blockSize = blockSize;
    this.#space = new FreeSpace(this.name, Math.floor((device.sectors * sectorSize) / blockSize));
  }

  get files(): readonly HostFile[] {
    return [...this.#files.values()];
  }

  /** Bytes that no file has taken. */
  get free(): number {
    return this.#space.free * this.blockSize;
  }

  /** @throws UsageError for a name that is taken */
  create(name: string): HostFile {
    if (this.#files.has(name)) {
      throw new UsageError(
        `there is already a file "${name}" on the ${this.name}`,
        "Give another name, or remove that file.",
      );
    }
    const file = new HostFile(name, this.device, this.blockSize, this.#space);
    this.#files.set(name, file);
    return file;
  }

  /** @throws UsageError where there is no such file */
  open(name: string): HostFile {
    const file = this.#files.get(name);
    if (file !== undefined) return file;
    const names = [...this.#files.keys()].map((other) => `"${other}"`).join(", ");
    throw new UsageError(
      `there is no file "${name}" on the ${this.name}`,
      names === "" ? "It is empty." : `There are ${names}.`,
    );
  }

  remove(name: string): void {
    this.open(name).clear();
    this.#files.delete(name);
  }

  /** Where each file's extents lie, as spans over the sectors of what the volume's device is a part of. */
  spans(base: number): readonly { readonly name: string; readonly spans: readonly Span[] }[] {
    const perBlock = this.blockSize / sectorSize;
    return this.files.map(({ name, extents }) => ({
      name,
      spans: extents.map(({ at, start, count }) => ({
        from: base + start * perBlock,
        to: base + (start + count) * perBlock,
        label: `blocks ${at} to ${at + count - 1}`,
        role: "disk" as const,
      })),
    }));
  }

  view(): TableView {
    return {
      as: "table",
      title: `Files of the ${this.name}`,
      columns: [
        { key: "name" },
        { key: "size", unit: "B" },
        { key: "allocated", label: "room taken", unit: "B" },
        { key: "extents" },
      ],
      rows: this.files.map(({ name, size, allocated, extents }) => ({
        name,
        size,
        allocated,
        extents: extents.length,
      })),
    };
  }

  save(): VolumeState {
    return { blockSize: this.blockSize, free: this.#space.save(), files: this.files.map((file) => file.save()) };
  }

  restore(state: VolumeState): void {
    this.#space.restore(state.free);
    const kept = new Set(state.files.map(({ name }) => name));
    for (const name of this.#files.keys()) if (!kept.has(name)) this.#files.delete(name);
    for (const saved of state.files) (this.#files.get(saved.name) ?? this.create(saved.name)).restore(saved);
  }
}
