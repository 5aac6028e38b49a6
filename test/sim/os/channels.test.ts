import { describe, expect, test } from "vitest";
import { encodeUtf8, ms } from "../../../sim/core/index.js";
import {
  AF_UNIX,
  O_NONBLOCK,
  O_RDONLY,
  O_WRONLY,
  POLLHUP,
  POLLIN,
  POLLOUT,
  SOCK_STREAM,
  type Channel,
} from "../../../sim/os/index.js";
import { code, kernel, play, text } from "./system.js";

describe("pipes", () => {
  test("hold 64 KiB, then writers wait; the end comes when all writers are gone", () => {
    const seen = play(function* (sys) {
      const [reader, writer] = yield* sys.pipe2();
      let written = 0;
      yield* sys.clone(function* (child) {
        yield* child.close(reader);
        written = yield* child.write(writer, new Uint8Array(100_000).fill(7));
      });
      yield* sys.close(writer);
      yield* sys.nanosleep(ms(5));
      const before = written;
      let got = 0;
      for (;;) {
        const { length } = yield* sys.read(reader, 30_000);
        if (length === 0) break;
        got += length;
      }
      return [before, written, got];
    });
    expect(seen).toEqual([0, 100_000, 100_000]);
  });

  test("writes of up to PIPE_BUF bytes are never mixed", () => {
    const seen = play(function* (sys) {
      const [reader, writer] = yield* sys.pipe2();
      for (const letter of [1, 2, 3]) {
        yield* sys.clone(function* (child) {
          for (let round = 0; round < 20; round++) yield* child.write(writer, new Uint8Array(4000).fill(letter));
        });
      }
      yield* sys.close(writer);
      yield* sys.nanosleep(ms(1));
      let mixed = 0;
      for (;;) {
        const block = new Uint8Array(4000);
        let at = 0;
        while (at < 4000) {
          const bytes = yield* sys.read(reader, 4000 - at);
          if (bytes.length === 0) break;
          block.set(bytes, at);
          at += bytes.length;
        }
        if (at === 0) break;
        if (block.some((byte) => byte !== block[0])) mixed++;
      }
      return mixed;
    });
    expect(seen).toBe(0);
  });

  test("nonblocking ends say EAGAIN", () => {
    const seen = play(function* (sys) {
      const [reader, writer] = yield* sys.pipe2(O_NONBLOCK);
      const empty = yield* code(sys.read(reader, 1));
      const taken = yield* sys.write(writer, new Uint8Array(70_000));
      return [empty, taken, yield* code(sys.write(writer, new Uint8Array(1)))];
    });
    expect(seen).toEqual(["EAGAIN", 65536, "EAGAIN"]);
  });

  test("a named pipe's ends wait for each other", () => {
    const seen = play(function* (sys) {
      yield* sys.mknod("/tmp/fifo", 0o010600);
      const refused = yield* code(sys.open("/tmp/fifo", O_WRONLY | O_NONBLOCK));
      let opened = false;
      yield* sys.clone(function* (child) {
        const fd = yield* child.open("/tmp/fifo", O_WRONLY);
        opened = true;
        yield* child.write(fd, encodeUtf8("through"));
      });
      yield* sys.nanosleep(ms(5));
      const waits = !opened;
      const fd = yield* sys.open("/tmp/fifo", O_RDONLY);
      return [refused, waits, text(yield* sys.read(fd, 100))];
    });
    expect(seen).toEqual(["ENXIO", true, "through"]);
  });
});

test("pid 1 gets the channels that it is given as standard streams", () => {
  const screen: string[] = [];
  const console: Channel = {
    seekable: false,
    read: () => new Uint8Array(0),
    write: (_caller, _offset, bytes) => {
      screen.push(text(bytes));
      return bytes.length;
    },
  };
  const on = kernel();
  on.boot(
    function* (sys) {
      yield* sys.write(1, encodeUtf8("booted"));
      yield* sys.pause();
    },
    { files: [console, console, console] },
  );
  on.engine.run(ms(1));
  expect(screen).toEqual(["booted"]);
});

