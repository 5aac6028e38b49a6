import { Kernel, type KernelOptions } from "../os/index.js";

/**
 * Boots nothing yet: a simulated Linux on a machine of its own, `linux({ cpus: 2, memory: GiB(8) })`. `run` has a function make
 * system calls on it as a child of pid 1.
 * @throws UsageError for an unknown option
 */
export const linux = (options?: Partial<KernelOptions>): Kernel => new Kernel(options);
