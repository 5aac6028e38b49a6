import type { Activity } from "../../../core/index.js";
import { AF_INET, AF_UNIX, attempt, Errno, getaddrinfo, SOCK_STREAM } from "../../../os/index.js";
import { Failure, type Command, type Invocation } from "../../program/command.js";
import { decode } from "../../program/encoding.js";
import { readAll, writeAll } from "../../program/streams.js";
import { int32, message, MessageReader, protocolVersion, readInt32, text, textsOf } from "./protocol.js";
import { socketPath } from "./server.js";

interface Connection {
  readonly fd: number;
  readonly reader: MessageReader;
}

/** What an ErrorResponse says. */
const fieldsOf = (body: Uint8Array): Readonly<Record<string, string>> =>
  Object.fromEntries(
    textsOf(body)
      .filter((one) => one !== "")
      .map((one) => [one.slice(0, 1), one.slice(1)]),
  );

/** @returns why there is no connection, in libpq's words */
function* connect(it: Invocation): Activity<Connection | string> {
  const { sys } = it;
  const host = it.value("h") ?? it.variable("PGHOST");
  const port = Number(it.value("p") ?? it.variable("PGPORT") ?? 5432);
  const user = it.value("U") ?? it.variable("PGUSER") ?? "postgres";
  let fd: number;
  let where: string;
  if (host === undefined) {
    where = `connection to server on socket "${socketPath}" failed`;
    fd = yield* sys.socket(AF_UNIX, SOCK_STREAM);
    const outcome = yield* attempt(sys.connect(fd, socketPath));
    if (outcome instanceof Errno)
      return `${where}: ${outcome.message}\n\tIs the server running locally and accepting connections on that socket?`;
  } else {
    const found = yield* getaddrinfo(sys, host);
    if ("code" in found) return `could not translate host name "${host}" to address: Name or service not known`;
    where = `connection to server at "${host}" (${found[0] ?? ""}), port ${port} failed`;
    fd = yield* sys.socket(AF_INET, SOCK_STREAM);
    const outcome = yield* attempt(sys.connect(fd, { address: found[0] ?? "", port }));
    if (outcome instanceof Errno)
      return `${where}: ${outcome.message}\n\tIs the server running on that host and accepting TCP/IP connections?`;
  }
  const reader = new MessageReader(sys, fd);
  const database = it.value("d") ?? it.operands[0] ?? user;
  const parameters = ["user", user, "database", database, ""].map(text);
  yield* writeAll(sys, fd, message("", int32(protocolVersion), ...parameters));
  for (;;) {
    const answer = yield* reader.next();
    if (answer === undefined) return `${where}: server closed the connection unexpectedly`;
    if (answer.type === "Z") return { fd, reader };
    if (answer.type === "E") return `${where}: FATAL:  ${fieldsOf(answer.body)["M"] ?? ""}`;
    if (answer.type !== "R" || readInt32(answer.body, 0) !== 3) continue;
    const password = it.variable("PGPASSWORD");
    if (password === undefined) return `${where}: fe_sendauth: no password supplied`;
    yield* writeAll(sys, fd, message("p", text(password)));
  }
}

interface Field {
  readonly name: string;
  readonly right: boolean;
}

function fieldsOfRow(body: Uint8Array): Field[] {
  const fields: Field[] = [];
  const view = new DataView(body.buffer, body.byteOffset);
  const count = view.getInt16(0);
  for (let at = 2, n = 0; n < count; n++) {
    const end = body.indexOf(0, at);
    // Numbers stand to the right: int4, numeric.
    fields.push({ name: decode(body.subarray(at, end)), right: [23, 1700].includes(view.getInt32(end + 7)) });
    at = end + 19;
  }
  return fields;
}

function cellsOf(body: Uint8Array): string[] {
  const cells: string[] = [];
  const view = new DataView(body.buffer, body.byteOffset);
  for (let at = 2, n = 0; n < view.getInt16(0); n++) {
    const length = view.getInt32(at);
    cells.push(length < 0 ? "" : decode(body.subarray(at + 4, at + 4 + length)));
    at += 4 + Math.max(0, length);
  }
  return cells;
}

