import { SqlError, type Cell, type Column, type ColumnType, type Expression, type Statement } from "./syntax.js";

export interface Table {
  readonly columns: readonly Column[];
  rows: Cell[][];
  /** The next number of its serial columns. */
  next: number;
}

/** What a statement gives. */
export interface Result {
  /** As CommandComplete has it: "INSERT 0 1". */
  readonly tag: string;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[] | undefined;
  readonly rows: readonly (readonly Cell[])[];
}

const version = "PostgreSQL 16.4 (virtlab's subset)";

const missing = (table: string): SqlError => new SqlError(`relation "${table}" does not exist`, "42P01");

/** Tables, and statements on them; three-valued logic as SQL's, with null for unknown. */
export class Database {
  readonly tables: Map<string, Table> = new Map();

  run(statement: Statement): Result {
    const done = (tag: string): Result => ({ tag, columns: undefined, rows: [] });
    switch (statement.kind) {
      case "create": {
        const { table, columns, lax } = statement;
        if (this.tables.has(table)) {
          if (!lax) throw new SqlError(`relation "${table}" already exists`, "42P07");
          return done("CREATE TABLE");
        }
        const twice = columns.find(({ name }, at) => columns.findIndex((one) => one.name === name) !== at);
        if (twice !== undefined) throw new SqlError(`column "${twice.name}" specified more than once`, "42701");
        this.tables.set(table, { columns, rows: [], next: 1 });
        return done("CREATE TABLE");
      }
      case "drop":
        if (!this.tables.delete(statement.table) && !statement.lax)
          throw new SqlError(`table "${statement.table}" does not exist`, "42P01");
        return done("DROP TABLE");
      case "insert":
        return done(`INSERT 0 ${this.#insert(statement)}`);
      case "select":
        return this.#select(statement);
      case "update": {
        const table = this.#table(statement.table);
        const targets = statement.set.map(({ name, to }) => ({ at: placeOf(table, name, statement.table), to }));
        let count = 0;
        const rows = table.rows.map((row) => {
          if (!selects(statement.where, table, row)) return row;
          count++;
          const changed = [...row];
          for (const { at, to } of targets) changed[at] = fitted(table.columns[at], evaluate(to, table, row));
          return changed;
        });
        check(table, rows, statement.table);
        table.rows = rows;
        return done(`UPDATE ${count}`);
      }
      case "delete": {
        const table = this.#table(statement.table);
        const kept = table.rows.filter((row) => !selects(statement.where, table, row));
        const count = table.rows.length - kept.length;
        table.rows = kept;
        return done(`DELETE ${count}`);
      }
    }
  }

  #table(name: string): Table {
    const table = this.tables.get(name);
    if (table === undefined) throw missing(name);
    return table;
  }

  #insert({ table: name, columns, rows }: Extract<Statement, { readonly kind: "insert" }>): number {
    const table = this.#table(name);
    const places = columns?.map((one) => placeOf(table, one, name)) ?? table.columns.map((_, at) => at);
    let { next } = table;
    const added = rows.map((row) => {
      if (row.length > places.length) throw new SqlError("INSERT has more expressions than target columns");
      if (columns !== undefined && row.length < places.length)
        throw new SqlError("INSERT has more target columns than expressions");
      const cells: Cell[] = table.columns.map(({ serial }, at) =>
        serial && !places.slice(0, row.length).includes(at) ? next++ : null,
      );
      for (const [at, expression] of row.entries()) {
        const place = places[at] ?? 0;
        cells[place] = fitted(table.columns[place], evaluate(expression, undefined, []));
      }
      return cells;
    });
    // A sequence gives no number twice, even where the statement fails.
    table.next = next;
    const all = [...table.rows, ...added];
    check(table, all, name);
    table.rows = all;
    return added.length;
  }

  #select(statement: Extract<Statement, { readonly kind: "select" }>): Result {
    const { outputs, table: name, where, order, limit } = statement;
    const table = name === undefined ? undefined : this.#table(name);
    if (table === undefined && outputs === undefined)
      throw new SqlError("SELECT * with no tables specified is not valid");
    let rows = table === undefined ? [[]] : table.rows.filter((row) => selects(where, table, row));
    const counts = outputs?.some(({ of }) => of.kind === "count") === true;
    const chosen =
      outputs ??
      (table?.columns ?? []).map((one) => ({ of: { kind: "column", name: one.name } as const, name: one.name }));
    const columns = chosen.map(({ of, name: title }) => ({ name: title, type: typeOf(of, table) }));
    if (counts) {
      const stray = chosen.find(({ of }) => of.kind === "column");
      if (stray !== undefined)
        throw new SqlError(
          `column "${name ?? ""}.${stray.name}" must appear in the GROUP BY clause or be used in an aggregate function`,
          "42803",
        );
      const row = chosen.map(({ of }) => (of.kind === "count" ? rows.length : evaluate(of, undefined, [])));
      return { tag: "SELECT 1", columns, rows: [row] };
    }
    if (order.length > 0)
      rows = rows.toSorted((a, b) => {
        for (const { by, descending } of order) {
          const sign = compare(evaluate(by, table, a), evaluate(by, table, b));
          if (sign !== 0) return descending ? -sign : sign;
        }
        return 0;
      });
    const shown = rows.slice(0, limit).map((row) => chosen.map(({ of }) => evaluate(of, table, row)));
    return { tag: `SELECT ${shown.length}`, columns, rows: shown };
  }
}

