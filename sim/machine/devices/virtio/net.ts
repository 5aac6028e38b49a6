import { decodeBase64, encodeBase64 } from "../../../core/index.js";
import type { Link, Send } from "../link.js";
import { gather, lengthOf, scatter } from "./queue.js";
import type { Port, VirtioDevice } from "./virtio-device.js";

export interface VirtioNetState {
  readonly waiting: readonly string[];
  readonly dropped: number;
}

const queue = { receive: 0, transmit: 1 } as const;
/** 5.1.3: a MAC address and the link's state are in the configuration. */
const features = (1n << 5n) | (1n << 16n);
/** 5.1.6: with version 1 the header has `num_buffers`. */
const headerSize = 12;
/** Frames that wait for buffers; more are dropped, as a card drops them. */
const mostWaiting = 256;
/** An Ethernet frame of 1,500 bytes with a VLAN tag. */
const longestFrame = 1518;

/**
 * An Ethernet card without offloads.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.1.
 */
export class VirtioNet implements VirtioDevice<VirtioNetState> {
  readonly id = 1;
  readonly features: bigint = features;
  readonly queues: readonly number[] = [256, 256];
  readonly config: Uint8Array;
  readonly #send: Send;
  #port: Port | undefined;
  #waiting: Uint8Array[] = [];
  #dropped = 0;

  /** @param mac six bytes */
  constructor(mac: readonly number[], link: Link) {
    // The address, then a status that says the link is up.
    this.config = Uint8Array.of(...mac, 1, 0);
    this.#send = link.plug((frame) => {
      this.#receive(frame);
    });
  }

  /** Frames that were lost for want of the guest's buffers. */
  get dropped(): number {
    return this.#dropped;
  }

  connect(port: Port): void {
    this.#port = port;
  }

  notify(index: number): void {
    const port = this.#port;
    if (port === undefined) return;
    if (index === queue.receive) this.#deliver();
    for (const { head, readable } of index === queue.transmit ? (port.queues[index]?.chains() ?? []) : []) {
      const frame = gather(port.bus, readable, headerSize, longestFrame);
      port.queues[index]?.push(head, 0);
      if (frame.length > 0) this.#send(frame);
    }
  }

  reset(): void {
    this.#waiting = [];
  }

  save(): VirtioNetState {
    return { waiting: this.#waiting.map(encodeBase64), dropped: this.#dropped };
  }

  restore(state: VirtioNetState): void {
    this.#waiting = state.waiting.map(decodeBase64);
    this.#dropped = state.dropped;
  }

  #receive(frame: Uint8Array): void {
    if (this.#port?.queues[queue.receive]?.ready !== true || this.#waiting.length >= mostWaiting) {
      this.#dropped++;
      return;
    }
    this.#waiting.push(frame.slice());
    this.#deliver();
    this.#port.signal();
  }

  #deliver(): void {
    const port = this.#port;
    for (let frame = this.#waiting[0]; port !== undefined && frame !== undefined; frame = this.#waiting[0]) {
      const chain = port.queues[queue.receive]?.next();
      if (chain === undefined) return;
      this.#waiting.shift();
      const packet = new Uint8Array(headerSize + frame.length);
      // 5.1.6.4.1: num_buffers is 1 where buffers are not merged.
      packet[10] = 1;
      packet.set(frame, headerSize);
      // What doesn't fit is dropped whole: a cut frame is none.
      const fits = lengthOf(chain.writable) >= packet.length;
      if (!fits) this.#dropped++;
      port.queues[queue.receive]?.push(chain.head, fits ? scatter(port.bus, chain.writable, packet) : 0);
    }
  }
}
