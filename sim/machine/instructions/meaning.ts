/**
 * The language that meanings are written in. A meaning is data: the reference evaluator computes it, the translator
 * compiles it to WebAssembly, the documentation prints it, and a prover can be handed it. Nothing else says what an
 * instruction does.
 *
 * A *term* is a 64-bit number that an instruction computes; computing it changes nothing and can't fail. An *effect* is
 * one step of what the instruction does. Effects happen in order, and the first that faults is the last: so an effect that may
 * fault comes before those that can't be taken back.
 */

import type { FloatOperation, FloatWidth } from "../float/index.js";

/**
 * What an instruction's bits say: which integer registers, which floating-point registers (`f…`), which constant, which
 * rounding mode.
 */
export type Field = "rd" | "rs1" | "rs2" | "imm" | "csr" | FloatRegisterField | "rm";
export type FloatRegisterField = "frd" | "frs1" | "frs2" | "frs3";

/** Arithmetic on 64-bit numbers, modulo 2^64. Shifts use the lower six bits of the amount. Comparisons give 0 or 1. */
export type Operator =
  | "add"
  | "subtract"
  | "and"
  | "or"
  | "xor"
  | "shiftLeft"
  | "shiftRight"
  | "shiftRightSigned"
  | "equal"
  | "notEqual"
  | "less"
  | "lessUnsigned"
  | "multiply"
  | "multiplyHigh"
  | "multiplyHighUnsigned"
  | "multiplyHighSignedUnsigned"
  | "divide"
  | "divideUnsigned"
  | "remainder"
  | "remainderUnsigned";

/** Of memory accesses and extensions, in bits. */
export type Width = 8 | 16 | 32 | 64;

export type Term =
  | { readonly kind: "constant"; readonly value: bigint }
  /** The number that stands in the instruction: a register's number, the constant. */
  | { readonly kind: "field"; readonly field: Field }
  /** The content of the register that the field names. */
  | { readonly kind: "register"; readonly field: "rs1" | "rs2" | FloatRegisterField }
  /** The address of this instruction, and of the one behind it. */
  | { readonly kind: "pc" | "next" }
  /** What an earlier effect of the same meaning named. */
  | { readonly kind: "variable"; readonly name: string }
  | { readonly kind: "binary"; readonly operator: Operator; readonly left: Term; readonly right: Term }
  | { readonly kind: "extend"; readonly signed: boolean; readonly width: Width; readonly value: Term }
  | { readonly kind: "choose"; readonly condition: Term; readonly yes: Term; readonly no: Term };

export type Effect =
  | { readonly kind: "set"; readonly field: "rd" | "frd"; readonly value: Term }
  | {
      readonly kind: "load";
      readonly name: string;
      readonly width: Width;
      readonly signed: boolean;
      readonly address: Term;
    }
  | { readonly kind: "store"; readonly width: Width; readonly address: Term; readonly value: Term }
  /** Reads what lies there, sign-extended, as `name`, and writes `value` in its place, with nothing in between. */
  | {
      readonly kind: "exchange";
      readonly name: string;
      readonly width: Width;
      readonly address: Term;
      readonly value: Term;
    }
  /**
   * Computes as IEEE 754 has it and raises flags in fflags. `name` is the result, a float's bits zero-extended. It rounds
   * in the mode of the instruction's field `rm`, which may name the one in frm; a mode that there isn't makes it illegal.
   */
  | {
      readonly kind: "float";
      readonly name: string;
      readonly operation: FloatOperation;
      readonly width: FloatWidth;
      readonly operands: readonly Term[];
    }
  /** The next instruction is the one at `target`. */
  | { readonly kind: "jump"; readonly target: Term }
  /** What the effects name is known among them alone. */
  | { readonly kind: "when"; readonly condition: Term; readonly effects: readonly Effect[] }
  /** Asks the hart for what is more than arithmetic; its answer may be a fault. */
  | { readonly kind: "call"; readonly routine: Routine; readonly operands: readonly Term[]; readonly name?: string };