function placeOf(table: Table, name: string, of: string): number {
  const at = table.columns.findIndex((one) => one.name === name);
  if (at < 0) throw new SqlError(`column "${name}" of relation "${of}" does not exist`, "42703");
  return at;
}

/** Nulls come last. */
function compare(a: Cell, b: Cell): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  return a < b ? -1 : a > b ? 1 : 0;
}

const selects = (where: Expression | undefined, table: Table, row: readonly Cell[]): boolean =>
  where === undefined || evaluate(where, table, row) === true;

function typeOf(of: Expression, table: Table | undefined): ColumnType {
  switch (of.kind) {
    case "column":
      return table?.columns.find(({ name }) => name === of.name)?.type ?? "text";
    case "count":
      return "integer";
    case "version":
      return "text";
    case "value":
      return typeof of.value === "number"
        ? Number.isInteger(of.value)
          ? "integer"
          : "numeric"
        : typeof of.value === "boolean"
          ? "boolean"
          : "text";
    case "minus":
      return typeOf(of.of, table);
    case "binary":
      return "+-*/%".includes(of.operator) ? typeOf(of.left, table) : of.operator === "||" ? "text" : "boolean";
    case "not":
    case "null":
    case "notnull":
      return "boolean";
  }
}

/** A value as a column holds it. @throws SqlError 22P02 where it can't be one */
function fitted(column: Column | undefined, value: Cell): Cell {
  if (column === undefined || value === null) return value;
  const wrong = (): never => {
    throw new SqlError(`invalid input syntax for type ${column.type}: "${String(value)}"`, "22P02");
  };
  switch (column.type) {
    case "text":
      return String(value);
    case "integer":
    case "numeric": {
      const number = typeof value === "string" && /^\s*-?\d+(\.\d+)?\s*$/.test(value) ? Number(value) : value;
      if (typeof number !== "number") return wrong();
      return column.type === "integer" ? Math.round(number) : number;
    }
    case "boolean":
      if (typeof value === "boolean") return value;
      if (/^(?:t|true|yes|on|1)$/i.test(String(value))) return true;
      return /^(?:f|false|no|off|0)$/i.test(String(value)) ? false : wrong();
  }
}

function check(table: Table, rows: readonly (readonly Cell[])[], name: string): void {
  for (const [at, column] of table.columns.entries()) {
    if (column.notNull && rows.some((row) => row[at] === null))
      throw new SqlError(
        `null value in column "${column.name}" of relation "${name}" violates not-null constraint`,
        "23502",
      );
    if (!column.primary) continue;
    const seen = new Set<Cell>();
    for (const row of rows) {
      const value = row[at] ?? null;
      if (seen.has(value)) throw new SqlError(`duplicate key value violates unique constraint "${name}_pkey"`, "23505");
      seen.add(value);
    }
  }
}

function evaluate(of: Expression, table: Table | undefined, row: readonly Cell[]): Cell {
  switch (of.kind) {
    case "value":
      return of.value;
    case "version":
      return version;
    case "count":
      throw new SqlError("aggregate functions are not allowed here", "42803");
    case "column": {
      const at = table?.columns.findIndex(({ name }) => name === of.name) ?? -1;
      if (at < 0) throw new SqlError(`column "${of.name}" does not exist`, "42703");
      return row[at] ?? null;
    }
    case "null":
      return evaluate(of.of, table, row) === null;
    case "notnull":
      return evaluate(of.of, table, row) !== null;
    case "not": {
      const value = evaluate(of.of, table, row);
      return value === null ? null : value !== true;
    }
    case "minus":
      return calculate("-", 0, evaluate(of.of, table, row));
    case "binary": {
      const left = evaluate(of.left, table, row);
      const right = evaluate(of.right, table, row);
      if (of.operator === "and")
        return left === false || right === false ? false : left === null || right === null ? null : true;
      if (of.operator === "or")
        return left === true || right === true ? true : left === null || right === null ? null : false;
      return calculate(of.operator, left, right);
    }
  }
}

function calculate(operator: string, left: Cell, right: Cell): Cell {
  if (left === null || right === null) return null;
  if (operator === "||") return String(left) + String(right);
  if (operator === "like") {
    const quote = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
    return new RegExp(`^${quote(String(right)).replaceAll("%", ".*").replaceAll("_", ".")}$`, "s").test(String(left));
  }
  if (/^(?:[=<>]|<>|<=|>=)$/.test(operator)) {
    // A text beside a number is a number, as an untyped literal is.
    const [a, b] = typeof left === typeof right ? [left, right] : [Number(left), Number(right)];
    if (Number.isNaN(a) || Number.isNaN(b))
      throw new SqlError(`invalid input syntax for type integer: "${String(Number.isNaN(a) ? left : right)}"`, "22P02");
    const sign = compare(a, b);
    return (
      { "=": sign === 0, "<>": sign !== 0, "<": sign < 0, ">": sign > 0, "<=": sign <= 0, ">=": sign >= 0 }[operator] ??
      null
    );
  }
  const [a, b] = [Number(left), Number(right)];
  if (Number.isNaN(a) || Number.isNaN(b))
    throw new SqlError(`operator does not exist: ${typeof left} ${operator} ${typeof right}`, "42883");
  if ((operator === "/" || operator === "%") && b === 0) throw new SqlError("division by zero", "22012");
  const whole = Number.isInteger(a) && Number.isInteger(b);
  return { "+": a + b, "-": a - b, "*": a * b, "/": whole ? Math.trunc(a / b) : a / b, "%": a % b }[operator] ?? null;
}
