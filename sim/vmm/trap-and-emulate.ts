import type { Allocator } from "./allocator.js";
import { DirectCpu } from "./direct-cpu.js";
import { Dispatcher } from "./dispatcher.js";
import type { HostExit } from "./host-cpu.js";
import type { CpuParts, Technique } from "./technique.js";

/**
 * Executes a virtual hart by the theorem's construction: all of the guest, its kernel too, runs on the host in user mode, where
 * innocuous instructions execute directly and each privileged one traps.
 */
export class DeprivilegedCpu extends DirectCpu {
  readonly #allocator: Allocator;

  constructor(parts: CpuParts) {
    super(parts, new Dispatcher(parts));
    this.#allocator = parts.allocator;
  }

  forget(address: bigint | undefined): void {
    this.#allocator.shadow.forget(address);
    this.#allocator.code?.forget();
  }

  protected enter(): HostExit {
    const { shadow, view } = this.#allocator;
    return this.host.run(this.guest, shadow.enter(view));
  }

  /** Copies of code are a kernel's and not its guest's. */
  protected override get isInterpreted(): boolean {
    return (this.#allocator.code !== undefined && this.guest.state.mode.virtual) || super.isInterpreted;
  }
}

export const trapAndEmulate: Technique = {
  name: "trap-and-emulate",
  title: "Trap and emulate (Popek & Goldberg 1974)",
  pages: () => 0,
  createCpu: (parts) => new DeprivilegedCpu(parts),
};
