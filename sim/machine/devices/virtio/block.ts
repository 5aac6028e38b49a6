import { encodeUtf8, UsageError, type Activity, type Signal, type World } from "../../../core/index.js";
import { sectorSize, VirtualDisk, type BlockDevice, type Completion, type Timed } from "../../../storage/index.js";
import { gather, lengthOf, scatter, type Chain, type Segment } from "./queue.js";
import type { Port, VirtioDevice } from "./virtio-device.js";

/** A request whose data is in place and whose time is not over. */
interface Pending {
  readonly head: number;
  readonly written: number;
  readonly access: Transfer;
}

interface Transfer {
  readonly op: "read" | "write";
  readonly lba: number;
  readonly count: number;
}

interface Answer {
  readonly status: number;
  readonly written: number;
  readonly transfer?: Transfer;
  /** Fires when the drive has taken its time. */
  readonly done?: Signal<Completion> | undefined;
}

export interface BlockState {
  readonly pending: readonly Pending[];
}

/** 5.2.3 */
const feature = { segments: 1n << 2n, readOnly: 1n << 5n, blockSize: 1n << 6n, flush: 1n << 9n } as const;
const discardFeatures = (1n << 13n) | (1n << 14n);
/** 5.2.6 */
const request = { read: 0, write: 1, flush: 4, id: 8, discard: 11, writeZeroes: 13 } as const;
const outcome = { ok: 0, error: 1, unsupported: 2 } as const;
const headerSize = 16;
const idSize = 20;
const rangeSize = 16;
const queueSize = 256;
const succeeded: Answer = { status: outcome.ok, written: 0 };
const failed: Answer = { status: outcome.error, written: 0 };
const unsupported: Answer = { status: outcome.unsupported, written: 0 };
/** Of one discard: a quarter of a GiB, so that no request takes long. */
const mostDiscarded = 2 ** 19;

/**
 * A disk. Data moves at once; a drive with a clock then takes its time before the request is given back.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.2.
 */
export class VirtioBlock implements VirtioDevice<BlockState> {
  readonly id = 2;
  readonly queues: readonly number[] = [queueSize];
  readonly features: bigint;
  readonly config: Uint8Array;
  readonly #drive: BlockDevice;
  readonly #world: World;
  readonly #id: Uint8Array;
  #port: Port | undefined;
  #pending = new Set<Pending>();

  /** @param world the machine's: a drive that lives in another one takes no time here */
  constructor(drive: BlockDevice, world: World) {
    this.#drive = drive;
    this.#world = world;
    this.#id = encodeUtf8(drive.name).slice(0, idSize);
    const writing = drive.writable ? discardFeatures : feature.readOnly;
    this.features = feature.segments | feature.blockSize | feature.flush | writing;
    this.config = new Uint8Array(60);
    const view = new DataView(this.config.buffer);
    view.setBigUint64(0, BigInt(drive.sectors), true);
    // Header and status take two descriptors of the queue's.
    view.setUint32(12, queueSize - 2, true);
    view.setUint32(20, sectorSize, true);
    for (const [most, segments] of [
      [36, 40],
      [48, 52],
    ] as const) {
      view.setUint32(most, mostDiscarded, true);
      view.setUint32(segments, 1, true);
    }
    view.setUint32(44, 1, true);
    this.config[56] = 1;
  }

  connect(port: Port): void {
    this.#port = port;
  }

