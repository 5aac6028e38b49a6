import { Signal } from "../core/index.js";

/**
 * Where tasks wait for a change. Who waits looks again when woken, since another may have been faster:
 * `while (!ready()) yield* queue.change`.
 */
export class WaitQueue {
  private pending: Signal<void> | undefined;
  private readonly name: string;

  constructor(name: string) {
    this.name = name;
    this.pending = undefined;
  }

  /** Fires at the next change. */
  get change(): Signal<void> {
    return (this.pending ??= new Signal<void>(this.name));
  }

  /** Something changed. */
  wake(): void {
    const { pending } = this;
    this.pending = undefined;
    pending?.fire();
  }
}
