import type { Activity } from "../../../core/index.js";
import { attempt, Errno, O_APPEND, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, type Sys } from "../../../os/index.js";
import { decode, encode } from "../../program/encoding.js";
import { readAll, writeAll } from "../../program/streams.js";
import { Database, type Table } from "./database.js";
import { parseSql } from "./syntax.js";

/** Files of a data directory: the version, what was checkpointed, and the statements since. */
const paths = { version: "PG_VERSION", tables: "base/tables.json", log: "pg_wal/000000010000000000000001" } as const;

export function* readText(sys: Sys, path: string): Activity<string | Errno> {
  const fd = yield* attempt(sys.open(path, O_RDONLY));
  if (fd instanceof Errno) return fd;
  const bytes = yield* readAll(sys, fd);
  yield* sys.close(fd);
  return decode(bytes);
}

function* writeText(sys: Sys, path: string, text: string, flags: number = O_TRUNC): Activity<undefined> {
  const fd = yield* sys.open(path, O_WRONLY | O_CREAT | flags, 0o600);
  yield* writeAll(sys, fd, encode(text));
  yield* sys.fsync(fd);
  yield* sys.close(fd);
  return undefined;
}

/** Makes an empty data directory. @throws Errno */
export function* initialise(sys: Sys, directory: string, password: string): Activity<undefined> {
  for (const name of ["base", "global", "pg_wal"]) yield* sys.mkdir(`${directory}/${name}`, 0o700);
  yield* writeText(sys, `${directory}/${paths.version}`, "16\n");
  yield* writeText(sys, `${directory}/${paths.tables}`, "{}\n");
  yield* writeText(sys, `${directory}/${paths.log}`, "");
  yield* writeText(sys, `${directory}/global/authentication`, password);
  return undefined;
}

/**
 * A database's data directory. A statement that changes something is in the log, forced to the disk, before it is answered: the log
 * holds statements, not pages, since here they have the same effect each time.
 */
export class Storage {
  readonly database: Database = new Database();
  readonly #directory: string;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** @returns how many statements were replayed: some where the last server didn't end properly; an errno for no data directory */
  *open(sys: Sys): Activity<number | Errno> {
    const tables = yield* readText(sys, `${this.#directory}/${paths.tables}`);
    if (tables instanceof Errno) return tables;
    const saved = JSON.parse(tables) as Readonly<Record<string, Table>>;
    for (const [name, table] of Object.entries(saved)) this.database.tables.set(name, table);
    const log = yield* readText(sys, `${this.#directory}/${paths.log}`);
    // A last line that isn't whole was never answered.
    const lines = log instanceof Errno ? [] : log.split("\n").slice(0, -1);
    for (const line of lines)
      for (const { statement } of parseSql(JSON.parse(line) as string)) this.database.run(statement);
    return lines.length;
  }

  *log(sys: Sys, sql: string): Activity<undefined> {
    yield* writeText(sys, `${this.#directory}/${paths.log}`, `${JSON.stringify(sql)}\n`, O_APPEND);
    return undefined;
  }

  /** Everything is in the tables' file; the log begins anew. */
  *checkpoint(sys: Sys): Activity<undefined> {
    const beside = `${this.#directory}/${paths.tables}.new`;
    yield* writeText(sys, beside, `${JSON.stringify(Object.fromEntries(this.database.tables))}\n`);
    yield* sys.rename(beside, `${this.#directory}/${paths.tables}`);
    yield* writeText(sys, `${this.#directory}/${paths.log}`, "");
    return undefined;
  }
}
