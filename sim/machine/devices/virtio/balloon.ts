import { UsageError } from "../../../core/index.js";
import { pageSize } from "../../layout.js";
import type { Port, VirtioDevice } from "./virtio-device.js";

export interface BalloonState {
  readonly target: number;
  readonly actual: number;
  readonly pages: readonly number[];
}

const queue = { inflate: 0, deflate: 1 } as const;
/** VIRTIO_BALLOON_F_DEFLATE_ON_OOM: the guest may take pages back when it is short of memory. */
const features = 1n << 2n;

/**
 * A balloon: the host asks for pages, the guest gives some that it doesn't need, which are zeros from then on.
 * Source: Virtual I/O Device (VIRTIO) Version 1.2, section 5.5.
 */
export class VirtioBalloon implements VirtioDevice<BalloonState> {
  readonly id = 5;
  readonly features: bigint = features;
  readonly queues: readonly number[] = [128, 128];
  /** Pages that the host wants, pages that the guest says it gave. */
  readonly config: Uint8Array = new Uint8Array(8);
  #port: Port | undefined;
  /** Numbers of the pages in the balloon. */
  #pages = new Set<number>();

  connect(port: Port): void {
    this.#port = port;
  }

  /** Pages in the balloon. */
  get size(): number {
    return this.#pages.size;
  }

  /** Pages that the host wants. @throws UsageError for a number of pages that the machine doesn't have */
  get target(): number {
    return this.#view.getUint32(0, true);
  }

  set target(pages: number) {
    const most = (this.#port?.bus.ramSize ?? 0) / pageSize;
    if (!(Number.isInteger(pages) && pages >= 0 && pages <= most)) {
      throw new UsageError(`a balloon cannot have ${pages} pages`, `Give a whole number from 0 to ${most}.`);
    }
    this.#view.setUint32(0, pages, true);
    this.#port?.configChanged();
  }

  /** 5.5.4: the driver says how many pages it gave. */
  writeConfig(offset: number, byte: number): void {
    if (offset >= 4 && offset < 8) this.config[offset] = byte;
  }

  notify(index: number): void {
    const port = this.#port;
    if (port === undefined) return;
    for (const { head, readable } of port.queues[index]?.chains() ?? []) {
      for (const { address, length } of readable) {
        const at = port.bus.ramAt(address, length);
        if (at === undefined) continue;
        const numbers = new DataView(port.bus.buffer, at, length);
        for (let place = 0; place + 4 <= length; place += 4) this.#move(index, numbers.getUint32(place, true), port);
      }
      port.queues[index]?.push(head, 0);
    }
  }

  reset(): void {
    this.#pages = new Set();
    this.#view.setUint32(4, 0, true);
  }

  save(): BalloonState {
    return { target: this.target, actual: this.#view.getUint32(4, true), pages: [...this.#pages] };
  }

  restore(state: BalloonState): void {
    this.#view.setUint32(0, state.target, true);
    this.#view.setUint32(4, state.actual, true);
    this.#pages = new Set(state.pages);
  }

  get #view(): DataView {
    return new DataView(this.config.buffer);
  }

  /** 5.5.6: pages are numbered in units of 4096 bytes. */
  #move(index: number, page: number, { bus }: Port): void {
    if (index === queue.deflate) {
      this.#pages.delete(page);
      return;
    }
    const content = bus.bytes(page * pageSize, pageSize);
    if (content === undefined || this.#pages.has(page)) return;
    this.#pages.add(page);
    content.fill(0);
    bus.written(page * pageSize, pageSize);
  }
}
