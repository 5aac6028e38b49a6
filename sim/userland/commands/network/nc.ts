import type { Activity, Nanos } from "../../../core/index.js";
import {
  AF_INET,
  attempt,
  Errno,
  getaddrinfo,
  getnameinfo,
  POLLERR,
  POLLHUP,
  POLLIN,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  E,
  POLLOUT,
  type Sys,
} from "../../../os/index.js";
import { Failure, type Command, type Invocation } from "../../program/command.js";
import { writeAll } from "../../program/streams.js";

/** Ports of an operand: one, or a range "20-25". */
function portsOf(text: string): number[] {
  const [, first = "", last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const [from, to] = [Number(first), Number(last)];
  if (first === "") throw new Failure(`port number invalid: ${text}`);
  if (from < 1 || to < 1) throw new Failure(`port number too small: ${text}`);
  if (from > 65_535 || to > 65_535) throw new Failure(`port number too large: ${text}`);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, at) => Math.min(from, to) + at);
}

/** -w: how long is waited for a connection, and for something to read. */
const patience = (it: Invocation): Nanos | undefined =>
  it.value("w") === undefined ? undefined : ((Number(it.value("w")) * 1e9) as Nanos);

/** A connection, or why there is none. */
function* connect(it: Invocation, address: string, port: number): Activity<number | Errno> {
  const { sys } = it;
  const type = it.has("u") ? SOCK_DGRAM : SOCK_STREAM;
  const limit = patience(it);
  const fd = yield* sys.socket(AF_INET, limit === undefined ? type : type | SOCK_NONBLOCK);
  let failure: unknown = yield* attempt(sys.connect(fd, { address, port }));
  if (failure instanceof Errno && failure.code === "EINPROGRESS") {
    const ready = yield* sys.poll([{ fd, events: POLLOUT }], limit);
    const number = ready.length === 0 ? E.ETIMEDOUT.number : yield* sys.getsockopt(fd, SOL_SOCKET, "SO_ERROR");
    failure = Object.values(E).find((one) => one.number === number);
  }
  if (!(failure instanceof Errno)) return fd;
  yield* sys.close(fd);
  return failure;
}

/** Carries standard input to a socket and back, until the other end closes, or -w is over, or -N or UDP's last word was said. */
function* relay(it: Invocation, fd: number, first?: Uint8Array): Activity<undefined> {
  const { sys } = it;
  if (first !== undefined) yield* writeAll(sys, 1, first);
  const reading = new Set([fd, ...(it.has("d") ? [] : [0])]);
  while (reading.has(fd)) {
    const ready = yield* sys.poll(
      [...reading].map((one) => ({ fd: one, events: POLLIN })),
      patience(it),
    );
    if (ready.length === 0) return undefined;
    for (const { fd: from, events } of ready) {
      if ((events & (POLLIN | POLLHUP | POLLERR)) === 0) continue;
      const bytes = yield* attempt(sys.read(from, 16_384));
      if (bytes instanceof Errno && bytes.code === "EAGAIN") continue;
      if (bytes instanceof Errno || bytes.length === 0) {
        reading.delete(from);
        if (from === 0 && it.has("N")) yield* attempt(sys.shutdown(fd, 1));
        continue;
      }
      const wrote = yield* attempt(writeAll(sys, from === 0 ? fd : 1, bytes));
      if (wrote instanceof Errno) return undefined;
    }
  }
  return undefined;
}

/** The source of a datagram becomes the only one that is talked with. */
function* accept(sys: Sys, it: Invocation, listener: number): Activity<undefined> {
  if (it.has("u")) {
    const { bytes, from } = yield* sys.recvfrom(listener, 65_536);
    if (typeof from === "object") yield* sys.connect(listener, from);
    return yield* relay(it, listener, bytes);
  }
  const fd = yield* sys.accept(listener);
  const name = yield* sys.getpeername(fd);
  if (it.has("v") && typeof name === "object" && "port" in name) {
    const known = it.has("n") ? undefined : yield* getnameinfo(sys, name.address);
    yield* it.tell(`Connection received on ${known ?? name.address} ${name.port}`);
  }
  yield* relay(it, fd);
  return yield* sys.close(fd);
}

