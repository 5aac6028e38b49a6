import type { Bus } from "../../../../../sim/machine/bus.js";
import { VirtioMmio } from "../../../../../sim/machine/devices/virtio/transport.js";
import type { VirtioDevice } from "../../../../../sim/machine/devices/virtio/virtio-device.js";
import { probe, ramBase } from "../board-double.js";

export interface Buffer {
  readonly address: number;
  readonly length: number;
  readonly write?: boolean;
}

/** A driver of one virtio device, which does what the specification says in 3.1 and 4.2.3. */
export class Driver {
  readonly bus: Bus;
  readonly interrupt: ReturnType<typeof probe> = probe();
  readonly transport: VirtioMmio;
  readonly size: number;
  readonly #available: number[] = [];
  readonly #used: number[] = [];
  /** Where the queues' rings lie: 4 KiB each. */
  readonly rings = ramBase + 0x8000;

  constructor(bus: Bus, device: VirtioDevice, size = 8) {
    this.bus = bus;
    this.size = size;
    this.transport = new VirtioMmio("virtio", bus, this.interrupt.line, device);
  }

  write(offset: number, value: number): void {
    this.transport.store(offset, 32, BigInt(value >>> 0));
  }

  read(offset: number): number {
    return Number(this.transport.load(offset, 32));
  }

  start(features = 1n << 32n): void {
    this.write(0x70, 0);
    this.write(0x70, 3);
    for (const page of [0, 1]) {
      this.write(0x24, page);
      this.write(0x20, Number((features >> BigInt(32 * page)) & 0xffffffffn));
    }
    this.write(0x70, 11);
    this.transport.queues.forEach((_, queue) => {
      this.#available[queue] = this.#used[queue] = 0;
      const ring = this.rings + 0x1000 * queue;
      this.bus.bytes(ring, 0x1000)?.fill(0);
      this.write(0x30, queue);
      this.write(0x38, this.size);
      for (const [offset, address] of [
        [0x80, ring],
        [0x90, ring + 0x400],
        [0xa0, ring + 0x800],
      ] as const) {
        this.write(offset, address);
        this.write(offset + 4, 0);
      }
      this.write(0x44, 1);
    });
    this.write(0x70, 15);
  }

  /** Makes a chain available from descriptor `head` on, and notifies. */
  offer(queue: number, head: number, buffers: readonly Buffer[], notify = true): void {
    buffers.forEach((buffer, index) => {
      const last = index === buffers.length - 1;
      this.describe(this.rings + 0x1000 * queue, head + index, buffer, last ? undefined : head + index + 1);
    });
    const ring = this.rings + 0x1000 * queue + 0x400;
    const index = this.#available[queue] ?? 0;
    this.bus.store(ring + 4 + 2 * (index % this.size), 16, BigInt(head));
    this.#available[queue] = index + 1;
    this.bus.store(ring + 2, 16, BigInt(index + 1));
    if (notify) this.write(0x50, queue);
  }

  describe(table: number, index: number, { address, length, write }: Buffer, next?: number, flags = 0): void {
    const at = table + 16 * index;
    this.bus.store(at, 64, BigInt(address));
    this.bus.store(at + 8, 32, BigInt(length));
    this.bus.store(at + 12, 16, BigInt(flags | (next === undefined ? 0 : 1) | (write === true ? 2 : 0)));
    this.bus.store(at + 14, 16, BigInt(next ?? 0));
  }

  /** The used entries since this was last asked. */
  used(queue: number): { readonly id: number; readonly length: number }[] {
    const ring = this.rings + 0x1000 * queue + 0x800;
    const index = Number(this.bus.load(ring + 2, 16));
    const entries = [];
    for (let at = this.#used[queue] ?? 0; at < index; at++) {
      const entry = ring + 4 + 8 * (at % this.size);
      entries.push({ id: Number(this.bus.load(entry, 32)), length: Number(this.bus.load(entry + 4, 32)) });
    }
    this.#used[queue] = index;
    return entries;
  }

  put(address: number, bytes: Iterable<number>): void {
    const content = Uint8Array.from(bytes);
    this.bus.bytes(address, content.length)?.set(content);
  }

  get(address: number, length: number): number[] {
    return [...(this.bus.bytes(address, length) ?? [])];
  }
}
