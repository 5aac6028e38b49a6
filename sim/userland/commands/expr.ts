import { Failure } from "../program/command.js";
import { posixExpression } from "./basic-expressions.js";

/** The value of an expr(1) expression. @throws Failure of status 2 for a wrong one */
export function evaluateExpr(words: readonly string[]): string {
  const parser = new Parser(words);
  const value = parser.or();
  if (parser.rest !== undefined) throw new Failure(`syntax error: unexpected argument '${parser.rest}'`, 2);
  return value;
}

const isTrue = (text: string): boolean => text !== "" && !/^-?0+$/.test(text);
const isInteger = (text: string): boolean => /^-?\d+$/.test(text);

class Parser {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  get rest(): string | undefined {
    return this.#words[this.#at];
  }

  #take(...operators: readonly string[]): string | undefined {
    const { rest } = this;
    if (rest === undefined || !operators.includes(rest)) return undefined;
    this.#at++;
    return rest;
  }

  or(): string {
    let left = this.#and();
    while (this.#take("|") !== undefined) {
      const right = this.#and();
      left = isTrue(left) ? left : isTrue(right) ? right : "0";
    }
    return left;
  }

  #and(): string {
    let left = this.#comparison();
    while (this.#take("&") !== undefined) {
      const right = this.#comparison();
      left = isTrue(left) && isTrue(right) ? left : "0";
    }
    return left;
  }

  #comparison(): string {
    let left = this.#sum();
    for (;;) {
      const operator = this.#take("<", "<=", "=", "==", "!=", ">=", ">");
      if (operator === undefined) return left;
      const right = this.#sum();
      const order =
        isInteger(left) && isInteger(right)
          ? Number(BigInt(left) > BigInt(right)) - Number(BigInt(left) < BigInt(right))
          : Number(left > right) - Number(left < right);
      const holds =
        operator === "<"
          ? order < 0
          : operator === "<="
            ? order <= 0
            : operator === ">"
              ? order > 0
              : operator === ">="
                ? order >= 0
                : (order === 0) === (operator !== "!=");
      left = holds ? "1" : "0";
    }
  }

  #sum(): string {
    let left = this.#product();
    for (;;) {
      const operator = this.#take("+", "-");
      if (operator === undefined) return left;
      const [a, b] = integers(left, this.#product());
      left = String(operator === "+" ? a + b : a - b);
    }
  }

  #product(): string {
    let left = this.#match();
    for (;;) {
      const operator = this.#take("*", "/", "%");
      if (operator === undefined) return left;
      const [a, b] = integers(left, this.#match());
      if (operator !== "*" && b === 0n) throw new Failure("division by zero", 2);
      left = String(operator === "*" ? a * b : operator === "/" ? a / b : a % b);
    }
  }

  #match(): string {
    let left = this.#primary();
    while (this.#take(":") !== undefined) left = match(left, this.#primary());
    return left;
  }

  #primary(): string {
    const word = this.rest;
    if (word === undefined) throw new Failure(`syntax error: missing argument after '${this.#words.at(-1) ?? ""}'`, 2);
    this.#at++;
    switch (word) {
      case "(": {
        const value = this.or();
        if (this.#take(")") === undefined) throw new Failure("syntax error: expecting ')'", 2);
        return value;
      }
      case "+":
        return this.#words[this.#at++] ?? "";
      case "length":
        return String(Array.from(this.#primary()).length);
      case "match":
        return match(this.#primary(), this.#primary());
      case "index": {
        const [text, set] = [this.#primary(), this.#primary()];
        return String(Array.from(text).findIndex((one) => set.includes(one)) + 1);
      }
      case "substr": {
        const [text, from, length] = [this.#primary(), Number(this.#primary()), Number(this.#primary())];
        return from >= 1 && length > 0 ? text.slice(from - 1, from - 1 + length) : "";
      }
      default:
        return word;
    }
  }
}

function integers(left: string, right: string): readonly [bigint, bigint] {
  if (!isInteger(left) || !isInteger(right)) throw new Failure("non-integer argument", 2);
  return [BigInt(left), BigInt(right)];
}

/** Anchored at the beginning; the first group's text, or how much matched. */
function match(text: string, pattern: string): string {
  const expression = posixExpression(pattern, false);
  const found = new RegExp(`^(?:${expression.source})`, expression.flags).exec(text);
  const grouped = pattern.includes("\\(");
  if (found === null) return grouped ? "" : "0";
  return grouped ? (found[1] ?? "") : String(Array.from(found[0]).length);
}
