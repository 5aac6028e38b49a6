import { describe, expect, test } from "vitest";
import { encodeUtf8, ms, type Activity } from "../../../sim/core/index.js";
import {
  AF_INET,
  AF_UNIX,
  CLONE_NEWNET,
  CLONE_NEWUSER,
  IPPROTO_ICMP,
  MSG_DONTWAIT,
  MSG_PEEK,
  netlink,
  O_CREAT,
  O_RDWR,
  POLLHUP,
  POLLIN,
  POLLOUT,
  POLLRDHUP,
  SHUT_WR,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_RAW,
  SOCK_SEQPACKET,
  SOCK_STREAM,
  SOL_SOCKET,
  type Sys,
} from "../../../sim/os/index.js";
import { code, kernel, play, readFile, text } from "./system.js";

const loopback = (port: number): { readonly address: string; readonly port: number } => ({
  address: "127.0.0.1",
  port,
});

function* listener(sys: Sys, port: number): Activity<number> {
  const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
  yield* sys.setsockopt(fd, SOL_SOCKET, "SO_REUSEADDR", 1);
  yield* sys.bind(fd, { address: "0.0.0.0", port });
  yield* sys.listen(fd, 16);
  return fd;
}

describe("TCP by system calls", () => {
  test("a server and a client by lo, names of both ends, and the end of a stream", () => {
    const seen = play(function* (sys) {
      const log: unknown[] = [];
      const server = yield* listener(sys, 8080);
      yield* sys.clone(function* (child) {
        const connection = yield* child.accept4(server);
        const asked = text(yield* child.read(connection, 100));
        yield* child.write(connection, encodeUtf8(`you said ${asked}`));
        yield* child.shutdown(connection, SHUT_WR);
        log.push((yield* child.read(connection, 100)).length);
      });
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.connect(fd, loopback(8080));
      log.push(yield* sys.getpeername(fd));
      yield* sys.write(fd, encodeUtf8("hello"));
      const peeked = yield* sys.recvfrom(fd, 3, MSG_PEEK);
      log.push(text(peeked.bytes), text(yield* sys.read(fd, 100)), (yield* sys.read(fd, 100)).length);
      yield* sys.close(fd);
      yield* sys.wait4();
      return log;
    });
    expect(seen).toEqual([loopback(8080), "you", "you said hello", 0, 0]);
  });

  test("a port that is taken, one that nobody listens at, and what SO_REUSEADDR allows", () => {
    const seen = play(function* (sys) {
      const server = yield* listener(sys, 8080);
      const other = yield* sys.socket(AF_INET, SOCK_STREAM);
      const taken = yield* code(sys.bind(other, { address: "0.0.0.0", port: 8080 }));
      const refused = yield* code(sys.connect(other, loopback(81)));
      const again = yield* code(sys.connect(other, loopback(8080)));
      const connected = yield* code(sys.connect(other, loopback(8080)));
      const connection = yield* sys.accept4(server);
      yield* sys.close(connection);
      yield* sys.close(server);
      // What is left of the connection keeps the port, but for those who say so.
      const plain = yield* sys.socket(AF_INET, SOCK_STREAM);
      const busy = yield* code(sys.bind(plain, { address: "0.0.0.0", port: 8080 }));
      const next = yield* code(listener(sys, 8080));
      return { taken, refused, again, connected, busy, next };
    });
    expect(seen).toEqual({
      taken: "EADDRINUSE",
      refused: "ECONNREFUSED",
      again: "ok",
      connected: "EISCONN",
      busy: "EADDRINUSE",
      next: "ok",
    });
  });

  test("nonblocking: EINPROGRESS, readiness by poll, SO_ERROR; a full buffer", () => {
    const seen = play(function* (sys) {
      const server = yield* listener(sys, 80);
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      const fresh = (yield* sys.poll([{ fd, events: POLLIN | POLLOUT }], ms(0)))[0]?.events;
      const begun = yield* code(sys.connect(fd, loopback(80)));
      const writable = (yield* sys.poll([{ fd, events: POLLOUT }]))[0]?.events;
      const error = yield* sys.getsockopt(fd, SOL_SOCKET, "SO_ERROR");
      const acceptable = (yield* sys.poll([{ fd: server, events: POLLIN }]))[0]?.events;
      const connection = yield* sys.accept4(server);
      const empty = yield* code(sys.read(fd, 1));
      let sent = 0;
      while ((yield* code(sys.sendto(fd, new Uint8Array(65_536)))) === "ok") sent += 65_536;
      yield* sys.close(connection);
      const hungUp = (yield* sys.poll([{ fd, events: POLLIN | POLLRDHUP }]))[0]?.events ?? 0;
      const refused = yield* sys.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK);
      yield* code(sys.connect(refused, loopback(81)));
      yield* sys.poll([{ fd: refused, events: POLLOUT }]);
      const failed = yield* sys.getsockopt(refused, SOL_SOCKET, "SO_ERROR");
      return [fresh, begun, writable, error, acceptable, empty, sent > 1_000_000, (hungUp & POLLHUP) !== 0, failed];
    });
    expect(seen).toEqual([POLLOUT | POLLHUP, "EINPROGRESS", POLLOUT, 0, POLLIN, "EAGAIN", true, true, 111]);
  });

  test("a time limit on reading, and options that are told back", () => {
    const seen = play(function* (sys) {
      const server = yield* listener(sys, 80);
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.connect(fd, loopback(80));
      yield* sys.setsockopt(fd, SOL_SOCKET, "SO_RCVTIMEO", ms(20));
      const before = yield* sys.clock_gettime("CLOCK_MONOTONIC");
      const late = yield* code(sys.read(fd, 10));
      const waited = (yield* sys.clock_gettime("CLOCK_MONOTONIC")) - before;
      yield* sys.setsockopt(fd, 6, "TCP_NODELAY", 1);
      yield* sys.setsockopt(fd, 6, "TCP_CONGESTION", "reno");
      const told = [];
      for (const option of ["SO_TYPE", "SO_DOMAIN", "TCP_NODELAY", "TCP_CONGESTION", "SO_ACCEPTCONN"])
        told.push(yield* sys.getsockopt(fd, SOL_SOCKET, option));
      const listens = yield* sys.getsockopt(server, SOL_SOCKET, "SO_ACCEPTCONN");
      const unknown = yield* code(sys.getsockopt(fd, SOL_SOCKET, "SO_MADE_UP"));
      return [late, Math.round(waited / 1e6), told, listens, unknown];
    });
    expect(seen).toEqual(["EAGAIN", 20, [SOCK_STREAM, AF_INET, 1, "reno", 0], 1, "ENOPROTOOPT"]);
  });

  test("low ports and raw sockets are for the capable", () => {
    const seen = play(function* (sys) {
      yield* sys.setresuid(1000, 1000, 1000);
      const fd = yield* sys.socket(AF_INET, SOCK_STREAM);
      const low = yield* code(sys.bind(fd, { address: "0.0.0.0", port: 80 }));
      const high = yield* code(sys.bind(fd, { address: "0.0.0.0", port: 8080 }));
      const elsewhere = yield* code(
        sys.bind(yield* sys.socket(AF_INET, SOCK_STREAM), { address: "10.1.1.1", port: 9000 }),
      );
      const raw = yield* code(sys.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP));
      const ping = yield* code(sys.socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP));
      const admin = yield* code(netlink(sys, { type: "RTM_NEWLINK", name: "d0", kind: "dummy" }));
      // In a network namespace of its own user namespace it may.
      yield* sys.unshare(CLONE_NEWUSER | CLONE_NEWNET);
      const own = yield* code(netlink(sys, { type: "RTM_NEWLINK", name: "d0", kind: "dummy" }));
      const inner = yield* code(sys.bind(yield* sys.socket(AF_INET, SOCK_STREAM), { address: "0.0.0.0", port: 80 }));
      return { low, high, elsewhere, raw, ping, admin, own, inner };
    });
    expect(seen).toEqual({
      low: "EACCES",
      high: "ok",
      elsewhere: "EADDRNOTAVAIL",
      raw: "EPERM",
      ping: "EACCES",
      admin: "EPERM",
      own: "ok",
      inner: "ok",
    });
  });
});

