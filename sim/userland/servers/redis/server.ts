import type { Activity, Nanos } from "../../../core/index.js";
import { attempt, Errno, O_CREAT, O_RDONLY, O_TRUNC, O_WRONLY, type Sys } from "../../../os/index.js";
import { formatTime } from "../../commands/dates.js";
import type { Command, Invocation } from "../../program/command.js";
import { encode } from "../../program/encoding.js";
import { readAll, writeAll } from "../../program/streams.js";
import { EventLoop, listen } from "../event-loop.js";
import { keyCommands, type Keyspace } from "./commands.js";
import { readDump, writeDump } from "./dump.js";
import { array, bulk, encodeReply, failure, ok, ProtocolError, RespReader, status, type Reply } from "./resp.js";

/**
 * Its own work for a command, beside system calls and packets: with pipelines of 16, where these hardly count, redis-benchmark has some
 * 1.5 million GETs a second (redis.io, "Redis benchmark").
 */
const commandWork = 650 as Nanos;
/** From execve to a listening socket: an estimate. */
const startWork = 3_000_000 as Nanos;
/** "An empty instance uses ~ 3MB of memory. 1 Million small Keys -> String Value pairs use ~ 85MB" (redis.io, FAQ). */
const emptyMemory = 3_000_000;
const entryMemory = 82;

interface Settings {
  port: number;
  bind: string;
  dir: string;
  dbfilename: string;
  requirepass: string;
  /** Seconds and changes after which it dumps: `save 3600 1 300 100 60 10000`. */
  save: string;
  "protected-mode": string;
}

/** A server: one process, one thread, an event loop. */
class Server implements Keyspace {
  readonly entries: Keyspace["entries"] = new Map();
  now = 0;
  dirty = 0;
  readonly #loop: EventLoop;
  readonly #sys: Sys;
  readonly settings: Settings;
  readonly #started: number;
  #connections = 0;
  #commands = 0;
  #lastSave: number;
  #saver: number | undefined;
  ended: "no" | "save" | "nosave" = "no";
  /** A mapping whose touched part is what the data take. */
  #memory = 0;

  constructor(loop: EventLoop, settings: Settings, now: number, memory: number) {
    this.#loop = loop;
    this.#sys = loop.sys;
    this.settings = settings;
    this.#started = this.now = this.#lastSave = now;
    this.#memory = memory;
  }

