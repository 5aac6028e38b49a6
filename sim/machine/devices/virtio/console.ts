import { gather, scatter } from "./queue.js";
import type { Port, VirtioDevice } from "./virtio-device.js";

export interface VirtioConsoleState {
  readonly waiting: readonly number[];
}

const queue = { receive: 0, transmit: 1 } as const;

/**
 * A console of one port. What is received waits until the driver has buffers for it.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.3.
 */
export class VirtioConsole implements VirtioDevice<VirtioConsoleState> {
  readonly id = 3;
  /** VIRTIO_CONSOLE_F_SIZE */
  readonly features = 1n;
  readonly queues: readonly number[] = [64, 64];
  /** 80 columns, 25 rows. */
  readonly config: Uint8Array = Uint8Array.of(80, 0, 25, 0, 0, 0, 0, 0, 0, 0, 0, 0);
  readonly #send: (bytes: Uint8Array) => void;
  #port: Port | undefined;
  #waiting: number[] = [];

  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  connect(port: Port): void {
    this.#port = port;
  }

  /** Bytes arrive. */
  receive(bytes: Iterable<number>): void {
    for (const byte of bytes) this.#waiting.push(byte);
    this.#deliver();
    this.#port?.signal();
  }

  notify(index: number): void {
    const port = this.#port;
    if (port === undefined) return;
    if (index === queue.receive) this.#deliver();
    for (const { head, readable } of index === queue.transmit ? (port.queues[index]?.chains() ?? []) : []) {
      this.#send(gather(port.bus, readable));
      port.queues[index]?.push(head, 0);
    }
  }

  reset(): void {
    // What was received waits for the next driver.
  }

  save(): VirtioConsoleState {
    return { waiting: [...this.#waiting] };
  }

  restore(state: VirtioConsoleState): void {
    this.#waiting = [...state.waiting];
  }

  #deliver(): void {
    const port = this.#port;
    while (port !== undefined && this.#waiting.length > 0) {
      const chain = port.queues[queue.receive]?.next();
      if (chain === undefined) return;
      const written = scatter(port.bus, chain.writable, Uint8Array.from(this.#waiting));
      this.#waiting.splice(0, written);
      port.queues[queue.receive]?.push(chain.head, written);
    }
  }
}
