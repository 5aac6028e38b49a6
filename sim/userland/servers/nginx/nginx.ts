import type { Activity, Nanos } from "../../../core/index.js";
import {
  attempt,
  Errno,
  O_APPEND,
  O_CREAT,
  O_RDONLY,
  O_RDWR,
  O_TRUNC,
  O_WRONLY,
  WNOHANG,
  type NetworkAddress,
  type Sys,
} from "../../../os/index.js";
import type { Command, Invocation } from "../../program/command.js";
import { decode, encode } from "../../program/encoding.js";
import { groups, users } from "../../program/names.js";
import { readAll, writeAll } from "../../program/streams.js";
import { formatTime } from "../../commands/dates.js";
import { EventLoop, listen } from "../event-loop.js";
import { readConfig, type Config } from "./config.js";
import { ConfigError, parseDirectives, type Directive } from "./directives.js";
import { version } from "./responses.js";
import { Worker } from "./worker.js";

/** From execve to listening sockets: an estimate, of a small configuration with a warm cache. */
const startWork = 5_000_000 as Nanos;
/** What a worker has of its own once it runs: its cycle, its pools, 512 connections of 232 + 2 × 96 bytes. */
const workerMemory = 2_500_000;

const defaultPath = "/etc/nginx/nginx.conf";

interface Listener extends NetworkAddress {
  readonly fd: number;
}

const keyOf = ({ address, port }: NetworkAddress): string => `${address}:${port}`;

/** The master: it has the sockets and the logs, and starts, replaces and ends workers. */
class Master {
  #sys: Sys;
  readonly #path: string;
  readonly #more: readonly Directive[];
  #config!: Config;
  #listeners = new Map<string, Listener>();
  #logs = new Map<string, number>();
  #workers = new Set<number>();

  constructor(sys: Sys, path: string, more: readonly Directive[]) {
    this.#sys = sys;
    this.#path = path;
    this.#more = more;
  }

