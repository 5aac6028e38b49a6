import { rv64, type Isa } from "../machine/index.js";

/** Sets of instructions: `isa.rv64` is what machines have by default; `isa.rv64.with(…)` makes variants. */
export const isa: { readonly rv64: Isa } = { rv64 };