  *note(text: string): Activity<undefined> {
    const pid = yield* this.#sys.getpid();
    const now = yield* this.#sys.clock_gettime("CLOCK_REALTIME");
    const millis = String(Math.floor((now / 1e6) % 1000)).padStart(3, "0");
    const line = `${pid}:M ${formatTime("%d %b %Y %H:%M:%S", now)}.${millis} * ${text}\n`;
    yield* attempt(writeAll(this.#sys, 1, encode(line)));
    return undefined;
  }

  get #file(): string {
    return `${this.settings.dir}/${this.settings.dbfilename}`;
  }

  /** What the last server left. @throws RangeError for a damaged dump */
  *load(): Activity<undefined> {
    const fd = yield* attempt(this.#sys.open(this.#file, O_RDONLY));
    if (fd instanceof Errno) return undefined;
    const bytes = yield* readAll(this.#sys, fd);
    yield* this.#sys.close(fd);
    for (const [key, entry] of readDump(bytes)) this.entries.set(key, entry);
    yield* this.note(`DB loaded from disk: 0.000 seconds`);
    return undefined;
  }

  /** Writes beside the file and renames it, so that there is always a whole one. @returns whether it could */
  *save(sys: Sys = this.#sys): Activity<boolean> {
    const beside = `${this.settings.dir}/temp-${yield* sys.getpid()}.rdb`;
    const fd = yield* attempt(sys.open(beside, O_WRONLY | O_CREAT | O_TRUNC, 0o644));
    if (fd instanceof Errno) {
      yield* this.note(
        `Failed opening the temp RDB file ${beside} (in server root dir ${this.settings.dir}) for saving: ${fd.message}`,
      );
      return false;
    }
    yield* writeAll(sys, fd, writeDump(this.entries));
    yield* sys.fsync(fd);
    yield* sys.close(fd);
    yield* sys.rename(beside, this.#file);
    return true;
  }

  *connection(fd: number): Activity<undefined> {
    this.#connections++;
    try {
      const reader = new RespReader(() => this.#loop.read(fd));
      let known = this.settings.requirepass === "";
      for (;;) {
        const words = yield* reader.command();
        if (words === undefined) break;
        const name = words[0]?.toLowerCase();
        if (name === undefined) continue;
        yield* this.#sys.charge(commandWork);
        this.now = (yield* this.#sys.clock_gettime("CLOCK_REALTIME")) / 1e6;
        this.#commands++;
        let reply: Reply;
        if (name === "auth") {
          known ||= words.at(-1) === this.settings.requirepass;
          reply =
            words.at(-1) === this.settings.requirepass
              ? ok
              : failure("WRONGPASS invalid username-password pair or user is disabled.");
        } else if (!known && name !== "quit") reply = failure("NOAUTH Authentication required.");
        else reply = yield* this.#perform(name, words);
        // SHUTDOWN answers by the connection's end.
        if (this.ended !== "no") break;
        yield* this.#loop.write(fd, encodeReply(reply));
        if (name === "quit") break;
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      yield* this.#loop.write(fd, encodeReply(failure(`ERR ${error.message}`)));
    } finally {
      this.#connections--;
    }
    yield* this.#sys.close(fd);
    return undefined;
  }

  *#perform(name: string, words: readonly string[]): Activity<Reply> {
    const row = keyCommands[name];
    if (row !== undefined) {
      if (row.arity > 0 ? words.length !== row.arity : words.length < -row.arity)
        return failure(`ERR wrong number of arguments for '${name}' command`);
      const reply = row.run(this, words);
      yield* this.#pay();
      return reply;
    }
    switch (name) {
      case "ping":
        return words.length > 1 ? bulk(words[1]) : status("PONG");
      case "echo":
        return bulk(words[1] ?? "");
      case "quit":
        return ok;
      case "select":
        return words[1] === "0" ? ok : failure("ERR DB index is out of range");
      case "time":
        return array([bulk(String(Math.floor(this.now / 1000))), bulk(String(Math.floor((this.now % 1000) * 1000)))]);
      case "command":
        return array(Object.keys(keyCommands).map(bulk));
      case "info":
        return bulk(this.#info());
      case "config": {
        const value = this.settings[words[2] as keyof Settings] as string | number | undefined;
        return array(
          words[1]?.toLowerCase() === "get" && value !== undefined ? [bulk(words[2]), bulk(String(value))] : [],
        );
      }
      case "save":
        if (!(yield* this.save())) return failure("ERR");
        this.#saved();
        yield* this.note("DB saved on disk");
        return ok;
      case "bgsave":
        if (this.#saver !== undefined) return failure("ERR Background save already in progress");
        yield* this.#saveBeside();
        return status("Background saving started");
      case "lastsave":
        return { kind: "integer", value: Math.floor(this.#lastSave / 1000) };
      case "shutdown":
        this.ended = words[1]?.toLowerCase() === "nosave" ? "nosave" : "save";
        return ok;
      default: {
        const args = words
          .slice(1, 4)
          .map((word) => `'${word}' `)
          .join("");
        return failure(`ERR unknown command '${words[0] ?? ""}', with args beginning with: ${args}`);
      }
    }
  }

  #saved(): void {
    this.dirty = 0;
    this.#lastSave = this.now;
  }

  /** What the data take is memory touched: pages that are given back stay (no allocator returns all of them). */
  *#pay(): Activity<undefined> {
    yield* this.#sys.touch(this.#memory, Math.max(1, this.#dataSize()));
    return undefined;
  }

  #size = 0;
  #counted = -1;
  #dataSize(): number {
    // Counted anew once enough has changed: counting is ours, not the server's work.
    if (Math.abs(this.dirty - this.#counted) < Math.max(1, this.entries.size / 16)) return this.#size;
    this.#counted = this.dirty;
    let size = 0;
    for (const [key, { value }] of this.entries) {
      const items = typeof value === "string" ? [value] : [...(value instanceof Map ? [...value].flat() : value)];
      size += entryMemory + key.length + items.reduce((sum, one) => sum + one.length, 0);
    }
    return (this.#size = size);
  }

  #info(): string {
    const lines = [
      "# Server",
      ...["redis_version:7.4.1", "redis_mode:standalone", `tcp_port:${this.settings.port}`],
      `uptime_in_seconds:${Math.floor((this.now - this.#started) / 1000)}`,
      ...["", "# Clients", `connected_clients:${this.#connections}`],
      ...["", "# Memory", `used_memory:${emptyMemory + this.#dataSize()}`],
      ...["", "# Persistence", `rdb_changes_since_last_save:${this.dirty}`],
      `rdb_bgsave_in_progress:${this.#saver === undefined ? 0 : 1}`,
      `rdb_last_save_time:${Math.floor(this.#lastSave / 1000)}`,
      ...["", "# Stats", `total_commands_processed:${this.#commands}`],
      ...["", "# Keyspace"],
    ];
    const expiring = [...this.entries.values()].filter(({ expires }) => expires !== undefined).length;
    if (this.entries.size > 0) lines.push(`db0:keys=${this.entries.size},expires=${expiring},avg_ttl=0`);
    return `${lines.join("\r\n")}\r\n`;
  }

  /** BGSAVE: a child has the data as they were at its fork. */
  *#saveBeside(): Activity<undefined> {
    const snapshot = writeDump(this.entries);
    const [file, dir] = [this.#file, this.settings.dir];
    this.#saver = yield* this.#sys.clone(function* (sys) {
      const beside = `${dir}/temp-${yield* sys.getpid()}.rdb`;
      const fd = yield* sys.open(beside, O_WRONLY | O_CREAT | O_TRUNC, 0o644);
      yield* writeAll(sys, fd, snapshot);
      yield* sys.close(fd);
      yield* sys.rename(beside, file);
    });
    yield* this.note(`Background saving started by pid ${this.#saver}`);
    this.#saved();
    return undefined;
  }

  /** What is due: children that ended, dumps of `save`. */
  *tick(): Activity<undefined> {
    if (this.#saver !== undefined) {
      const ended = yield* attempt(this.#sys.wait4(this.#saver, 1));
      if (ended !== undefined) {
        this.#saver = undefined;
        if (!(ended instanceof Errno) && ended.status === 0)
          yield* this.note("Background saving terminated with success");
      }
    }
    this.now = (yield* this.#sys.clock_gettime("CLOCK_REALTIME")) / 1e6;
    if (this.#saver === undefined && (this.untilSave() ?? 1) <= 0) yield* this.#saveBeside();
    return undefined;
  }

  /** Until a rule of `save` wants a dump, in milliseconds; undefined while nothing has changed enough. */
  untilSave(): number | undefined {
    const numbers = this.settings.save
      .split(/\s+/)
      .filter((one) => one !== "")
      .map(Number);
    let least: number | undefined;
    for (let at = 0; at + 1 < numbers.length; at += 2) {
      const [seconds = 0, changes = 1] = numbers.slice(at, at + 2);
      if (this.dirty < changes) continue;
      const left = this.#lastSave + seconds * 1000 - this.now;
      least = Math.min(least ?? left, left);
    }
    return least;
  }
}

/** `redis-server [FILE] [--name value]…`; lines of the file are `name value`. */
function* settingsOf(it: Invocation, words: readonly string[]): Activity<Settings> {
  const settings: Settings = {
    ...{ port: 6379, bind: "0.0.0.0", dir: yield* it.sys.getcwd(), dbfilename: "dump.rdb", requirepass: "" },
    ...{ save: "3600 1 300 100 60 10000", "protected-mode": "yes" },
  };
  const given: [string, string][] = [];
  const [first] = words;
  if (first !== undefined && !first.startsWith("--"))
    for (const line of ((yield* it.readText(first)) ?? "").split("\n")) {
      const [, name, value = ""] = /^\s*([a-z-]+)\s+(.*?)\s*$/.exec(line) ?? [];
      if (name !== undefined) given.push([name, value.replace(/^"(.*)"$/, "$1")]);
    }
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? "";
    if (!word.startsWith("--")) continue;
    const values: string[] = [];
    while (at + 1 < words.length && words[at + 1]?.startsWith("--") !== true) values.push(words[++at] ?? "");
    given.push([word.slice(2), values.join(" ")]);
  }
  for (const [name, value] of given) {
    if (name === "port") settings.port = Number(value);
    else if (
      name === "bind" ||
      name === "dir" ||
      name === "dbfilename" ||
      name === "requirepass" ||
      name === "save" ||
      name === "protected-mode"
    )
      settings[name] = name === "bind" ? (value.split(" ").find((one) => one.includes(".")) ?? "0.0.0.0") : value;
  }
  return settings;
}

function* run(it: Invocation): Activity<number> {
  const { sys } = it;
  if (it.operands.includes("--version") || it.operands.includes("-v")) {
    it.out.put("Redis server v=7.4.1\n");
    return 0;
  }
  const settings = yield* settingsOf(it, it.operands);
  yield* sys.compute(startWork);
  const now = (yield* sys.clock_gettime("CLOCK_REALTIME")) / 1e6;
  const loop = new EventLoop(sys);
  const server = new Server(loop, settings, now, yield* sys.mmap(2 ** 40));
  yield* sys.rt_sigaction("SIGPIPE", "SIG_IGN");
  yield* sys.rt_sigaction("SIGCHLD", function* () {});
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    yield* sys.rt_sigaction(signal, function* () {
      server.ended = "save";
    });
  yield* server.note("oO0OoO0OoO0Oo Redis is starting oO0OoO0OoO0Oo");
  const listener = yield* attempt(listen(sys, { address: settings.bind, port: settings.port }));
  if (listener instanceof Errno) {
    yield* server.note(
      `Warning: Could not create server TCP listening socket *:${settings.port}: bind: ${listener.message}`,
    );
    yield* server.note("Failed listening on port, aborting.");
    return 1;
  }
  try {
    yield* server.load();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    yield* server.note(error.message);
    return 1;
  }
  yield* server.note("Ready to accept connections tcp");
  loop.spawn(
    (function* () {
      for (;;) loop.spawn(server.connection(yield* loop.accept(listener)));
    })(),
  );
  yield* loop.run(
    function* () {
      yield* server.tick();
      return server.ended !== "no";
    },
    () => {
      const wait = server.untilSave();
      return wait === undefined ? undefined : (Math.ceil(Math.max(1, wait) * 1e6) as Nanos);
    },
  );
  yield* server.note("User requested shutdown...");
  if (server.ended === "save" && settings.save !== "") {
    yield* server.note("Saving the final RDB snapshot before exiting.");
    if (yield* server.save()) yield* server.note("DB saved on disk");
  }
  yield* server.note("Redis is now ready to exit, bye bye...");
  return 0;
}

/** redis-server: RESP 2, strings, lists, hashes and sets in one database, dumps; absent: AOF, replication, scripts, streams. */
export const redisServer: Command = {
  name: "redis-server",
  usage: ["[/path/to/redis.conf] [options]"],
  about: "In-memory data store.",
  options: [],
  // Its options are settings: `--save 60 1`.
  rewrite: (words) => ["--", ...words],
  memory: emptyMemory,
  run,
};
