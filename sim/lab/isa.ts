import { flaws, rv64, rv64h, type Flaw, type Isa } from "../machine/index.js";

/**
 * Sets of instructions: `isa.rv64` is what machines have by default, `isa.rv64h` the same with the hypervisor extension.
 * `isa.rv64.with(…)` makes variants, of rows of your own or of a flaw by its name: `isa.rv64.with("sret-jumps-in-user")`.
 * `isa.flaws` are those there are.
 */
export const isa: { readonly rv64: Isa; readonly rv64h: Isa; readonly flaws: readonly Flaw[] } = { rv64, rv64h, flaws };
