import type { FloatOperation, FloatWidth } from "../../float/index.js";
import { hartLayout } from "../../layout.js";
import { dynamicRounding, type EmitContext, type Locals } from "../context.js";
import { twoSum } from "./exact.js";
import { and, equal, isMiddling, isZero, op, ordinary, type Keeper, type Value } from "./function.js";

/** The rounding mode of almost all code (unprivileged ISA, "F" extension). */
const nearestEven = 0;

interface Attempt {
  /** Rounded once, to nearest even. */
  readonly result: Value;
  /** Where this doesn't hold, nothing is known. */
  readonly isSound?: Value;
  readonly isExact: Value;
}

type Shortcut = (keep: Keeper, operands: readonly [Value, Value, Value]) => Attempt;

/** Whether it is a single, or an infinity: the product of two is a double, and none of them underflows. */
const isSingle = (value: Value): Value => equal(op("f64.promote_f32", op("f32.demote_f64", value)), value);

/** No step of a pair is finite where one before it overflowed, so the rest is 0 only where the sum is exact. */
const sum =
  (subtract: boolean): Shortcut =>
  (keep, [a, b]) => {
    const { rounded, rest } = twoSum(keep, a, subtract ? keep.keep("f64", op("f64.neg", b)) : b);
    return { result: rounded, isExact: isZero(rest) };
  };

const shortcuts: Readonly<Partial<Record<FloatOperation, Shortcut>>> = {
  add: sum(false),
  subtract: sum(true),
  multiply(keep, [a, b]) {
    const product = keep.keep("f64", op("f64.mul", a, b));
    // An infinity times 0 is a NaN.
    return { result: product, isExact: and(and(isSingle(a), isSingle(b)), equal(product, product)) };
  },
  multiplyAdd(keep, [a, b, c]) {
    const { rounded, rest } = twoSum(keep, keep.keep("f64", op("f64.mul", a, b)), c);
    return { result: rounded, isSound: and(isSingle(a), isSingle(b)), isExact: isZero(rest) };
  },
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
  const require = (condition: Value): void => {
    condition(code);
    code.op("i32.eqz");
    code.branchIf(unknown);
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
  if (isSound !== undefined) require(isSound);
  op("i32.eqz", isExact)(code);
  code.if();
  require(and(isMiddling(result, ordinary[width]), hartWord(hartLayout.fflags)));
  code.op("end");
  op("i64.reinterpret_f64", result)(code);
  code.set(to);
  code.branch(done);
  code.op("end");
  return true;
}
