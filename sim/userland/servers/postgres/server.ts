import type { Activity, Nanos } from "../../../core/index.js";
import { AF_UNIX, attempt, Errno, POLLIN, SOCK_STREAM, WNOHANG, type Sys } from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { concat, encode } from "../../program/encoding.js";
import { users } from "../../program/names.js";
import { writeAll } from "../../program/streams.js";
import { formatTime } from "../../commands/dates.js";
import { listen } from "../event-loop.js";
import {
  int16,
  int32,
  message,
  MessageReader,
  protocolVersion,
  readInt32,
  sslRequest,
  text,
  textsOf,
  typeIds,
} from "./protocol.js";
import { initialise, readText, Storage } from "./storage.js";
import { parseSql, SqlError, type Cell } from "./syntax.js";

/**
 * Estimates for a server of 2020's: initdb some 0.7 s of CPU time; start-up 40 ms; a backend's birth 1 ms beside the fork; a simple
 * statement 30 µs, as pgbench -S with its 20,000 to 30,000 statements a second and core has it, kernel and client taken off.
 */
const work = {
  initialise: 700_000_000 as Nanos,
  start: 40_000_000 as Nanos,
  backend: 1_000_000 as Nanos,
  statement: 30_000 as Nanos,
  row: 200,
};
/** shared_buffers is 128 MB, of which a new cluster has touched little; a backend's own memory: estimates. */
const sharedMemory = 134_217_728;
const backendMemory = 4_000_000;

export const socketPath = "/var/run/postgresql/.s.PGSQL.5432";

const shown = (cell: Cell): string => (typeof cell === "boolean" ? (cell ? "t" : "f") : String(cell));
const errorMessage = (severity: string, code: string, text_: string): Uint8Array =>
  message("E", text(`S${severity}`), text(`V${severity}`), text(`C${code}`), text(`M${text_}`), Uint8Array.of(0));
const ready = message("Z", encode("I"));

function* note(sys: Sys, level: string, text_: string): Activity<undefined> {
  const now = yield* sys.clock_gettime("CLOCK_REALTIME");
  const millis = String(Math.floor((now / 1e6) % 1000)).padStart(3, "0");
  const head = `${formatTime("%Y-%m-%d %H:%M:%S", now)}.${millis} UTC [${yield* sys.getpid()}] ${level}:  `;
  yield* attempt(writeAll(sys, 2, encode(`${head}${text_}\n`)));
  return undefined;
}

/** One connection's process. */
function* serve(sys: Sys, fd: number, storage: Storage, password: string | undefined): Activity<number> {
  const state = { ended: false };
  for (const signal of ["SIGTERM", "SIGINT", "SIGQUIT"] as const)
    yield* sys.rt_sigaction(signal, function* () {
      state.ended = true;
    });
  yield* sys.compute(work.backend);
  yield* sys.touch(yield* sys.mmap(backendMemory), backendMemory);
  const reader = new MessageReader(sys, fd);
  const send = (...parts: readonly Uint8Array[]): Activity<undefined> => writeAll(sys, fd, concat(parts));
  let first = yield* reader.next(false);
  if (first !== undefined && readInt32(first.body, 0) === sslRequest) {
    yield* send(encode("N"));
    first = yield* reader.next(false);
  }
  if (first === undefined) return 0;
  if (readInt32(first.body, 0) !== protocolVersion) {
    yield* send(errorMessage("FATAL", "0A000", "unsupported frontend protocol"));
    return 1;
  }
  const words = textsOf(first.body.subarray(4));
  const user = words[words.indexOf("user") + 1] ?? "";
  if (password !== undefined) {
    // AuthenticationCleartextPassword: pg_hba.conf's `password`, where the real image has scram-sha-256.
    yield* send(message("R", int32(3)));
    const answer = yield* reader.next();
    if (answer?.type !== "p" || textsOf(answer.body)[0] !== password) {
      yield* send(errorMessage("FATAL", "28P01", `password authentication failed for user "${user}"`));
      yield* note(sys, "FATAL", `password authentication failed for user "${user}"`);
      return 1;
    }
  }
  const pid = yield* sys.getpid();
  yield* send(
    message("R", int32(0)),
    message("S", text("server_version"), text("16.4")),
    message("S", text("client_encoding"), text("UTF8")),
    message("K", int32(pid), int32(pid * 7919)),
    ready,
  );
  for (;;) {
    const asked = yield* attempt(reader.next());
    if (asked instanceof Errno) {
      if (asked.code === "EINTR" && !state.ended) continue;
      if (state.ended)
        yield* attempt(send(errorMessage("FATAL", "57P01", "terminating connection due to administrator command")));
      return 1;
    }
    if (asked === undefined || asked.type === "X") return 0;
    if (asked.type !== "Q") {
      yield* send(errorMessage("ERROR", "0A000", "only simple queries are supported"), ready);
      continue;
    }
    yield* send(...(yield* perform(sys, storage, textsOf(asked.body)[0] ?? "")), ready);
  }
}

