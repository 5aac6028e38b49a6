import type { Code, FunctionType, ValueType, WasmModule } from "../../wasm/index.js";
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
  /** What takes many instructions of WebAssembly: (a, b) → result */
  readonly operator: (operator: Operator) => number;
  /** (hart, operands of these types) → answer */
  readonly routine: (routine: Routine, operands: readonly ("i32" | "i64")[]) => number;
  /** (hart, rounding mode as in the instruction, operands) → result */
  readonly float: (operation: FloatOperation, width: FloatWidth, operands: number) => number;
}

/** Locals that the code of every meaning works with. */
export interface Locals {
  /** The hart's base in memory. */
  readonly hart: number;
  /** Its TLB context. */
  readonly context: number;
  /** Scratch: an address, a TLB entry's address, a value. */
  readonly address: number;
  readonly entry: number;
  readonly scratch: number;
}

export interface EmitContext {
  readonly code: Code;
  readonly locals: Locals;
  readonly callees: Callees;
  /** Whether every misaligned access is the host's, as an exception. */
  readonly alignedOnly: boolean;
  /** The local of a value that a meaning names, of 64 bits where nothing is said. */
  readonly variable: (name: string, type?: ValueType) => number;
}

/** What the instructions of a unit share. */
export interface UnitLocals extends Locals {
  /** Where control goes on outside of the unit. */
  readonly pc: number;
  /** How many instructions remain. */
  readonly budget: number;
  /** The local that stands for an integer register. */
  readonly x: (register: number) => number;
  /** The same for a floating-point register. */
  readonly f: (register: number) => number;
}

export interface UnitContext extends EmitContext {
  readonly locals: UnitLocals;
  /** Leaves the unit for the host, with `pc` and `budget` set. */
  readonly exit: () => void;
  /** The same, where somebody else has to execute the instruction; absent where units make calls instead. */
  readonly miss?: () => void;
}

const operatorType: FunctionType = { parameters: ["i64", "i64"], results: ["i64"] };
/** What the field rm holds where the mode in frm is meant. */
export const dynamicRounding = 7;

/** (hart, rounding mode as in the instruction, operands) → result */
export const floatType = (operands: number): FunctionType => ({
  parameters: ["i32", "i32", ...Array.from({ length: operands }, () => "i64" as const)],
  results: ["i64"],
});
const loadType: FunctionType = { parameters: ["i32", "i64", "i32"], results: ["i64"] };
const storeType: FunctionType = { parameters: ["i32", "i64", "i32", "i64"], results: [] };

/** What translated code imports: `host.memory`, `host.units`, accesses, `operator.NAME`, `routine.NAME` and `float.NAME`; the interpreter `row.NAME`. */
export const imports = { host: "host", operator: "operator", routine: "routine", float: "float", row: "row" } as const;

/** Imports into a module what code calls, each function when it is first asked for. */
export function importCallees(module: WasmModule): Callees {
  const known = new Map<string, number>();
  const imported = (from: string, name: string, type: FunctionType): number => {
    const key = `${from}.${name}:${type.parameters.join()}`;
    const index = known.get(key) ?? module.importFunction(from, name, type);
    known.set(key, index);
    return index;
  };
  return {
    load: imported(imports.host, "load", loadType),
    loadToStore: imported(imports.host, "loadToStore", loadType),
    store: imported(imports.host, "store", storeType),
    operator: (operator: Operator) => imported(imports.operator, operator, operatorType),
    routine: (routine, operands) =>
      imported(imports.routine, routine, { parameters: ["i32", ...operands], results: ["i64"] }),
    float: (operation, width, operands) => imported(imports.float, `${operation}${width}`, floatType(operands)),
  };
}

/** The locals of named values: one for each name, which every meaning sets before it uses it. */
export function variablesOf(code: Code): EmitContext["variable"] {
  const known = new Map<string, number>();
  return (name, type = "i64") => {
    const local = known.get(name) ?? code.local(type);
    known.set(name, local);
    return local;
  };
}