function* listen(it: Invocation): Activity<number> {
  const { sys } = it;
  const [one = "", two] = it.operands;
  const text = it.value("p") ?? two ?? one;
  const [port = 0] = portsOf(text);
  const address = two === undefined || it.value("p") !== undefined ? "0.0.0.0" : one;
  const fd = yield* sys.socket(AF_INET, it.has("u") ? SOCK_DGRAM : SOCK_STREAM);
  yield* sys.setsockopt(fd, SOL_SOCKET, "SO_REUSEADDR", 1);
  const bound = yield* attempt(sys.bind(fd, { address, port }));
  if (bound instanceof Errno) throw new Failure(bound.message);
  if (!it.has("u")) yield* sys.listen(fd, 1);
  if (it.has("v")) yield* it.tell(`${it.has("u") ? "Bound" : "Listening"} on ${address} ${port}`);
  do yield* accept(sys, it, fd);
  while (it.has("k"));
  return 0;
}

const kindOf = (it: Invocation): string => (it.has("u") ? "udp" : "tcp");

function* client(it: Invocation): Activity<number> {
  const [host = "", text = ""] = it.operands;
  const found = yield* getaddrinfo(it.sys, host);
  if ("code" in found) throw new Failure(`getaddrinfo for host "${host}" port ${text}: ${found.message}`);
  const [address = ""] = found;
  let status = 1;
  for (const port of portsOf(text)) {
    const shown = /^[\d.]+$/.test(host) ? host : `${host} (${address})`;
    const fd = yield* connect(it, address, port);
    if (fd instanceof Errno) {
      const why = fd.code === "EINPROGRESS" ? "Connection timed out" : fd.message;
      if (it.has("v")) yield* it.tell(`${it.called}: connect to ${shown} port ${port} (${kindOf(it)}) failed: ${why}`);
      continue;
    }
    status = 0;
    if (it.has("v")) yield* it.tell(`Connection to ${shown} ${port} port [${kindOf(it)}/*] succeeded!`);
    if (!it.has("z")) yield* relay(it, fd);
    yield* it.sys.close(fd);
    if (!it.has("z")) break;
  }
  return status;
}

/** nc(1), OpenBSD's, whose flags -l, -p, -u, -v, -w, -z busybox's has, too. Absent: AF_UNIX, proxies, source ports of clients, names of services. */
export const nc: Command = {
  name: "nc",
  usage: ["[-dklNuvz] [-p port] [-w timeout] [destination] [port]"],
  about: "Arbitrary TCP and UDP connections and listens.",
  options: [
    { short: "l", help: "listen for an incoming connection" },
    { short: "p", argument: "port", help: "the port to listen at" },
    { short: "k", help: "keep listening for another connection" },
    { short: "u", help: "use UDP" },
    { short: "v", help: "more verbose output" },
    { short: "n", help: "no lookup of names" },
    { short: "z", help: "only scan for listening daemons" },
    { short: "d", help: "do not read from standard input" },
    { short: "N", help: "shutdown the socket after EOF on the input" },
    { short: "q", argument: "seconds", help: "after EOF on standard input, wait and then quit" },
    { short: "w", argument: "timeout", help: "timeout for connects and final net reads" },
  ],
  *run(it) {
    const count = it.operands.length;
    const fits = it.has("l") ? count + (it.value("p") === undefined ? 0 : 1) >= 1 && count <= 2 : count === 2;
    if (!fits) {
      yield* it.tell("usage: nc [-dklNnuvz] [-p port] [-q seconds] [-w timeout] [destination] [port]");
      return 1;
    }
    return yield* it.has("l") ? listen(it) : client(it);
  },
};