describe("datagrams", () => {
  test("of UDP: with and without a peer, too long for the reader, refused", () => {
    const seen = play(function* (sys) {
      const server = yield* sys.socket(AF_INET, SOCK_DGRAM);
      yield* sys.bind(server, { address: "127.0.0.1", port: 53 });
      const fd = yield* sys.socket(AF_INET, SOCK_DGRAM);
      yield* sys.sendto(fd, encodeUtf8("question"), loopback(53));
      const got = yield* sys.recvfrom(server, 4);
      const from = got.from;
      if (from === undefined) return "nobody";
      yield* sys.sendto(server, encodeUtf8("answer"), from);
      const answer = text((yield* sys.recvfrom(fd, 100)).bytes);
      yield* sys.connect(fd, loopback(54));
      yield* sys.write(fd, encodeUtf8("x"));
      yield* sys.poll([{ fd, events: POLLIN }]);
      const refused = yield* code(sys.read(fd, 10));
      return [text(got.bytes), got.truncated, answer, refused, yield* code(sys.recvfrom(fd, 9, MSG_DONTWAIT))];
    });
    expect(seen).toEqual(["ques", true, "answer", "ECONNREFUSED", "EAGAIN"]);
  });

  test("of ICMP: an echo request comes back, with an IP header to a raw socket", () => {
    const seen = play(function* (sys) {
      const fd = yield* sys.socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
      const request = Uint8Array.of(8, 0, 0, 0, 0, 0, 0, 7, 1, 2, 3);
      yield* sys.sendto(fd, request, { address: "127.0.0.1", port: 0 });
      const { bytes, from, ttl } = yield* sys.recvmsg(fd, 1500);
      return [bytes[0], bytes[9], bytes[20], bytes[27], [...bytes.subarray(28)], from, ttl];
    });
    expect(seen).toEqual([0x45, IPPROTO_ICMP, 0, 7, [1, 2, 3], { address: "127.0.0.1", port: 0 }, 64]);
  });
});

