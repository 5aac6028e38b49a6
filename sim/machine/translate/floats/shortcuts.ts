import type { FloatOperation, FloatWidth } from "../../float/index.js";
import { hartLayout } from "../../layout.js";
import { dynamicRounding, type EmitContext, type Locals } from "../context.js";
import { and, equal, isMiddling, op, ordinary, type Keeper, type Value } from "./function.js";

/** The rounding mode of almost all code (unprivileged ISA, "F" extension). */
const nearestEven = 0;

interface Attempt {
  /** Rounded once, to nearest even. */
  readonly result: Value;
  /** Unless all of these hold, nothing is known. */
  readonly isSound: readonly Value[];
  /** Where all of these hold, it is exact. */
  readonly isExact: readonly Value[];
}

type Shortcut = (keep: Keeper, operands: readonly [Value, Value, Value]) => Attempt;

/** Whether it is a single, or an infinity: the product of two is a double, and none of them underflows. */
const isSingle = (value: Value): Value => equal(op("f64.promote_f32", op("f32.demote_f64", value)), value);

/**
 * What is taken off the sum of the greater one is exact (Dekker 1971, Fast2Sum), so if that is the other one, the sum is. Which one
 * is greater need not be known. Of an infinite sum, one of the differences is another number or none.
 */
function sum(keep: Keeper, a: Value, b: Value): Omit<Attempt, "isSound"> {
  const result = keep.keep("f64", op("f64.add", a, b));
  return { result, isExact: [equal(op("f64.sub", result, a), b), equal(op("f64.sub", result, b), a)] };
}

const shortcuts: Readonly<Partial<Record<FloatOperation, Shortcut>>> = {
  add: (keep, [a, b]) => ({ ...sum(keep, a, b), isSound: [] }),
  subtract: (keep, [a, b]) => ({ ...sum(keep, a, keep.keep("f64", op("f64.neg", b))), isSound: [] }),
  multiply(keep, [a, b]) {
    const result = keep.keep("f64", op("f64.mul", a, b));
    // An infinity times 0 is a NaN.
    return { result, isSound: [], isExact: [isSingle(a), isSingle(b), equal(result, result)] };
  },
  multiplyAdd: (keep, [a, b, c]) => ({
    ...sum(keep, keep.keep("f64", op("f64.mul", a, b)), c),
    isSound: [isSingle(a), isSingle(b)],
  }),
};

type ShortcutContext = Pick<EmitContext, "code" | "variable"> & { readonly locals: Pick<Locals, "hart"> };

/**
 * Computes an operation of doubles without a call where that raises nothing: its result is exact, or an ordinary number while inexact
 * is raised already. Goes on behind where it doesn't know.
 * @param rm what the instruction says of rounding
 * @param operands leave their bits on the stack
 * @param to the local that gets the result's bits
 * @param done where control goes then
 * @returns whether there is such a way for the operation
 */
export function emitShortcut(
  context: ShortcutContext,
  operation: FloatOperation,
  width: FloatWidth,
  rm: number | undefined,
  operands: readonly (() => void)[],
  to: number,
  done: number,
): boolean {
  const shortcut = shortcuts[operation];
  if (shortcut === undefined || width !== 64 || (rm !== nearestEven && rm !== dynamicRounding)) return false;
  const { code, locals, variable } = context;
  let kept = 0;
  const keep: Keeper = {
    keep(type, value) {
      const local = variable(`float${kept++}`, type);
      value(code);
      code.set(local);
      return () => {
        code.get(local);
      };
    },
  };
  const hartWord = (offset: number): Value => {
    return () => {
      code.get(locals.hart);
      code.access("i32.load", offset);
    };
  };
  code.block();
  const unknown = code.depth;
  const leaveUnless = (condition: Value, label: number): void => {
    condition(code);
    code.op("i32.eqz");
    code.branchIf(label);
  };
  if (rm === dynamicRounding) {
    hartWord(hartLayout.frm)(code);
    code.branchIf(unknown);
  }
  const [a, b, c] = [0, 1, 2].map((place): Value => {
    const bits = operands[place];
    return bits === undefined ? () => undefined : keep.keep("f64", op("f64.reinterpret_i64", bits));
  }) as [Value, Value, Value];
  const { result, isSound, isExact } = shortcut(keep, [a, b, c]);
  for (const condition of isSound) leaveUnless(condition, unknown);
  code.block();
  const known = code.depth;
  code.block();
  const inexact = code.depth;
  for (const condition of isExact) leaveUnless(condition, inexact);
  code.branch(known);
  code.op("end");
  leaveUnless(and(isMiddling(result, ordinary[width]), hartWord(hartLayout.fflags)), unknown);
  code.op("end");
  op("i64.reinterpret_f64", result)(code);
  code.set(to);
  code.branch(done);
  code.op("end");
  return true;
}
