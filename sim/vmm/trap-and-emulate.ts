import type { Allocator } from "./allocator.js";
import { withDefaults } from "../core/index.js";
import { DirectCpu } from "./direct-cpu.js";
import { Dispatcher } from "./dispatcher.js";
import type { HostExit } from "./host-cpu.js";
import { checkShadows, trace, type ShadowPolicy } from "./shadow-policy.js";
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

  forget(address: bigint | undefined, fenced: boolean): void {
    const { shadow, traced, code } = this.#allocator;
    if (!fenced || traced?.isCurrent !== true) shadow.forget(address);
    code?.forget();
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

/**
 * The technique with shadow tables of your choice: `vmm.trapAndEmulateWith({ shadows: "traced" })`.
 * @throws UsageError for an option that there isn't, or no such policy
 */
export function trapAndEmulateWith(given?: Partial<ShadowPolicy>): Technique {
  const { shadows } = withDefaults<ShadowPolicy>("trap and emulate", given, { shadows: "lazy" });
  checkShadows(shadows);
  return {
    name: "trap-and-emulate",
    title: "Trap and emulate (Popek & Goldberg 1974)",
    pages: () => 0,
    createCpu(parts) {
      if (shadows === "traced") trace(parts);
      return new DeprivilegedCpu(parts);
    },
  };
}

export const trapAndEmulate: Technique = trapAndEmulateWith();