describe("AF_UNIX", () => {
  test("datagrams and packets keep their bounds; streams don't", () => {
    const seen = play(function* (sys) {
      const log: unknown[] = [];
      for (const type of [SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET]) {
        const [a, b] = yield* sys.socketpair(AF_UNIX, type);
        for (const word of ["one", "two", "three"]) yield* sys.write(a, encodeUtf8(word));
        log.push([text(yield* sys.read(b, 5)), text(yield* sys.read(b, 100))]);
        yield* sys.close(a);
        log.push(type === SOCK_DGRAM ? "-" : yield* code(sys.recvfrom(b, 100)));
      }
      return log;
    });
    expect(seen).toEqual([["onetw", "othree"], "ok", ["one", "two"], "-", ["one", "two"], "ok"]);
  });

  test("a name of datagrams, abstract ones, and of each net namespace its own", () => {
    const seen = play(function* (sys) {
      const server = yield* sys.socket(AF_UNIX, SOCK_DGRAM);
      yield* sys.bind(server, "\0service");
      const taken = yield* code(sys.bind(yield* sys.socket(AF_UNIX, SOCK_DGRAM), "\0service"));
      const client = yield* sys.socket(AF_UNIX, SOCK_DGRAM);
      yield* sys.bind(client, "/run/client");
      yield* sys.sendto(client, encodeUtf8("hi"), "\0service");
      const got = yield* sys.recvfrom(server, 10);
      yield* sys.sendto(server, encodeUtf8("back"), got.from);
      const back = text((yield* sys.recvfrom(client, 10)).bytes);
      const wrong = yield* code(sys.connect(yield* sys.socket(AF_UNIX, SOCK_STREAM), "\0service"));
      const inside = yield* sys.clone(
        function* (child) {
          const fd = yield* child.socket(AF_UNIX, SOCK_DGRAM);
          return (yield* code(child.connect(fd, "\0service"))) === "ECONNREFUSED" ? 7 : 1;
        },
        { flags: CLONE_NEWNET },
      );
      const ended = yield* sys.wait4(inside);
      yield* sys.close(server);
      const gone = yield* code(sys.sendto(client, encodeUtf8("hi"), "\0service"));
      return [taken, text(got.bytes), got.from, back, wrong, ended?.status, gone];
    });
    expect(seen).toEqual(["EADDRINUSE", "hi", "/run/client", "back", "ECONNREFUSED", 7 << 8, "ECONNREFUSED"]);
  });

  test("SCM_RIGHTS: a file goes to another task with its offset, and lives on the way", () => {
    const seen = play(function* (sys) {
      const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
      const fd = yield* sys.open("/tmp/file", O_CREAT | O_RDWR);
      yield* sys.write(fd, encodeUtf8("0123456789"));
      yield* sys.lseek(fd, 4);
      yield* sys.sendmsg(a, { bytes: encodeUtf8("here"), descriptors: [fd] });
      yield* sys.close(fd);
      yield* sys.unlink("/tmp/file");
      const log: unknown[] = [];
      yield* sys.clone(function* (child) {
        yield* child.setsockopt(b, SOL_SOCKET, "SO_PASSCRED", 1);
        const got = yield* child.recvmsg(b, 100);
        const [received = -1] = got.descriptors;
        log.push(text(got.bytes), text(yield* child.read(received, 3)), got.credentials?.uid);
      });
      yield* sys.wait4();
      return log;
    });
    expect(seen).toEqual(["here", "456", 0]);
  });

  test("a stream's reader waits for its peer; who writes to nobody gets EPIPE, who left data a reset", () => {
    const seen = play(function* (sys) {
      const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
      yield* sys.rt_sigaction("SIGPIPE", "SIG_IGN");
      yield* sys.clone(function* (child) {
        yield* child.close(a);
        yield* child.nanosleep(ms(2));
        yield* child.write(b, encodeUtf8("late"));
      });
      yield* sys.close(b);
      const late = text(yield* sys.read(a, 10));
      yield* sys.wait4();
      const end = (yield* sys.read(a, 10)).length;
      const broken = yield* code(sys.write(a, encodeUtf8("x")));
      const [c, d] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
      yield* sys.write(c, encodeUtf8("unread"));
      yield* sys.close(d);
      return [late, end, broken, yield* code(sys.read(c, 1)), (yield* sys.read(c, 1)).length];
    });
    expect(seen).toEqual(["late", 0, "EPIPE", "ECONNRESET", 0]);
  });
});

