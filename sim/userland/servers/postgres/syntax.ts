/** A mistake in a statement, or of the data, with its SQLSTATE. */
export class SqlError extends Error {
  override readonly name = "SqlError";
  readonly code: string;

  constructor(message: string, code = "42601") {
    super(message);
    this.code = code;
  }
}

export type Cell = string | number | boolean | null;

export type Expression =
  | { readonly kind: "value"; readonly value: Cell }
  | { readonly kind: "column"; readonly name: string }
  | { readonly kind: "count" }
  | { readonly kind: "version" }
  | { readonly kind: "not" | "null" | "notnull" | "minus"; readonly of: Expression }
  | { readonly kind: "binary"; readonly operator: string; readonly left: Expression; readonly right: Expression };

export type ColumnType = "integer" | "text" | "boolean" | "numeric";

export interface Column {
  readonly name: string;
  readonly type: ColumnType;
  readonly serial: boolean;
  readonly notNull: boolean;
  readonly primary: boolean;
}

export type Statement =
  | { readonly kind: "create"; readonly table: string; readonly columns: readonly Column[]; readonly lax: boolean }
  | { readonly kind: "drop"; readonly table: string; readonly lax: boolean }
  | {
      readonly kind: "insert";
      readonly table: string;
      readonly columns: readonly string[] | undefined;
      readonly rows: readonly (readonly Expression[])[];
    }
  | {
      readonly kind: "select";
      /** Undefined for `*`. */
      readonly outputs: readonly { readonly of: Expression; readonly name: string }[] | undefined;
      readonly table: string | undefined;
      readonly where: Expression | undefined;
      readonly order: readonly { readonly by: Expression; readonly descending: boolean }[];
      readonly limit: number | undefined;
    }
  | {
      readonly kind: "update";
      readonly table: string;
      readonly set: readonly { readonly name: string; readonly to: Expression }[];
      readonly where: Expression | undefined;
    }
  | { readonly kind: "delete"; readonly table: string; readonly where: Expression | undefined };

interface Token {
  readonly kind: "word" | "quoted" | "text" | "number" | "sign" | "end";
  readonly text: string;
}

function tokensOf(sql: string): Token[] {
  const tokens: Token[] = [];
  const pattern =
    /\s+|--[^\n]*|([A-Za-z_]\w*)|"((?:[^"]|"")*)"|'((?:[^']|'')*)'|(\d+\.?\d*|\.\d+)|(<>|!=|<=|>=|\|\||[-+*/%=<>(),;.])|(.)/gs;
  for (const [, word, quoted, text, number, sign, strange] of sql.matchAll(pattern)) {
    if (word !== undefined) tokens.push({ kind: "word", text: word.toLowerCase() });
    else if (quoted !== undefined) tokens.push({ kind: "quoted", text: quoted.replaceAll('""', '"') });
    else if (text !== undefined) tokens.push({ kind: "text", text: text.replaceAll("''", "'") });
    else if (number !== undefined) tokens.push({ kind: "number", text: number });
    else if (sign !== undefined) tokens.push({ kind: "sign", text: sign });
    else if (strange === "'" || strange === '"')
      throw new SqlError(`unterminated quoted ${strange === "'" ? "string" : "identifier"} at or near "${strange}"`);
    else if (strange !== undefined) throw new SqlError(`syntax error at or near "${strange}"`);
  }
  return tokens;
}

/** Names of types, and what they are here. */
const types: Readonly<Record<string, ColumnType>> = {
  ...{ int: "integer", integer: "integer", bigint: "integer", smallint: "integer", serial: "integer" },
  ...{ bigserial: "integer", text: "text", varchar: "text", character: "text", char: "text" },
  ...{ boolean: "boolean", bool: "boolean", numeric: "numeric", decimal: "numeric", real: "numeric" },
};

const precedence: Readonly<Record<string, number>> = {
  ...{ or: 1, and: 2, "=": 4, "<>": 4, "!=": 4, "<": 4, ">": 4, "<=": 4, ">=": 4, like: 4 },
  ...{ "||": 5, "+": 6, "-": 6, "*": 7, "/": 7, "%": 7 },
};

