import type { Persist } from "../../../core/index.js";
import type { Bus } from "../../bus.js";
import type { Virtqueue } from "./queue.js";

/** What a virtio device sees of the transport that it is behind. */
export interface Port {
  readonly bus: Bus;
  readonly queues: readonly Virtqueue[];
  /** Interrupts the driver where it wants to be for what was given back. Not needed in answer to `notify`. */
  signal(): void;
  /** Tells the driver that the configuration is another. */
  configChanged(): void;
  /** The driver broke a rule: the device does nothing more until it is reset (DEVICE_NEEDS_RESET). */
  fail(): void;
}

/** A kind of virtio device: what it does with its queues. The transport knows registers, features and interrupts. */
export interface VirtioDevice<S = unknown> extends Persist<S> {
  /** Section 5 of the specification numbers the kinds. */
  readonly id: number;
  /** The features of its own that it offers. */
  readonly features: bigint;
  /** The longest that each queue may be. */
  readonly queues: readonly number[];
  /** The configuration as the driver reads it, little-endian. */
  readonly config: Uint8Array;
  writeConfig?(offset: number, byte: number): void;
  connect(port: Port): void;
  /** The driver made buffers available in that queue. */
  notify(queue: number): void;
  reset(): void;
}
