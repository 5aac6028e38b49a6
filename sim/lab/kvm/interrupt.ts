import type { Nanos } from "../../core/index.js";
import type { Kernel } from "../../os/index.js";

/**
 * Has a kernel's first CPU work before its tasks. In an event of its own: who asks may be a task that is just about to get that CPU.
 */
export function interrupt(kernel: Kernel, work: Nanos, done: () => void): void {
  kernel.engine.after(
    0 as Nanos,
    () => {
      kernel.scheduler.raise(0, work, done);
    },
    { name: "interrupt" },
  );
}
