export * from "./definitions.js";
export { examineRiscv } from "./riscv.js";