class Parser {
  readonly #tokens: readonly Token[];
  #place = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  get #next(): Token {
    return this.#tokens[this.#place] ?? { kind: "end", text: "" };
  }

  #fail(): never {
    const { kind, text } = this.#next;
    throw new SqlError(kind === "end" ? "syntax error at end of input" : `syntax error at or near "${text}"`);
  }

  /** Takes these words or signs where they come next. */
  #take(...words: readonly string[]): boolean {
    const fits = words.every((word, at) => {
      const token = this.#tokens[this.#place + at];
      return token !== undefined && (token.kind === "word" || token.kind === "sign") && token.text === word;
    });
    if (fits) this.#place += words.length;
    return fits;
  }

  #demand(...words: readonly string[]): void {
    for (const word of words) if (!this.#take(word)) this.#fail();
  }

  #name(): string {
    const token = this.#next;
    if (token.kind !== "word" && token.kind !== "quoted") this.#fail();
    this.#place++;
    return token.text;
  }

  #list<T>(one: () => T): T[] {
    const all = [one()];
    while (this.#take(",")) all.push(one());
    return all;
  }

  statement(): Statement {
    const statement = this.#statement();
    if (this.#next.kind !== "end") this.#fail();
    return statement;
  }

  #statement(): Statement {
    if (this.#take("select")) return this.#select();
    if (this.#take("create", "table")) {
      const lax = this.#take("if", "not", "exists");
      const table = this.#name();
      this.#demand("(");
      const columns = this.#list(() => this.#column());
      this.#demand(")");
      return { kind: "create", table, columns, lax };
    }
    if (this.#take("drop", "table")) {
      const lax = this.#take("if", "exists");
      return { kind: "drop", table: this.#name(), lax };
    }
    if (this.#take("insert", "into")) {
      const table = this.#name();
      let columns: string[] | undefined;
      if (this.#take("(")) {
        columns = this.#list(() => this.#name());
        this.#demand(")");
      }
      this.#demand("values");
      const rows = this.#list(() => {
        this.#demand("(");
        const row = this.#list(() => this.#expression(0));
        this.#demand(")");
        return row;
      });
      return { kind: "insert", table, columns, rows };
    }
    if (this.#take("update")) {
      const table = this.#name();
      this.#demand("set");
      const set = this.#list(() => {
        const name = this.#name();
        this.#demand("=");
        return { name, to: this.#expression(0) };
      });
      return { kind: "update", table, set, where: this.#where() };
    }
    if (this.#take("delete", "from")) return { kind: "delete", table: this.#name(), where: this.#where() };
    const { kind, text } = this.#next;
    const known = ["begin", "commit", "rollback", "alter", "grant", "create", "drop", "with", "explain", "copy", "set"];
    if (kind === "word" && known.includes(text))
      throw new SqlError(`${text.toUpperCase()} is not supported by this server's subset of SQL`, "0A000");
    return this.#fail();
  }

  #column(): Column {
    const name = this.#name();
    const given = this.#name();
    const type = types[given];
    if (type === undefined) throw new SqlError(`type "${given}" does not exist`, "42704");
    if (this.#take("(")) {
      while (!this.#take(")")) if (this.#place++ >= this.#tokens.length) this.#fail();
    }
    let [notNull, primary] = [false, false];
    for (;;) {
      if (this.#take("primary", "key")) primary = notNull = true;
      else if (this.#take("not", "null")) notNull = true;
      else if (!this.#take("null")) break;
    }
    return { name, type, serial: given.endsWith("serial"), notNull, primary };
  }

  #select(): Statement {
    let outputs: { of: Expression; name: string }[] | undefined;
    if (!this.#take("*"))
      outputs = this.#list(() => {
        const of = this.#expression(0);
        const plain =
          of.kind === "column" ? of.name : of.kind === "count" || of.kind === "version" ? of.kind : "?column?";
        return { of, name: this.#take("as") ? this.#name() : plain };
      });
    const table = this.#take("from") ? this.#name() : undefined;
    const where = this.#where();
    const order = this.#take("order", "by")
      ? this.#list(() => {
          const by = this.#expression(0);
          const descending = this.#take("desc");
          if (!descending) this.#take("asc");
          return { by, descending };
        })
      : [];
    let limit: number | undefined;
    if (this.#take("limit")) {
      const { kind, text } = this.#next;
      if (kind !== "number") this.#fail();
      this.#place++;
      limit = Number(text);
    }
    return { kind: "select", outputs, table, where, order, limit };
  }

  #where(): Expression | undefined {
    return this.#take("where") ? this.#expression(0) : undefined;
  }

  #expression(least: number): Expression {
    let left = this.#operand();
    for (;;) {
      if (this.#take("is", "not", "null")) left = { kind: "notnull", of: left };
      else if (this.#take("is", "null")) left = { kind: "null", of: left };
      else {
        const { kind, text } = this.#next;
        const level = kind === "word" || kind === "sign" ? precedence[text] : undefined;
        if (level === undefined || level <= least) return left;
        this.#place++;
        left = { kind: "binary", operator: text === "!=" ? "<>" : text, left, right: this.#expression(level) };
      }
    }
  }

  #operand(): Expression {
    if (this.#take("(")) {
      const inner = this.#expression(0);
      this.#demand(")");
      return inner;
    }
    if (this.#take("not")) return { kind: "not", of: this.#expression(3) };
    if (this.#take("-")) return { kind: "minus", of: this.#expression(8) };
    if (this.#take("count", "(", "*", ")")) return { kind: "count" };
    if (this.#take("version", "(", ")")) return { kind: "version" };
    if (this.#take("null")) return { kind: "value", value: null };
    if (this.#take("true")) return { kind: "value", value: true };
    if (this.#take("false")) return { kind: "value", value: false };
    const { kind, text } = this.#next;
    if (kind === "number" || kind === "text") {
      this.#place++;
      return { kind: "value", value: kind === "number" ? Number(text) : text };
    }
    return { kind: "column", name: this.#name() };
  }
}

/** A text's statements, each with its words. @throws SqlError */
export function parseSql(sql: string): readonly { readonly statement: Statement; readonly tokens: readonly Token[] }[] {
  const all: { statement: Statement; tokens: Token[] }[] = [];
  let tokens: Token[] = [];
  for (const token of [...tokensOf(sql), { kind: "sign", text: ";" } as const]) {
    if (token.kind !== "sign" || token.text !== ";") tokens.push(token);
    else if (tokens.length > 0) {
      all.push({ statement: new Parser(tokens).statement(), tokens });
      tokens = [];
    }
  }
  return all;
}
