import { describe, expect, test } from "vitest";
import { encodeUtf8, ms, ns, type Activity } from "../../../sim/core/index.js";
import {
  AF_INET,
  EPOLLET,
  EPOLLONESHOT,
  O_CREAT,
  O_NONBLOCK,
  O_RDWR,
  POLLIN,
  POLLOUT,
  SEEK_SET,
  SOCK_STREAM,
  systemCallTable,
  type Sys,
} from "../../../sim/os/index.js";
import { code, play, text } from "./system.js";

describe("epoll", () => {
  test("levels tell as long as they hold, edges once, one-shots until they are set again", () => {
    const seen = play(function* (sys) {
      const log: string[] = [];
      const epoll = yield* sys.epoll_create1();
      const [reader, writer] = yield* sys.pipe2();
      const now = function* (): Activity<undefined> {
        const told = yield* sys.epoll_wait(epoll, 8, ns(0));
        log.push(told.map(({ events, data }) => `${String(data)}:${events}`).join(" ") || "-");
        return undefined;
      };
      yield* sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", reader, { events: POLLIN });
      yield* now();
      yield* sys.write(writer, encodeUtf8("ab"));
      yield* now();
      yield* now();
      yield* sys.epoll_ctl(epoll, "EPOLL_CTL_MOD", reader, { events: POLLIN + EPOLLET, data: "edge" });
      yield* now();
      yield* now();
      yield* sys.write(writer, encodeUtf8("c"));
      yield* now();
      yield* sys.epoll_ctl(epoll, "EPOLL_CTL_MOD", reader, { events: POLLIN + EPOLLONESHOT, data: "once" });
      yield* now();
      yield* now();
      yield* sys.epoll_ctl(epoll, "EPOLL_CTL_MOD", reader, { events: POLLIN, data: "again" });
      yield* now();
      yield* sys.close(reader);
      yield* now();
      return log;
    });
    expect(seen).toEqual(["-", "1:1", "1:1", "edge:1", "-", "edge:1", "once:1", "-", "again:1", "-"]);
  });

  test("a server of many connections waits for all of them in one call", () => {
    const seen = play(function* (sys) {
      const server = yield* sys.socket(AF_INET, SOCK_STREAM);
      yield* sys.bind(server, { address: "127.0.0.1", port: 7 });
      yield* sys.listen(server, 16);
      for (let number = 0; number < 5; number++) {
        yield* sys.clone(function* (child: Sys) {
          const fd = yield* child.socket(AF_INET, SOCK_STREAM);
          yield* child.connect(fd, { address: "127.0.0.1", port: 7 });
          yield* child.nanosleep(ms(5 - number));
          yield* child.write(fd, encodeUtf8(`${number}`));
          return text(yield* child.read(fd, 9)) === `${number}!` ? 0 : 1;
        });
      }
      const epoll = yield* sys.epoll_create1();
      yield* sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", server, { events: POLLIN });
      const order: string[] = [];
      while (order.length < 5) {
        for (const { data } of yield* sys.epoll_wait(epoll)) {
          if (data === server) {
            const fd = yield* sys.accept4(server, O_NONBLOCK);
            yield* sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", fd, { events: POLLIN });
          } else {
            const said = text(yield* sys.read(Number(data), 9));
            order.push(said);
            yield* sys.write(Number(data), encodeUtf8(`${said}!`));
            yield* sys.close(Number(data));
          }
        }
      }
      const ends: (number | undefined)[] = [];
      for (let number = 0; number < 5; number++) ends.push((yield* sys.wait4())?.status);
      return [order.join(""), ends];
    });
    expect(seen).toEqual(["43210", [0, 0, 0, 0, 0]]);
  });

  test("refuses what is always ready, itself, and what it has", () => {
    const seen = play(function* (sys) {
      const epoll = yield* sys.epoll_create1();
      const file = yield* sys.open("/tmp/f", O_CREAT);
      const [reader] = yield* sys.pipe2();
      yield* sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", reader, { events: POLLIN | POLLOUT });
      return [
        yield* code(sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", file, { events: POLLIN })),
        yield* code(sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", epoll, { events: POLLIN })),
        yield* code(sys.epoll_ctl(epoll, "EPOLL_CTL_ADD", reader, { events: POLLIN })),
        yield* code(sys.epoll_ctl(epoll, "EPOLL_CTL_DEL", 77)),
        yield* code(sys.epoll_wait(reader)),
      ];
    });
    expect(seen).toEqual(["EPERM", "EINVAL", "EEXIST", "EBADF", "EINVAL"]);
  });
});

test("a timer's file counts how often it went off", () => {
  const seen = play(function* (sys) {
    const fd = yield* sys.timerfd_create("CLOCK_MONOTONIC");
    yield* sys.timerfd_settime(fd, { value: ms(10), interval: ms(4) });
    const first = (yield* sys.read(fd, 8))[0];
    yield* sys.nanosleep(ms(13));
    const next = (yield* sys.read(fd, 8))[0];
    const { interval } = yield* sys.timerfd_gettime(fd);
    yield* sys.timerfd_settime(fd, { value: ms(0) });
    const none = yield* sys.poll([{ fd, events: POLLIN }], ms(20));
    return [first, next, interval, none.length];
  });
  expect(seen).toEqual([1, 3, 4e6, 0]);
});

test("blocked signals are read from a file, with who sent them", () => {
  const seen = play(function* (sys) {
    yield* sys.rt_sigprocmask("SIG_BLOCK", ["SIGUSR1", "SIGTERM"]);
    const fd = yield* sys.signalfd4(-1, ["SIGUSR1"]);
    const own = yield* sys.getpid();
    const sender = yield* sys.clone(function* (child) {
      yield* child.nanosleep(ms(1));
      yield* child.kill(own, "SIGTERM");
      yield* child.kill(own, "SIGUSR1");
    });
    const info = yield* sys.read(fd, 128);
    return [info[0], info[12] === sender, yield* sys.rt_sigpending()];
  });
  expect(seen).toEqual([10, true, [15]]);
});

test("a signal's wait with another mask, and the mask afterwards", () => {
  const seen = play(function* (sys) {
    const log: unknown[] = [];
    yield* sys.rt_sigprocmask("SIG_BLOCK", ["SIGUSR1"]);
    yield* sys.rt_sigaction("SIGUSR1", function* () {
      log.push("handled");
      yield* sys.getpid();
    });
    yield* sys.kill(yield* sys.getpid(), "SIGUSR1");
    log.push("blocked");
    log.push(yield* code(sys.rt_sigsuspend([])));
    log.push(yield* sys.rt_sigprocmask("SIG_BLOCK", []));
    return log;
  });
  expect(seen).toEqual(["blocked", "handled", "EINTR", [10]]);
});

test("a file without a name holds bytes, and frees them with its last descriptor", () => {
  const seen = play(function* (sys) {
    const before = (yield* sys.sysinfo()).freeram;
    const fd = yield* sys.memfd_create("buffer");
    yield* sys.writev(fd, [encodeUtf8("in "), encodeUtf8("two parts")]);
    yield* sys.write(fd, new Uint8Array(40_960));
    yield* sys.lseek(fd, 0, SEEK_SET);
    const read = text(yield* sys.readv(fd, [4, 8]));
    const used = before - (yield* sys.sysinfo()).freeram;
    const { size } = yield* sys.fstat(fd);
    yield* sys.close(fd);
    return [read, used, size, before - (yield* sys.sysinfo()).freeram];
  });
  expect(seen).toEqual(["in two parts", 45_056, 40_972, 0]);
});

test("limits of processes, file sizes and mappings hold", () => {
  const seen = play(function* (sys) {
    yield* sys.chmod("/tmp", 0o777);
    yield* sys.setresuid(1000, 1000, 1000);
    yield* sys.setrlimit({ processes: 2, fileSize: 10, addressSpace: 1_000_000 });
    yield* sys.rt_sigaction("SIGXFSZ", "SIG_IGN");
    const fd = yield* sys.open("/tmp/f", O_CREAT | O_RDWR);
    const log: unknown[] = [
      yield* sys.write(fd, new Uint8Array(15)),
      yield* code(sys.write(fd, new Uint8Array(1))),
      yield* code(sys.mmap(2_000_000)),
      yield* code(sys.clone((child) => child.pause())),
      yield* code(sys.clone((child) => child.pause())),
      yield* code(sys.setrlimit({ processes: 3 })),
    ];
    return log;
  });
  expect(seen).toEqual([10, "EFBIG", "ENOMEM", "ok", "EAGAIN", "EPERM"]);
});

test("every row of the table is there once, and each number has one name", () => {
  const table = systemCallTable();
  expect(new Set(table.map(({ name }) => name)).size).toBe(table.length);
  expect(new Set(table.map(({ number }) => number)).size).toBe(table.length);
});
