import type { Persist } from "../../../core/index.js";
import type { Bus } from "../../bus.js";

/** A run of guest memory that a descriptor names; all of it is RAM. */
export interface Segment {
  readonly address: number;
  readonly length: number;
}

/** What the driver made available at once: buffers that the device reads, then buffers that it writes. */
export interface Chain {
  /** The first descriptor's number, by which the device gives the chain back. */
  readonly head: number;
  readonly readable: readonly Segment[];
  readonly writable: readonly Segment[];
}

export interface QueueState {
  readonly size: number;
  readonly ready: boolean;
  readonly descriptors: number;
  readonly driver: number;
  readonly device: number;
  readonly seen: number;
  readonly used: number;
  readonly signalled: number;
}

/** What a queue has to know of the device whose it is. */
export interface QueueOwner {
  /** What driver and device agreed on. */
  features(): bigint;
  /** Whether the device may do anything at all. */
  running(): boolean;
  /** The driver broke a rule. */
  fail(): void;
}

/** Feature bits that concern queues (2.7.5.3, 2.7.7). */
export const indirectDescriptors: bigint = 1n << 28n;
export const eventIndex: bigint = 1n << 29n;

const flag = { next: 1, write: 2, indirect: 4 } as const;
const descriptorSize = 16;
const usedElementSize = 8;

/**
 * One split virtqueue, the device's end. The driver's rings are believed nothing: what is not in RAM, loops, or counts
 * further than the queue is long breaks the queue and changes nothing.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 2.7.
 */
export class Virtqueue implements Persist<QueueState> {
  /** The most entries that a driver may ask for. */
  readonly limit: number;
  size: number;
  ready = false;
  /** Where the descriptor table, the driver's and the device's ring lie. */
  descriptors = 0;
  driver = 0;
  device = 0;
  readonly #bus: Bus;
  readonly #owner: QueueOwner;
  /** How many available entries were taken and how many used ones given back, modulo 2^16. */
  #seen = 0;
  #used = 0;
  /** `#used` when it was last asked whether to interrupt. */
  #signalled = 0;

  constructor(bus: Bus, limit: number, owner: QueueOwner) {
    this.#bus = bus;
    this.limit = this.size = limit;
    this.#owner = owner;
  }

