import type { Activity } from "../../core/index.js";
import { attempt, Errno } from "../../os/index.js";
import { Failure, type Invocation } from "../program/command.js";
import { negated, operate, Random } from "./builtins.js";
import { callBuiltin, type Caller } from "./calls.js";
import { bytesText, Streams } from "./io.js";
import { unescape } from "./lexer.js";
import { MainInput } from "./main-input.js";
import type { Expression, Program, Statement, Target } from "./syntax.js";
import { Input, isTrue, toNumber, toText, type Value } from "./values.js";
import { arrayOf, expressionOf, Fields, newSlot, wholeOf, type AwkArray, type Slot } from "./variables.js";

/** Where control goes by a statement. */
export type Jump = "next" | "nextfile" | "break" | "continue" | "exit" | "return" | undefined;

/** Calls within calls at most: what a stack of some MiB holds. */
const deepest = 2000;

/** `exit` and `next` in a function leave all expressions that it was called from. */
export class JumpOut extends Error {
  readonly jump: "exit" | "next" | "nextfile";

  constructor(jump: JumpOut["jump"]) {
    super(jump);
    this.jump = jump;
  }
}

/** A program's variables, and what its expressions come to. */
export abstract class Evaluator {
  protected readonly it: Invocation;
  protected readonly program: Program;
  protected readonly globals: Map<string, Slot> = new Map();
  protected readonly fields: Fields;
  protected readonly streams: Streams;
  protected locals: Map<string, Slot> | undefined;
  protected depth = 0;
  protected returned: Value;
  protected readonly input: MainInput;
  protected readonly caller: Caller;

  constructor(it: Invocation, program: Program, files: readonly string[]) {
    this.it = it;
    this.program = program;
    this.streams = new Streams(it.sys, it.env, it.out);
    this.input = new MainInput(it, {
      global: (name) => this.global(name),
      assign: (name, text) => {
        this.assignText(name, text);
      },
    });
    this.caller = {
      streams: this.streams,
      random: new Random(),
      global: (name) => this.global(name),
      slot: (name) => this.slot(name),
      array: (name) => this.array(name),
      text: (value) => this.text(value),
      evaluate: (expression) => this.evaluate(expression),
      pattern: (expression) => this.pattern(expression),
      assign: (target, value) => this.assign(target, value),
      *time() {
        return Math.floor((yield* it.sys.clock_gettime("CLOCK_REALTIME")) / 1e9);
      },
    };
    this.fields = new Fields((name) => this.text(this.global(name).value));
    const start: Readonly<Record<string, Value>> = {
      FS: " ",
      OFS: " ",
      ORS: "\n",
      RS: "\n",
      SUBSEP: "\x1c",
      CONVFMT: "%.6g",
      OFMT: "%.6g",
      NR: 0,
      FNR: 0,
      RSTART: 0,
      RLENGTH: -1,
      ARGC: files.length + 1,
    };
    for (const [name, value] of Object.entries(start)) this.globals.set(name, newSlot(value));
    const argv = arrayOf(this.global("ARGV"));
    for (const [at, word] of ["awk", ...files].entries()) argv.set(String(at), new Input(bytesText(word)));
    const environ = arrayOf(this.global("ENVIRON"));
    for (const entry of it.env) {
      const at = entry.indexOf("=");
      environ.set(bytesText(entry.slice(0, at)), new Input(bytesText(entry.slice(at + 1))));
    }
  }

  protected abstract execute(statement: Statement): Activity<Jump>;

  /** `-v name=value`, and operands that are assignments. */
  assignText(name: string, text: string): void {
    this.setName(name, new Input(unescape(bytesText(text))));
  }

  // Variables.

  protected global(name: string): Slot {
    let slot = this.globals.get(name);
    if (slot === undefined) this.globals.set(name, (slot = newSlot()));
    return slot;
  }

  protected slot(name: string): Slot {
    return this.locals?.get(name) ?? this.global(name);
  }

  protected array(name: string): AwkArray {
    return arrayOf(this.slot(name));
  }

  protected setName(name: string, value: Value): void {
    if (name === "NF" && this.locals?.has(name) !== true) this.fields.count = Math.max(0, wholeOf(value));
    else this.slot(name).value = value;
  }

  /** A value as text where a number is written as CONVFMT says. */
  protected text(value: Value): string {
    return typeof value === "number" && !Number.isInteger(value)
      ? toText(value, this.text(this.global("CONVFMT").value))
      : toText(value, "%.6g");
  }

  protected *subscript(subscripts: readonly Expression[]): Activity<string> {
    const parts: string[] = [];
    for (const one of subscripts) parts.push(this.text(yield* this.evaluate(one)));
    return parts.join(this.text(this.global("SUBSEP").value));
  }

  protected *assign(target: Target, value: Value): Activity<Value> {
    switch (target.kind) {
      case "name":
        this.setName(target.name, value);
        break;
      case "field": {
        const number = wholeOf(yield* this.evaluate(target.number));
        if (number < 0) throw new Failure(`negative field index $${number}`, 2);
        this.fields.set(number, value);
        break;
      }
      case "element":
        this.array(target.array).set(yield* this.subscript(target.subscripts), value);
    }
    return value;
  }

