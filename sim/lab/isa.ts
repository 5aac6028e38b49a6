import { rv64, rv64h, type Isa } from "../machine/index.js";

/**
 * Sets of instructions: `isa.rv64` is what machines have by default, `isa.rv64h` the same with the hypervisor extension;
 * `isa.rv64.with(…)` makes variants.
 */
export const isa: { readonly rv64: Isa; readonly rv64h: Isa } = { rv64, rv64h };
