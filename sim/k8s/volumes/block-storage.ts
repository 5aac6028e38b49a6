import { GiB, s, type Activity, type Bytes, type Nanos, type World } from "../../core/index.js";
import { formattedDisk, plugDisk, pullDisk, type FormattedDisk, type Kernel } from "../../os/index.js";
import { VolumeFailure, type NodeDriver, type VolumeDriver, type VolumeRequest } from "./driver.js";

export interface BlockStorageOptions {
  /** The CSI driver's name. Default `block.csi.virtlab`. */
  readonly driver?: string;
  /** What making a disk takes, giving it to a node, and taking it back. Declared, not measured: defaults 2 s, 3 s and 5 s. */
  readonly createTime?: Nanos;
  readonly attachTime?: Nanos;
  readonly detachTime?: Nanos;
  /** The most disks that a node may have. Default 25: a virtual machine of Amazon has 28 slots for disks and cards (EC2 user guide, "volume limits"). */
  readonly maxVolumes?: number;
}

interface Disk {
  readonly handle: string;
  readonly number: number;
  readonly zone: string | undefined;
  size: Bytes;
  node: string | undefined;
  /** What is on it: a file system once a node with a Linux has had it, else files by path. */
  fileSystem: FormattedDisk | undefined;
  readonly files: Map<string, string>;
}

/**
 * Disks in a network, as a cloud has them: each is at one node at a time, in its own zone, and keeps what was written when it goes from node
 * to node.
 */
export class BlockStorage implements VolumeDriver {
  readonly name: string;
  readonly maxVolumes: number;
  readonly #world: World;
  readonly #options: BlockStorageOptions;
  /** A node's Linux; undefined for a hollow node. */
  readonly #kernelOf: (node: string) => Kernel | undefined;
  readonly #disks = new Map<string, Disk>();
  readonly #byName = new Map<string, string>();
  #made = 0;

  constructor(world: World, kernelOf: (node: string) => Kernel | undefined, options: BlockStorageOptions = {}) {
    this.#world = world;
    this.#kernelOf = kernelOf;
    this.#options = options;
    this.name = options.driver ?? "block.csi.virtlab";
    this.maxVolumes = options.maxVolumes ?? 25;
  }

  /** The disks there are. */
  get disks(): readonly { readonly handle: string; readonly size: Bytes; readonly node: string | undefined }[] {
    return [...this.#disks.values()].map(({ handle, size, node }) => ({ handle, size, node }));
  }

  *create({ name, size, accessModes, zone }: VolumeRequest): Activity<string> {
    yield* this.#takes(this.#options.createTime ?? s(2));
    const many = accessModes.find((mode) => mode.endsWith("Many"));
    if (many !== undefined)
      throw failure("InvalidArgument", `Volume capabilities not supported: a disk can't be ${many}`);
    const known = this.#byName.get(name);
    if (known !== undefined) return known;
    const number = ++this.#made;
    const handle = `disk-${String(number).padStart(8, "0")}`;
    // Disks come in whole gibibytes.
    const whole = (Math.ceil(size / GiB(1)) * GiB(1)) as Bytes;
    this.#disks.set(handle, {
      ...{ handle, number, zone, node: undefined, fileSystem: undefined },
      size: whole,
      files: new Map(),
    });
    this.#byName.set(name, handle);
    this.#tell("disk.created", handle, { size: whole, zone: zone ?? "" });
    return handle;
  }

  *remove(handle: string): Activity<void> {
    yield* this.#takes(this.#options.createTime ?? s(2));
    const disk = this.#disks.get(handle);
    if (disk === undefined) return;
    if (disk.node !== undefined) throw failure("FailedPrecondition", `${handle} is still attached to ${disk.node}`);
    this.#disks.delete(handle);
    for (const [name, known] of this.#byName) if (known === handle) this.#byName.delete(name);
    this.#tell("disk.deleted", handle, {});
  }

  *attach(handle: string, node: string): Activity<void> {
    yield* this.#takes(this.#options.attachTime ?? s(3));
    const disk = this.#disk(handle);
    if (disk.node === node) return;
    if (disk.node !== undefined) throw failure("FailedPrecondition", `${handle} is already attached to ${disk.node}`);
    const taken = [...this.#disks.values()].filter((other) => other.node === node).length;
    if (taken >= this.maxVolumes)
      throw failure("ResourceExhausted", `${node} has ${taken} disks, and room for no more`);
    disk.node = node;
    const kernel = this.#kernelOf(node);
    if (kernel !== undefined) {
      disk.fileSystem ??= formattedDisk(this.#world.engine, disk.size, disk.number);
      plugDisk(kernel, handle, disk.fileSystem);
    }
    this.#tell("disk.attached", handle, { node });
  }

  *detach(handle: string, node: string): Activity<void> {
    yield* this.#takes(this.#options.detachTime ?? s(5));
    const disk = this.#disks.get(handle);
    if (disk?.node !== node) return;
    disk.node = undefined;
    const kernel = this.#kernelOf(node);
    if (kernel !== undefined) pullDisk(kernel, handle);
    this.#tell("disk.detached", handle, { node });
  }

  *expand(handle: string, size: Bytes): Activity<void> {
    yield* this.#takes(this.#options.createTime ?? s(2));
    const disk = this.#disk(handle);
    const whole = (Math.ceil(size / GiB(1)) * GiB(1)) as Bytes;
    if (whole <= disk.size) return;
    disk.size = whole;
    disk.fileSystem?.grow(whole);
    this.#tell("disk.expanded", handle, { size: whole });
  }

  /** The driver as a node has it. */
  on(node: string): NodeDriver {
    const here = (handle: string): Disk | undefined => {
      const disk = this.#disks.get(handle);
      return disk?.node === node ? disk : undefined;
    };
    return {
      name: this.name,
      maxVolumes: this.maxVolumes,
      device: (handle) =>
        here(handle) === undefined || this.#kernelOf(node) === undefined
          ? undefined
          : `/dev/disk/by-id/virtio-${handle}`,
      files: (handle) => here(handle)?.files,
    };
  }

  #disk(handle: string): Disk {
    const disk = this.#disks.get(handle);
    if (disk === undefined) throw failure("NotFound", `there is no disk ${handle}`);
    return disk;
  }

  *#takes(time: Nanos): Activity<void> {
    if (time > 0) yield* this.#world.engine.delay(time);
  }

  #tell(kind: string, handle: string, fields: Readonly<Record<string, string | number>>): void {
    this.#world.trace.emit(kind, this.name, { disk: handle, ...fields });
  }
}

const failure = (code: string, text: string): VolumeFailure =>
  new VolumeFailure(`rpc error: code = ${code} desc = ${text}`);