test("/proc/net and /sys/class/net show the reader's own namespace", () => {
  const seen = play(function* (sys) {
    yield* listener(sys, 8080);
    const tcp = yield* readFile(sys, "/proc/net/tcp");
    const state = yield* readFile(sys, "/sys/class/net/lo/operstate");
    yield* netlink(sys, { type: "RTM_NEWLINK", name: "d0", kind: "dummy" });
    const dev = yield* readFile(sys, "/proc/net/dev");
    let inner = "";
    yield* sys.clone(
      function* (child) {
        inner = yield* readFile(child, "/proc/net/dev");
      },
      { flags: CLONE_NEWNET },
    );
    yield* sys.wait4();
    const names = (table: string): string[] => [...table.matchAll(/^ *([^ :|]+): /gm)].map((one) => one[1] ?? "");
    return [/00000000:1F90 00000000:0000 0A/.test(tcp), state, names(dev), names(inner)];
  });
  expect(seen).toEqual([true, "unknown\n", ["lo", "d0"], ["lo"]]);
});

test("a machine without a network has sockets of AF_UNIX alone", () => {
  const seen = play(
    function* (sys) {
      yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
      return yield* code(sys.socket(AF_INET, SOCK_STREAM));
    },
    kernel({ network: false }),
  );
  expect(seen).toBe("EAFNOSUPPORT");
});
