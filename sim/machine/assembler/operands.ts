import { nearest } from "../../core/index.js";
import { csrNumbers, floatRegisters, integerRegisters, type Field, type SyntaxPiece } from "../instructions/index.js";
import type { Cursor, Token } from "./cursor.js";
import { constantNow, parseExpression, type Scope } from "./expression.js";
import type { Late, Modifier } from "./model.js";
import type { Form } from "./mnemonics.js";
import { Mistake } from "./problem.js";

/** What the operands of an instruction say. */
export interface Operands {
  readonly numbers: Partial<Record<Field, number>>;
  /** Numbers and addresses, by the order in which they stand. */
  readonly late: readonly Late[];
}

const modifiers: readonly string[] = ["%hi", "%lo", "%pcrel_hi", "%pcrel_lo"];

function register(cursor: Cursor, kind: "register" | "float"): number {
  const names = kind === "register" ? integerRegisters : floatRegisters;
  const what = kind === "register" ? "a register" : "a floating-point register";
  const { kind: found, text, place } = cursor.peek();
  const number = found === "name" ? names.get(text) : undefined;
  if (number === undefined) {
    if (found !== "name")
      throw cursor.wrong(`${what} is missing`, kind === "register" ? "Write one, as a0." : "Write one, as fa0.");
    const near = nearest(text, [...names.keys()]) ?? "";
    throw new Mistake(place, `there is no ${what.slice(2)} "${text}"`, `Did you mean "${near}"?`);
  }
  cursor.take();
  return number;
}

function csr(cursor: Cursor, scope: Scope): number {
  const { kind, text, place } = cursor.peek();
  const named = kind === "name" ? csrNumbers.get(text) : undefined;
  if (named !== undefined) {
    cursor.take();
    return named;
  }
  const number = constantNow(parseExpression(cursor, scope));
  if (number !== undefined && number >= 0n && number < 4096n) return Number(number);
  const near = nearest(text, [...csrNumbers.keys()]) ?? "";
  if (kind === "name")
    throw new Mistake(place, `there is no CSR "${text}"`, `Did you mean "${near}"? Else give its number.`);
  throw new Mistake(place, "a CSR's number is 0 to 4095", "Give its name or such a number.");
}

/** Which accesses a fence orders, as bits: input 8, output 4, reads 2, writes 1. */
function order(cursor: Cursor): number {
  const { kind, text } = cursor.peek();
  if (kind === "number" && text === "0") {
    cursor.take();
    return 0;
  }
  if (kind !== "name" || !/^i?o?r?w?$/.test(text)) {
    throw cursor.wrong("what the fence orders is missing", "Write letters of iorw in this order, as rw.");
  }
  cursor.take();
  return Array.from(text).reduce((bits, letter) => bits | (8 >> "iorw".indexOf(letter)), 0);
}

const roundings = ["rne", "rtz", "rdn", "rup", "rmm", "", "", "dyn"];

/** How a result is rounded (unprivileged ISA, "F" extension). */
function rounding(cursor: Cursor): number {
  const { kind, text } = cursor.peek();
  const found = kind === "name" ? roundings.indexOf(text) : -1;
  if (found < 0)
    throw cursor.wrong("a rounding mode is missing", "Write rne, rtz, rdn, rup, rmm or dyn, or leave it out.");
  cursor.take();
  return found;
}

/** Conversions that are exact; GNU as encodes them as rounding to nearest. */
const exact = ["fcvt.d.s", "fcvt.d.w", "fcvt.d.wu"];
const nearestEven = 0;
const dynamic = 7;

function number(cursor: Cursor, scope: Scope, operand: Late["operand"]): Late {
  const first = cursor.peek();
  let modifier: Modifier | undefined;
  if (first.kind === "modifier") {
    const allowed: readonly Modifier[] = operand.kind === "upper" ? ["%hi", "%pcrel_hi"] : ["%lo", "%pcrel_lo"];
    modifier = allowed.find((name) => name === first.text);
    if (modifier === undefined || operand.kind === "target") {
      const known = modifiers.includes(first.text);
      throw new Mistake(
        first.place,
        known ? `${first.text} can't stand here` : `there is no ${first.text}`,
        operand.kind === "target" ? "Write the address itself." : `Take ${allowed.join(" or ")}.`,
      );
    }
    cursor.take();
    cursor.expect("(", `Write ${modifier}(symbol).`);
  }
  const expression = parseExpression(cursor, scope);
  if (modifier !== undefined) cursor.expect(")", "Close the bracket.");
  const end = cursor.statement.text.slice(first.place.at, cursor.position).replace(/[\s,]+$/, "").length;
  return { operand, expression, modifier, place: { ...first.place, length: Math.max(1, end) } };
}

/** Whether `(register)` is next: an offset of 0 needn't be written. */
function bareAddress(cursor: Cursor): boolean {
  const position = cursor.position;
  const found = cursor.accept("(") && isRegister(cursor.take()) && cursor.accept(")");
  cursor.back(position);
  return found;
}

const isRegister = ({ kind, text }: Token): boolean => kind === "name" && integerRegisters.has(text);

function piece(cursor: Cursor, scope: Scope, wanted: SyntaxPiece, inBrackets: boolean, into: OperandsInMaking): void {
  switch (wanted.kind) {
    case "mark":
      if (wanted.text === "(" && !into.afterNumber && cursor.peek().text === "0") cursor.take();
      cursor.expect(wanted.text, "");
      return;
    case "register":
    case "float":
      into.numbers[wanted.field] = register(cursor, wanted.kind);
      return;
    case "fixed": {
      const { place, text } = cursor.peek();
      if (integerRegisters.get(text) !== integerRegisters.get(wanted.name)) {
        throw new Mistake(place, `only ${wanted.name} can stand here`, `Write ${wanted.name}.`);
      }
      cursor.take();
      return;
    }
    case "csr":
      into.numbers[wanted.field] = csr(cursor, scope);
      return;
    case "order":
      into.numbers[wanted.field] = (into.numbers[wanted.field] ?? 0) | (order(cursor) << wanted.shift);
      return;
    case "rounding":
      into.numbers[wanted.field] = rounding(cursor);
      return;
    case "immediate":
      if (inBrackets && bareAddress(cursor)) {
        into.numbers[wanted.field] = 0;
        return;
      }
      into.late.push(number(cursor, scope, wanted));
      return;
    case "upper":
    case "target":
      into.late.push(number(cursor, scope, wanted));
  }
}

interface OperandsInMaking {
  numbers: Partial<Record<Field, number>>;
  late: Late[];
  afterNumber: boolean;
}

/**
 * Reads operands as a form has them.
 * @throws Mistake where they are otherwise
 */
export function parseOperands(cursor: Cursor, { pieces, name, syntax }: Form, scope: Scope): Operands {
  const made: OperandsInMaking = { numbers: {}, late: [], afterNumber: false };
  const usage = syntax === "" ? `${name} takes no operands.` : `It is written "${name} ${syntax}".`;
  try {
    for (const [index, wanted] of pieces.entries()) {
      const next = pieces[index + 1];
      if (next?.kind === "rounding" && cursor.done) {
        made.numbers[next.field] = exact.includes(name) ? nearestEven : dynamic;
        break;
      }
      piece(cursor, scope, wanted, next?.kind === "mark" && next.text === "(", made);
      made.afterNumber = wanted.kind === "immediate";
    }
    cursor.end(usage);
  } catch (thrown) {
    if (thrown instanceof Mistake && thrown.hint === "") throw new Mistake(thrown.place, thrown.message, usage);
    throw thrown;
  }
  return made;
}