  notify(): void {
    for (const chain of this.#port?.queues[0]?.chains() ?? []) this.#serve(chain);
  }

  reset(): void {
    // What was under way is forgotten: its time may pass, but nobody is told.
    this.#pending = new Set();
  }

  save(): BlockState {
    return { pending: [...this.#pending] };
  }

  /** What was under way asks the drive for its time anew. */
  restore(state: BlockState): void {
    this.#pending = new Set();
    for (const pending of state.pending) this.#await(pending, this.#time(pending.access));
  }

  #serve({ head, readable, writable }: Chain): void {
    const port = this.#port;
    if (port === undefined) return;
    const room = lengthOf(writable) - 1;
    const header = gather(port.bus, readable, 0, headerSize);
    if (header.length < headerSize || room < 0) {
      port.fail();
      return;
    }
    const view = new DataView(header.buffer);
    const answer = this.#attempt(port, view.getUint32(0, true), Number(view.getBigUint64(8, true)), readable, writable);
    // 5.2.6: the status is the last byte that the device may write.
    scatter(port.bus, writable, Uint8Array.of(answer.status), room);
    const { written, transfer, done } = answer;
    if (transfer !== undefined && done !== undefined)
      this.#await({ head, written: written + 1, access: transfer }, done);
    else port.queues[0]?.push(head, written + 1);
  }

  /** What is wrong with the drive (its file is closed, its image damaged) is an error of the medium for the guest. */
  #attempt(port: Port, type: number, lba: number, readable: readonly Segment[], writable: readonly Segment[]): Answer {
    try {
      return this.#perform(port, type, lba, readable, writable);
    } catch (error) {
      if (error instanceof UsageError) return failed;
      throw error;
    }
  }

  #perform(
    { bus }: Port,
    type: number,
    lba: number,
    readable: readonly Segment[],
    writable: readonly Segment[],
  ): Answer {
    const drive = this.#drive;
    const room = lengthOf(writable) - 1;
    switch (type) {
      case request.read: {
        const transfer: Transfer = { op: "read", lba, count: room / sectorSize };
        if (!this.#has(lba, transfer.count)) return failed;
        scatter(bus, writable, drive.read(lba, transfer.count));
        return { status: outcome.ok, written: room, transfer, done: this.#time(transfer) };
      }
      case request.write: {
        const bytes = gather(bus, readable, headerSize);
        const transfer: Transfer = { op: "write", lba, count: bytes.length / sectorSize };
        if (!drive.writable || !this.#has(lba, transfer.count)) return failed;
        const done = this.#time({ ...transfer, bytes });
        // A virtual disk has written by now what it was given to take the time for.
        if (done === undefined || !(drive instanceof VirtualDisk)) drive.write(lba, bytes);
        return { status: outcome.ok, written: 0, transfer, done };
      }
      case request.flush:
        drive.flush();
        return succeeded;
      case request.id: {
        // 5.2.6: 20 bytes, without a NUL where all are used.
        const id = new Uint8Array(Math.min(idSize, room));
        id.set(this.#id.subarray(0, id.length));
        return { status: outcome.ok, written: scatter(bus, writable, id) };
      }
      case request.discard:
      case request.writeZeroes: {
        const range = gather(bus, readable, headerSize);
        if (range.length !== rangeSize) return unsupported;
        const view = new DataView(range.buffer);
        const from = Number(view.getBigUint64(0, true));
        const count = view.getUint32(8, true);
        if (!drive.writable || count > mostDiscarded || !this.#has(from, count)) return failed;
        drive.discard(from, count);
        return succeeded;
      }
      default:
        return unsupported;
    }
  }

  #has(lba: number, count: number): boolean {
    return Number.isInteger(count) && count >= 0 && lba + count <= this.#drive.sectors;
  }

  /** Asks a drive on the machine's clock for the time that an access takes; undefined where it takes none. */
  #time(access: Transfer & { readonly bytes?: Uint8Array }): Signal<Completion> | undefined {
    const drive = this.#drive;
    return isTimed(drive) && drive.world === this.#world && access.count > 0 ? drive.submit(access) : undefined;
  }

  #await(pending: Pending, done: Signal<Completion> | undefined): void {
    const current = this.#pending;
    current.add(pending);
    const give = (): void => {
      // After a reset, or in a machine that was restored since, this request is nobody's.
      if (this.#pending !== current || !current.delete(pending)) return;
      this.#port?.queues[0]?.push(pending.head, pending.written);
      this.#port?.signal();
    };
    if (done === undefined) give();
    else this.#world.engine.spawn(wait(done, give), { name: `request of ${this.#drive.name}` });
  }
}

function* wait(done: Signal<Completion>, then: () => void): Activity<void> {
  yield* done;
  then();
}

function isTimed(drive: BlockDevice): drive is BlockDevice & Timed {
  return "submit" in drive && "world" in drive;
}