  /** The next chain that the driver made available; undefined where there is none, or none that makes sense. */
  next(): Chain | undefined {
    if (!this.ready || !this.#owner.running()) return undefined;
    const index = this.#read16(this.driver + 2);
    const waiting = index === undefined ? Infinity : (index - this.#seen) & 0xffff;
    if (waiting === 0) {
      this.#askForNotification();
      return undefined;
    }
    const head = waiting > this.size ? undefined : this.#read16(this.driver + 4 + 2 * (this.#seen % this.size));
    const chain = head === undefined ? undefined : this.#follow(head);
    if (chain === undefined) {
      this.#owner.fail();
      return undefined;
    }
    this.#seen = (this.#seen + 1) & 0xffff;
    return chain;
  }

  /**
   * The chains that are available now. At most twice the queue's length of them: buffers may lie over the rings, so that what
   * the device writes makes ever more available.
   */
  *chains(): Generator<Chain, void, void> {
    for (let left = 2 * this.size; left > 0; left--) {
      const chain = this.next();
      if (chain === undefined) return;
      yield chain;
    }
  }

  /** Gives a chain back. @param written how many bytes of its writable buffers the device wrote */
  push(head: number, written: number): void {
    const element = this.device + 4 + usedElementSize * (this.#used % this.size);
    const entry = this.#view(element, usedElementSize);
    const index = this.#view(this.device + 2, 2);
    if (entry === undefined || index === undefined) {
      this.#owner.fail();
      return;
    }
    entry.setUint32(0, head, true);
    entry.setUint32(4, written, true);
    this.#used = (this.#used + 1) & 0xffff;
    index.setUint16(0, this.#used, true);
    this.#bus.written(element, usedElementSize);
    this.#bus.written(this.device + 2, 2);
  }

  /** Whether the driver wants to be interrupted for what was given back since this was last asked (2.7.7.2, 2.7.10). */
  wantsInterrupt(): boolean {
    const before = this.#signalled;
    this.#signalled = this.#used;
    const given = (this.#used - before) & 0xffff;
    if (given === 0) return false;
    if ((this.#owner.features() & eventIndex) !== 0n) {
      const event = this.#read16(this.driver + 4 + 2 * this.size) ?? 0;
      return ((this.#used - event - 1) & 0xffff) < given;
    }
    return ((this.#read16(this.driver) ?? 0) & 1) === 0;
  }

  reset(): void {
    this.restore({
      size: this.limit,
      ready: false,
      descriptors: 0,
      driver: 0,
      device: 0,
      seen: 0,
      used: 0,
      signalled: 0,
    });
  }

  save(): QueueState {
    const { size, ready, descriptors, driver, device } = this;
    return {
      size,
      ready,
      descriptors,
      driver,
      device,
      seen: this.#seen,
      used: this.#used,
      signalled: this.#signalled,
    };
  }

  restore(state: QueueState): void {
    this.size = state.size;
    this.ready = state.ready;
    this.descriptors = state.descriptors;
    this.driver = state.driver;
    this.device = state.device;
    this.#seen = state.seen;
    this.#used = state.used;
    this.#signalled = state.signalled;
  }

  /** Tells a driver with event indices to notify of the next entry (2.7.10). */
  #askForNotification(): void {
    if ((this.#owner.features() & eventIndex) === 0n) return;
    const at = this.device + 4 + usedElementSize * this.size;
    this.#view(at, 2)?.setUint16(0, this.#seen, true);
    this.#bus.written(at, 2);
  }

  /** The buffers of the chain that begins at a descriptor; undefined where it makes no sense. A chain is no longer than its table: else it loops (2.7.5). */
  #follow(head: number): Chain | undefined {
    const readable: Segment[] = [];
    const writable: Segment[] = [];
    let table = this.descriptors;
    let entries = this.size;
    let index = head;
    let total = 0;
    let inside = false;
    for (let left = entries; left > 0; left--) {
      const descriptor = index < entries ? this.#view(table + descriptorSize * index, descriptorSize) : undefined;
      if (descriptor === undefined) return undefined;
      const address = Number(descriptor.getBigUint64(0, true));
      const length = descriptor.getUint32(8, true);
      const flags = descriptor.getUint16(12, true);
      if ((flags & flag.indirect) !== 0) {
        // 2.7.5.3.1: only where negotiated, not within one, and not with a next.
        const allowed = (this.#owner.features() & indirectDescriptors) !== 0n && !inside && (flags & flag.next) === 0;
        if (!allowed || length % descriptorSize !== 0 || length === 0) return undefined;
        inside = true;
        table = address;
        entries = left = Math.min(length / descriptorSize, 65536);
        index = 0;
        left++;
        continue;
      }
      total += length;
      // No sensible chain has more bytes than there is RAM; a shorter one can't keep the device busy for ever.
      if (this.#bus.ramAt(address, length) === undefined || total > this.#bus.ramSize) return undefined;
      if ((flags & flag.write) !== 0) writable.push({ address, length });
      else if (writable.length > 0) return undefined;
      else readable.push({ address, length });
      if ((flags & flag.next) === 0) return { head, readable, writable };
      index = descriptor.getUint16(14, true);
    }
    return undefined;
  }

  #read16(address: number): number | undefined {
    return this.#view(address, 2)?.getUint16(0, true);
  }

  #view(address: number, length: number): DataView | undefined {
    const at = this.#bus.ramAt(address, length);
    return at === undefined ? undefined : new DataView(this.#bus.buffer, at, length);
  }
}

export function lengthOf(segments: readonly Segment[]): number {
  return segments.reduce((sum, { length }) => sum + length, 0);
}

/** The bytes of the segments from `offset` on, up to `limit` of them. */
export function gather(
  bus: Bus,
  segments: readonly Segment[],
  offset: number = 0,
  limit: number = Infinity,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Math.max(0, Math.min(limit, lengthOf(segments) - offset)));
  visit(bus, segments, offset, bytes.length, (part, at) => {
    bytes.set(part, at);
  });
  return bytes;
}

/** Writes bytes into the segments from `offset` on, as many as fit. @returns how many */
export function scatter(bus: Bus, segments: readonly Segment[], bytes: Uint8Array, offset: number = 0): number {
  return visit(bus, segments, offset, bytes.length, (part, at, address) => {
    part.set(bytes.subarray(at, at + part.length));
    bus.written(address, part.length);
  });
}

/** Calls with each part of RAM that is `offset` to `offset + limit` of the segments. @returns how many bytes that were */
function visit(
  bus: Bus,
  segments: readonly Segment[],
  offset: number,
  limit: number,
  action: (part: Uint8Array<ArrayBuffer>, at: number, address: number) => void,
): number {
  let skip = offset;
  let done = 0;
  for (const { address, length } of segments) {
    const span = Math.min(length - skip, limit - done);
    const part = span > 0 ? bus.bytes(address + skip, span) : undefined;
    if (part !== undefined) {
      action(part, done, address + skip);
      done += span;
    }
    skip = Math.max(0, skip - length);
  }
  return done;
}
