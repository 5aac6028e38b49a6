import type { Token } from "./lexer.js";
import { AwkSyntaxError, type Expression, type Target } from "./syntax.js";

const assignments = new Set(["=", "+=", "-=", "*=", "/=", "%=", "^="]);
const relations = new Set(["<", "<=", "==", "!=", ">", ">="]);

/**
 * Expressions by recursive descent; each level of precedence is a method, the loosest first: XCU, awk, "Expressions in Decreasing
 * Precedence".
 */
export class ExpressionParser {
  readonly #tokens: readonly Token[];
  protected at = 0;
  /** Where `>` sends a print's output, it is no operator. */
  protected printing = false;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  protected get token(): Token {
    return this.peek(0);
  }

  protected peek(ahead: number): Token {
    return this.#tokens[this.at + ahead] ?? { kind: "end", text: "", line: 0 };
  }

  protected is(text: string): boolean {
    const { kind, text: word } = this.token;
    return (kind === "operator" || kind === "keyword") && word === text;
  }

  protected takes(text: string): boolean {
    if (!this.is(text)) return false;
    this.at++;
    return true;
  }

  protected demand(text: string): void {
    if (!this.takes(text)) this.fail();
  }

  protected fail(): never {
    const { kind, text, line } = this.token;
    const near = kind === "end" ? "end of file" : kind === "newline" ? "end of line" : text;
    throw new AwkSyntaxError(`line ${line}: syntax error at or near ${near}`);
  }

  protected newlines(): void {
    while (this.token.kind === "newline") this.at++;
  }

  protected blankLines(): void {
    while (this.token.kind === "newline" || this.is(";")) this.at++;
  }

  protected name(): string {
    const { kind, text } = this.token;
    if (kind !== "name" && kind !== "call") this.fail();
    this.at++;
    return text;
  }

  /** Expressions up to what closes the list. */
  protected list(close: string): Expression[] {
    const before = this.printing;
    this.printing = false;
    const values: Expression[] = [];
    this.newlines();
    while (!this.takes(close)) {
      values.push(this.expression());
      this.newlines();
      if (this.takes(",")) this.newlines();
      else if (!this.is(close)) this.fail();
    }
    this.printing = before;
    return values;
  }

  protected expression(): Expression {
    const test = this.or();
    const { text, kind } = this.token;
    if (kind === "operator" && assignments.has(text)) {
      const target = asTarget(test);
      if (target === undefined) this.fail();
      this.at++;
      this.newlines();
      return { kind: "assign", operator: text, target, value: this.expression() };
    }
    if (!this.takes("?")) return test;
    this.newlines();
    const yes = this.expression();
    this.newlines();
    this.demand(":");
    this.newlines();
    return { kind: "choose", test, yes, no: this.expression() };
  }

  protected or(): Expression {
    let left = this.and();
    while (this.takes("||")) {
      this.newlines();
      left = { kind: "logic", operator: "||", left, right: this.and() };
    }
    return left;
  }

  protected and(): Expression {
    let left = this.in();
    while (this.takes("&&")) {
      this.newlines();
      left = { kind: "logic", operator: "&&", left, right: this.in() };
    }
    return left;
  }

  protected in(): Expression {
    let left = this.match();
    while (this.takes("in")) left = { kind: "in", subscripts: [left], array: this.name() };
    return left;
  }

  protected match(): Expression {
    let left = this.relation();
    for (;;) {
      const not = this.is("!~");
      if (!not && !this.is("~")) return left;
      this.at++;
      left = { kind: "match", not, left, right: this.relation() };
    }
  }

  protected relation(): Expression {
    const left = this.concatenation();
    const { kind, text } = this.token;
    if (kind !== "operator" || !relations.has(text) || (text === ">" && this.printing)) return left;
    this.at++;
    return { kind: "binary", operator: text, left, right: this.concatenation() };
  }

