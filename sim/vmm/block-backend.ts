import { UsageError, type Activity, type Persist, type Signal } from "../core/index.js";
import type { Machine } from "../machine/index.js";
import { sectorSize, VirtualDisk, type BlockDevice, type Completion, type Timed } from "../storage/index.js";
import { blockRing } from "./hypercalls.js";

/** A request whose data is in place and whose time is not over. */
interface Pending {
  readonly slot: number;
  readonly access: Access;
}

interface Access {
  readonly op: "read" | "write";
  readonly lba: number;
  readonly count: number;
}

export interface BlockBackendState {
  readonly ring: number | null;
  readonly taken: number;
  readonly answered: number;
  readonly pending: readonly Pending[];
}

const none: BlockBackendState = { ring: null, taken: 0, answered: 0, pending: [] };
/** What a request may move at most: the ring's page is not to make the VMM work for long. */
const mostSectors = 2048;

/**
 * The VMM's half of a split driver: takes requests out of a guest's ring, performs them on the machine's first disk, answers in the ring. The
 * guest's half is in the ported kernel. Data moves at once; a drive with a clock then takes its time, as for a virtio disk.
 */
export class BlockBackend implements Persist<BlockBackendState> {
  readonly #machine: Machine;
  readonly #answered: () => void;
  #ring: number | undefined;
  /** Requests taken out of the ring, and answered: the guest's own counts are believed nothing. */
  #taken = 0;
  #done = 0;
  #pending = new Set<Pending>();

  /** @param answered tells the guest that there is an answer */
  constructor(machine: Machine, answered: () => void) {
    this.#machine = machine;
    this.#answered = answered;
  }

  /** The guest has its ring there from now on. */
  share(address: number): void {
    this.restore({ ...none, ring: address });
  }

  /** The guest says that there are requests. */
  notify(): void {
    const produced = this.#read(blockRing.requests);
    // More than the ring holds are no requests.
    for (let left: number = blockRing.slotCount; left > 0 && this.#taken !== produced; left--) {
      const slot = this.#taken++ % blockRing.slotCount;
      this.#serve(slot);
    }
  }

  save(): BlockBackendState {
    return { ring: this.#ring ?? null, taken: this.#taken, answered: this.#done, pending: [...this.#pending] };
  }

  /** What was under way asks the drive for its time anew. */
  restore({ ring, taken, answered, pending }: BlockBackendState = none): void {
    this.#ring = ring ?? undefined;
    this.#taken = taken;
    this.#done = answered;
    this.#pending = new Set();
    for (const each of pending) this.#await(each, this.#time(each.access));
  }

  #serve(slot: number): void {
    const place = blockRing.slots + slot * blockRing.slotSize;
    const [operation, lba, address, count] = [
      this.#read(place + blockRing.operation),
      this.#read(place + blockRing.sector),
      this.#read(place + blockRing.address),
      this.#read(place + blockRing.count),
    ];
    const [drive] = this.#machine.drives;
    const access: Access = { op: operation === 0 ? "read" : "write", lba, count };
    let done: Signal<Completion> | undefined;
    let failed = true;
    if (drive !== undefined && operation <= 1 && count <= mostSectors) {
      try {
        done = this.#perform(drive, access, address);
        failed = false;
      } catch (error) {
        // What is wrong with the drive, and sectors that it doesn't have.
        if (!(error instanceof UsageError)) throw error;
      }
    }
    this.#write(place + blockRing.count, failed ? 1 : 0);
    this.#await({ slot, access }, done);
  }

  /** @throws UsageError where memory or the drive hasn't got what is asked for */
  #perform(drive: BlockDevice, access: Access, address: number): Signal<Completion> | undefined {
    const { bus } = this.#machine;
    const { op, lba, count } = access;
    const memory = bus.bytes(address, count * sectorSize);
    if (memory === undefined) throw new UsageError("the guest has no memory there", "Name the guest's own memory.");
    if (op === "read") {
      memory.set(drive.read(lba, count));
      bus.written(address, memory.length);
      return this.#time(access);
    }
    const bytes = memory.slice();
    const done = drive.writable ? this.#time({ ...access, bytes }) : undefined;
    // A virtual disk has written by now what it was given to take the time for.
    if (done === undefined || !(drive instanceof VirtualDisk)) drive.write(lba, bytes);
    return done;
  }

  #time(access: Access & { readonly bytes?: Uint8Array }): Signal<Completion> | undefined {
    const { drives, world } = this.#machine;
    const [drive] = drives;
    if (drive === undefined || !isTimed(drive) || drive.world !== world || access.count === 0) return undefined;
    return drive.submit(access);
  }

  #await(pending: Pending, done: Signal<Completion> | undefined): void {
    const current = this.#pending;
    current.add(pending);
    const give = (): void => {
      // In a machine that was restored since, this request is nobody's.
      if (this.#pending !== current || !current.delete(pending)) return;
      this.#done++;
      this.#write(blockRing.responses, this.#done);
      this.#answered();
    };
    if (done === undefined) give();
    else this.#machine.world.engine.spawn(wait(done, give), { name: "request of a block ring" });
  }

  #read(offset: number): number {
    if (this.#ring === undefined) return 0;
    const { bus } = this.#machine;
    return bus.ramAt(this.#ring, 4096) === undefined ? 0 : Number(bus.load(this.#ring + offset, 64) ?? 0n);
  }

  #write(offset: number, value: number): void {
    const { bus } = this.#machine;
    if (this.#ring === undefined || bus.ramAt(this.#ring, 4096) === undefined) return;
    bus.store(this.#ring + offset, 64, BigInt(value));
  }
}

function* wait(done: Signal<Completion>, then: () => void): Activity<void> {
  yield* done;
  then();
}

function isTimed(drive: BlockDevice): drive is BlockDevice & Timed {
  return "submit" in drive && "world" in drive;
}