  /** Reads the configuration, opens logs and sockets. @throws ConfigError with nothing changed */
  *configure(test = false): Activity<undefined> {
    const config = yield* readConfig(this.#sys, this.#path, this.#more);
    if (config.user !== undefined && !(yield* users(this.#sys)).some(({ name }) => name === config.user))
      throw new ConfigError(`getpwnam("${config.user}") failed in ${this.#path}:1`);
    const logs = new Map<string, number>();
    const paths = config.servers.flatMap(({ locations }) =>
      locations.flatMap((one) => one.accessLogs.map(({ path }) => path)),
    );
    for (const path of new Set([config.errorLog, ...paths])) {
      const fd = path === "stderr" ? 2 : yield* attempt(this.#sys.open(path, O_WRONLY | O_CREAT | O_APPEND, 0o644));
      if (fd instanceof Errno) throw new ConfigError(`open() "${path}" failed (${fd.number}: ${fd.message})`);
      logs.set(path, fd);
    }
    const wanted = new Map(config.servers.flatMap(({ listens }) => listens.map((one) => [keyOf(one), one])));
    const listeners = new Map<string, Listener>();
    for (const [key, one] of test ? [] : wanted) {
      const fd = this.#listeners.get(key)?.fd ?? (yield* this.#listen(one));
      listeners.set(key, { ...one, fd });
    }
    for (const [key, { fd }] of this.#listeners) if (!listeners.has(key)) yield* this.#sys.close(fd);
    for (const fd of this.#logs.values()) if (fd > 2) yield* this.#sys.close(fd);
    this.#config = config;
    this.#listeners = listeners;
    this.#logs = logs;
    return undefined;
  }

  get config(): Config {
    return this.#config;
  }

  /** An address may be free only in a moment: nginx tries five times, half a second apart. */
  *#listen(at: NetworkAddress): Activity<number> {
    for (let tries = 1; ; tries++) {
      const fd = yield* attempt(listen(this.#sys, at));
      if (!(fd instanceof Errno)) return fd;
      const why = `bind() to ${keyOf(at)} failed (${fd.number}: ${fd.message})`;
      if (fd.code !== "EADDRINUSE") throw new ConfigError(why);
      yield* this.#say("emerg", why);
      if (tries === 5) throw new ConfigError("still could not bind()");
      yield* this.#sys.nanosleep(500_000_000 as Nanos);
    }
  }

  *#say(level: string, message: string): Activity<undefined> {
    yield* writeAll(this.#sys, 2, encode(`nginx: [${level}] ${message}\n`));
    return undefined;
  }

  *#note(message: string): Activity<undefined> {
    const fd = this.#logs.get(this.#config.errorLog);
    if (fd === undefined) return undefined;
    const now = yield* this.#sys.clock_gettime("CLOCK_REALTIME");
    const pid = yield* this.#sys.getpid();
    yield* attempt(
      writeAll(this.#sys, fd, encode(`${formatTime("%Y/%m/%d %H:%M:%S", now)} [notice] ${pid}#${pid}: ${message}\n`)),
    );
    return undefined;
  }

  /** @param missing how many; as many as the configuration says where absent */
  *#startWorkers(missing?: number): Activity<undefined> {
    const { workers } = this.#config;
    const count = missing ?? (workers === "auto" ? yield* processors(this.#sys) : workers);
    for (let at = 0; at < count; at++) {
      const [config, logs, listeners] = [this.#config, this.#logs, [...this.#listeners.values()]];
      const pid = yield* this.#sys.clone((sys) => work(sys, config, logs, listeners));
      this.#workers.add(pid);
      yield* this.#note(`start worker process ${pid}`);
    }
    return undefined;
  }

  *#tell(workers: Iterable<number>, signal: "SIGQUIT" | "SIGTERM"): Activity<undefined> {
    for (const pid of [...workers]) yield* attempt(this.#sys.kill(pid, signal));
    return undefined;
  }

  /** A daemon holds nothing of whoever started it: standard error goes to the log, the rest nowhere. */
  *detach(sys: Sys): Activity<undefined> {
    const nothing = yield* sys.open("/dev/null", O_RDWR);
    for (const fd of [0, 1]) yield* sys.dup2(nothing, fd);
    yield* sys.close(nothing);
    yield* sys.dup2(this.#logs.get(this.#config.errorLog) ?? 1, 2);
    return undefined;
  }

  /** Until a signal ends it. @param sys of the process that it is: a child's where it became a daemon */
  *run(sys: Sys): Activity<number> {
    this.#sys = sys;
    const signals: string[] = [];
    for (const name of ["SIGHUP", "SIGQUIT", "SIGTERM", "SIGINT"] as const)
      yield* sys.rt_sigaction(name, function* () {
        signals.push(name);
      });
    yield* sys.rt_sigaction("SIGCHLD", function* () {});
    yield* this.#writePid();
    yield* this.#note(`using the "epoll" event method`);
    yield* this.#note(version);
    yield* this.#note("start worker processes");
    yield* this.#startWorkers();
    let ending = false;
    for (;;) {
      for (;;) {
        const ended = yield* attempt(sys.wait4(-1, WNOHANG));
        if (ended instanceof Errno || ended === undefined) break;
        const current = this.#workers.delete(ended.pid);
        if (current && !ending) yield* this.#startWorkers(1);
      }
      const signal = signals.shift();
      if (signal === undefined) {
        if (ending && !(yield* this.#hasChildren())) break;
        yield* attempt(sys.pause());
        continue;
      }
      if (signal === "SIGHUP") yield* this.#reload();
      else {
        ending = true;
        yield* this.#note(
          `signal ${signal === "SIGQUIT" ? "3 (SIGQUIT)" : "15 (SIGTERM)"} received, ${signal === "SIGQUIT" ? "shutting down" : "exiting"}`,
        );
        for (const { fd } of this.#listeners.values()) yield* sys.close(fd);
        this.#listeners.clear();
        yield* this.#tell(this.#workers, signal === "SIGQUIT" ? "SIGQUIT" : "SIGTERM");
      }
    }
    yield* this.#note("exit");
    yield* attempt(sys.unlink(this.#config.pid));
    return 0;
  }

  *#hasChildren(): Activity<boolean> {
    const outcome = yield* attempt(this.#sys.wait4(-1, WNOHANG));
    return !(outcome instanceof Errno);
  }

  *#reload(): Activity<undefined> {
    yield* this.#note("signal 1 (SIGHUP) received, reconfiguring");
    try {
      yield* this.configure();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      yield* this.#say("emerg", error.message);
      return undefined;
    }
    const old = [...this.#workers];
    this.#workers.clear();
    yield* this.#startWorkers();
    yield* this.#tell(old, "SIGQUIT");
    return undefined;
  }

  *#writePid(): Activity<undefined> {
    const fd = yield* attempt(this.#sys.open(this.#config.pid, O_WRONLY | O_CREAT | O_TRUNC, 0o644));
    if (fd instanceof Errno) throw new ConfigError(`open() "${this.#config.pid}" failed (${fd.number}: ${fd.message})`);
    yield* writeAll(this.#sys, fd, encode(`${yield* this.#sys.getpid()}\n`));
    yield* this.#sys.close(fd);
    return undefined;
  }
}

/** How many CPUs /proc/cpuinfo tells of. */
function* processors(sys: Sys): Activity<number> {
  const fd = yield* attempt(sys.open("/proc/cpuinfo", O_RDONLY));
  if (fd instanceof Errno) return 1;
  const text = decode(yield* readAll(sys, fd));
  yield* sys.close(fd);
  return Math.max(1, text.match(/^processor/gm)?.length ?? 1);
}

/** A worker's life: as the user that the configuration names, over the master's sockets. */
function* work(
  sys: Sys,
  config: Config,
  logs: ReadonlyMap<string, number>,
  listeners: readonly Listener[],
): Activity<number> {
  let quitting = false;
  let ended = false;
  yield* sys.rt_sigaction("SIGHUP", "SIG_IGN");
  yield* sys.rt_sigaction("SIGCHLD", "SIG_DFL");
  yield* sys.rt_sigaction("SIGPIPE", "SIG_IGN");
  yield* sys.rt_sigaction("SIGQUIT", function* () {
    quitting = true;
  });
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    yield* sys.rt_sigaction(signal, function* () {
      ended = true;
    });
  if (config.user !== undefined && (yield* sys.geteuid()) === 0) {
    const user = (yield* users(sys)).find(({ name }) => name === config.user);
    const group = (yield* groups(sys)).find(({ name }) => name === config.user);
    yield* sys.setgid(group?.gid ?? user?.gid ?? 0);
    yield* sys.setgroups([group?.gid ?? user?.gid ?? 0]);
    yield* sys.setuid(user?.uid ?? 0);
  }
  yield* sys.touch(yield* sys.mmap(workerMemory), workerMemory);
  const loop = new EventLoop(sys);
  const worker = new Worker(loop, config, logs, (yield* sys.uname()).nodename);
  const accepting = listeners.map((one) => worker.accept(one.fd, one));
  for (const body of accepting) loop.spawn(body);
  yield* loop.run(function* () {
    if (ended) return true;
    if (!quitting) return false;
    if (!worker.closing) {
      worker.closing = true;
      for (const body of accepting) loop.cancel(body);
      for (const { fd } of listeners) yield* sys.close(fd);
    }
    for (const [body, fd] of worker.idle) {
      worker.idle.delete(body);
      loop.cancel(body);
      yield* sys.close(fd);
    }
    return loop.size === 0;
  });
  return 0;
}

/** `-s SIGNAL`: to the master whose pid the configuration's file has. */
function* signal(it: Invocation, config: Config, name: string): Activity<number> {
  const signals = { stop: "SIGTERM", quit: "SIGQUIT", reload: "SIGHUP" } as const;
  const fd = yield* attempt(it.sys.open(config.pid, O_RDONLY));
  if (fd instanceof Errno) {
    yield* it.tell(`nginx: [error] open() "${config.pid}" failed (${fd.number}: ${fd.message})`);
    return 1;
  }
  const pid = Number(decode(yield* readAll(it.sys, fd)));
  const failure = yield* attempt(it.sys.kill(pid, signals[name as keyof typeof signals]));
  if (!(failure instanceof Errno)) return 0;
  yield* it.tell(`nginx: [alert] kill(${pid}, ${name}) failed (${failure.number}: ${failure.message})`);
  return 1;
}

function* run(it: Invocation): Activity<number> {
  const { sys } = it;
  if (it.has("v")) {
    yield* it.tell(`nginx version: ${version}`);
    return 0;
  }
  const path = it.value("c") ?? defaultPath;
  const asked = it.value("s");
  if (asked !== undefined && !["stop", "quit", "reload"].includes(asked)) {
    yield* it.tell(`nginx: invalid option: "-s ${asked}"`);
    return 1;
  }
  yield* sys.compute(startWork);
  try {
    const more = parseDirectives(it.value("g") ?? "", "command line");
    const master = new Master(sys, path, more);
    yield* master.configure(it.has("t") || asked !== undefined);
    const { config } = master;
    if (it.has("t")) {
      yield* it.tell(
        `nginx: the configuration file ${path} syntax is ok\nnginx: configuration file ${path} test is successful`,
      );
      return 0;
    }
    if (asked !== undefined) return yield* signal(it, config, asked);
    if (!config.daemon) return yield* master.run(sys);
    yield* sys.clone(function* (own) {
      yield* own.setsid();
      yield* master.detach(own);
      return yield* master.run(own);
    });
    return 0;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    yield* it.tell(`nginx: [emerg] ${error.message}`);
    if (it.has("t")) yield* it.tell(`nginx: configuration file ${path} test failed`);
    return 1;
  }
}

/** nginx's signals, workers, configuration and messages, as of 1.27; absent: TLS, HTTP/2, caches, regex captures, what isn't HTTP. */
export const nginx: Command = {
  name: "nginx",
  usage: ["[-tv] [-s signal] [-c filename] [-g directives]"],
  about: "HTTP and reverse proxy server.",
  options: [
    { short: "c", argument: "filename", help: "set configuration file (default: /etc/nginx/nginx.conf)" },
    { short: "g", argument: "directives", help: "set global directives out of configuration file" },
    { short: "s", argument: "signal", help: "send signal to a master process: stop, quit, reload" },
    { short: "t", help: "test configuration and exit" },
    { short: "v", help: "show version and exit" },
  ],
  memory: 6_500_000,
  run,
};
