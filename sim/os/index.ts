export * from "./errno.js";
export * from "./flags.js";
export { Kernel, type KernelOptions } from "./kernel.js";
