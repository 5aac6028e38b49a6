import type { Activity } from "../../core/index.js";
import { Failure } from "../program/command.js";
import { pureBuiltin, substitute, type Random } from "./builtins.js";
import type { Streams } from "./io.js";
import type { Expression, Target } from "./syntax.js";
import { Input, toNumber, type Value } from "./values.js";
import { splitFields, type AwkArray, type Slot } from "./variables.js";

/** What built-in functions need of the program that runs. */
export interface Caller {
  readonly streams: Streams;
  readonly random: Random;
  global(name: string): Slot;
  slot(name: string): Slot;
  array(name: string): AwkArray;
  /** A value as text, numbers as CONVFMT has them. */
  text(value: Value): string;
  evaluate(expression: Expression): Activity<Value>;
  pattern(expression: Expression): Activity<RegExp>;
  assign(target: Target, value: Value): Activity<Value>;
  /** Seconds since 1970: srand()'s seed. */
  time(): Activity<number>;
}

const nameOf = (expression: Expression | undefined, called: string): string => {
  if (expression?.kind === "name") return expression.name;
  throw new Failure(`type error in arg to ${called}`, 2);
};

/** A call of a built-in function. @throws Failure */
export function* callBuiltin(caller: Caller, name: string, given: readonly Expression[]): Activity<Value> {
  const [first, second, third] = given;
  const text = function* (expression: Expression): Activity<string> {
    return caller.text(yield* caller.evaluate(expression));
  };
  const record: Expression = { kind: "field", number: { kind: "number", value: 0 } };
  switch (name) {
    case "length":
      if (first?.kind === "name") {
        const { array } = caller.slot(first.name);
        if (array !== undefined) return array.size;
      }
      return (yield* text(first ?? record)).length;
    case "match": {
      if (first === undefined || second === undefined) throw new Failure("not enough arguments in call to match", 2);
      const found = (yield* caller.pattern(second)).exec(yield* text(first));
      caller.global("RSTART").value = found === null ? 0 : found.index + 1;
      caller.global("RLENGTH").value = found === null ? -1 : found[0].length;
      return found === null ? 0 : found.index + 1;
    }
    case "split": {
      if (first === undefined) throw new Failure("not enough arguments in call to split", 2);
      const whole = yield* text(first);
      const array = caller.array(nameOf(second, "split"));
      const separator =
        third === undefined
          ? caller.text(caller.global("FS").value)
          : third.kind === "expression"
            ? third.pattern
            : yield* text(third);
      // Between slashes even a single blank is an expression.
      const isBlank = third?.kind === "expression" && separator === " ";
      const parts = splitFields(whole, isBlank ? "[ ]" : separator);
      array.clear();
      for (const [at, part] of parts.entries()) array.set(String(at + 1), new Input(part));
      return parts.length;
    }
    case "sub":
    case "gsub": {
      if (first === undefined || second === undefined) throw new Failure(`not enough arguments in call to ${name}`, 2);
      const expression = yield* caller.pattern(first);
      const by = yield* text(second);
      const target = third ?? record;
      const done = substitute(expression, by, yield* text(target), name === "gsub");
      if (done.count > 0 && (target.kind === "name" || target.kind === "field" || target.kind === "element"))
        yield* caller.assign(target, done.text);
      return done.count;
    }
    case "rand":
      return caller.random.next();
    case "srand":
      return caller.random.seed(first === undefined ? yield* caller.time() : toNumber(yield* caller.evaluate(first)));
    case "system":
      return first === undefined ? 0 : yield* caller.streams.system(yield* text(first));
    case "close":
      return first === undefined ? -1 : yield* caller.streams.close(yield* text(first));
    case "fflush":
      if (first !== undefined) return yield* caller.streams.flushOne(yield* text(first));
      yield* caller.streams.flush();
      return 0;
    default: {
      const values: Value[] = [];
      for (const one of given) values.push(yield* caller.evaluate(one));
      try {
        return pureBuiltin(name, values, caller.text(caller.global("CONVFMT").value));
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new Failure(error.message, 2);
      }
    }
  }
}
