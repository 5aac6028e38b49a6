import type { Activity, Nanos } from "../../core/index.js";
import { attempt, Errno } from "../../os/index.js";
import { Failure } from "../program/command.js";
import { encodeBytes } from "../program/encoding.js";
import type { Output } from "../program/streams.js";
import { Evaluator, JumpOut, type Jump } from "./evaluator.js";
import type { Expression, Statement } from "./syntax.js";
import { format, Input, isTrue, toText, type Value } from "./values.js";
import { wholeOf } from "./variables.js";

/** What Debian's mawk 1.3.4 takes for a statement, in nanoseconds: 19 for a turn of `for (;;) x += 1`, which has two. */
const statementWork = 9;

/** One run of a program: its rules over the records, and their statements. */
export class Interpreter extends Evaluator {
  /** Rules whose range has begun. */
  readonly #ranges = new Set<number>();
  #status = 0;
  /** What was done since it was last charged. */
  #work = 0;

  /** @returns the exit status */
  *run(): Activity<number> {
    const { begin, rules, end } = this.program;
    let jump: Jump;
    for (const body of begin) if (jump !== "exit") jump = yield* this.#perform(body);
    if (jump !== "exit" && (rules.length > 0 || end.length > 0)) jump = yield* this.#records();
    // END runs after an exit elsewhere, too; one in END ends it.
    for (const body of end) {
      jump = yield* this.#perform(body);
      if (jump === "exit") break;
    }
    yield* this.streams.closeAll();
    return Math.max(this.#status, this.input.status);
  }

  /** Runs a rule's statements; a jump out of a function ends them, too. */
  *#perform(body: Statement): Activity<Jump> {
    try {
      return yield* this.execute(body);
    } catch (error) {
      if (!(error instanceof JumpOut)) throw error;
      this.locals = undefined;
      this.depth = 0;
      return error.jump;
    }
  }

  *#records(): Activity<Jump> {
    for (;;) {
      const record = yield* this.input.next();
      if (record === undefined) return undefined;
      this.fields.setRecord(record);
      for (const [at, { begin, end, body }] of this.program.rules.entries()) {
        if (begin !== undefined && !(yield* this.#selects(at, begin, end))) continue;
        const jump = body === undefined ? yield* this.#printRecord() : yield* this.#perform(body);
        if (jump === "exit") return jump;
        if (jump === "nextfile") yield* this.input.leaveFile();
        if (jump === "next" || jump === "nextfile") break;
      }
    }
  }

  /** Whether a rule's pattern, or range of them, holds for the record. */
  *#selects(at: number, begin: Expression, end: Expression | undefined): Activity<boolean> {
    if (end === undefined) return isTrue(yield* this.evaluate(begin));
    if (!this.#ranges.has(at) && !isTrue(yield* this.evaluate(begin))) return false;
    this.#ranges.add(at);
    if (isTrue(yield* this.evaluate(end))) this.#ranges.delete(at);
    return true;
  }

  *#printRecord(): Activity<undefined> {
    this.#put(this.it.out, this.text(this.fields.get(0)) + this.text(this.global("ORS").value));
    yield* this.it.out.drain();
    return undefined;
  }

  #put(output: Output, text: string): void {
    output.putBytes(encodeBytes(text));
  }

  // Statements.

  protected *execute(statement: Statement): Activity<Jump> {
    this.#work += statementWork;
    if (this.#work >= 10_000) {
      const work = this.#work as Nanos;
      this.#work = 0;
      yield* this.it.sys.charge(work);
    }
    switch (statement.kind) {
      case "block":
        for (const one of statement.body) {
          const jump = yield* this.execute(one);
          if (jump !== undefined) return jump;
        }
        return undefined;
      case "evaluate":
        yield* this.evaluate(statement.value);
        return undefined;
      case "print":
      case "printf":
        return yield* this.#print(statement);
      case "if":
        if (isTrue(yield* this.evaluate(statement.test))) return yield* this.execute(statement.yes);
        return statement.no === undefined ? undefined : yield* this.execute(statement.no);
      case "while":
        return yield* this.#loop(statement.test, statement.body, undefined);
      case "do": {
        const jump = yield* this.execute(statement.body);
        if (jump === "break") return undefined;
        if (jump !== undefined && jump !== "continue") return jump;
        return yield* this.#loop(statement.test, statement.body, undefined);
      }
      case "for":
        if (statement.first !== undefined) yield* this.execute(statement.first);
        return yield* this.#loop(statement.test, statement.body, statement.step);
      case "each":
        for (const key of [...this.array(statement.array).keys()]) {
          this.setName(statement.name, new Input(key));
          const jump = yield* this.execute(statement.body);
          if (jump === "break") break;
          if (jump !== undefined && jump !== "continue") return jump;
        }
        return undefined;
      case "delete":
        if (statement.subscripts === undefined) this.array(statement.array).clear();
        else this.array(statement.array).delete(yield* this.subscript(statement.subscripts));
        return undefined;
      case "exit":
        if (statement.value !== undefined) this.#status = wholeOf(yield* this.evaluate(statement.value)) & 255;
        return "exit";
      case "return":
        this.returned = statement.value === undefined ? undefined : yield* this.evaluate(statement.value);
        return "return";
      case "next":
      case "nextfile":
      case "break":
      case "continue":
        return statement.kind;
    }
  }

  *#loop(test: Expression | undefined, body: Statement, step: Statement | undefined): Activity<Jump> {
    while (test === undefined || isTrue(yield* this.evaluate(test))) {
      const jump = yield* this.execute(body);
      if (jump === "break") return undefined;
      if (jump !== undefined && jump !== "continue") return jump;
      if (step !== undefined) yield* this.execute(step);
    }
    return undefined;
  }

  *#print({
    kind,
    values,
    redirection,
  }: Extract<Statement, { readonly kind: "print" | "printf" }>): Activity<undefined> {
    const given: Value[] = [];
    for (const value of values) given.push(yield* this.evaluate(value));
    let text: string;
    if (kind === "printf") text = this.#format(given);
    else {
      const how = this.text(this.global("OFMT").value);
      const shown = given.length === 0 ? [this.fields.get(0)] : given;
      const [between, end] = [this.text(this.global("OFS").value), this.text(this.global("ORS").value)];
      text = shown.map((value) => toText(value, how)).join(between) + end;
    }
    if (redirection === undefined) {
      this.#put(this.it.out, text);
      yield* this.it.out.drain();
      return undefined;
    }
    const name = this.text(yield* this.evaluate(redirection.to));
    const output = yield* attempt(this.streams.writer(redirection.operator, name));
    if (output instanceof Errno) throw new Failure(`cannot open "${name}" for output`, 2);
    this.#put(output, text);
    yield* output.drain();
    if (name === "/dev/stderr") yield* output.flush();
    return undefined;
  }

  #format(values: readonly Value[]): string {
    const how = this.text(this.global("CONVFMT").value);
    try {
      return format(toText(values[0], how), values.slice(1), how);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      throw new Failure(error.message, 2);
    }
  }
}
