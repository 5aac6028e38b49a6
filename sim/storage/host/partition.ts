import type { LanesView, Signal, World } from "../../core/index.js";
import type { Access } from "../drive/mechanism.js";
import { Partition } from "../partition/table.js";
import type { Completion, Drive, Timed } from "../timed.js";
import { createVirtualDisk, type Host, type ImageOptions, type VirtualDisk } from "../virtual-disk.js";
import { Volume } from "./volume.js";

/** A partition of a physical disk, on which a host keeps the files in which virtual disks live. */
export class HostPartition extends Partition implements Timed, Host {
  readonly disk: Drive;
  #volume: Volume | undefined;

  constructor(disk: Drive, slot: Partition) {
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
    return createVirtualDisk(this, options);
  }

  submit(access: Access): Signal<Completion> {
    return this.disk.submit({ ...access, lba: this.below(access.lba) });
  }

  cool(): void {
    this.disk.cool();
  }

  /** Where its files lie on the disk. */
  lanes(): LanesView["lanes"] {
    return this.#volume?.spans(this.start) ?? [];
  }
}