  // Expressions.

  protected *evaluate(expression: Expression): Activity<Value> {
    switch (expression.kind) {
      case "number":
      case "string":
        return expression.value;
      case "expression":
        return Number(expressionOf(expression.pattern).test(this.text(this.fields.get(0))));
      case "name":
        return expression.name === "NF" ? this.fields.count : this.slot(expression.name).value;
      case "field": {
        const number = wholeOf(yield* this.evaluate(expression.number));
        if (number < 0) throw new Failure(`negative field index $${number}`, 2);
        return this.fields.get(number);
      }
      case "element": {
        const array = this.array(expression.array);
        const key = yield* this.subscript(expression.subscripts);
        // Who asks for an element makes it.
        if (!array.has(key)) array.set(key, undefined);
        return array.get(key);
      }
      case "group":
        return yield* this.evaluate(expression.inner);
      case "assign": {
        const value = yield* this.evaluate(expression.value);
        if (expression.operator === "=") return yield* this.assign(expression.target, value);
        const before = yield* this.evaluate(expression.target);
        return yield* this.assign(expression.target, this.operate(expression.operator.slice(0, -1), before, value));
      }
      case "step": {
        const before = toNumber(yield* this.evaluate(expression.target));
        const after = yield* this.assign(expression.target, before + expression.by);
        return expression.before ? after : before;
      }
      case "choose":
        return yield* this.evaluate(isTrue(yield* this.evaluate(expression.test)) ? expression.yes : expression.no);
      case "logic": {
        const left = isTrue(yield* this.evaluate(expression.left));
        if (left === (expression.operator === "||")) return Number(left);
        return Number(isTrue(yield* this.evaluate(expression.right)));
      }
      case "in":
        return Number(this.array(expression.array).has(yield* this.subscript(expression.subscripts)));
      case "match": {
        const text = this.text(yield* this.evaluate(expression.left));
        return Number((yield* this.pattern(expression.right)).test(text) !== expression.not);
      }
      case "binary": {
        const left = yield* this.evaluate(expression.left);
        return this.operate(expression.operator, left, yield* this.evaluate(expression.right));
      }
      case "unary":
        return negated(expression.operator, yield* this.evaluate(expression.operand));
      case "getline":
        return yield* this.getline(expression);
      case "call":
        return yield* this.call(expression.name, expression.values);
      case "builtin":
        return yield* callBuiltin(this.caller, expression.name, expression.values);
    }
  }

  /** A division by zero gives infinity, as mawk has it. */
  protected operate(operator: string, left: Value, right: Value): Value {
    return operate(operator, left, right, this.text(this.global("CONVFMT").value));
  }

  /** What stands where a regular expression does: one between slashes, or a text that is one. */
  protected *pattern(expression: Expression): Activity<RegExp> {
    const pattern = expression.kind === "expression" ? expression.pattern : this.text(yield* this.evaluate(expression));
    try {
      return expressionOf(pattern);
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new Failure(`regular expression compile failed (${error.message})\n${pattern}`, 2);
    }
  }

  protected *getline({ from, source, target }: Extract<Expression, { readonly kind: "getline" }>): Activity<number> {
    let record: string | undefined;
    if (from === "input" || source === undefined) record = yield* this.input.next();
    else {
      const name = this.text(yield* this.evaluate(source));
      const reader = yield* this.streams.reader(from, name);
      const got = reader === undefined ? undefined : yield* attempt(reader.next(this.text(this.global("RS").value)));
      if (reader === undefined || got instanceof Errno) return -1;
      record = got;
      const slot = this.global("NR");
      if (from === "command" && record !== undefined) slot.value = toNumber(slot.value) + 1;
    }
    if (record === undefined) return 0;
    if (target === undefined) this.fields.setRecord(record);
    else yield* this.assign(target, new Input(record));
    return 1;
  }

  protected *call(name: string, given: readonly Expression[]): Activity<Value> {
    const called = this.program.functions.get(name);
    if (called === undefined) throw new Failure(`function ${name} never defined`, 2);
    if (given.length > called.parameters.length) throw new Failure(`too many arguments in call to ${name}`, 2);
    const locals = new Map<string, Slot>();
    for (const [at, parameter] of called.parameters.entries()) {
      const value = given[at];
      if (value === undefined) locals.set(parameter, newSlot());
      else if (value.kind === "name" && value.name !== "NF") {
        const slot = this.slot(value.name);
        const isArray = slot.array !== undefined || slot.value === undefined;
        locals.set(parameter, newSlot(slot.value, isArray ? slot : undefined));
      } else locals.set(parameter, newSlot(yield* this.evaluate(value)));
    }
    if (++this.depth > deepest) throw new Failure(`function call nesting too deep in ${name}`, 2);
    const before = this.locals;
    this.locals = locals;
    this.returned = undefined;
    const jump = yield* this.execute(called.body);
    this.locals = before;
    this.depth--;
    if (jump === "exit" || jump === "next" || jump === "nextfile") throw new JumpOut(jump);
    const returned = this.returned;
    this.returned = undefined;
    return returned;
  }
}
