/**
 * storage: disks, real and virtual.
 */
export * from "./block-device.js";
export * from "./file.js";
export * from "./geometry.js";
export * from "./image.js";
export * from "./raw.js";
export * from "./qcow2/create.js";
export { Qcow2Image } from "./qcow2/image.js";
export * from "./partition/table.js";
export * from "./disk.js";
export * from "./virtual-disk.js";
export * from "./workload.js";
export * from "./compare.js";