/** What the hart does for instructions: state outside the registers, and modes. */
export type Routine =
  /** (csr, value, reads): writes the CSR, gives what it held unless `reads` is 0 */
  | "writeCsr"
  /** (csr, bits, writes): gives what it held and sets or clears these bits of it unless `writes` is 0 */
  | "setCsr"
  | "clearCsr"
  /** (address, bytes): from now on this address is reserved for a store-conditional */
  | "reserve"
  /** (address, bytes): 1 if the address is still reserved; it is no longer afterwards */
  | "takeReservation"
  /** (pc): ends in an exception; an engine may take its trap at once and give the handler's address */
  | "environmentCall"
  | "breakpoint"
  | "returnFromMachine"
  | "returnFromSupervisor"
  | "waitForInterrupt"
  /** The floating-point registers are going to be used: illegal where they are off, and they are dirty from now on. */
  | "useFloats"
  /** (address, address space; 0 for all) */
  | "fenceAddresses"
  | "fenceInstructions"
  /** (address, bytes, executable): the sign-extended content of a guest's address; executable is 1 where it has to be, instead of readable */
  | "loadGuest"
  /** (address, value, bytes): stores at a guest's address */
  | "storeGuest"
  /** As fenceAddresses: of the guest's page tables; of the hypervisor's for guests. */
  | "fenceGuestAddresses"
  | "fenceGuestPages"
  // What flawed ISAs alone have.
  /** As returnFromSupervisor, but in user mode only a jump to where it would go. */
  | "returnOrJump"
  /** (address): user mode begins there, whatever the mode was */
  | "returnToUser"
  /** As waitForInterrupt, but in user mode nothing. */
  | "waitOrPass"
  /** (address): 1 if the mode that the hart really is in may load a byte there, else 0 */
  | "probeAddress";

export type Meaning = readonly Effect[];

export const rs1: Term = { kind: "register", field: "rs1" };
export const rs2: Term = { kind: "register", field: "rs2" };
export const imm: Term = { kind: "field", field: "imm" };
export const pc: Term = { kind: "pc" };
export const next: Term = { kind: "next" };

export const constant = (value: number | bigint): Term => ({
  kind: "constant",
  value: BigInt.asIntN(64, BigInt(value)),
});
export const field = (name: Field): Term => ({ kind: "field", field: name });
export const variable = (name: string): Term => ({ kind: "variable", name });

const binary =
  (operator: Operator) =>
  (left: Term, right: Term): Term => ({ kind: "binary", operator, left, right });

export type Binary = (left: Term, right: Term) => Term;
export const add: Binary = binary("add");
export const subtract: Binary = binary("subtract");
export const and: Binary = binary("and");
export const or: Binary = binary("or");
export const xor: Binary = binary("xor");
export const shiftLeft: Binary = binary("shiftLeft");
export const shiftRight: Binary = binary("shiftRight");
export const shiftRightSigned: Binary = binary("shiftRightSigned");
export const equal: Binary = binary("equal");
export const notEqual: Binary = binary("notEqual");
export const less: Binary = binary("less");
export const lessUnsigned: Binary = binary("lessUnsigned");
export const multiply: Binary = binary("multiply");
export const multiplyHigh: Binary = binary("multiplyHigh");
export const multiplyHighUnsigned: Binary = binary("multiplyHighUnsigned");
export const multiplyHighSignedUnsigned: Binary = binary("multiplyHighSignedUnsigned");
export const divide: Binary = binary("divide");
export const divideUnsigned: Binary = binary("divideUnsigned");
export const remainder: Binary = binary("remainder");
export const remainderUnsigned: Binary = binary("remainderUnsigned");

export const not = (condition: Term): Term => equal(condition, constant(0));
export const signed = (width: Width, value: Term): Term => ({ kind: "extend", signed: true, width, value });
export const unsigned = (width: Width, value: Term): Term => ({ kind: "extend", signed: false, width, value });
export const choose = (condition: Term, yes: Term, no: Term): Term => ({ kind: "choose", condition, yes, no });

export const set = (value: Term): Effect => ({ kind: "set", field: "rd", value });
export const jump = (target: Term): Effect => ({ kind: "jump", target });
export const when = (condition: Term, ...effects: Effect[]): Effect => ({ kind: "when", condition, effects });
export const store = (width: Width, address: Term, value: Term): Effect => ({ kind: "store", width, address, value });

/** The value that an effect of a meaning came by. */
const value = variable("value");

/** `rd` becomes what lies at the address, extended to 64 bits. */
export function load(width: Width, isSigned: boolean, address: Term): Meaning {
  return [{ kind: "load", name: "value", width, signed: isSigned, address }, set(value)];
}

/** `rd` becomes what lies at the address, and `update` of it takes its place. */
export function exchange(width: Width, address: Term, update: (old: Term) => Term): Meaning {
  return [{ kind: "exchange", name: "value", width, address, value: update(value) }, set(value)];
}

export function call(routine: Routine, ...operands: Term[]): Effect {
  return { kind: "call", routine, operands };
}

/** `rd` becomes what the routine gives. */
export function setToCall(routine: Routine, ...operands: Term[]): Meaning {
  return [{ kind: "call", routine, operands, name: "value" }, set(value)];
}

/** The next instruction is the one at the address that the routine gives. */
export function jumpToCall(routine: Routine, ...operands: Term[]): Meaning {
  return [{ kind: "call", routine, operands, name: "value" }, jump(value)];
}