/** A query's statements, each for itself: there are no transactions. */
function* perform(sys: Sys, storage: Storage, sql: string): Activity<readonly Uint8Array[]> {
  const parts: Uint8Array[] = [];
  try {
    const statements = parseSql(sql);
    if (statements.length === 0) parts.push(message("I"));
    for (const { statement, tokens } of statements) {
      const { tag, columns, rows } = storage.database.run(statement);
      const touched =
        statement.kind === "create" || statement.kind === "drop"
          ? 0
          : (storage.database.tables.get(statement.table ?? "")?.rows.length ?? 0);
      yield* sys.compute((work.statement + Math.ceil(touched * work.row)) as Nanos);
      if (statement.kind !== "select")
        yield* storage.log(
          sys,
          tokens
            .map(({ kind, text: one }) =>
              kind === "text" ? `'${one.replaceAll("'", "''")}'` : kind === "quoted" ? `"${one}"` : one,
            )
            .join(" "),
        );
      if (columns !== undefined) {
        const fields = columns.map(({ name, type }) =>
          concat([text(name), int32(0), int16(0), int32(typeIds[type]), int16(-1), int32(-1), int16(0)]),
        );
        parts.push(message("T", int16(fields.length), ...fields));
        for (const row of rows) {
          const cells = row.map((cell) => {
            if (cell === null) return int32(-1);
            const bytes = encode(shown(cell));
            return concat([int32(bytes.length), bytes]);
          });
          parts.push(message("D", int16(cells.length), ...cells));
        }
      }
      parts.push(message("C", text(tag)));
    }
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    yield* note(sys, "ERROR", error.message);
    parts.push(errorMessage("ERROR", error.code, error.message));
  }
  return parts;
}

function* postgres(it: Invocation): Activity<number> {
  const { sys } = it;
  if ((yield* sys.geteuid()) === 0) {
    yield* it.tell(
      '"root" execution of the PostgreSQL server is not permitted.\nThe server must be started under an unprivileged user ID to prevent\npossible system security compromise.',
    );
    return 1;
  }
  const directory = it.value("D") ?? it.variable("PGDATA");
  if (directory === undefined) {
    yield* it.tell(
      "postgres does not know where to find the server configuration file.\nYou must specify the --config-file or -D invocation option or set the PGDATA environment variable.",
    );
    return 2;
  }
  yield* sys.compute(work.start);
  const storage = new Storage(directory);
  const replayed = yield* storage.open(sys);
  if (replayed instanceof Errno) {
    yield* it.tell(
      `postgres: could not access directory "${directory}": ${replayed.message}\nRun initdb or pg_basebackup to initialize a PostgreSQL data directory.`,
    );
    return 2;
  }
  const given = yield* readText(sys, `${directory}/global/authentication`);
  const password = given instanceof Errno || given === "" ? undefined : given;
  yield* note(sys, "LOG", "starting PostgreSQL 16.4");
  const port = Number(it.value("p") ?? 5432);
  const tcp = yield* attempt(listen(sys, { address: "0.0.0.0", port }));
  if (tcp instanceof Errno) {
    yield* note(sys, "LOG", `could not bind IPv4 address "0.0.0.0": ${tcp.message}`);
    yield* note(sys, "FATAL", "could not create any TCP/IP sockets");
    return 1;
  }
  yield* note(sys, "LOG", `listening on IPv4 address "0.0.0.0", port ${port}`);
  yield* attempt(sys.unlink(socketPath));
  const local = yield* sys.socket(AF_UNIX, SOCK_STREAM);
  yield* sys.bind(local, socketPath);
  yield* sys.chmod(socketPath, 0o777);
  yield* sys.listen(local, 128);
  yield* note(sys, "LOG", `listening on Unix socket "${socketPath}"`);
  // Shared by all backends, touched as tables grow: these are small.
  yield* sys.touch(yield* sys.mmap(sharedMemory), sharedMemory / 16);
  if (replayed > 0)
    yield* note(sys, "LOG", "database system was not properly shut down; automatic recovery in progress");
  if (replayed > 0) yield* storage.checkpoint(sys);
  let stopping: "no" | "smart" | "fast" = "no";
  yield* sys.rt_sigaction("SIGCHLD", function* () {});
  yield* sys.rt_sigaction("SIGPIPE", "SIG_IGN");
  yield* sys.rt_sigaction("SIGTERM", function* () {
    stopping = "smart";
  });
  yield* sys.rt_sigaction("SIGINT", function* () {
    stopping = "fast";
  });
  const mode = (): "no" | "smart" | "fast" => stopping;
  yield* note(sys, "LOG", "database system is ready to accept connections");
  const backends = new Set<number>();
  let told = false;
  for (;;) {
    for (;;) {
      const ended = yield* attempt(sys.wait4(-1, WNOHANG));
      if (ended instanceof Errno || ended === undefined) break;
      backends.delete(ended.pid);
    }
    if (mode() !== "no") {
      if (!told) {
        told = true;
        yield* note(sys, "LOG", `received ${mode()} shutdown request`);
        if (mode() === "fast") for (const pid of backends) yield* attempt(sys.kill(pid, "SIGTERM"));
      }
      if (backends.size === 0) break;
    }
    const wishes = mode() === "no" ? [tcp, local].map((fd) => ({ fd, events: POLLIN })) : [];
    if (wishes.length === 0) {
      yield* attempt(sys.pause());
      continue;
    }
    const polled = yield* attempt(sys.poll(wishes));
    if (polled instanceof Errno) continue;
    for (const { fd: listener } of polled) {
      const fd = yield* attempt(sys.accept4(listener));
      if (fd instanceof Errno) continue;
      const needed = listener === tcp ? password : undefined;
      backends.add(yield* sys.clone((own) => serve(own, fd, storage, needed)));
      yield* sys.close(fd);
    }
  }
  yield* storage.checkpoint(sys);
  yield* attempt(sys.unlink(socketPath));
  yield* note(sys, "LOG", "database system is shut down");
  return 0;
}

