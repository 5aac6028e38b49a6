import {
  Code,
  compile,
  instantiate,
  WasmModule,
  type CompiledModule,
  type FunctionType,
  type Plain,
} from "../../wasm/index.js";
import type { Operator } from "../instructions/index.js";

const type: FunctionType = { parameters: ["i64", "i64"], results: ["i64"] };
const [a, b] = [0, 1];
const half = 0xffff_ffffn;

type Body = (code: Code) => void;

type Division = "divide" | "divideUnsigned" | "remainder" | "remainderUnsigned";
const divisions: Readonly<Record<Division, Plain>> = {
  divide: "i64.div_s",
  divideUnsigned: "i64.div_u",
  remainder: "i64.rem_s",
  remainderUnsigned: "i64.rem_u",
};

export const isDivision = (operator: Operator): operator is Division => operator in divisions;

/** Leaves on the stack what the division of two locals gives. WebAssembly's traps where RISC-V's has a result. */
export function divide(code: Code, operator: Division, dividend: number, divisor: number): void {
  const gives = operator === "divide" || operator === "divideUnsigned" ? "quotient" : "remainder";
  code.get(divisor);
  code.op("i64.eqz");
  code.if("i64");
  if (gives === "quotient") code.i64(-1n);
  else code.get(dividend);
  code.op("else");
  // The least number divided by −1 overflows.
  const overflows = operator === "divide";
  if (overflows) {
    code.get(divisor);
    code.i64(-1n);
    code.op("i64.eq");
    code.if("i64");
    code.i64(0n);
    code.get(dividend);
    code.op("i64.sub");
    code.op("else");
  }
  code.get(dividend);
  code.get(divisor);
  code.op(divisions[operator]);
  if (overflows) code.op("end");
  code.op("end");
}

/** The upper half of a product of 64 bits each, from products of 32 bits each. */
const highUnsigned: Body = (code) => {
  const upper = (local: number): void => {
    code.get(local);
    code.i64(32n);
    code.op("i64.shr_u");
  };
  const lower = (local: number): void => {
    code.get(local);
    code.i64(half);
    code.op("i64.and");
  };
  const middle = code.local("i64");
  const other = code.local("i64");
  // middle = upper(a) × lower(b) + upper(lower(a) × lower(b))
  lower(a);
  lower(b);
  code.op("i64.mul");
  code.set(middle);
  upper(a);
  lower(b);
  code.op("i64.mul");
  upper(middle);
  code.op("i64.add");
  code.set(middle);
  // other = lower(a) × upper(b) + lower(middle)
  lower(a);
  upper(b);
  code.op("i64.mul");
  lower(middle);
  code.op("i64.add");
  code.set(other);
  upper(a);
  upper(b);
  code.op("i64.mul");
  upper(middle);
  code.op("i64.add");
  upper(other);
  code.op("i64.add");
};

/** A negative factor, taken as unsigned, adds the other one to the upper half. */
function correct(code: Code, negative: number, factor: number): void {
  code.get(negative);
  code.i64(63n);
  code.op("i64.shr_s");
  code.get(factor);
  code.op("i64.and");
  code.op("i64.sub");
}

const bodies: Readonly<Partial<Record<Operator, Body>>> = {
  multiplyHighUnsigned: highUnsigned,
  multiplyHighSignedUnsigned(code) {
    highUnsigned(code);
    correct(code, a, b);
  },
  multiplyHigh(code) {
    highUnsigned(code);
    correct(code, a, b);
    correct(code, b, a);
  },
};

/** The operators that take many instructions, as functions that translated code imports under `operator`. */
export function createOperators(): Readonly<Record<string, unknown>> {
  return instantiate((operators ??= compile(buildOperators())), {});
}

let operators: CompiledModule | undefined;

function buildOperators(): Uint8Array<ArrayBuffer> {
  const module = new WasmModule();
  for (const [name, body] of Object.entries(bodies)) {
    const code = new Code(2);
    body(code);
    module.function(type, code, name);
  }
  return module.encode();
}
