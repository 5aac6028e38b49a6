import type { LanesView, Persist, Signal, World } from "../../core/index.js";
import { checkSectors } from "../block-device.js";
import type { Access } from "../drive/mechanism.js";
import type { Slot } from "../partition/mbr.js";
import { Partition } from "../partition/table.js";
import type { Completion, Drive, Timed } from "../timed.js";
import type { Host, ImageOptions, VirtualDisk } from "../virtual-disk.js";
import { createVirtualDisk, openVirtualDisk, type OpenDiskOptions } from "./images.js";
import { Volume, type VolumeState } from "./volume.js";

export interface HostPartitionState extends Slot {
  readonly volume: VolumeState | null;
}

/** A partition of a physical disk, on which a host keeps the files in which virtual disks live. */
export class HostPartition extends Partition implements Timed, Host, Persist<HostPartitionState> {
  readonly disk: Drive;
  #volume: Volume | undefined;

  constructor(disk: Drive, slot: Slot) {
    super(disk, slot);
    this.disk = disk;
  }

  get world(): World {
    return this.disk.world;
  }

  /** The host's files here: made at first use. */
  get volume(): Volume {
    this.#volume ??= new Volume(this);
    return this.#volume;
  }

  /** Makes a volume with other blocks than those of 4 KiB; the files of the one before are forgotten. */
  format(blockSize: number): Volume {
    this.#volume = new Volume(this, blockSize);
    return this.#volume;
  }

  /** A new virtual disk in a new file on this partition. */
  image(options?: Partial<ImageOptions>): VirtualDisk {
    return createVirtualDisk(this, this.volume, options);
  }

  /** The virtual disk in a file that is here. */
  open(name: string, options?: Partial<OpenDiskOptions>): VirtualDisk {
    return openVirtualDisk(this, this.volume, name, options);
  }

  submit(access: Access): Signal<Completion> {
    checkSectors(this, access.lba, access.count);
    return this.disk.submit({ ...access, lba: this.below(access.lba) });
  }

  cool(): void {
    this.disk.cool();
  }

  save(): HostPartitionState {
    const { number, start, sectors, type, bootable, label } = this;
    return { number, start, sectors, type, bootable, name: label, volume: this.#volume?.save() ?? null };
  }

  restore({ volume }: HostPartitionState): void {
    this.#volume = undefined;
    if (volume !== null) this.format(volume.blockSize).restore(volume);
  }

  /** Where its files lie on the disk. */
  lanes(): LanesView["lanes"] {
    return this.#volume?.spans(this.start) ?? [];
  }
}
