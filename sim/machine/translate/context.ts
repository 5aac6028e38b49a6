import type { Code } from "../../wasm/index.js";
import type { FloatOperation, FloatWidth } from "../float/index.js";
import type { Operator, Routine } from "../instructions/index.js";

/** Functions that translated code calls, by their numbers in the module. */
export interface Callees {
  /** (hart, address, width) → the sign-extended content */
  readonly load: number;
  /** As `load`, with a store's permissions. */
  readonly loadToStore: number;
  /** (hart, address, width, value) */
  readonly store: number;
  /** What WebAssembly has no instruction for, or one that traps: (a, b) → result */
  readonly operator: (operator: Operator) => number;
  /** (hart, operands of these types) → answer */
  readonly routine: (routine: Routine, operands: readonly ("i32" | "i64")[]) => number;
  /** (hart, rounding mode as in the instruction, operands) → result */
  readonly float: (operation: FloatOperation, width: FloatWidth, operands: number) => number;
}

/** What the instructions of a unit share. */
export interface UnitLocals {
  /** The hart's base in memory. */
  readonly hart: number;
  /** Its TLB context. */
  readonly context: number;
  /** Where control goes on outside of the unit. */
  readonly pc: number;
  /** How many instructions remain. */
  readonly budget: number;
  /** Scratch: an address, a TLB entry's address, a value. */
  readonly address: number;
  readonly entry: number;
  readonly scratch: number;
  /** The local that stands for an integer register. */
  readonly x: (register: number) => number;
  /** The same for a floating-point register. */
  readonly f: (register: number) => number;
}

export interface UnitContext {
  readonly code: Code;
  readonly locals: UnitLocals;
  readonly callees: Callees;
  /** Leaves the unit for the host, with `pc` and `budget` set. */
  readonly exit: () => void;
}
