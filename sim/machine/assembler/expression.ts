import { encodeUtf8 } from "../../core/index.js";
import { numberOf, type Cursor, type Token } from "./cursor.js";
import { fixedDistance, type AsmSymbol, type Expression, type Position } from "./model.js";
import { Mistake } from "./problem.js";
import type { Place } from "./statement.js";

/** How tightly operators bind, as in GNU as ("Infix Operators"); higher is tighter. */
const ranks: Readonly<Record<string, number>> = {
  "*": 6, "/": 6, "%": 6, "<<": 6, ">>": 6,
  "|": 5, "&": 5, "^": 5, "!": 5,
  "+": 4, "-": 4,
  "==": 3, "!=": 3, "<>": 3, "<": 3, ">": 3, "<=": 3, ">=": 3,
  "&&": 2,
  "||": 1,
}; // prettier-ignore

/** What parsing an expression needs beside its tokens. */
export interface Scope {
  readonly symbols: {
    /** What a name means here. */
    mention(name: string): AsmSymbol;
    /** What `1b` or `1f` means here. */
    numbered(text: string, place: Place): AsmSymbol;
    /** A name for one place, used once. */
    anonymous(at: Position): AsmSymbol;
  };
  /** What `.` stands for. */
  here(): Position;
}

/** Whether an expression could begin with the token. */
function beginsExpression({ kind, text }: Token): boolean {
  return ["name", "number", "local"].includes(kind) || (kind === "sign" && ["(", "-", "+", "~", "!"].includes(text));
}

/** @throws Mistake where there is no expression */
export function parseExpression(cursor: Cursor, scope: Scope, rank = 1): Expression {
  let left = parsePrimary(cursor, scope);
  for (;;) {
    const token = cursor.peek();
    const found = token.kind === "sign" || token.kind === "modifier" ? ranks[token.text] : undefined;
    if (found === undefined || found < rank) return left;
    cursor.take();
    left = {
      kind: "binary",
      operator: token.text,
      left,
      right: parseExpression(cursor, scope, found + 1),
      place: token.place,
    };
  }
}

function parsePrimary(cursor: Cursor, scope: Scope): Expression {
  const token = cursor.peek();
  if (!beginsExpression(token)) {
    throw cursor.wrong("a number or a name is missing", "Write a number, a symbol or an expression of them.");
  }
  cursor.take();
  const { kind, text, place } = token;
  if (kind === "number") return { kind: "number", value: numberOf(token, encodeUtf8) };
  if (kind === "local") return { kind: "symbol", symbol: scope.symbols.numbered(text, place), place };
  if (kind === "name") {
    const symbol = text === "." ? scope.symbols.anonymous(scope.here()) : scope.symbols.mention(text);
    return { kind: "symbol", symbol, place };
  }
  if (text === "(") {
    const inner = parseExpression(cursor, scope);
    cursor.expect(")", "Close the bracket.");
    return inner;
  }
  return { kind: "unary", operator: text, operand: parsePrimary(cursor, scope) };
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);
const bare = (value: bigint): bigint => BigInt.asUintN(64, value);
const one = (condition: boolean): bigint => (condition ? 1n : 0n);
/** True is all ones, as in GNU as. */
const all = (condition: boolean): bigint => (condition ? -1n : 0n);

function unary(operator: string, operand: bigint): bigint {
  switch (operator) {
    case "-":
      return wrap(-operand);
    case "~":
      return ~operand;
    case "!":
      return one(operand === 0n);
    default:
      return operand;
  }
}

const operators: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
  "<<": (a, b) => (bare(b) > 63n ? 0n : a << b),
  ">>": (a, b) => (bare(b) > 63n ? 0n : bare(a) >> b),
  "|": (a, b) => a | b,
  "&": (a, b) => a & b,
  "^": (a, b) => a ^ b,
  "!": (a, b) => a | ~b,
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "==": (a, b) => all(a === b),
  "!=": (a, b) => all(a !== b),
  "<>": (a, b) => all(a !== b),
  "<": (a, b) => all(a < b),
  ">": (a, b) => all(a > b),
  "<=": (a, b) => all(a <= b),
  ">=": (a, b) => all(a >= b),
  "&&": (a, b) => one(a !== 0n && b !== 0n),
  "||": (a, b) => one(a !== 0n || b !== 0n),
};

function binary(operator: string, left: bigint, right: bigint, place: Place): bigint {
  if ((operator === "/" || operator === "%") && right === 0n) {
    throw new Mistake(place, "a division by zero", "Divide by something else.");
  }
  return wrap(operators[operator]?.(left, right) ?? 0n);
}

/** The expression's number, when each symbol has one. */
export function evaluateExpression(
  expression: Expression,
  valueOf: (symbol: AsmSymbol, place: Place) => bigint,
): bigint {
  switch (expression.kind) {
    case "number":
      return wrap(expression.value);
    case "symbol":
      return valueOf(expression.symbol, expression.place);
    case "unary":
      return unary(expression.operator, evaluateExpression(expression.operand, valueOf));
    case "binary": {
      const { operator, left, right, place } = expression;
      return binary(operator, evaluateExpression(left, valueOf), evaluateExpression(right, valueOf), place);
    }
  }
}

/** A number, counted from a place where there is one. */
interface Known {
  readonly from: Position | undefined;
  readonly number: bigint;
}

/** What an expression is as far as it is known before addresses are; undefined if that is nothing. */
function known(expression: Expression, depth = 0): Known | undefined {
  if (depth > 500) return undefined;
  switch (expression.kind) {
    case "number":
      return { from: undefined, number: wrap(expression.value) };
    case "symbol": {
      const { definition } = expression.symbol;
      if (definition === undefined) return undefined;
      return definition.kind === "place" ? { from: definition.at, number: 0n } : known(definition.value, depth + 1);
    }
    case "unary": {
      const operand = known(expression.operand, depth + 1);
      if (operand === undefined || operand.from !== undefined) return undefined;
      return { from: undefined, number: unary(expression.operator, operand.number) };
    }
    case "binary": {
      const left = known(expression.left, depth + 1);
      const right = known(expression.right, depth + 1);
      if (left === undefined || right === undefined) return undefined;
      const { operator, place } = expression;
      if (left.from === undefined && right.from === undefined) {
        return { from: undefined, number: binary(operator, left.number, right.number, place) };
      }
      if (left.from !== undefined && right.from !== undefined) {
        const apart = fixedDistance(right.from, left.from);
        if (apart === undefined || operator === "+") return undefined;
        return { from: undefined, number: binary(operator, BigInt(apart) + left.number, right.number, place) };
      }
      if (operator === "+") return { from: left.from ?? right.from, number: wrap(left.number + right.number) };
      if (operator === "-" && right.from === undefined)
        return { from: left.from, number: wrap(left.number - right.number) };
      return undefined;
    }
  }
}

/** The expression's number where it is known before any address is. */
export function constantNow(expression: Expression): bigint | undefined {
  const value = known(expression);
  return value?.from === undefined ? value?.number : undefined;
}

/** The place that an expression names, and how far behind it, where that is known before addresses are. */
export function positionNow(expression: Expression): { readonly at: Position; readonly plus: bigint } | undefined {
  const value = known(expression);
  return value?.from === undefined ? undefined : { at: value.from, plus: value.number };
}
