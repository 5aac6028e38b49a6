import { parse, type ArithmeticExpression } from "unbash";
import { ShellError } from "./state.js";

/** Variables, as arithmetic sees them. */
export interface Names {
  get(name: string): string | undefined;
  set(name: string, value: string): void;
}

const parsed = new Map<string, ArithmeticExpression | undefined>();
const remembered = 1000;

function expressionOf(text: string): ArithmeticExpression | undefined {
  if (parsed.has(text)) return parsed.get(text);
  const script = parse(`((${text}\n))`);
  const command = script.commands[0]?.command;
  const expression = command?.type === "ArithmeticCommand" && !script.errors ? command.expression : undefined;
  if (parsed.size >= remembered) parsed.clear();
  parsed.set(text, expression);
  return expression;
}

const wrap = (value: bigint): bigint => BigInt.asIntN(64, value);

/**
 * The value of an arithmetic expression whose expansions are done, POSIX 2.6.4: signed 64 bits, as in C.
 * @throws ShellError in dash's words
 */
export function evaluate(text: string, names: Names): string {
  const simple = text.trim();
  if (simple === "") throw new ShellError(`arithmetic expression: expecting primary: "${text}"`);
  const expression = expressionOf(text);
  const fail = (what: string): ShellError => new ShellError(`arithmetic expression: ${what}: "${text}"`);
  if (expression === undefined) throw fail("syntax error");
  return String(new Evaluation(names, fail).value(expression));
}

class Evaluation {
  readonly #names: Names;
  readonly #fail: (what: string) => ShellError;

  constructor(names: Names, fail: (what: string) => ShellError) {
    this.#names = names;
    this.#fail = fail;
  }

  value(node: ArithmeticExpression): bigint {
    switch (node.type) {
      case "ArithmeticGroup":
        return this.value(node.expression);
      case "ArithmeticTernary":
        return this.value(node.test) === 0n ? this.value(node.alternate) : this.value(node.consequent);
      case "ArithmeticUnary":
        return this.#unary(node.operator, node.operand, node.prefix);
      case "ArithmeticBinary":
        return this.#binary(node.operator, node.left, node.right);
      case "ArithmeticWord":
        return this.#word(node.value.trim());
      case "ArithmeticCommandExpansion":
        throw this.#fail("expecting primary");
    }
  }

  #word(word: string): bigint {
    if (/^[A-Za-z_]\w*$/.test(word)) {
      const value = (this.#names.get(word) ?? "").trim();
      return value === "" ? 0n : this.#number(value, () => new ShellError(`Illegal number: ${value}`));
    }
    return this.#number(word, () => this.#fail("expecting primary"));
  }

  /** strtoimax(3) with base 0: too large a number is the largest. */
  #number(text: string, fail: () => ShellError): bigint {
    const [, sign, digits] = /^([-+]?)(0[xX][\da-fA-F]+|\d+)$/.exec(text) ?? [];
    if (digits === undefined) throw fail();
    const octal = /^0\d/.test(digits);
    if (octal && /[89]/.test(digits)) throw fail();
    const value = BigInt(octal ? `0o${digits.replace(/^0+(?=.)/, "")}` : digits);
    const signed = sign === "-" ? -value : value;
    const [least, greatest] = [-(1n << 63n), (1n << 63n) - 1n];
    return signed > greatest ? greatest : signed < least ? least : signed;
  }

  #nameOf(node: ArithmeticExpression): string {
    const name = node.type === "ArithmeticWord" ? node.value.trim() : "";
    if (!/^[A-Za-z_]\w*$/.test(name)) throw this.#fail("expecting primary");
    return name;
  }

  #assign(name: string, value: bigint): bigint {
    this.#names.set(name, String(value));
    return value;
  }

  #unary(operator: string, operand: ArithmeticExpression, prefix: boolean): bigint {
    switch (operator) {
      case "-":
        return wrap(-this.value(operand));
      case "+":
        return this.value(operand);
      case "!":
        return this.value(operand) === 0n ? 1n : 0n;
      case "~":
        return ~this.value(operand);
      case "++":
      case "--": {
        const before = this.value(operand);
        const after = this.#assign(this.#nameOf(operand), wrap(before + (operator === "++" ? 1n : -1n)));
        return prefix ? after : before;
      }
      default:
        throw this.#fail("syntax error");
    }
  }

  #binary(operator: string, left: ArithmeticExpression, right: ArithmeticExpression): bigint {
    if (operator === "&&") return this.value(left) !== 0n && this.value(right) !== 0n ? 1n : 0n;
    if (operator === "||") return this.value(left) !== 0n || this.value(right) !== 0n ? 1n : 0n;
    if (operator === "=") return this.#assign(this.#nameOf(left), this.value(right));
    if (/^(?:[-+*/%&^|]|<<|>>)=$/.test(operator)) {
      const name = this.#nameOf(left);
      return this.#assign(name, this.#calculate(operator.slice(0, -1), this.value(left), this.value(right)));
    }
    return this.#calculate(operator, this.value(left), this.value(right));
  }

  #calculate(operator: string, a: bigint, b: bigint): bigint {
    switch (operator) {
      case "+":
        return wrap(a + b);
      case "-":
        return wrap(a - b);
      case "*":
        return wrap(a * b);
      case "/":
      case "%":
        if (b === 0n) throw this.#fail("division by zero");
        return wrap(operator === "/" ? a / b : a % b);
      case "<<":
        return wrap(a << (b & 63n));
      case ">>":
        return a >> (b & 63n);
      case "&":
        return a & b;
      case "|":
        return a | b;
      case "^":
        return a ^ b;
      case "<":
        return a < b ? 1n : 0n;
      case "<=":
        return a <= b ? 1n : 0n;
      case ">":
        return a > b ? 1n : 0n;
      case ">=":
        return a >= b ? 1n : 0n;
      case "==":
        return a === b ? 1n : 0n;
      case "!=":
        return a === b ? 0n : 1n;
      default:
        throw this.#fail("syntax error");
    }
  }
}