  protected concatenation(): Expression {
    let left = this.sum();
    for (;;) {
      if (this.is("|") && this.peek(1).text === "getline" && this.peek(1).kind === "keyword") {
        this.at += 2;
        left = { kind: "getline", from: "command", source: left, target: this.optionalTarget() };
      } else if (this.beginsOperand()) left = { kind: "binary", operator: " ", left, right: this.sum() };
      else return left;
    }
  }

  protected beginsOperand(): boolean {
    const { kind, text } = this.token;
    if (kind === "operator") return ["$", "!", "(", "++", "--"].includes(text);
    return ["number", "string", "expression", "name", "call", "builtin"].includes(kind);
  }

  protected sum(): Expression {
    let left = this.product();
    for (;;) {
      const operator = ["+", "-"].find((one) => this.takes(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.product() };
    }
  }

  protected product(): Expression {
    let left = this.unary();
    for (;;) {
      const operator = ["*", "/", "%"].find((one) => this.takes(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.unary() };
    }
  }

  protected unary(): Expression {
    const operator = (["!", "-", "+"] as const).find((one) => this.takes(one));
    return operator === undefined ? this.power() : { kind: "unary", operator, operand: this.unary() };
  }

  protected power(): Expression {
    const base = this.stepped();
    if (!this.takes("^")) return base;
    // Its right side may have a sign, and groups to the right.
    return { kind: "binary", operator: "^", left: base, right: this.unary() };
  }

  protected stepped(): Expression {
    for (const [word, by] of [["++", 1] as const, ["--", -1] as const])
      if (this.takes(word)) {
        const target = asTarget(this.stepped());
        if (target === undefined) this.fail();
        return { kind: "step", by, before: true, target };
      }
    const value = this.primary();
    const target = asTarget(value);
    if (target !== undefined) {
      if (this.takes("++")) return { kind: "step", by: 1, before: false, target };
      if (this.takes("--")) return { kind: "step", by: -1, before: false, target };
    }
    return value;
  }

  protected optionalTarget(): Target | undefined {
    return this.token.kind === "name" || this.is("$") ? asTarget(this.primary()) : undefined;
  }

  protected primary(): Expression {
    const { kind, text } = this.token;
    this.at++;
    switch (kind) {
      case "number":
        return { kind, value: Number(text) };
      case "string":
        return { kind, value: text };
      case "expression":
        return { kind, pattern: text };
      case "name":
        return this.takes("[") ? { kind: "element", array: text, subscripts: this.list("]") } : { kind, name: text };
      case "call":
        this.demand("(");
        return { kind, name: text, values: this.list(")") };
      case "builtin":
        if (this.takes("(")) return { kind, name: text, values: this.list(")") };
        if (text !== "length") this.fail();
        return { kind, name: text, values: [] };
      case "keyword":
        if (text === "getline") {
          const target = this.optionalTarget();
          if (!this.takes("<")) return { kind: "getline", from: "input", source: undefined, target };
          return { kind: "getline", from: "file", source: this.stepped(), target };
        }
        break;
      case "operator":
        if (text === "$") return { kind: "field", number: this.fieldNumber() };
        if (text === "(") return this.grouped();
        break;
      case "newline":
      case "end":
        break;
    }
    this.at--;
    return this.fail();
  }

  protected fieldNumber(): Expression {
    const operator = (["-", "+", "!"] as const).find((one) => this.takes(one));
    if (operator !== undefined) return { kind: "unary", operator, operand: this.fieldNumber() };
    return this.is("++") || this.is("--") ? this.stepped() : this.primary();
  }

  protected grouped(): Expression {
    const values = this.list(")");
    const [inner] = values;
    if (inner === undefined) this.fail();
    if (values.length === 1) return { kind: "group", inner };
    this.demand("in");
    return { kind: "in", subscripts: values, array: this.name() };
  }
}

const asTarget = (value: Expression): Target | undefined =>
  value.kind === "name" || value.kind === "field" || value.kind === "element" ? value : undefined;
