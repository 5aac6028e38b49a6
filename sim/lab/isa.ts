import { flaws, rv64, type Flaw, type Isa } from "../machine/index.js";

/**
 * Sets of instructions: `isa.rv64` is what machines have by default; `isa.rv64.with(…)` makes variants, of rows of your own or
 * of a flaw by its name: `isa.rv64.with("sret-jumps-in-user")`. `isa.flaws` are those there are.
 */
export const isa: { readonly rv64: Isa; readonly flaws: readonly Flaw[] } = { rv64, flaws };
