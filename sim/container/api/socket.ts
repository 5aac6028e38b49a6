import { Signal, UsageError, type Activity } from "../../core/index.js";
import { encodeHead, HttpReader } from "../../net/index.js";
import {
  AF_UNIX,
  attempt,
  Errno,
  POLLERR,
  POLLHUP,
  PR_SET_NAME,
  SHUT_WR,
  SOCK_STREAM,
  type Sys,
} from "../../os/index.js";
import { writeAll } from "../../userland/index.js";
import type { ContainerEngine } from "../engine/engine.js";
import { makeDirectories } from "../runtime/files.js";
import { DockerApi } from "./api.js";
import type { ApiAnswer, Source } from "./exchange.js";

/** Where dockerd listens. */
const socketPath = "/run/docker.sock";

const piece = 65_536;

/** An answer that is told bit by bit. */
type Opened = Exclude<ApiAnswer, { readonly open?: undefined }>;

/**
 * Has an engine's API answer at a Unix socket of its own host, root's alone (mode 0660), as dockerd does: the simulation's own programs speak
 * HTTP/1.1 there, whoever can open the file, a container that has it mounted included. Each connection carries one request.
 * @throws UsageError inside of an event: listen before the world runs
 */
export function listenAtSocket(engine: ContainerEngine, path: string = socketPath): void {
  const { kernel } = engine;
  const { init } = kernel.pidNamespace;
  if (init === undefined) throw new UsageError("the kernel has no pid 1", "Make another kernel.");
  const ready = new Signal<void>("dockerd listens");
  kernel.start(function* (sys) {
    yield* sys.prctl(PR_SET_NAME, "dockerd");
    yield* sys.rt_sigaction("SIGCHLD", "SIG_IGN");
    yield* sys.rt_sigaction("SIGPIPE", "SIG_IGN");
    yield* makeDirectories(sys, path.slice(0, path.lastIndexOf("/")));
    // Clients look for it in /var/run, which is a link on every Linux of today.
    yield* attempt(sys.symlink("/run", "/var/run"));
    const listener = yield* sys.socket(AF_UNIX, SOCK_STREAM);
    // What a daemon before this one has left.
    yield* attempt(sys.unlink(path));
    yield* sys.bind(listener, path);
    yield* sys.chmod(path, 0o660);
    yield* sys.listen(listener, 128);
    ready.fire();
    const api = new DockerApi(engine);
    for (;;) {
      const connection = yield* attempt(sys.accept4(listener));
      if (connection instanceof Errno) continue;
      yield* sys.clone(function* (child) {
        yield* child.close(listener);
        yield* attempt(converse(child, api, connection));
      });
      yield* sys.close(connection);
    }
  }, init);
  kernel.run(function* () {
    yield* ready;
  });
}

/** One request, and its answer. */
function* converse(sys: Sys, api: DockerApi, fd: number): Activity<undefined> {
  const reader = new HttpReader({
    *receive() {
      const bytes = yield* attempt(sys.read(fd, piece));
      return bytes instanceof Errno ? "ECONNRESET" : bytes;
    },
  });
  const head = yield* reader.head();
  if (head === undefined || typeof head === "string") return undefined;
  const body = yield* reader.body(head.headers, false);
  if (typeof body === "string") return undefined;
  const [method = "", target = ""] = head.start.split(" ");
  const answer = yield* api.handle({ method, target, headers: head.headers, body });
  if (answer.open !== undefined) return yield* stream(sys, fd, answer, reader.take());
  const length = { "content-length": String(answer.body.length), connection: "close" };
  yield* writeAll(sys, fd, encodeHead(startOf(answer), { ...answer.headers, ...length }));
  return method === "HEAD" ? undefined : yield* writeAll(sys, fd, answer.body);
}

const startOf = ({ status }: ApiAnswer): string => `HTTP/1.1 ${status} ${status === 101 ? "UPGRADED" : ""}`.trimEnd();

/** An answer that is told bit by bit ends with the connection, which a child hears meanwhile. */
function* stream(sys: Sys, fd: number, answer: Opened, early: Uint8Array): Activity<undefined> {
  yield* writeAll(sys, fd, encodeHead(startOf(answer), answer.headers));
  let waiting: Uint8Array[] = [];
  const said = { all: false };
  let news = new Signal<void>("an answer goes on");
  const tell = (): void => {
    if (!news.settled) news.fire();
  };
  const source = answer.open({
    write: (bytes) => {
      waiting.push(bytes);
      tell();
    },
    end: () => {
      said.all = true;
      tell();
    },
  });
  if (early.length > 0) source.receive(early);
  yield* sys.clone((child) => hear(child, fd, source));
  for (;;) {
    news = new Signal<void>("an answer goes on");
    const pieces = waiting;
    waiting = [];
    for (const bytes of pieces)
      if ((yield* attempt(writeAll(sys, fd, bytes))) instanceof Errno) {
        source.close();
        return undefined;
      }
    if (pieces.length > 0) continue;
    if (said.all) break;
    yield* news;
  }
  // The child has the connection, too: it isn't over by closing it here.
  yield* attempt(sys.shutdown(fd, SHUT_WR));
  return undefined;
}

function* hear(sys: Sys, fd: number, source: Source): Activity<undefined> {
  for (;;) {
    const bytes = yield* attempt(sys.read(fd, piece));
    if (bytes instanceof Errno) break;
    if (bytes.length > 0) {
      source.receive(bytes);
      continue;
    }
    // A client that has no more to say may still listen.
    source.finish();
    yield* attempt(sys.poll([{ fd, events: POLLHUP | POLLERR }]));
    break;
  }
  source.close();
  return undefined;
}