function* initdb(it: Invocation): Activity<number> {
  const { sys } = it;
  if ((yield* sys.geteuid()) === 0) {
    yield* it.tell(
      'initdb: error: cannot be run as root\ninitdb: hint: Please log in (using, e.g., "su") as the (unprivileged) user that will own the server process.',
    );
    return 1;
  }
  const directory = it.value("D") ?? it.operands[0] ?? it.variable("PGDATA");
  if (directory === undefined) {
    yield* it.tell("initdb: error: no data directory specified");
    return 1;
  }
  const uid = yield* sys.geteuid();
  const owner = (yield* users(sys)).find((one) => one.uid === uid)?.name ?? String(uid);
  it.out.put(
    `The files belonging to this database system will be owned by user "${owner}".\nThis user must also own the server process.\n\n`,
  );
  const file = it.value("pwfile");
  const password = file === undefined ? "" : yield* readText(sys, file);
  yield* attempt(sys.mkdir(directory, 0o700));
  const outcome = yield* attempt(
    initialise(sys, directory, password instanceof Errno ? "" : (password.split("\n")[0] ?? "")),
  );
  if (outcome instanceof Errno) {
    const why =
      outcome.code === "EEXIST"
        ? `directory "${directory}" exists but is not empty`
        : `could not access directory "${directory}": ${outcome.message}`;
    yield* it.tell(`initdb: error: ${why}`);
    return 1;
  }
  yield* sys.compute(work.initialise);
  it.out.put("Success. You can now start the database server using:\n\n");
  it.out.put(`    pg_ctl -D ${directory} -l logfile start\n\n`);
  return 0;
}

const dataOption = { short: "D", long: "pgdata", argument: "DATADIR", help: "database directory" };

/** One database and its users' one password; a subset of SQL (syntax.ts); the log and the files are not PostgreSQL's own. */
export const postgresCommands: readonly Command[] = [
  {
    name: "postgres",
    usage: ["[OPTION]..."],
    about: "PostgreSQL-like server: simple queries on one database.",
    options: [dataOption, { short: "p", argument: "PORT", help: "port number to listen on" }],
    memory: 15_000_000,
    run: postgres,
  },
  {
    name: "initdb",
    usage: ["[OPTION]... [DATADIR]"],
    about: "Initialize a database cluster.",
    options: [
      dataOption,
      { short: "U", long: "username", argument: "NAME", help: "database superuser name" },
      { long: "pwfile", argument: "FILE", help: "read password for the new superuser from file" },
    ],
    memory: 8_000_000,
    run: initdb,
  },
];
