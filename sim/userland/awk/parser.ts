import { tokens, type Token } from "./lexer.js";
import {
  AwkSyntaxError,
  type AwkFunction,
  type Expression,
  type Program,
  type Redirection,
  type Rule,
  type Statement,
  type Target,
} from "./syntax.js";

const assignments = new Set(["=", "+=", "-=", "*=", "/=", "%=", "^="]);
const relations = new Set(["<", "<=", "==", "!=", ">", ">="]);

/** A program's tree. @throws AwkSyntaxError */
export function parse(text: string): Program {
  return new Parser(tokens(text)).program();
}

/** Recursive descent; each level of precedence is a method, the loosest first: XCU, awk, "Expressions in Decreasing Precedence". */
class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;
  /** Where `>` sends a print's output and `in` belongs to a for, they are no operators. */
  #printing = false;

  constructor(all: readonly Token[]) {
    this.#tokens = all;
  }

  program(): Program {
    const [begin, end]: Statement[][] = [[], []];
    const rules: Rule[] = [];
    const functions = new Map<string, AwkFunction>();
    for (;;) {
      this.#blankLines();
      if (this.#token.kind === "end") return { begin: begin ?? [], rules, end: end ?? [], functions };
      if (this.#takes("BEGIN")) begin?.push(this.#block());
      else if (this.#takes("END")) end?.push(this.#block());
      else if (this.#takes("function")) {
        const made = this.#function();
        functions.set(made.name, made);
      } else rules.push(this.#rule());
    }
  }

  get #token(): Token {
    return this.#peek(0);
  }

  #peek(ahead: number): Token {
    return this.#tokens[this.#at + ahead] ?? { kind: "end", text: "", line: 0 };
  }

  #is(text: string): boolean {
    const { kind, text: word } = this.#token;
    return (kind === "operator" || kind === "keyword") && word === text;
  }

  #takes(text: string): boolean {
    if (!this.#is(text)) return false;
    this.#at++;
    return true;
  }

  #demand(text: string): void {
    if (!this.#takes(text)) this.#fail();
  }

  #fail(): never {
    const { kind, text, line } = this.#token;
    const near = kind === "end" ? "end of file" : kind === "newline" ? "end of line" : text;
    throw new AwkSyntaxError(`line ${line}: syntax error at or near ${near}`);
  }

  #newlines(): void {
    while (this.#token.kind === "newline") this.#at++;
  }

  #blankLines(): void {
    while (this.#token.kind === "newline" || this.#is(";")) this.#at++;
  }

  #name(): string {
    const { kind, text } = this.#token;
    if (kind !== "name" && kind !== "call") this.#fail();
    this.#at++;
    return text;
  }

  #function(): AwkFunction {
    const name = this.#name();
    this.#demand("(");
    const parameters: string[] = [];
    while (!this.#takes(")")) {
      parameters.push(this.#name());
      if (this.#takes(",")) this.#newlines();
      else if (!this.#is(")")) this.#fail();
    }
    this.#newlines();
    return { name, parameters, body: this.#block() };
  }

  #rule(): Rule {
    if (this.#is("{")) return { begin: undefined, end: undefined, body: this.#block() };
    const begin = this.#expression();
    let end: Expression | undefined;
    if (this.#takes(",")) {
      this.#newlines();
      end = this.#expression();
    }
    return { begin, end, body: this.#is("{") ? this.#block() : undefined };
  }

  #block(): Statement {
    this.#demand("{");
    const body: Statement[] = [];
    for (this.#blankLines(); !this.#takes("}"); this.#blankLines()) body.push(this.#statement());
    return { kind: "block", body };
  }

  /** Where a statement without braces ends. */
  #finish(): void {
    if (this.#is("}") || this.#token.kind === "end") return;
    if (this.#token.kind !== "newline" && !this.#is(";")) this.#fail();
    this.#at++;
  }

  #body(): Statement {
    this.#newlines();
    if (this.#takes(";")) return { kind: "block", body: [] };
    return this.#statement();
  }

  #statement(): Statement {
    const { text } = this.#token;
    if (this.#token.kind !== "keyword") {
      if (this.#is("{")) return this.#block();
      const made = this.#simple();
      this.#finish();
      return made;
    }
    switch (text) {
      case "if": {
        this.#at++;
        const test = this.#condition();
        const yes = this.#body();
        const here = this.#at;
        this.#blankLines();
        if (this.#takes("else")) return { kind: "if", test, yes, no: this.#body() };
        this.#at = here;
        return { kind: "if", test, yes, no: undefined };
      }
      case "while":
        this.#at++;
        return { kind: "while", test: this.#condition(), body: this.#body() };
      case "do": {
        this.#at++;
        const body = this.#body();
        this.#blankLines();
        this.#demand("while");
        const test = this.#condition();
        this.#finish();
        return { kind: "do", test, body };
      }
      case "for":
        this.#at++;
        return this.#for();
      case "next":
      case "nextfile":
      case "break":
      case "continue":
        this.#at++;
        this.#finish();
        return { kind: text };
      case "exit":
      case "return": {
        this.#at++;
        const ends = this.#token.kind === "newline" || this.#is(";") || this.#is("}") || this.#token.kind === "end";
        const value = ends ? undefined : this.#expression();
        this.#finish();
        return { kind: text, value };
      }
      default: {
        const made = this.#simple();
        this.#finish();
        return made;
      }
    }
  }

  #condition(): Expression {
    this.#demand("(");
    const test = this.#expression();
    this.#demand(")");
    return test;
  }

  #for(): Statement {
    this.#demand("(");
    const [name, word, array, close] = [0, 1, 2, 3].map((ahead) => this.#peek(ahead));
    if (name?.kind === "name" && word?.text === "in" && word.kind === "keyword" && array?.kind === "name" && close?.text === ")") {
      this.#at += 4;
      return { kind: "each", name: name.text, array: array.text, body: this.#body() };
    }
    const first = this.#is(";") ? undefined : this.#simple();
    this.#demand(";");
    this.#newlines();
    const test = this.#is(";") ? undefined : this.#expression();
    this.#demand(";");
    this.#newlines();
    const step = this.#is(")") ? undefined : this.#simple();
    this.#demand(")");
    return { kind: "for", first, test, step, body: this.#body() };
  }

  /** A statement that may stand in the head of a for. */
  #simple(): Statement {
    if (this.#takes("delete")) {
      const array = this.#name();
      return { kind: "delete", array, subscripts: this.#takes("[") ? this.#list("]") : undefined };
    }
    if (this.#is("print") || this.#is("printf")) return this.#print();
    return { kind: "evaluate", value: this.#expression() };
  }

  #print(): Statement {
    const kind = this.#is("print") ? "print" : "printf";
    this.#at++;
    const before = this.#printing;
    this.#printing = true;
    let values: readonly Expression[] = [];
    if (this.#groups()) {
      this.#at++;
      this.#printing = false;
      values = this.#list(")");
    } else if (!this.#endsPrint()) {
      const made = [this.#expression()];
      while (this.#takes(",")) {
        this.#newlines();
        made.push(this.#expression());
      }
      values = made;
    }
    this.#printing = true;
    let redirection: Redirection | undefined;
    const operator = ([">", ">>", "|"] as const).find((one) => this.#takes(one));
    if (operator !== undefined) redirection = { operator, to: this.#expression() };
    this.#printing = before;
    if (kind === "printf" && values.length === 0) this.#fail();
    return { kind, values, redirection };
  }

  #endsPrint(): boolean {
    const { kind } = this.#token;
    return kind === "newline" || kind === "end" || [";", "}", ">", ">>", "|"].some((one) => this.#is(one));
  }

  /** Whether the parentheses that begin here hold all that is printed: `print (a, b) > file`. */
  #groups(): boolean {
    if (!this.#is("(")) return false;
    let depth = 0;
    for (let ahead = 0; ; ahead++) {
      const { kind, text } = this.#peek(ahead);
      if (kind === "end") return false;
      if (kind !== "operator") continue;
      if (text === "(") depth++;
      if (text !== ")" || --depth > 0) continue;
      const next = this.#peek(ahead + 1);
      if (next.kind === "newline" || next.kind === "end") return true;
      return next.kind === "operator" && [";", "}", ">", ">>", "|"].includes(next.text);
    }
  }

  /** Expressions up to what closes the list. */
  #list(close: string): Expression[] {
    const before = this.#printing;
    this.#printing = false;
    const values: Expression[] = [];
    this.#newlines();
    while (!this.#takes(close)) {
      values.push(this.#expression());
      this.#newlines();
      if (this.#takes(",")) this.#newlines();
      else if (!this.#is(close)) this.#fail();
    }
    this.#printing = before;
    return values;
  }

  #expression(): Expression {
    const test = this.#or();
    const { text, kind } = this.#token;
    if (kind === "operator" && assignments.has(text)) {
      const target = asTarget(test);
      if (target === undefined) this.#fail();
      this.#at++;
      this.#newlines();
      return { kind: "assign", operator: text, target, value: this.#expression() };
    }
    if (!this.#takes("?")) return test;
    this.#newlines();
    const yes = this.#expression();
    this.#newlines();
    this.#demand(":");
    this.#newlines();
    return { kind: "choose", test, yes, no: this.#expression() };
  }

  #or(): Expression {
    let left = this.#and();
    while (this.#takes("||")) {
      this.#newlines();
      left = { kind: "logic", operator: "||", left, right: this.#and() };
    }
    return left;
  }

  #and(): Expression {
    let left = this.#in();
    while (this.#takes("&&")) {
      this.#newlines();
      left = { kind: "logic", operator: "&&", left, right: this.#in() };
    }
    return left;
  }

  #in(): Expression {
    let left = this.#match();
    while (this.#takes("in")) left = { kind: "in", subscripts: [left], array: this.#name() };
    return left;
  }

  #match(): Expression {
    let left = this.#relation();
    for (;;) {
      const not = this.#is("!~");
      if (!not && !this.#is("~")) return left;
      this.#at++;
      left = { kind: "match", not, left, right: this.#relation() };
    }
  }

  #relation(): Expression {
    const left = this.#concatenation();
    const { kind, text } = this.#token;
    if (kind !== "operator" || !relations.has(text) || (text === ">" && this.#printing)) return left;
    this.#at++;
    return { kind: "binary", operator: text, left, right: this.#concatenation() };
  }

  #concatenation(): Expression {
    let left = this.#sum();
    for (;;) {
      if (this.#is("|") && this.#peek(1).text === "getline" && this.#peek(1).kind === "keyword") {
        this.#at += 2;
        left = { kind: "getline", from: "command", source: left, target: this.#optionalTarget() };
      } else if (this.#beginsOperand()) left = { kind: "binary", operator: " ", left, right: this.#sum() };
      else return left;
    }
  }

  #beginsOperand(): boolean {
    const { kind, text } = this.#token;
    if (kind === "operator") return ["$", "!", "(", "++", "--"].includes(text);
    return ["number", "string", "expression", "name", "call", "builtin"].includes(kind);
  }

  #sum(): Expression {
    let left = this.#product();
    for (;;) {
      const operator = ["+", "-"].find((one) => this.#takes(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#product() };
    }
  }

  #product(): Expression {
    let left = this.#unary();
    for (;;) {
      const operator = ["*", "/", "%"].find((one) => this.#takes(one));
      if (operator === undefined) return left;
      left = { kind: "binary", operator, left, right: this.#unary() };
    }
  }

  #unary(): Expression {
    const operator = (["!", "-", "+"] as const).find((one) => this.#takes(one));
    return operator === undefined ? this.#power() : { kind: "unary", operator, operand: this.#unary() };
  }

  #power(): Expression {
    const base = this.#stepped();
    if (!this.#takes("^")) return base;
    // Its right side may have a sign, and groups to the right.
    return { kind: "binary", operator: "^", left: base, right: this.#unary() };
  }

  #stepped(): Expression {
    for (const [word, by] of [["++", 1] as const, ["--", -1] as const])
      if (this.#takes(word)) {
        const target = asTarget(this.#stepped());
        if (target === undefined) this.#fail();
        return { kind: "step", by, before: true, target };
      }
    const value = this.#primary();
    const target = asTarget(value);
    if (target !== undefined) {
      if (this.#takes("++")) return { kind: "step", by: 1, before: false, target };
      if (this.#takes("--")) return { kind: "step", by: -1, before: false, target };
    }
    return value;
  }

  #optionalTarget(): Target | undefined {
    return this.#token.kind === "name" || this.#is("$") ? asTarget(this.#primary()) : undefined;
  }

  #primary(): Expression {
    const { kind, text } = this.#token;
    this.#at++;
    switch (kind) {
      case "number":
        return { kind, value: Number(text) };
      case "string":
        return { kind, value: text };
      case "expression":
        return { kind, pattern: text };
      case "name":
        return this.#takes("[") ? { kind: "element", array: text, subscripts: this.#list("]") } : { kind, name: text };
      case "call":
        this.#demand("(");
        return { kind, name: text, values: this.#list(")") };
      case "builtin":
        if (this.#takes("(")) return { kind, name: text, values: this.#list(")") };
        if (text !== "length") this.#fail();
        return { kind, name: text, values: [] };
      case "keyword":
        if (text === "getline") {
          const target = this.#optionalTarget();
          if (!this.#takes("<")) return { kind: "getline", from: "input", source: undefined, target };
          return { kind: "getline", from: "file", source: this.#stepped(), target };
        }
        break;
      case "operator":
        if (text === "$") return { kind: "field", number: this.#fieldNumber() };
        if (text === "(") return this.#grouped();
        break;
      default:
    }
    this.#at--;
    return this.#fail();
  }

  #fieldNumber(): Expression {
    const operator = (["-", "+", "!"] as const).find((one) => this.#takes(one));
    if (operator !== undefined) return { kind: "unary", operator, operand: this.#fieldNumber() };
    return this.#is("++") || this.#is("--") ? this.#stepped() : this.#primary();
  }

  #grouped(): Expression {
    const values = this.#list(")");
    const [inner] = values;
    if (inner === undefined) this.#fail();
    if (values.length === 1) return { kind: "group", inner };
    this.#demand("in");
    return { kind: "in", subscripts: values, array: this.#name() };
  }
}

const asTarget = (value: Expression): Target | undefined =>
  value.kind === "name" || value.kind === "field" || value.kind === "element" ? value : undefined;
