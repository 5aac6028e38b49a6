import type { Rng, RngState } from "../../../core/index.js";
import { lengthOf, scatter } from "./queue.js";
import type { Port, VirtioDevice } from "./virtio-device.js";

export interface VirtioRngState {
  readonly source: RngState;
}

/** Bytes given for one request at most; a driver that wants more asks again. */
const most = 4096;

/**
 * A source of entropy: the world's, so that the same seed gives the guest the same bytes.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.4.
 */
export class VirtioRng implements VirtioDevice<VirtioRngState> {
  readonly id = 4;
  readonly features = 0n;
  readonly queues: readonly number[] = [8];
  readonly config: Uint8Array = new Uint8Array(0);
  readonly #source: Rng;
  #port: Port | undefined;

  constructor(source: Rng) {
    this.#source = source;
  }

  connect(port: Port): void {
    this.#port = port;
  }

  notify(): void {
    const port = this.#port;
    for (const { head, writable } of port?.queues[0]?.chains() ?? []) {
      const bytes = Uint8Array.from({ length: Math.min(most, lengthOf(writable)) }, () => this.#source.uint32() & 0xff);
      if (port !== undefined) port.queues[0]?.push(head, scatter(port.bus, writable, bytes));
    }
  }

  reset(): void {
    // It goes on where it is.
  }

  save(): VirtioRngState {
    return { source: this.#source.save() };
  }

  restore(state: VirtioRngState): void {
    this.#source.restore(state.source);
  }
}
