import { ExpressionParser } from "./expressions.js";
import { tokens } from "./lexer.js";
import type { AwkFunction, Expression, Program, Redirection, Rule, Statement } from "./syntax.js";

/** A program's tree. @throws AwkSyntaxError */
export function parse(text: string): Program {
  return new Parser(tokens(text)).program();
}

/** Rules, functions and statements. */
class Parser extends ExpressionParser {
  program(): Program {
    const begin: Statement[] = [];
    const end: Statement[] = [];
    const rules: Rule[] = [];
    const functions = new Map<string, AwkFunction>();
    for (;;) {
      this.blankLines();
      if (this.token.kind === "end") return { begin, rules, end, functions };
      if (this.takes("BEGIN")) begin.push(this.#block());
      else if (this.takes("END")) end.push(this.#block());
      else if (this.takes("function")) {
        const made = this.#function();
        functions.set(made.name, made);
      } else rules.push(this.#rule());
    }
  }

  #function(): AwkFunction {
    const name = this.name();
    this.demand("(");
    const parameters: string[] = [];
    while (!this.takes(")")) {
      parameters.push(this.name());
      if (this.takes(",")) this.newlines();
      else if (!this.is(")")) this.fail();
    }
    this.newlines();
    return { name, parameters, body: this.#block() };
  }

  #rule(): Rule {
    if (this.is("{")) return { begin: undefined, end: undefined, body: this.#block() };
    const begin = this.expression();
    let end: Expression | undefined;
    if (this.takes(",")) {
      this.newlines();
      end = this.expression();
    }
    return { begin, end, body: this.is("{") ? this.#block() : undefined };
  }

  #block(): Statement {
    this.demand("{");
    const body: Statement[] = [];
    this.blankLines();
    while (!this.takes("}")) {
      body.push(this.#statement());
      this.blankLines();
    }
    return { kind: "block", body };
  }

  #endsStatement(): boolean {
    const { kind } = this.token;
    return kind === "newline" || kind === "end" || this.is(";") || this.is("}");
  }

  /** Where a statement without braces ends. */
  #finish(): void {
    if (this.is("}") || this.token.kind === "end") return;
    if (this.token.kind !== "newline" && !this.is(";")) this.fail();
    this.at++;
  }

  #body(): Statement {
    this.newlines();
    if (this.takes(";")) return { kind: "block", body: [] };
    return this.#statement();
  }

  #statement(): Statement {
    const { text } = this.token;
    if (this.token.kind !== "keyword") {
      if (this.is("{")) return this.#block();
      const made = this.#simple();
      this.#finish();
      return made;
    }
    switch (text) {
      case "if": {
        this.at++;
        const test = this.#condition();
        const yes = this.#body();
        const here = this.at;
        this.blankLines();
        if (this.takes("else")) return { kind: "if", test, yes, no: this.#body() };
        this.at = here;
        return { kind: "if", test, yes, no: undefined };
      }
      case "while":
        this.at++;
        return { kind: "while", test: this.#condition(), body: this.#body() };
      case "do": {
        this.at++;
        const body = this.#body();
        this.blankLines();
        this.demand("while");
        const test = this.#condition();
        this.#finish();
        return { kind: "do", test, body };
      }
      case "for":
        this.at++;
        return this.#for();
      case "next":
      case "nextfile":
      case "break":
      case "continue":
        this.at++;
        this.#finish();
        return { kind: text };
      case "exit":
      case "return": {
        this.at++;
        const value = this.#endsStatement() ? undefined : this.expression();
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
    this.demand("(");
    const test = this.expression();
    this.demand(")");
    return test;
  }

  #for(): Statement {
    this.demand("(");
    const [name, word, array, close] = [0, 1, 2, 3].map((ahead) => this.peek(ahead));
    if (
      name?.kind === "name" &&
      word?.text === "in" &&
      word.kind === "keyword" &&
      array?.kind === "name" &&
      close?.text === ")"
    ) {
      this.at += 4;
      return { kind: "each", name: name.text, array: array.text, body: this.#body() };
    }
    const first = this.is(";") ? undefined : this.#simple();
    this.demand(";");
    this.newlines();
    const test = this.is(";") ? undefined : this.expression();
    this.demand(";");
    this.newlines();
    const step = this.is(")") ? undefined : this.#simple();
    this.demand(")");
    return { kind: "for", first, test, step, body: this.#body() };
  }

  /** A statement that may stand in the head of a for. */
  #simple(): Statement {
    if (this.takes("delete")) {
      const array = this.name();
      return { kind: "delete", array, subscripts: this.takes("[") ? this.list("]") : undefined };
    }
    if (this.is("print") || this.is("printf")) return this.#print();
    return { kind: "evaluate", value: this.expression() };
  }

  #print(): Statement {
    const kind = this.is("print") ? "print" : "printf";
    this.at++;
    const before = this.printing;
    this.printing = true;
    let values: readonly Expression[] = [];
    if (this.#groups()) {
      this.at++;
      this.printing = false;
      values = this.list(")");
    } else if (!this.#endsPrint()) {
      const made = [this.expression()];
      while (this.takes(",")) {
        this.newlines();
        made.push(this.expression());
      }
      values = made;
    }
    this.printing = true;
    let redirection: Redirection | undefined;
    const operator = ([">", ">>", "|"] as const).find((one) => this.takes(one));
    if (operator !== undefined) redirection = { operator, to: this.expression() };
    this.printing = before;
    if (kind === "printf" && values.length === 0) this.fail();
    return { kind, values, redirection };
  }

  #endsPrint(): boolean {
    const { kind } = this.token;
    return kind === "newline" || kind === "end" || [";", "}", ">", ">>", "|"].some((one) => this.is(one));
  }

  /** Whether the parentheses that begin here hold all that is printed: `print (a, b) > file`. */
  #groups(): boolean {
    if (!this.is("(")) return false;
    let depth = 0;
    for (let ahead = 0; ; ahead++) {
      const { kind, text } = this.peek(ahead);
      if (kind === "end") return false;
      if (kind !== "operator") continue;
      if (text === "(") depth++;
      if (text !== ")" || --depth > 0) continue;
      const next = this.peek(ahead + 1);
      if (next.kind === "newline" || next.kind === "end") return true;
      return next.kind === "operator" && [";", "}", ">", ">>", "|"].includes(next.text);
    }
  }
}