describe("poll", () => {
  test("tells what is ready, waits for it, and gives up in time", () => {
    const seen = play(function* (sys) {
      const [reader, writer] = yield* sys.pipe2();
      const now = yield* sys.poll(
        [
          { fd: reader, events: POLLIN },
          { fd: writer, events: POLLOUT },
        ],
        ms(0),
      );
      const late = yield* sys.poll([{ fd: reader, events: POLLIN }], ms(3));
      yield* sys.clone(function* (child) {
        yield* child.nanosleep(ms(2));
        yield* child.write(writer, encodeUtf8("x"));
      });
      const woken = yield* sys.poll([{ fd: reader, events: POLLIN }]);
      yield* sys.wait4();
      yield* sys.read(reader, 1);
      yield* sys.close(writer);
      const hungUp = yield* sys.poll([{ fd: reader, events: POLLIN }]);
      return [now.map((one) => one.events), late, woken[0]?.events, hungUp[0]?.events];
    });
    expect(seen).toEqual([[POLLOUT], [], POLLIN, POLLHUP]);
  });

  test("an eventfd counts", () => {
    const seen = play(function* (sys) {
      const fd = yield* sys.eventfd2(2);
      yield* sys.write(fd, Uint8Array.of(3, 0, 0, 0, 0, 0, 0, 0));
      const sum = (yield* sys.read(fd, 8))[0];
      const semaphore = yield* sys.eventfd2(2, { semaphore: true, flags: O_NONBLOCK });
      const each = [
        (yield* sys.read(semaphore, 8))[0],
        (yield* sys.read(semaphore, 8))[0],
        yield* code(sys.read(semaphore, 8)),
      ];
      return [sum, each];
    });
    expect(seen).toEqual([5, [1, 1, "EAGAIN"]]);
  });
});

describe("Unix sockets", () => {
  test("a server at a path, a client, both ways; its peer's ids", () => {
    const seen = play(function* (sys) {
      const log: unknown[] = [];
      const server = yield* sys.socket(AF_UNIX, SOCK_STREAM);
      yield* sys.bind(server, "/run/server.sock");
      yield* sys.listen(server, 5);
      yield* sys.chmod("/run/server.sock", 0o777);
      yield* sys.clone(function* (child) {
        yield* child.setresuid(1000, 1000, 1000);
        const fd = yield* child.socket(AF_UNIX, SOCK_STREAM);
        yield* child.connect(fd, "/run/server.sock");
        yield* child.write(fd, encodeUtf8("ping"));
        log.push(text(yield* child.read(fd, 10)));
      });
      const connection = yield* sys.accept4(server);
      log.push(text(yield* sys.read(connection, 10)));
      const peer = yield* sys.getsockopt(connection, 1, "SO_PEERCRED");
      yield* sys.write(connection, encodeUtf8("pong"));
      yield* sys.wait4();
      log.push((yield* sys.read(connection, 10)).length, typeof peer === "object" ? peer.uid : undefined);
      yield* sys.close(server);
      log.push(yield* code(sys.connect(yield* sys.socket(AF_UNIX, SOCK_STREAM), "/run/server.sock")));
      log.push(yield* code(sys.bind(yield* sys.socket(AF_UNIX, SOCK_STREAM), "/run/server.sock")));
      return log;
    });
    expect(seen).toEqual(["ping", "pong", 0, 1000, "ECONNREFUSED", "EADDRINUSE"]);
  });

  test("a pair", () => {
    const seen = play(function* (sys) {
      const [a, b] = yield* sys.socketpair(AF_UNIX, SOCK_STREAM);
      yield* sys.write(a, encodeUtf8("there"));
      yield* sys.write(b, encodeUtf8("back"));
      return [text(yield* sys.read(b, 9)), text(yield* sys.read(a, 9))];
    });
    expect(seen).toEqual(["there", "back"]);
  });
});
