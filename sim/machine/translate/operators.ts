import { Code, compile, instantiate, WasmModule, type CompiledModule, type FunctionType } from "../../wasm/index.js";
import type { Operator } from "../instructions/index.js";

const type: FunctionType = { parameters: ["i64", "i64"], results: ["i64"] };
const [a, b] = [0, 1];
const half = 0xffff_ffffn;

type Body = (code: Code) => void;

/** `value` where `b` is `number`, instead of all that follows. */
function unless(code: Code, number: bigint, value: Body): void {
  code.get(b);
  code.i64(number);
  code.op("i64.eq");
  code.if();
  value(code);
  code.op("return");
  code.op("end");
}

const allOnes: Body = (code) => {
  code.i64(-1n);
};

/** WebAssembly's division traps where RISC-V's has a result. */
function division(op: "div" | "rem", signed: boolean): Body {
  return (code) => {
    unless(
      code,
      0n,
      op === "div"
        ? allOnes
        : (inside) => {
            inside.get(a);
          },
    );
    if (signed) {
      unless(code, -1n, (inside) => {
        inside.i64(0n);
        if (op === "rem") return;
        inside.get(a);
        inside.op("i64.sub");
      });
    }
    code.get(a);
    code.get(b);
    code.op(`i64.${op}_${signed ? "s" : "u"}`);
  };
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
  divide: division("div", true),
  divideUnsigned: division("div", false),
  remainder: division("rem", true),
  remainderUnsigned: division("rem", false),
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

/** The operators that WebAssembly has no instruction for, as functions that translated code imports under `operator`. */
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