/** A table as psql draws it. */
function table(it: Invocation, fields: readonly Field[], rows: readonly (readonly string[])[]): string {
  const footer = `(${rows.length} row${rows.length === 1 ? "" : "s"})\n`;
  if (it.has("A")) {
    const lines = [...(it.has("t") ? [] : [fields.map(({ name }) => name)]), ...rows].map(
      (row) => `${row.join("|")}\n`,
    );
    return lines.join("") + (it.has("t") ? "" : footer);
  }
  const widths = fields.map(({ name }, at) =>
    Math.max(it.has("t") ? 0 : name.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const centred = (name: string, width: number): string => {
    const left = Math.floor((width - name.length) / 2);
    return " ".repeat(left) + name.padEnd(width - left);
  };
  const head = fields.map(({ name }, at) => ` ${centred(name, widths[at] ?? 0)} `).join("|");
  const rule = widths.map((width) => "-".repeat(width + 2)).join("+");
  const lines = rows.map((row) =>
    row
      .map((cell, at) => {
        const last = at === row.length - 1;
        return ` ${fields[at]?.right === true ? cell.padStart(widths[at] ?? 0) : last ? cell : cell.padEnd(widths[at] ?? 0)}${last ? "" : " "}`;
      })
      .join("|"),
  );
  return it.has("t") ? `${lines.join("\n")}\n\n` : `${[head, rule, ...lines].join("\n")}\n${footer}\n`;
}

function* query(it: Invocation, { fd, reader }: Connection, sql: string): Activity<boolean> {
  yield* writeAll(it.sys, fd, message("Q", text(sql)));
  let fields: readonly Field[] = [];
  let rows: string[][] = [];
  let fine = true;
  for (;;) {
    const answer = yield* reader.next();
    if (answer === undefined) throw new Failure("server closed the connection unexpectedly", 2);
    if (answer.type === "Z") return fine;
    if (answer.type === "T") {
      fields = fieldsOfRow(answer.body);
      rows = [];
    } else if (answer.type === "D") rows.push(cellsOf(answer.body));
    else if (answer.type === "C") {
      const tag = textsOf(answer.body)[0] ?? "";
      if (tag.startsWith("SELECT")) it.out.put(table(it, fields, rows));
      else if (!it.has("q")) it.out.put(`${tag}\n`);
    } else if (answer.type === "E") {
      fine = false;
      yield* it.tell(`ERROR:  ${fieldsOf(answer.body)["M"] ?? ""}`);
    }
  }
}

function* psql(it: Invocation): Activity<number> {
  const connection = yield* connect(it);
  if (typeof connection === "string") {
    yield* it.tell(`psql: error: ${connection}`);
    return 2;
  }
  let fine = true;
  const given = it.options.filter(({ name }) => name === "c" || name === "f");
  for (const { name, value = "" } of given) {
    const sql = name === "c" ? value : yield* it.readText(value);
    fine = sql !== undefined && (yield* query(it, connection, sql));
    if (!fine) break;
  }
  if (given.length === 0) {
    // Each statement for itself: an error doesn't keep the next ones from being tried.
    const sql = decode(yield* readAll(it.sys, 0));
    for (const one of sql.match(/(?:'[^']*'|[^;'])+;?/g) ?? [])
      if (one.trim() !== "" && one.trim() !== "\\q") yield* query(it, connection, one);
  }
  yield* writeAll(it.sys, connection.fd, message("X"));
  return fine ? 0 : 1;
}

function* isReady(it: Invocation): Activity<number> {
  const host = it.value("h") ?? it.variable("PGHOST");
  const port = it.value("p") ?? "5432";
  const connection = yield* connect(it);
  const refused = typeof connection === "string" && !/FATAL|no password/.test(connection);
  if (!it.has("q"))
    it.out.put(`${host ?? "/var/run/postgresql"}:${port} - ${refused ? "no response" : "accepting connections"}\n`);
  return refused ? 2 : 0;
}

const connectionOptions = [
  { short: "h", long: "host", argument: "HOSTNAME", help: "database server host or socket directory" },
  { short: "p", long: "port", argument: "PORT", help: "database server port" },
  { short: "U", long: "username", argument: "USERNAME", help: "database user name" },
  { short: "d", long: "dbname", argument: "DBNAME", help: "database name to connect to: there is one" },
  { short: "q", long: "quiet", help: "run quietly" },
];

export const postgresClients: readonly Command[] = [
  {
    name: "psql",
    usage: ["[OPTION]... [DBNAME [USERNAME]]"],
    about: "psql is the PostgreSQL interactive terminal; here it reads statements, not meta-commands.",
    options: [
      ...connectionOptions,
      { short: "c", long: "command", argument: "COMMAND", help: "run only single command (SQL) and exit" },
      { short: "f", long: "file", argument: "FILENAME", help: "execute commands from file, then exit" },
      { short: "t", long: "tuples-only", help: "print rows only" },
      { short: "A", long: "no-align", help: "unaligned table output mode" },
    ],
    memory: 5_000_000,
    run: psql,
  },
  {
    name: "pg_isready",
    usage: ["[OPTION]..."],
    about: "Issue a connection check to a PostgreSQL database.",
    options: connectionOptions,
    run: isReady,
  },
];
